/**
 * One user's subscription: messages to iterate over, or a callback that gets them.
 *
 * Several users may hold subscriptions to one topic filter; the broker sees one. Ending one ends nobody else's.
 */

import { isPromise, type MaybePromise } from "#base";
import type { Qos, ReasonCode, RetainHandling, SubscribeProperties } from "#protocol";
import { AbortedError } from "./errors.ts";
import { Feed } from "./feed.ts";
import { Message, type MessageParts } from "./message.ts";
import { Operation } from "./operation.ts";
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
  /** Of SUBSCRIBE, 5.0. Where several users share a topic filter, those of the last are sent. */
  readonly properties?: Pick<SubscribeProperties, "userProperties">;
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
  readonly report: (error: unknown) => void;
}

export type OnMessage<Parameters, Value> = (message: Message<Parameters, Value>) => unknown;

export class Subscription<Parameters, Value> extends Feed<Message<Parameters, Value>> {
  readonly topicFilter: string;
  /** @internal */
  readonly granting = new Operation<Granted>();
  /** Resolves when the broker has granted it, rejects when it has refused. Nobody has to look. */
  readonly ready: Promise<Granted> = this.granting.promise;
  /** @internal */
  readonly options: SubscribeOptions<Value>;
  /** @internal which SUBSCRIBE this user asked for */
  generation = 0;
  readonly #host: SubscriptionHost;
  readonly #pattern: TopicPattern<Parameters>;
  readonly #onMessage: OnMessage<Parameters, Value> | undefined;
  readonly #isAuto: boolean;
  #current: Message<Parameters, Value> | undefined;

  /** @internal */
  constructor(
    host: SubscriptionHost,
    pattern: TopicPattern<Parameters>,
    options: SubscribeOptions<Value>,
    onMessage: OnMessage<Parameters, Value> | undefined,
  ) {
    super();
    this.#host = host;
    this.#pattern = pattern;
    this.#onMessage = onMessage;
    this.#isAuto = options.acknowledge !== "manual";
    this.options = options;
    this.topicFilter = pattern.topicFilter;
  }

  /**
   * Ends this subscription, and the broker's when nobody else uses it. Messages that wait are dropped: the protocol has no
   * way to give them back. Resolves when the broker knows, or at once when there is no connection.
   */
  close(options: OperationOptions = {}): Promise<void> {
    if (this.isEnded) return Promise.resolve();
    this.end(undefined);
    return this.#host.unsubscribe(this as unknown as AnySubscription, options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The next message. Whoever asks is done with the one before. */
  override async next(): Promise<IteratorResult<Message<Parameters, Value>, undefined>> {
    this.#finishCurrent();
    const result = await super.next();
    this.#current = result.value;
    await this.#current?.decoding;
    return result;
  }

  /** Leaving the loop ends the subscription. */
  override async return(): Promise<IteratorResult<Message<Parameters, Value>, undefined>> {
    this.#finishCurrent();
    await this.close();
    return super.return();
  }

  /** @internal A message came; its delivery is opened if it is to be kept. HOT. */
  deliver(parts: MessageParts): void {
    if (this.isEnded) return;
    parts.delivery.open++;
    const { codec } = this.options;
    const message = new Message(parts, this.#pattern.parametersOf(parts.topicName), codec);
    if (this.#onMessage === undefined) this.supply(message);
    else this.#call(this.#onMessage, message);
  }

  /** @internal Nothing more comes; iterations end, with `error` if there is one. */
  end(error: unknown): void {
    if (this.isEnded) return;
    this.#finishCurrent();
    this.granting.reject(error ?? new AbortedError(`subscribe to "${this.topicFilter}"`, undefined));
    this.finish(error);
    if (error === undefined) for (const message of this.waiting.drain()) message.acknowledge();
  }

  #finishCurrent(): void {
    if (this.#isAuto) this.#current?.acknowledge();
    this.#current = undefined;
  }

  #call(onMessage: OnMessage<Parameters, Value>, message: Message<Parameters, Value>): void {
    const finish = (): void => {
      if (this.#isAuto) message.acknowledge();
    };
    const { report } = this.#host;
    try {
      const { decoding } = message;
      const result = decoding === undefined ? onMessage(message) : decoding.then(() => onMessage(message));
      if (isPromise(result as MaybePromise<unknown>)) {
        void (result as Promise<unknown>).then(undefined, report).then(finish);
        return;
      }
    } catch (error) {
      report(error);
    }
    finish();
  }
}

/** A subscription whose types do not matter. */
export type AnySubscription = Subscription<unknown, unknown>;
