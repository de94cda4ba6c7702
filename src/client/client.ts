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
  type ConnackProperties,
  checkTopicFilter,
  type DisconnectProperties,
  type IncomingPublish,
  type Packet,
  type ProtocolVersion,
  type PublishPacket,
  packetTypes,
  reasons,
} from "#protocol";
import { DEFAULT_RECEIVE_MAXIMUM, DEFAULT_TOPIC_ALIAS_MAXIMUM } from "./connect-packet.ts";
import { type ConnectionUser, Connector, type Runtime } from "./connector.ts";
import { AbortedError, ConnectionLostError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import type { Link } from "./link.ts";
import { Operation } from "./operation.ts";
import type { ConnectOptions, OperationOptions } from "./options.ts";
import type { PublishOptions, PublishReceipt, PublishValueOptions } from "./outgoing.ts";
import { Publisher } from "./publisher.ts";
import type { ClientStatus } from "./status.ts";
import {
  type AnySubscription,
  type Granted,
  type OnMessage,
  type SubscribeOptions,
  Subscription,
} from "./subscription.ts";
import { SubscriptionSet } from "./subscription-set.ts";
import type { TopicPattern } from "./topic-pattern.ts";

const DEFAULT_OPERATION_TIMEOUT_MS = 60_000;
const DEFAULT_INBOX_BYTES = 4 * 1024 * 1024;
const LARGEST_PACKET_ID = 65_535;

export interface CloseOptions extends OperationOptions {
  /** First wait until the broker has acknowledged everything that was published. Default false. */
  readonly drain?: boolean;
  /** Default 0, a normal end; 4 lets the broker publish the will. 5.0 only. */
  readonly reasonCode?: 0x00 | 0x04;
  readonly properties?: DisconnectProperties;
}

export class MqttClient implements AsyncDisposable {
  readonly #options: ConnectOptions;
  readonly #runtime: Runtime;
  readonly #connector: Connector;
  readonly #publisher: Publisher;
  readonly #inbox: Inbox;
  readonly #subscriptions: SubscriptionSet;
  readonly #connected = new Operation<void>();
  #connack: ConnackPacket | undefined;
  #lastPacketId = LARGEST_PACKET_ID;
  /** The end of the line of payloads that are being encoded. */
  #encoding: Promise<unknown> | undefined;
  /** The store is closed. */
  #stored: Promise<void> | undefined;
  #isClosed = false;

  /** @internal use `connect` */
  constructor(url: string, options: ConnectOptions, runtime: Runtime) {
    if (options.outbox?.store !== undefined && !options.clientId) {
      throw new ConfigError("clientId", "outbox.store needs it");
    }
    this.#options = options;
    this.#runtime = runtime;
    const { receiveMaximum = DEFAULT_RECEIVE_MAXIMUM } = options;
    this.#inbox = new Inbox({
      maximumInboxBytes: options.maximumInboxBytes ?? DEFAULT_INBOX_BYTES,
      receiveMaximum,
      repeats: options.dropRepeats?.(receiveMaximum),
    });
    this.#subscriptions = new SubscriptionSet(runtime.clock, this.#inbox, () => this.#takePacketId());
    this.#publisher = new Publisher({
      clock: runtime.clock,
      options: options.outbox ?? {},
      topicAliasMaximum: options.topicAliasMaximumOutbound ?? DEFAULT_TOPIC_ALIAS_MAXIMUM,
      isPacketIdTaken: (packetId) => this.#subscriptions.uses(packetId),
      report: (error) => this.#report(error),
    });
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
    return this.#runtime.clock;
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
   * @throws PublishRefusedError, OutboxError, TimeoutError, AbortedError, ConnectionLostError, InvalidPacketError
   */
  publish<Value>(
    topicName: string,
    value: Value,
    options: PublishValueOptions<Value>,
  ): Promise<PublishReceipt>;
  publish(topicName: string, payload: Uint8Array | string, options?: PublishOptions): Promise<PublishReceipt>;
  publish(
    topicName: string,
    payload: unknown,
    options: PublishOptions | PublishValueOptions<unknown> = NO_OPTIONS,
  ): Promise<PublishReceipt> {
    if ("codec" in options) return this.#publishValue(topicName, payload, options);
    if (this.#encoding !== undefined) return this.#inLine(payload as Uint8Array, topicName, options);
    return this.#publisher.publish(topicName, payload as Uint8Array | string, options);
  }

  /**
   * Subscribes to a topic filter, or to a `topicPattern` with names. Messages go to `onMessage`, or to whoever iterates over
   * the subscription.
   *
   * @example for await (const { topicName, text } of client.subscribe("rooms/+/lamp")) console.log(topicName, text);
   * @throws InvalidPacketError for what is no topic filter, StateError when the client is closed
   */
  subscribe<Parameters = NoParameters, Value = Uint8Array>(
    pattern: string | TopicPattern<Parameters>,
    options: SubscribeOptions<Value> = {},
    onMessage?: OnMessage<Parameters, Value>,
  ): Subscription<Parameters, Value> {
    const parsed =
      typeof pattern === "string" ? { topicFilter: pattern, parametersOf: noParameters } : pattern;
    checkTopicFilter(parsed.topicFilter);
    if (this.#isClosed) throw new StateError("closed");
    const granting = new Operation<Granted>();
    const host = {
      unsubscribe: (user: AnySubscription, limits: OperationOptions) =>
        this.#subscriptions.remove(user, this.#limited(limits)),
      report: (error: unknown) => this.#report(error),
    };
    const subscription = new Subscription<Parameters, Value>(
      host,
      parsed as TopicPattern<Parameters>,
      granting,
      options,
      onMessage,
    );
    const user = subscription as unknown as AnySubscription;
    const limits = this.#limited(options);
    granting.limit(this.#runtime.clock, `subscribe to "${parsed.topicFilter}"`, limits, (error) => {
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
  reauthenticate(options: OperationOptions = {}): Promise<void> {
    const { authentication, link } = this.#connector;
    return (
      authentication?.again(link, this.#runtime.clock, this.#limited(options)) ??
      Promise.reject(new StateError("no authentication"))
    );
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
    const farewell = {
      type: packetTypes.DISCONNECT,
      reasonCode,
      properties: { ...expiry, ...properties },
    } as const;
    this.#connector.close(farewell, undefined);
    this.#end(new ConnectionLostError("client"), undefined);
    await this.#stored;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Loads what a store kept, and begins to connect. */
  async open(): Promise<void> {
    const { signal, outbox } = this.#options;
    this.#connected.limit(this.#runtime.clock, "connect", { signal }, (error) => {
      this.#connector.close(undefined, error);
      this.#end(error, error);
    });
    if (outbox?.store !== undefined) {
      await outbox.store(this.#publisher, this.#runtime.clock, (error) => this.#report(error));
    }
    if (!this.#isClosed) this.#connector.start();
  }

  #publishValue(
    topicName: string,
    value: unknown,
    options: PublishValueOptions<unknown>,
  ): Promise<PublishReceipt> {
    const { codec, ...rest } = options;
    const { contentType } = codec;
    const properties = { ...(contentType !== undefined && { contentType }), ...rest.properties };
    const withType = { ...rest, properties };
    try {
      const payload = codec.encode(value, topicName);
      if (isPromise(payload) || this.#encoding !== undefined)
        return this.#inLine(payload, topicName, withType);
      return this.#publisher.publish(topicName, payload, withType);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** Publishes behind the payloads that are still being encoded, so that the order stays. */
  #inLine(
    payload: MaybePromise<Uint8Array | string>,
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
    operation.limit(this.#runtime.clock, "close", limits, () => operation.resolve());
    void Promise.resolve(this.#encoding)
      .then(() => this.#publisher.outbox.idle())
      .then(() => operation.resolve());
    return operation.promise;
  }

  #connectionUser(): ConnectionUser {
    return {
      onConnected: (link, connack, limits) => this.#onConnected(link, connack, limits),
      onDisconnected: (error) => this.#onDisconnected(error),
      onGivenUp: (error) => this.#end(error, error),
      onPublish: (publish: IncomingPublish) => this.#subscriptions.onPublish(publish),
      onPacket: (packet) => this.#onPacket(packet),
      onWritable: () => this.#publisher.pump(),
    };
  }

  #onConnected(link: Link, connack: ConnackPacket, limits: ConnackProperties): void {
    const { sessionPresent } = connack;
    this.#connack = connack;
    this.#inbox.connect(link, sessionPresent);
    const aliases = this.#options.topicAliasMaximum ?? DEFAULT_TOPIC_ALIAS_MAXIMUM;
    this.#subscriptions.connect(link, limits, sessionPresent, aliases);
    this.#publisher.connect(link, limits, sessionPresent);
    this.#connected.resolve();
  }

  #onDisconnected(error: Error): void {
    this.#inbox.disconnect();
    this.#subscriptions.disconnect();
    this.#publisher.disconnect(error);
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
    do this.#lastPacketId = this.#lastPacketId <= 1 ? LARGEST_PACKET_ID : this.#lastPacketId - 1;
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
    this.#stored = this.#publisher.outbox.journal?.close().catch((problem: unknown) => this.#report(problem));
  }

  /** With the deadline that operations have unless told otherwise. */
  #limited(options: OperationOptions): OperationOptions {
    return { timeoutMs: this.#options.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS, ...options };
  }

  #report(error: unknown): void {
    // The program ended it itself, and was told so where it waited.
    if (this.#isClosed && error instanceof ConnectionLostError && error.source === "client") return;
    const { onError } = this.#options;
    if (onError !== undefined) onError(error);
    // oxlint-disable-next-line no-console -- the program named no place for it, and nothing is swallowed
    else console.error(error);
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
  const { clock = runtime.clock, random = runtime.random, dial = runtime.dial } = options;
  const client = new MqttClient(url, options, { ...runtime, clock, random, dial });
  await client.open();
  if (options.background !== true) await client.connected;
  return client;
}
