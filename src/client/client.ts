/**
 * The MQTT Client: what a program holds in its hand. It outlives connections; what it was asked to do goes on with the next.
 *
 * Puts the parts together and owns nothing else: connector (connections), publisher (what goes out), subscription set and
 * inbox (what comes in). Every operation settles.
 */

import { type Clock, ConfigError, isPromise, type MaybePromise, StateError } from "#base";
import {
  type AcknowledgementPacket,
  type ConnackPacket,
  checkTopicFilter,
  type DisconnectProperties,
  type IncomingPublish,
  type Packet,
  type ProtocolVersion,
  type PublishPacket,
  packetTypes,
  reasons,
} from "#protocol";
import { bytesOf, checkQos, checkType } from "./arguments.ts";
import { type ConnectionUser, Connector, type Runtime } from "./connector.ts";
import { DEFAULT_OPERATION_TIMEOUT_MS, LARGEST_UINT16 } from "./defaults.ts";
import { AbortedError, ConnectionLostError } from "./errors.ts";
import { checkOptions } from "./foreign-options.ts";
import { Inbox } from "./inbox.ts";
import { Operation } from "./operation.ts";
import type { ConnectOptions, OperationOptions } from "./options.ts";
import type { Payload, PublishOptions, PublishReceipt, PublishValueOptions } from "./outgoing.ts";
import type { PayloadCodec } from "./payload-codec.ts";
import { Publisher } from "./publisher.ts";
import type { ClientStatus } from "./status.ts";
import { type AnySubscription, type OnMessage, type SubscribeOptions, Subscription } from "./subscription.ts";
import { SubscriptionSet } from "./subscription-set.ts";
import type { TopicPattern } from "./topic-pattern.ts";

export interface CloseOptions extends OperationOptions {
  /** First wait until the broker has acknowledged everything that was published. Default false. */
  readonly drain?: boolean;
  /** Default 0, a normal end; 4 lets the broker publish the will. 5.0 only. */
  readonly reasonCode?: 0x00 | 0x04;
  readonly properties?: DisconnectProperties;
}

export class MqttClient implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly #clock: Clock;
  readonly #connector: Connector;
  readonly #publisher: Publisher;
  readonly #inbox: Inbox;
  readonly #subscriptions: SubscriptionSet;
  readonly #connected = new Operation<void>();
  #connack: ConnackPacket | undefined;
  #lastPacketId = LARGEST_UINT16;
  /** The end of the line of payloads that are being encoded. */
  #encoding: Promise<unknown> | undefined;
  /** The store is closed. */
  #stored: Promise<void> | undefined;
  #isClosed = false;

  readonly #report = (error: unknown): void => {
    // The program ended it itself, and was told so where it waited.
    if (this.#isClosed && error instanceof ConnectionLostError && error.source === "client") return;
    const { onError } = this.#options;
    if (onError !== undefined) onError(error);
    // oxlint-disable-next-line no-console -- the program named no place for it, and nothing is swallowed
    else console.error(error);
  };

  /** @internal use `connect` */
  constructor(url: string, options: ConnectOptions, runtime: Runtime) {
    if (options.outbox?.store !== undefined && !options.clientId) {
      throw new ConfigError("clientId", "outbox.store needs it");
    }
    this.#options = options;
    this.#clock = runtime.clock;
    this.#inbox = new Inbox(options);
    this.#subscriptions = new SubscriptionSet(options, runtime.clock, this.#inbox, () =>
      this.#takePacketId(),
    );
    this.#publisher = new Publisher(options, runtime.clock, this.#subscriptions, this.#report);
    this.#connector = new Connector(url, options, runtime, this.#connectionUser());
  }

  /** The Client Identifier, the assigned one if the broker chose. */
  get clientId(): string {
    return this.#connector.clientId;
  }

  /** The version in use, or tried next. */
  get protocolVersion(): ProtocolVersion {
    return this.#connector.version;
  }

  /** Where this client takes the time from. */
  get clock(): Clock {
    return this.#clock;
  }

  /** What the client is doing now. */
  get current(): ClientStatus {
    return this.#connector.board.current;
  }

  /** The broker's last CONNACK: its limits and features. */
  get connack(): ConnackPacket | undefined {
    return this.#connack;
  }

  /** Messages that were published and are not settled, and their bytes. */
  get outbox(): { readonly messages: number; readonly bytes: number } {
    return this.#publisher.outbox.size;
  }

  /** Bytes that wait for the program, and QoS 0 messages dropped because too many did. */
  get inbox(): { readonly bytes: number; readonly dropped: number } {
    return { bytes: this.#inbox.heldBytes, dropped: this.#inbox.dropped };
  }

  /** Resolves at the first connection; rejects when there will be none. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** What the client is doing: the present status first, then every change. Ends after `closed`. */
  status(): AsyncIterableIterator<ClientStatus, undefined> {
    return this.#connector.board.read();
  }

  /**
   * Publishes. Resolves at QoS 0 when the message is handed over, at QoS 1 with PUBACK, at QoS 2 with PUBCOMP; without a
   * connection messages above QoS 0 wait in the outbox.
   *
   * @throws PublishRefusedError, OutboxError, TimeoutError, AbortedError, ConnectionLostError; InvalidPacketError for what
   * cannot be sent, ConfigError for options that are none
   */
  publish<Value>(
    topicName: string,
    value: Value,
    options: PublishValueOptions<Value>,
  ): Promise<PublishReceipt>;
  publish(topicName: string, payload: Payload, options?: PublishOptions): Promise<PublishReceipt>;
  publish(
    topicName: string,
    payload: unknown,
    options: PublishOptions & Partial<PublishValueOptions<unknown>> = NO_OPTIONS,
  ): Promise<PublishReceipt> {
    try {
      checkType("options", options, "object");
      const { codec } = options;
      if (codec !== undefined) return this.#publishValue(topicName, payload, codec, options);
      if (this.#encoding === undefined)
        return this.#publisher.publish(topicName, payload as Payload, options);
      // The program may go on to use its buffer.
      return this.#inLine(new Uint8Array(bytesOf(payload, "payload")), topicName, options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /**
   * Subscribes to a topic filter, or to a `topicPattern` with names. Messages go to `onMessage`, or to whoever iterates over
   * the subscription.
   *
   * @example for await (const { topicName, text } of client.subscribe("rooms/+/lamp")) console.log(topicName, text);
   * @throws InvalidPacketError for what is no topic filter, ConfigError for an argument of another type, StateError when the
   * client is closed
   */
  subscribe<Parameters = NoParameters, Value = Uint8Array>(
    pattern: string | TopicPattern<Parameters>,
    options: SubscribeOptions<Value> = {},
    onMessage?: OnMessage<Parameters, Value>,
  ): Subscription<Parameters, Value> {
    checkType("options", options, "object");
    if (onMessage !== undefined) checkType("onMessage", onMessage, "function");
    checkQos(options.qos);
    const parsed =
      typeof pattern === "string" ? { topicFilter: pattern, parametersOf: noParameters } : pattern;
    checkType("topicFilter", parsed?.topicFilter ?? pattern, "string");
    checkTopicFilter(parsed.topicFilter);
    if (this.#isClosed) throw new StateError("closed");
    const host = {
      unsubscribe: (user: AnySubscription, limits: OperationOptions) =>
        this.#subscriptions.remove(user, this.#limited(limits)),
      report: this.#report,
    };
    const subscription = new Subscription<Parameters, Value>(
      host,
      parsed as TopicPattern<Parameters>,
      options,
      onMessage,
    );
    const user = subscription as unknown as AnySubscription;
    const limits = this.#limited(options);
    subscription.granting.limit(this.#clock, `subscribe to "${parsed.topicFilter}"`, limits, (error) => {
      subscription.end(error);
      void this.#subscriptions.remove(user, {});
    });
    if (!subscription.isEnded) this.#subscriptions.add(user);
    return subscription;
  }

  /**
   * Enhanced authentication once more, on the live connection. Rejects when the broker is not satisfied; that, and a broker
   * that does not answer in time, ends the connection, and the next one authenticates anew.
   */
  async reauthenticate(options: OperationOptions = {}): Promise<void> {
    const { authentication, link } = this.#connector;
    if (authentication === undefined) throw new StateError("no authentication");
    await authentication.again(link, this.#clock, this.#limited(options));
  }

  /** Asks the broker for a sign of life, or ends a wait for the next attempt; for a page that has come back to the front. */
  poke(): void {
    this.#connector.poke();
  }

  /**
   * Says goodbye and ends everything: operations that are open reject with `ConnectionLostError`, iterations end. What a store
   * keeps is sent by the next client that uses it.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    if (this.#isClosed) return;
    const { drain = false, reasonCode = reasons.NORMAL_DISCONNECTION, properties } = options;
    if (drain) await this.#drained(options);
    // The session of a name that nobody can use again is of no use.
    const expiry = this.#options.clientId === undefined ? { sessionExpiryInterval: 0 } : {};
    this.#connector.close(
      { type: packetTypes.DISCONNECT, reasonCode, properties: { ...expiry, ...properties } },
      undefined,
    );
    this.#end(new ConnectionLostError("client"), undefined);
    await this.#stored;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Loads what a store kept, and begins to connect. */
  async open(): Promise<void> {
    const { signal, outbox } = this.#options;
    this.#connected.limit(this.#clock, "connect", { signal }, (error) => {
      this.#connector.close(undefined, error);
      this.#end(error, error);
    });
    if (outbox?.store !== undefined) {
      await outbox.store(this.#publisher, this.#clock, this.#report);
    }
    if (!this.#isClosed) this.#connector.start();
  }

  #publishValue(
    topicName: string,
    value: unknown,
    codec: PayloadCodec<unknown>,
    options: PublishOptions,
  ): Promise<PublishReceipt> {
    const { contentType } = codec;
    const properties = { ...(contentType !== undefined && { contentType }), ...options.properties };
    const withType = { ...options, properties };
    const payload = codec.encode(value, topicName);
    if (isPromise(payload) || this.#encoding !== undefined) return this.#inLine(payload, topicName, withType);
    return this.#publisher.publish(topicName, payload, withType);
  }

  /** Publishes behind the payloads that are still being encoded, so that the order stays. */
  #inLine(
    payload: MaybePromise<Uint8Array>,
    topicName: string,
    options: PublishOptions,
  ): Promise<PublishReceipt> {
    const published = Promise.all([payload, this.#encoding]).then(([bytes]) => {
      const { signal } = options;
      if (signal?.aborted === true) throw new AbortedError(`publish to "${topicName}"`, signal.reason);
      return { receipt: this.#publisher.publish(topicName, bytes, options) };
    });
    const line: Promise<unknown> = Promise.allSettled([published, this.#encoding]).then(() => {
      if (this.#encoding === line) this.#encoding = undefined;
    });
    this.#encoding = line;
    return published.then(({ receipt }) => receipt);
  }

  #drained(options: OperationOptions): Promise<void> {
    const operation = new Operation<void>();
    const limits = this.#limited(options);
    operation.limit(this.#clock, "close", limits, () => operation.resolve());
    void Promise.resolve(this.#encoding)
      .then(() => this.#publisher.outbox.idle())
      .then(() => operation.resolve());
    return operation.promise;
  }

  #connectionUser(): ConnectionUser {
    return {
      onConnected: (link, connack) => {
        const { sessionPresent, properties } = connack;
        this.#connack = connack;
        this.#inbox.connect(link, sessionPresent);
        this.#subscriptions.connect(link, properties, sessionPresent);
        this.#publisher.connect(link, properties, sessionPresent);
        this.#connected.resolve();
      },
      onDisconnected: (error) => {
        this.#inbox.disconnect();
        this.#subscriptions.disconnect();
        this.#publisher.disconnect(error);
      },
      onGivenUp: (error) => this.#end(error, error),
      onPublish: (publish: IncomingPublish) => this.#subscriptions.onPublish(publish),
      onPacket: (packet) => this.#onPacket(packet),
      onWritable: () => this.#publisher.pump(),
    };
  }

  #onPacket(packet: Exclude<Packet, PublishPacket>): void {
    switch (packet.type) {
      case packetTypes.PUBACK:
      case packetTypes.PUBREC:
      case packetTypes.PUBCOMP:
        this.#publisher.onAcknowledgement(packet satisfies AcknowledgementPacket);
        break;
      case packetTypes.PUBREL:
        this.#inbox.onPubrel(packet.packetId);
        break;
      case packetTypes.SUBACK:
        this.#subscriptions.onSuback(packet);
        break;
      case packetTypes.UNSUBACK:
        this.#subscriptions.onUnsuback(packet);
        break;
      default:
    }
  }

  /** From the top down, where the publisher comes last. */
  #takePacketId(): number {
    do this.#lastPacketId = this.#lastPacketId <= 1 ? LARGEST_UINT16 : this.#lastPacketId - 1;
    while (this.#subscriptions.uses(this.#lastPacketId) || this.#publisher.isTaken(this.#lastPacketId));
    return this.#lastPacketId;
  }

  /** `error` rejects what is open; `reason` ends the iterations, undefined ends them in an orderly way. */
  #end(error: Error, reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox.disconnect();
    this.#subscriptions.disconnect();
    this.#connected.reject(error);
    this.#subscriptions.end(reason);
    this.#publisher.end(error);
    this.#stored = this.#publisher.outbox.journal?.close().catch(this.#report);
  }

  /** With the deadline that operations have unless told otherwise. */
  #limited(options: OperationOptions): OperationOptions {
    return { timeoutMs: this.#options.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS, ...options };
  }
}

const NO_OPTIONS: PublishOptions = {};

type NoParameters = Readonly<Record<string, string>>;
const NO_PARAMETERS: NoParameters = {};
const noParameters = (): NoParameters => NO_PARAMETERS;

/** Makes a client for `runtime` and connects it; see `connect` of the doors. */
export async function connectWith(
  url: string,
  options: ConnectOptions,
  runtime: Runtime,
): Promise<MqttClient> {
  checkOptions(options);
  const { clock = runtime.clock, random = runtime.random, dial = runtime.dial } = options;
  const client = new MqttClient(url, options, { ...runtime, clock, random, dial });
  await client.open();
  if (options.background !== true) await client.connected;
  return client;
}
