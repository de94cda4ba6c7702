/**
 * From a URL to a connection that is up, again and again: dial, CONNECT, authentication, CONNACK; and after a loss the wait
 * and the next attempt. Takes the detours that the program has handed in.
 *
 * Every attempt has a number; whatever belongs to an older one is ignored when it comes.
 */

import { type Clock } from "#base";
import {
  type ConnackPacket,
  type DisconnectPacket,
  FIRST_REFUSAL,
  type IncomingPublish,
  type Packet,
  type ProtocolVersion,
  type PublishPacket,
  packetTypes,
  protocolError,
  versions,
} from "#protocol";
import { nextDelayMs } from "./backoff.ts";
import { connectPacket } from "./connect-packet.ts";
import { DEFAULT_CONNECT_TIMEOUT_MS, DEFAULT_STABLE_MS, MOST_REDIRECTS } from "./defaults.ts";
import type { Detour } from "./detours.ts";
import { ConnectionLostError, ConnectRefusedError, reasonText } from "./errors.ts";
import { Link, type LinkOwner } from "./link.ts";
import type { Chance, ConnectionAuthentication, ConnectOptions } from "./options.ts";
import type { Dial } from "./pipe.ts";
import { isBusy, isFinal, reasonOf } from "./retry.ts";
import { StatusBoard } from "./status.ts";
import type { BrokerUrl } from "./url.ts";

/** What a runtime brings along. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Chance;
  readonly dial: Dial;
  readonly readUrl: (text: string) => BrokerUrl;
  readonly keepAliveSeconds: number;
}

/** Who uses the connections. */
export interface ConnectionUser {
  onConnected(link: Link, connack: ConnackPacket): void;
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
  /** In use, or tried next. */
  version: ProtocolVersion;
  #url: BrokerUrl;
  /** Where only the next attempt goes. */
  #detour: Detour | undefined;
  #redirects = 0;
  /** The last wait; 0 when a connection has lasted since. */
  #delayMs = 0;
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
  readonly authentication: ConnectionAuthentication | undefined;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(url: string, options: ConnectOptions, runtime: Runtime, user: ConnectionUser) {
    this.#url = runtime.readUrl(url);
    this.version = options.version ?? versions.MQTT_5_0;
    this.#options = options;
    this.#runtime = runtime;
    this.#user = user;
    this.#hasSession = options.cleanStart === false;
    this.#lostAtMs = runtime.clock.now();
    this.authentication = options.authentication?.({
      isCurrent: (link) => link === this.#link,
      fail: (error) => this.#failed(error),
    });
    this.clientId = options.clientId ?? `martlet-${randomName(runtime.random)}`;
  }

  /** The connection that is up. */
  get link(): Link | undefined {
    return this.#isUp ? this.#link : undefined;
  }

  /** Begins an attempt. */
  start(): void {
    this.#cancelTimer?.();
    const attempt = ++this.#attempt;
    const url = this.#detour?.url ?? this.#url;
    this.#detour = undefined;
    this.board.set({ state: "connecting", url: url.href, attempt: this.#failures + 1 });
    const { clock } = this.#runtime;
    const timeoutMs = this.#options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.#cancelTimer = clock.schedule(timeoutMs, () =>
      this.#failed(new ConnectionLostError("timeout", url.href)),
    );
    this.#dial(attempt, url, timeoutMs).catch((error: unknown) => {
      if (attempt === this.#attempt) this.#failed(error);
    });
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
    this.authentication?.onLost(error ?? new ConnectionLostError("client"));
    this.board.set({ state: "closed", error });
  }

  onPublish(publish: IncomingPublish): void {
    if (!this.#isUp) throw protocolError("MQTT-3.2.0-1");
    this.#user.onPublish(publish);
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    if (this.#options.properties?.requestProblemInformation === false) checkTerse(packet);
    switch (packet.type) {
      case packetTypes.CONNACK:
        this.#onConnack(packet);
        break;
      case packetTypes.AUTH:
        // [MQTT-4.12.0-1]
        if (this.authentication === undefined) throw protocolError("MQTT-4.12.0-1");
        this.authentication.onAuth(this.#link as Link, packet);
        break;
      case packetTypes.DISCONNECT:
        this.#onDisconnect(packet);
        break;
      default:
        // [MQTT-3.2.0-1]
        if (!this.#isUp) throw protocolError("MQTT-3.2.0-1");
        this.#user.onPacket(packet);
    }
  }

  onWritable(): void {
    if (this.#isUp) this.#user.onWritable();
  }

  onLost(link: Link, error: Error): void {
    if (link === this.#link) this.#failed(error);
  }

  async #dial(attempt: number, url: BrokerUrl, timeoutMs: number): Promise<void> {
    const options = this.#options;
    const authentication = this.version === versions.MQTT_5_0 ? this.authentication : undefined;
    const authenticationData = await authentication?.begin();
    // What cannot be said is not worth a connection.
    const packet = connectPacket(options, url, {
      identity: {
        protocolVersion: this.version,
        clientId: this.clientId,
        keepAliveSeconds: this.#keepAliveSeconds,
      },
      hasSession: this.#hasSession,
      authentication: {
        ...(authentication && { authenticationMethod: authentication.method }),
        ...(authenticationData && { authenticationData }),
      },
    });
    const pipe = await this.#runtime.dial({ url, timeoutMs });
    if (attempt !== this.#attempt) {
      pipe.destroy();
      return;
    }
    const link = new Link(pipe, this, this.#runtime.clock, this.version, options);
    this.#link = link;
    link.send(packet);
  }

  get #keepAliveSeconds(): number {
    return this.#options.keepAliveSeconds ?? this.#runtime.keepAliveSeconds;
  }

  #onConnack(connack: ConnackPacket): void {
    const link = this.#link as Link;
    const { reasonCode, properties, sessionPresent } = connack;
    if (this.#isUp) throw protocolError("MQTT-3.2.0-2");
    if (reasonCode >= FIRST_REFUSAL) {
      this.#failed(new ConnectRefusedError(connack), properties.serverReference);
      return;
    }
    // [MQTT-3.2.2-4]; 3.x says it also of a session that the program asked to go on with.
    if (
      sessionPresent &&
      !this.#hasSession &&
      (link.isVersion5 || this.#options.sessionExpiryInterval === undefined)
    ) {
      throw protocolError("MQTT-3.2.2-4");
    }
    const { authentication } = this;
    if (authentication === undefined) this.#up(link, connack);
    else authentication.onConnack(link, connack, () => this.#up(link, connack));
  }

  #up(link: Link, connack: ConnackPacket): void {
    const { properties, sessionPresent } = connack;
    this.#cancelTimer?.();
    this.#isUp = true;
    this.#failures = 0;
    this.#upSinceMs = this.#runtime.clock.now();
    this.#wasEverUp = true;
    this.clientId = properties.assignedClientIdentifier ?? this.clientId;
    this.#hasSession = true;
    // [MQTT-3.1.2-21], [MQTT-3.2.2-21]
    link.keepAlive(properties.serverKeepAlive ?? this.#keepAliveSeconds);
    link.maximumPacketSize = properties.maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.#user.onConnected(link, connack);
    if (this.#link !== link) return;
    this.board.set({
      state: "connected",
      url: this.#url.href,
      version: link.version,
      sessionPresent,
      connack,
    });
  }

  #onDisconnect({ reasonCode, properties }: DisconnectPacket): void {
    const why = properties.reasonString ?? reasonText(reasonCode);
    const error = new ConnectionLostError("server", why, {
      reasonCode,
    });
    this.#failed(error, properties.serverReference);
  }

  /** The attempt, or the connection it led to, is over. */
  #failed(error: unknown, serverReference?: string): void {
    if (this.#isClosed) return;
    this.#attempt++;
    this.#cancelTimer?.();
    const wasUp = this.#isUp;
    const wasLinked = this.#link !== undefined;
    const { clock, random } = this.#runtime;
    const { reconnect } = this.#options;
    const now = clock.now();
    const cause =
      error instanceof Error ? error : new ConnectionLostError("network", undefined, { cause: error });
    this.#isUp = false;
    this.#link?.destroy();
    this.#link = undefined;
    this.authentication?.onLost(cause);
    if (wasUp) {
      this.#lostAtMs = now;
      const { stableMs } = reconnect || {};
      if (now - this.#upSinceMs >= (stableMs ?? DEFAULT_STABLE_MS)) {
        this.#delayMs = 0;
        this.#redirects = 0;
      }
      this.#user.onDisconnected(cause);
      if (this.#isClosed) return;
    }
    this.#failures++;
    if (this.#redirected(cause, serverReference) || (wasLinked && this.#fellBack(cause))) {
      this.start();
      return;
    }
    const history = { failures: this.#failures, wasEverUp: this.#wasEverUp, downMs: now - this.#lostAtMs };
    if (isFinal(cause, this.#options, history)) {
      this.close(undefined, cause);
      this.#user.onGivenUp(cause);
      return;
    }
    const delayMs = nextDelayMs(random, reconnect || {}, { lastMs: this.#delayMs, isBusy: isBusy(cause) });
    this.#delayMs = delayMs;
    this.#cancelTimer = clock.schedule(delayMs, () => this.start());
    this.board.set({ state: "waiting", delayMs, attempt: this.#failures, error: cause });
  }

  /** Takes the way that the broker showed, if it did and the program wants it. */
  #redirected(error: Error, serverReference: string | undefined): boolean {
    const { redirect } = this.#options;
    if (redirect === undefined || serverReference === undefined || this.#redirects >= MOST_REDIRECTS)
      return false;
    this.#detour = redirect(this.#url, serverReference, reasonOf(error));
    if (this.#detour === undefined) return false;
    this.#redirects++;
    if (this.#detour.isForGood) this.#url = this.#detour.url;
    return true;
  }

  #fellBack(error: Error): boolean {
    const version = this.#wasEverUp ? undefined : this.#options.fallback?.(error, this.version);
    this.version = version ?? this.version;
    return version !== undefined;
  }
}

/** The broker was told to leave out what explains [U5-3.1.2.11.7b]. */
function checkTerse(packet: Exclude<Packet, PublishPacket>): void {
  const { type } = packet;
  if (type === packetTypes.CONNACK || type === packetTypes.DISCONNECT || !("properties" in packet)) return;
  const { properties } = packet;
  if (!("reasonString" in properties || "userProperties" in properties)) return;
  throw protocolError("U5-3.1.2.11.7b");
}

/** 64 bits of chance. */
function randomName(random: Chance): string {
  const part = (): string => random.below(2 ** 32).toString(36);
  return part() + part();
}
