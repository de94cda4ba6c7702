/**
 * From a URL to a connection that is up, again and again: dial, CONNECT, authentication, CONNACK; and after a loss the wait
 * and the next attempt. Also follows redirections and falls back to 3.1.1, where the program allows it.
 *
 * Every attempt has a number; whatever belongs to an older one is ignored when it comes.
 */

import { type Clock, type Random } from "#base";
import {
  type AcknowledgementProperties,
  type AuthPacket,
  type ConnackPacket,
  type ConnackProperties,
  type DisconnectPacket,
  FIRST_REFUSAL,
  type IncomingPublish,
  type Packet,
  PacketType,
  ProtocolError,
  ProtocolVersion,
  type PublishPacket,
  ReasonCode,
  reasonName,
} from "#protocol";
import { Backoff } from "./backoff.ts";
import { connectPacket, DEFAULT_MAXIMUM_PACKET_SIZE } from "./connect-packet.ts";
import { ConnectionLostError, ConnectRefusedError } from "./errors.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { AuthenticationExchange, ConnectOptions } from "./options.ts";
import type { Dial } from "./pipe.ts";
import { isBusy, isFinal, Route } from "./route.ts";
import { StatusBoard } from "./status.ts";
import type { BrokerUrl } from "./url.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 30_000;
const DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS = 20_000;
/** A connection that lasts this long ends the growth of the waits. */
const STABLE_MS = 10_000;

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
  onPublish(publish: IncomingPublish): void;
  onPacket(packet: Exclude<Packet, PublishPacket>): void;
  onWritable(): void;
}

export class Connector implements LinkOwner {
  readonly board = new StatusBoard();
  clientId: string;
  readonly #options: ConnectOptions;
  readonly #runtime: Runtime;
  readonly #user: ConnectionUser;
  readonly #backoff: Backoff;
  readonly #route: Route;
  /** The broker has, or had, a session of this client that goes on. */
  #hasSession: boolean;
  #attempt = 0;
  #failures = 0;
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
    this.#route = new Route(url, options);
    this.#options = options;
    this.#runtime = runtime;
    this.#user = user;
    this.#backoff = new Backoff(runtime.random, options.reconnect || {});
    this.#hasSession = options.cleanStart === false;
    this.#lostAtMs = runtime.clock.now();
    this.clientId = options.clientId ?? `martlet-${randomName(runtime.random)}`;
  }

  /** In use, or tried next. */
  get version(): ProtocolVersion {
    return this.#route.version;
  }

  /** The connection that is up. */
  get link(): Link | undefined {
    return this.#isUp ? this.#link : undefined;
  }

  /** Begins an attempt. */
  start(): void {
    this.#cancelTimer?.();
    const attempt = ++this.#attempt;
    const url = this.#route.next();
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

  onPublish(publish: IncomingPublish): void {
    if (!this.#isUp) throw new ProtocolError("PUBLISH before CONNACK", "MQTT-3.2.0-1");
    this.#user.onPublish(publish);
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
    link.send(
      connectPacket(this.#options, {
        version: this.version,
        url,
        clientId: this.clientId,
        hasSession: this.#hasSession,
        keepAliveSeconds: this.#keepAliveSeconds,
        authenticationData,
      }),
    );
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
    this.board.set({
      state: "connected",
      url: this.#route.url.href,
      version: link.version,
      sessionPresent,
      connack,
    });
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
        this.#route.settle();
      }
      this.#user.onDisconnected(cause);
      if (this.#isClosed) return;
    }
    this.#failures++;
    const mayFallBack = wasLinked && !this.#wasEverUp;
    if (this.#route.redirect(cause, serverReference) || (mayFallBack && this.#route.fallBack(cause))) {
      this.start();
      return;
    }
    const history = {
      failures: this.#failures,
      wasEverUp: this.#wasEverUp,
      downMs: now - this.#lostAtMs,
    };
    if (isFinal(cause, this.#options, history)) {
      this.close(undefined, cause);
      this.#user.onGivenUp(cause);
      return;
    }
    const delayMs = this.#backoff.next({ isBusy: isBusy(cause) });
    this.#cancelTimer = this.#runtime.clock.schedule(delayMs, () => this.start());
    this.board.set({ state: "waiting", delayMs, attempt: this.#failures, error: cause });
  }
}

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

/** 64 bits of chance. */
function randomName(random: Random): string {
  const part = (): string => random.below(2 ** 32).toString(36);
  return part() + part();
}
