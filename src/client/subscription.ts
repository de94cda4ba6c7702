/**
 * One user's subscription: messages to iterate over, or a callback that gets them.
 *
 * Several users may hold subscriptions to one topic filter; the broker sees one. Ending one ends nobody else's.
 */

import { isPromise, type MaybePromise, Ring } from "#base";
import type { Qos, ReasonCode, RetainHandling } from "#protocol";
import { AbortedError } from "./errors.ts";
import type { Delivery } from "./inbox.ts";
import { Message, type MessageParts } from "./message.ts";
import type { Operation } from "./operation.ts";
import type { OperationOptions } from "./options.ts";
import type { PayloadCodec } from "./payload-codec.ts";
import type { TopicPattern } from "./topic-pattern.ts";

export interface SubscribeOptions<Value = Uint8Array> extends OperationOptions {
  /** The highest QoS at which messages come. Default 2: at the QoS they were published with. */
  readonly qos?: Qos;
  /** Not what this client published itself. 5.0 only. */
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: RetainHandling;
  /**
   * When the broker is told that a message arrived. `auto`: when the loop asks for the next one, or the callback has
   * returned and its promise settled. `manual`: when `message.acknowledge` is called.
   */
  readonly acknowledge?: "auto" | "manual";
  /** Makes `message.value` of the payload. */
  readonly codec?: PayloadCodec<Value>;
}

/** What the broker granted. */
export interface Granted {
  /** QoS 0 to 2, also as reason code. */
  readonly reasonCode: ReasonCode;
}

/** How a subscription reaches those who run it. */
export interface SubscriptionHost {
  unsubscribe(subscription: AnySubscription, options: OperationOptions): Promise<void>;
  report(error: unknown): void;
}

export type OnMessage<Parameters, Value> = (message: Message<Parameters, Value>) => unknown;

interface Waiter<Item> {
  readonly resolve: (result: IteratorResult<Item, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

export class Subscription<Parameters, Value>
  implements AsyncIterableIterator<Message<Parameters, Value>, undefined>
{
  readonly topicFilter: string;
  /** Resolves when the broker has granted it, rejects when it has refused. Nobody has to look. */
  readonly ready: Promise<Granted>;
  /** @internal */
  readonly options: SubscribeOptions<Value>;
  /** @internal which SUBSCRIBE this user asked for */
  generation = 0;
  /** @internal */
  readonly granting: Operation<Granted>;
  readonly #host: SubscriptionHost;
  readonly #pattern: TopicPattern;
  readonly #onMessage: OnMessage<Parameters, Value> | undefined;
  readonly #isAuto: boolean;
  readonly #queue = new Ring<Message<Parameters, Value>>();
  readonly #waiters = new Ring<Waiter<Message<Parameters, Value>>>();
  #current: Message<Parameters, Value> | undefined;
  #isEnded = false;
  #error: unknown;

  /** @internal */
  constructor(
    host: SubscriptionHost,
    pattern: TopicPattern,
    granting: Operation<Granted>,
    options: SubscribeOptions<Value>,
    onMessage: OnMessage<Parameters, Value> | undefined,
  ) {
    this.#host = host;
    this.#pattern = pattern;
    this.#onMessage = onMessage;
    this.#isAuto = options.acknowledge !== "manual";
    this.options = options;
    this.topicFilter = pattern.topicFilter;
    this.granting = granting;
    this.ready = granting.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * Ends this subscription, and the broker's when nobody else uses it. Messages that wait are dropped: the protocol has no
   * way to give them back. Resolves when the broker knows, or at once when there is no connection.
   */
  close(options: OperationOptions = {}): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
    this.end(undefined);
    return this.#host.unsubscribe(this as unknown as AnySubscription, options);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The next message. Whoever asks is done with the one before. */
  next(): Promise<IteratorResult<Message<Parameters, Value>, undefined>> {
    this.#finishCurrent();
    const message = this.#queue.shift();
    if (message !== undefined) return this.#handOver(message);
    if (this.#isEnded) {
      const error = this.#error;
      this.#error = undefined;
      return error === undefined ? Promise.resolve(DONE) : Promise.reject(error as Error);
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Leaving the loop ends the subscription. */
  async return(): Promise<IteratorResult<Message<Parameters, Value>, undefined>> {
    this.#finishCurrent();
    await this.close();
    return DONE;
  }

  /** @internal A message came; `delivery` is opened if it is to be kept. HOT. */
  deliver(parts: MessageParts, delivery: Delivery): void {
    if (this.#isEnded) return;
    delivery.open++;
    const { codec } = this.options;
    const message = new Message(parts, this.#pattern.parametersOf(parts.topicName) as Parameters, codec);
    if (this.#onMessage !== undefined) this.#call(this.#onMessage, message);
    else if (this.#waiters.size === 0) this.#queue.push(message);
    else {
      const waiter = this.#waiters.shift() as Waiter<Message<Parameters, Value>>;
      if (message.decoding === undefined) {
        this.#current = message;
        waiter.resolve({ done: false, value: message });
      } else void this.#handOver(message).then(waiter.resolve, waiter.reject);
    }
  }

  /** @internal Nothing more comes; iterations end, with `error` if there is one. */
  end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#finishCurrent();
    this.granting.reject(error ?? new AbortedError(`subscribe to "${this.topicFilter}"`, undefined));
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      if (error === undefined) waiter.resolve(DONE);
      else waiter.reject(error);
    }
    if (error !== undefined) return;
    for (const message of this.#queue) message.acknowledge();
    this.#queue.clear();
  }

  #handOver(
    message: Message<Parameters, Value>,
  ): Promise<IteratorResult<Message<Parameters, Value>, undefined>> {
    this.#current = message;
    const result = { done: false, value: message } as const;
    return message.decoding === undefined ? Promise.resolve(result) : message.decoding.then(() => result);
  }

  #finishCurrent(): void {
    if (this.#isAuto) this.#current?.acknowledge();
    this.#current = undefined;
  }

  #call(onMessage: OnMessage<Parameters, Value>, message: Message<Parameters, Value>): void {
    if (message.decoding !== undefined) {
      this.#after(
        message.decoding.then(() => onMessage(message)),
        message,
      );
      return;
    }
    try {
      const result = onMessage(message);
      if (isPromise(result as MaybePromise<unknown>)) this.#after(result as Promise<unknown>, message);
      else if (this.#isAuto) message.acknowledge();
    } catch (error) {
      this.#host.report(error);
      if (this.#isAuto) message.acknowledge();
    }
  }

  #after(work: Promise<unknown>, message: Message<Parameters, Value>): void {
    const finish = (): void => {
      if (this.#isAuto) message.acknowledge();
    };
    work.then(finish, (error: unknown) => {
      this.#host.report(error);
      finish();
    });
  }
}

/** A subscription whose types do not matter. */
export type AnySubscription = Subscription<unknown, unknown>;
