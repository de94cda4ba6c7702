/**
 * From a URL to a connection that is up, again and again: dial, CONNECT, authentication, CONNACK; and after a loss the wait
 * and the next attempt. Also follows redirections and falls back to 3.1.1, where the program allows it.
 *
 * Every attempt has a number; whatever belongs to an older one is ignored when it comes.
 */

import { type Clock, ConfigError, type Random, toHex, utf8Encode } from "#base";
import {
  type AcknowledgementProperties,
  type AuthPacket,
  type ConnackPacket,
  type ConnackProperties,
  type DisconnectPacket,
  FIRST_REFUSAL,
  InvalidPacketError,
  isWireError,
  type Packet,
  PacketType,
  ProtocolError,
  ProtocolVersion,
  type PublishPacket,
  type PublishView,
  ReasonCode,
  reasonName,
  type Will,
} from "#protocol";
import { Backoff } from "./backoff.ts";
import { AbortedError, ConnectionLostError, ConnectRefusedError } from "./errors.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { AuthenticationExchange, ConnectOptions, ReconnectOptions } from "./options.ts";
import type { Dial } from "./pipe.ts";
import { StatusBoard } from "./status.ts";
import { type BrokerUrl, parseBrokerUrl, redirected } from "./url.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS = 20_000;
const DEFAULT_MAXIMUM_PACKET_SIZE = 16 * 1024 * 1024;
const DEFAULT_SESSION_EXPIRY = 300;
const MOST_REDIRECTS = 5;
/** A connection that lasts this long ends the growth of the waits. */
const STABLE_MS = 10_000;

/** Trying again would get the same answer. */
const finalReasons: ReadonlySet<number> = new Set([
  ReasonCode.MALFORMED_PACKET,
  ReasonCode.PROTOCOL_ERROR,
  ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
  ReasonCode.CLIENT_IDENTIFIER_NOT_VALID,
  ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  ReasonCode.NOT_AUTHORIZED,
  ReasonCode.BANNED,
  ReasonCode.BAD_AUTHENTICATION_METHOD,
  ReasonCode.SESSION_TAKEN_OVER,
]);

const busyReasons: ReadonlySet<number> = new Set([
  ReasonCode.SERVER_UNAVAILABLE,
  ReasonCode.SERVER_BUSY,
  ReasonCode.SERVER_SHUTTING_DOWN,
  ReasonCode.QUOTA_EXCEEDED,
  ReasonCode.CONNECTION_RATE_EXCEEDED,
  ReasonCode.ADMINISTRATIVE_ACTION,
]);

/** What a runtime brings along. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly dial: Dial;
  readonly keepAliveSeconds: number;
}

/** Who uses the connections. */
export interface ConnectionUser {
  onConnected(link: Link, connack: ConnackPacket, limits: ConnackProperties): void;
  /** `onConnected` is undone; another connection may follow. */
  onDisconnected(error: Error): void;
  /** No connection follows. */
  onGivenUp(error: Error): void;
  onPublish(view: PublishView): void;
  onPacket(packet: Exclude<Packet, PublishPacket>): void;
  onWritable(): void;
}

export class Connector implements LinkOwner {
  readonly board = new StatusBoard();
  clientId: string;
  readonly #options: ConnectOptions;
  readonly #reconnect: ReconnectOptions;
  readonly #runtime: Runtime;
  readonly #user: ConnectionUser;
  readonly #backoff: Backoff;
  #url: BrokerUrl;
  /** Where only the next attempt goes. */
  #detour: BrokerUrl | undefined;
  /** In use, or tried next. */
  version: ProtocolVersion;
  /** The broker has, or had, a session of this client that goes on. */
  #hasSession: boolean;
  #attempt = 0;
  #failures = 0;
  #redirects = 0;
  #lostAtMs: number;
  #upSinceMs = 0;
  /** There has been a connection. */
  #wasEverUp = false;
  #link: Link | undefined;
  #isUp = false;
  #exchange: AuthenticationExchange | undefined;
  #reauthentication: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(url: string, options: ConnectOptions, runtime: Runtime, user: ConnectionUser) {
    this.#url = parseBrokerUrl(url);
    this.#options = options;
    this.#runtime = runtime;
    this.#user = user;
    this.#reconnect = options.reconnect === false ? {} : (options.reconnect ?? {});
    this.#backoff = new Backoff(runtime.random, this.#reconnect);
    this.version = options.version ?? ProtocolVersion.MQTT_5_0;
    this.#hasSession = options.cleanStart === false;
    this.#lostAtMs = runtime.clock.now();
    this.clientId = options.clientId ?? `martlet-${toHex(runtime.random.bytes(8)).replaceAll(" ", "")}`;
  }

  /** The connection that is up. */
  get link(): Link | undefined {
    return this.#isUp ? this.#link : undefined;
  }

  /** Begins an attempt. */
  start(): void {
    this.#cancelTimer?.();
    const attempt = ++this.#attempt;
    const url = this.#detour ?? this.#url;
    this.#detour = undefined;
    this.#isUp = false;
    this.#exchange = undefined;
    this.board.set({ state: "connecting", url: url.href, attempt: this.#failures + 1 });
    const { clock } = this.#runtime;
    const timeoutMs = this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.#cancelTimer = clock.schedule(timeoutMs, () =>
      this.#failed(attempt, new ConnectionLostError("timeout", `No connection to ${url.href} in time`)),
    );
    this.#dial(attempt, url, timeoutMs).catch((error: unknown) => this.#failed(attempt, error));
  }

  /** Looks whether the broker is still there; a wait for the next attempt ends at once. */
  poke(): void {
    if (this.board.current.state === "waiting") this.start();
    else this.#link?.ping();
  }

  /** Ends everything; a connection says goodbye first. */
  close(farewell: DisconnectPacket | undefined, error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#attempt++;
    this.#cancelTimer?.();
    const link = this.#link;
    this.#link = undefined;
    if (farewell !== undefined && this.#isUp && link !== undefined) {
      link.send(farewell);
      link.end();
    } else link?.destroy();
    this.#isUp = false;
    this.#reauthentication?.reject(error ?? new ConnectionLostError("client", "The client was closed"));
    this.board.set({ state: "closed", error });
  }

  /** Proves again who we are, on a live connection [MQTT-4.12.1-1]. */
  async reauthenticate(): Promise<void> {
    const { authenticator } = this.#options;
    const link = this.link;
    if (authenticator === undefined || link === undefined || this.#reauthentication !== undefined) {
      throw new ConnectionLostError("client", "There is nothing to authenticate again");
    }
    const exchange = authenticator.begin();
    this.#exchange = exchange;
    const done = new Promise<void>((resolve, reject) => {
      this.#reauthentication = { resolve, reject };
    });
    done.catch(() => undefined);
    const data = await exchange.start();
    this.#sendAuth(link, ReasonCode.RE_AUTHENTICATE, data);
    link.await();
    return done;
  }

  /** The broker has not finished: a half-done authentication ends its connection. */
  abandonReauthentication(error: Error): void {
    if (this.#reauthentication !== undefined) this.#failed(this.#attempt, error);
  }

  onPublish(view: PublishView): void {
    if (!this.#isUp) throw new ProtocolError("PUBLISH before CONNACK", "MQTT-3.2.0-1");
    this.#user.onPublish(view);
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    if (this.#options.properties?.requestProblemInformation === false) checkTerse(packet);
    switch (packet.type) {
      case PacketType.CONNACK:
        this.#onConnack(packet);
        break;
      case PacketType.AUTH:
        this.#onAuth(packet);
        break;
      case PacketType.DISCONNECT:
        this.#onDisconnect(packet);
        break;
      default:
        // [MQTT-3.2.0-1]
        if (!this.#isUp) throw new ProtocolError("A packet before CONNACK", "MQTT-3.2.0-1");
        this.#user.onPacket(packet);
    }
  }

  onWritable(): void {
    if (this.#isUp) this.#user.onWritable();
  }

  onLost(link: Link, error: Error): void {
    if (link === this.#link) this.#failed(this.#attempt, error);
  }

  async #dial(attempt: number, url: BrokerUrl, timeoutMs: number): Promise<void> {
    const { authenticator, maximumPacketSize = DEFAULT_MAXIMUM_PACKET_SIZE, ...options } = this.#options;
    const exchange = this.version === ProtocolVersion.MQTT_5_0 ? authenticator?.begin() : undefined;
    const authenticationData = await exchange?.start();
    const pipe = await (options.dial ?? this.#runtime.dial)({ url, timeoutMs });
    if (attempt !== this.#attempt) {
      pipe.destroy();
      return;
    }
    this.#exchange = exchange;
    const link = new Link(pipe, this, this.#runtime.clock, {
      version: this.version,
      maximumPacketSize,
      acknowledgementTimeoutMs: options.acknowledgementTimeoutMs ?? DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS,
    });
    this.#link = link;
    this.#sendConnect(link, url, maximumPacketSize, authenticationData);
  }

  #sendConnect(
    link: Link,
    url: BrokerUrl,
    maximumPacketSize: number,
    authenticationData: Uint8Array | undefined,
  ): void {
    const { userName = url.userName, password = url.password, will, ...options } = this.#options;
    const { sessionExpiryInterval = DEFAULT_SESSION_EXPIRY, authenticator } = options;
    // 3.x has no expiry: a session either ends with the connection or never.
    const isLasting = link.isVersion5 || options.sessionExpiryInterval !== undefined;
    link.send({
      type: PacketType.CONNECT,
      protocolVersion: this.version,
      isBridge: false,
      clientId: this.clientId,
      cleanStart: link.isVersion5 ? !this.#hasSession : !(options.cleanStart === false || isLasting),
      keepAliveSeconds: this.#keepAliveSeconds,
      ...(will === undefined ? {} : { will: willOf(will) }),
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined
        ? {}
        : { password: typeof password === "string" ? utf8Encode(password) : password }),
      properties: {
        ...options.properties,
        sessionExpiryInterval,
        receiveMaximum: options.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM,
        maximumPacketSize,
        topicAliasMaximum: options.topicAliasMaximum ?? DEFAULT_TOPIC_ALIAS_MAXIMUM,
        ...(authenticator === undefined ? {} : { authenticationMethod: authenticator.method }),
        ...(authenticationData === undefined ? {} : { authenticationData }),
      },
    });
  }

  get #keepAliveSeconds(): number {
    return this.#options.keepAliveSeconds ?? this.#runtime.keepAliveSeconds;
  }

  #onConnack(connack: ConnackPacket): void {
    const link = this.#link as Link;
    const { reasonCode, properties, sessionPresent } = connack;
    if (this.#isUp) throw new ProtocolError("A second CONNACK", "MQTT-3.2.0-2");
    if (reasonCode >= FIRST_REFUSAL) {
      this.#failed(this.#attempt, new ConnectRefusedError(connack), properties.serverReference);
      return;
    }
    // [MQTT-3.2.2-4]; 3.x says it also of a session that the program asked to go on with.
    if (
      sessionPresent &&
      !this.#hasSession &&
      (link.isVersion5 || this.#options.sessionExpiryInterval === undefined)
    ) {
      throw new ProtocolError("A session that this client does not have", "MQTT-3.2.2-4");
    }
    const exchange = this.#exchange;
    if (exchange?.finish === undefined) this.#up(link, connack);
    else {
      this.#step(link, async () => {
        await exchange.finish?.(properties.authenticationData);
        if (link === this.#link) this.#up(link, connack);
      });
    }
  }

  #up(link: Link, connack: ConnackPacket): void {
    const { properties, sessionPresent } = connack;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#exchange = undefined;
    this.#isUp = true;
    this.#failures = 0;
    this.#upSinceMs = this.#runtime.clock.now();
    this.#wasEverUp = true;
    this.clientId = properties.assignedClientIdentifier ?? this.clientId;
    this.#hasSession = true;
    // [MQTT-3.1.2-21], [MQTT-3.2.2-21]
    link.keepAlive(properties.serverKeepAlive ?? this.#keepAliveSeconds);
    link.maximumPacketSizeOut = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#user.onConnected(link, connack, properties);
    if (this.#link !== link) return;
    const url = this.#url.href;
    this.board.set({ state: "connected", url, version: link.version, sessionPresent, connack });
  }

  #onAuth({ reasonCode, properties }: AuthPacket): void {
    const link = this.#link as Link;
    const exchange = this.#exchange;
    // [MQTT-4.12.0-7]
    if (exchange === undefined || properties.authenticationMethod !== this.#options.authenticator?.method) {
      throw new ProtocolError("AUTH that nobody asked for", "MQTT-4.12.0-1");
    }
    this.#step(link, async () => {
      if (reasonCode === ReasonCode.CONTINUE_AUTHENTICATION) {
        const data = await exchange.next(properties.authenticationData);
        if (link === this.#link) this.#sendAuth(link, ReasonCode.CONTINUE_AUTHENTICATION, data); // [MQTT-4.12.0-3]
        return;
      }
      await exchange.finish?.(properties.authenticationData);
      link.answered();
      this.#exchange = undefined;
      this.#reauthentication?.resolve();
      this.#reauthentication = undefined;
    });
  }

  #sendAuth(link: Link, reasonCode: ReasonCode, data: Uint8Array | undefined): void {
    link.send({
      type: PacketType.AUTH,
      reasonCode,
      properties: {
        authenticationMethod: this.#options.authenticator?.method ?? "",
        ...(data === undefined ? {} : { authenticationData: data }),
      },
    });
  }

  /** Work of an authenticator; what it throws ends the connection. */
  #step(link: Link, work: () => Promise<void>): void {
    const attempt = this.#attempt;
    work().catch((error: unknown) => {
      if (link === this.#link) this.#failed(attempt, error);
    });
  }

  #onDisconnect({ reasonCode, properties }: DisconnectPacket): void {
    const why = properties.reasonString ?? reasonName(reasonCode);
    const error = new ConnectionLostError("server", `The broker ended the connection: ${why}`, {
      reasonCode,
    });
    this.#failed(this.#attempt, error, properties.serverReference);
  }

  /** The attempt, or the connection it led to, is over. */
  #failed(attempt: number, error: unknown, serverReference?: string): void {
    if (attempt !== this.#attempt || this.#isClosed) return;
    this.#attempt++;
    this.#cancelTimer?.();
    const wasUp = this.#isUp;
    const wasLinked = this.#link !== undefined;
    const now = this.#runtime.clock.now();
    const cause =
      error instanceof Error
        ? error
        : new ConnectionLostError("network", "The connection failed", { cause: error });
    this.#isUp = false;
    this.#link?.destroy();
    this.#link = undefined;
    this.#reauthentication?.reject(cause);
    this.#reauthentication = undefined;
    if (wasUp) {
      this.#lostAtMs = now;
      if (now - this.#upSinceMs >= STABLE_MS) {
        this.#backoff.reset();
        this.#redirects = 0;
      }
      this.#user.onDisconnected(cause);
      if (this.#isClosed) return;
    }
    this.#failures++;
    if (this.#mayRedirect(cause, serverReference) || (wasLinked && !wasUp && this.#mayFallBack(cause))) {
      this.start();
      return;
    }
    if (this.#isFinal(cause, now)) {
      this.close(undefined, cause);
      this.#user.onGivenUp(cause);
      return;
    }
    const delayMs = this.#backoff.next({ isBusy: busyReasons.has(reasonOf(cause)) });
    this.#cancelTimer = this.#runtime.clock.schedule(delayMs, () => this.start());
    this.board.set({ state: "waiting", delayMs, attempt: this.#failures, error: cause });
  }

  #isFinal(error: Error, now: number): boolean {
    const { stopAfterAttempts, stopAfterMs, first = false } = this.#reconnect;
    if (this.#options.reconnect === false || error instanceof AbortedError) return true;
    if (!this.#wasEverUp && this.#failures === 1 && !first && this.#options.background !== true) return true;
    // What cannot be sent now cannot be sent later either.
    if (error instanceof InvalidPacketError || error instanceof ConfigError) return true;
    if (finalReasons.has(reasonOf(error))) return true;
    if (stopAfterAttempts !== undefined && this.#failures >= stopAfterAttempts) return true;
    return stopAfterMs !== undefined && now - this.#lostAtMs >= stopAfterMs;
  }

  #mayRedirect(error: Error, serverReference: string | undefined): boolean {
    const { allowRedirect = false } = this.#options;
    const reasonCode = reasonOf(error);
    const isMove = reasonCode === ReasonCode.SERVER_MOVED;
    if (!isMove && reasonCode !== ReasonCode.USE_ANOTHER_SERVER) return false;
    if (serverReference === undefined || allowRedirect === false || ++this.#redirects > MOST_REDIRECTS)
      return false;
    let to: BrokerUrl;
    try {
      to = redirected(this.#url, serverReference);
    } catch {
      return false; // A reference that is no place.
    }
    if (allowRedirect !== true && !allowRedirect(to)) return false;
    if (isMove) this.#url = to;
    this.#detour = to;
    return true;
  }

  /** A broker of 3.1.1 refuses 5.0 in its own words, which are malformed in 5.0, or just closes. */
  #mayFallBack(error: Error): boolean {
    if (this.#options.fallback !== true || this.version !== ProtocolVersion.MQTT_5_0 || this.#wasEverUp)
      return false;
    const isRefusal =
      error instanceof ConnectRefusedError
        ? error.reasonCode === ReasonCode.UNSUPPORTED_PROTOCOL_VERSION
        : error instanceof ConnectionLostError && (isWireError(error.cause) || error.source === "network");
    if (!isRefusal) return false;
    this.version = ProtocolVersion.MQTT_3_1_1;
    return true;
  }
}

export const DEFAULT_RECEIVE_MAXIMUM = 256;
export const DEFAULT_TOPIC_ALIAS_MAXIMUM = 64;

/** The broker was told to leave out what explains [U5-3.1.2.11.7b]. */
function checkTerse(packet: Exclude<Packet, PublishPacket>): void {
  if (
    packet.type === PacketType.CONNACK ||
    packet.type === PacketType.DISCONNECT ||
    !("properties" in packet)
  )
    return;
  const { reasonString, userProperties } = packet.properties as AcknowledgementProperties;
  if (reasonString === undefined && userProperties === undefined) return;
  throw new ProtocolError("An explanation that was not asked for", "U5-3.1.2.11.7b");
}

function reasonOf(error: Error): number {
  if (error instanceof ConnectRefusedError) return error.reasonCode;
  return error instanceof ConnectionLostError ? (error.reasonCode ?? 0) : 0;
}

function willOf({
  topicName,
  payload = "",
  qos = 0,
  retain = false,
  properties = {},
}: NonNullable<ConnectOptions["will"]>): Will {
  return {
    topicName,
    payload: typeof payload === "string" ? utf8Encode(payload) : payload,
    qos,
    retain,
    properties,
  };
}
