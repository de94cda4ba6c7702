/**
 * One client while it is connected: who it is, its phase, what holds for it, and how its connection ends. HOT.
 *
 * Its packets go from here to `on-<packet>`; what is sent to it goes through `outbound`. It lives as long as the connection:
 * everything that outlives it is the session's.
 */

import type { Accepted, ClientLimits } from "#auth";
import { describeError, InvariantError, Timer, type TimerTarget } from "#base";
import { InboundAliases } from "#flow";
import {
  type AcknowledgementPacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishesAlike,
  type PublishPacket,
  type PublishView,
  type Qos,
  ReasonCode,
  type WireError,
} from "#protocol";
import { ChannelLogin } from "./channel-login.ts";
import type { ClientIdentity } from "./client-identity.ts";
import type { Connection } from "./connection.ts";
import type { BrokerCore } from "./core.ts";
import { DecisionWait } from "./decision-wait.ts";
import type { DisconnectKind, DisconnectReason } from "./disconnect-reason.ts";
import { dispatch, dispatchAcknowledgement, refusePacket } from "./dispatch.ts";
import type { PublishingClient } from "./judge-publish.ts";
import type { LimitSubject } from "./limit-report.ts";
import type { Mount } from "./mount.ts";
import { onPublish, onRunDelivered } from "./on-publish.ts";
import { Outbound } from "./outbound.ts";
import type { Session } from "./session.ts";
import type { BrokerSettings } from "./settings.ts";
import type { Topic } from "./topic.ts";
import { withoutSecrets } from "./trace.ts";

/** `awaiting-connect` → (`authenticating`) → `connected` → `closed` */
export type ChannelPhase = "awaiting-connect" | "authenticating" | "connected" | "closed";

const NO_ALIASES_IN = new InboundAliases<Topic>(0);

export class Channel implements TimerTarget {
  readonly connection: Connection;
  readonly core: BrokerCore;
  /** The connect timeout, then the keep-alive. */
  readonly timer: Timer = new Timer(this);
  readonly outbound: Outbound;
  #login: ChannelLogin | undefined = undefined;
  #decisionWait: DecisionWait | undefined = undefined;
  phase: ChannelPhase = "awaiting-connect";
  /** The listener's, and from the login on the client's own. */
  settings: BrokerSettings;
  /** The user name that its connection is counted under. */
  countedUser: string | undefined = undefined;

  // Known from CONNECT on.
  /** The client as the gate and hooks see it. */
  identity: ClientIdentity | undefined = undefined;
  session: Session | undefined = undefined;
  isBridge = false;
  aliasesIn: InboundAliases<Topic> = NO_ALIASES_IN;
  /** Where its topics are mounted; undefined when they are as it says. */
  mount: Mount | undefined = undefined;
  /** The topic of the last PUBLISH: most clients publish to it again. */
  lastTopic: Topic | undefined = undefined;
  /** Whether CONNECT had a Session Expiry Interval above 0: DISCONNECT may not raise it otherwise. */
  connectedWithExpiry = false;

  constructor(connection: Connection, core: BrokerCore) {
    this.connection = connection;
    this.core = core;
    this.outbound = new Outbound(this);
    this.settings = connection.entrance.settings;
    core.timers.arm(this.timer, this.settings.connectTimeoutMs);
  }

  get clientId(): string {
    return this.identity?.clientId ?? "";
  }

  /** Of a client whose CONNECT came. */
  get client(): PublishingClient {
    if (this.identity === undefined) throw new InvariantError("Nobody knows this client yet.");
    return this.identity;
  }

  /** Whose limits these are. */
  get subject(): LimitSubject {
    const { listener, pipe } = this.connection;
    return { listener, clientId: this.clientId, pipe };
  }

  get version(): ProtocolVersion {
    return this.outbound.version;
  }

  get isVersion5(): boolean {
    return this.outbound.isVersion5;
  }

  get isWritable(): boolean {
    return this.connection.isWritable;
  }

  /** Made for a login that is more than an answer at once. */
  get login(): ChannelLogin {
    this.#login ??= new ChannelLogin(this);
    return this.#login;
  }

  /** Of a client that is connected. */
  get connectedSession(): Session {
    if (this.session === undefined)
      throw new InvariantError("A packet of a client without a session was handled.");
    return this.session;
  }

  /** The statement's id in the version in force. */
  statement(mqtt5: string, mqtt3: string): string {
    return this.isVersion5 ? mqtt5 : `3.1.1/${mqtt3}`;
  }

  /** Returns whether the message is in a run now, which others may join. */
  onPublish(view: PublishView): boolean {
    if (this.phase !== "connected") {
      refusePacket(this, PacketType.PUBLISH);
      return false;
    }
    return onPublish(this, view);
  }

  /** More messages like the one that is in the run. HOT. */
  onPublishesAlike(alike: PublishesAlike): void {
    const { metrics, router } = this.core;
    metrics.packetsReceived += alike.count;
    metrics.publishReceived += alike.count;
    metrics.publishBytesReceived += alike.payloadBytes;
    router.run.extend(alike);
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    this.core.router.run.flush();
    this.core.metrics.packetsReceived++;
    if (packet.type !== PacketType.CONNECT)
      this.core.trace?.onReceived(this.clientId, withoutSecrets(packet));
    dispatch(this, packet);
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP that says nothing but success. HOT. */
  onAcknowledgement(type: AcknowledgementPacket["type"], packetId: number): void {
    if (this.phase !== "connected") {
      refusePacket(this, type);
      return;
    }
    const { core } = this;
    core.router.run.flush();
    core.metrics.packetsReceived++;
    const reasonCode = ReasonCode.SUCCESS;
    core.trace?.onReceived(this.clientId, { type, packetId, reasonCode, properties: {} });
    dispatchAcknowledgement(this, type, packetId, reasonCode);
  }

  /** A message of this client went through in a run. HOT. */
  onRunDelivered(qos: Qos, packetId: number, matched: number): void {
    if (qos > 0) onRunDelivered(this, qos, packetId, matched);
  }

  /** All packets of what was read have been handled. */
  endOfInput(): void {
    this.core.router.run.flush();
  }

  /** There is room again for what waits. */
  onWritable(): void {
    this.session?.pump();
  }

  onTimer(): void {
    if (this.phase === "awaiting-connect" || this.phase === "authenticating") {
      this.close({ kind: "connect-timeout", reasonCode: ReasonCode.MAXIMUM_CONNECT_TIME });
      return;
    }
    const { keepAlive } = this.connection;
    if (this.phase !== "connected" || keepAlive === undefined) return;
    // While we do not read, the silence is ours.
    if (this.connection.isWaiting) keepAlive.heard(this.core.now());
    const remainingMs = keepAlive.remainingMs(this.core.now());
    this.session?.trim();
    if (remainingMs > 0) this.core.timers.arm(this.timer, remainingMs);
    else this.close({ kind: "keep-alive-timeout", reasonCode: ReasonCode.KEEP_ALIVE_TIMEOUT }); // [MQTT-3.1.2-22]
  }

  /** What the gate has found out about the client, at its login and each time it logs in again. */
  takeLogin({ claims, validForMs }: Accepted): void {
    if (this.identity !== undefined) this.identity.claims = claims;
    if (validForMs !== undefined || this.#login !== undefined) this.login.endAfter(validForMs);
  }

  /** The client's own limits, in place of the listener's. Returns false when they are not such that they could hold; that is logged. */
  takeLimits(limits: ClientLimits | undefined): boolean {
    if (limits === undefined) return true;
    const { book, log } = this.core;
    try {
      this.settings = book.ofClient(this.connection.listener, limits);
    } catch (error) {
      log.write("error", `The gate set a limit that cannot hold: ${describeError(error)}`);
      return false;
    }
    return true;
  }

  /** Other settings hold from now on; of a client that is connected also how fast it may send. */
  changeSettings(settings: BrokerSettings): void {
    this.settings = settings;
    if (this.phase !== "connected") return;
    if (this.identity !== undefined) this.identity.limits = settings;
    this.connection.changeRates(settings);
  }

  /** Waits for the gate or a hook, as `DecisionWait.begin` says. */
  waitFor<T>(pending: Promise<T>, next: (value: T) => void): void {
    this.#decisionWait ??= new DecisionWait(this);
    this.#decisionWait.begin(pending, next);
  }

  /** Nothing has to be decided any more. */
  stopWaiting(): void {
    this.#decisionWait?.end();
  }

  /** Something went wrong while a packet was handled: the peer's fault, or a bug of ours. */
  onFault(error: unknown, isPeersFault: boolean): void {
    this.core.router.run.flush();
    if (isPeersFault) {
      const { reasonCode, statement, message } = error as WireError;
      if (reasonCode === ReasonCode.PACKET_TOO_LARGE) this.core.limits.reached("packet-size", this.subject);
      const kind: DisconnectKind =
        reasonCode === ReasonCode.MALFORMED_PACKET ? "malformed-packet" : "protocol-error";
      const { version } = this.connection.framer;
      if (this.phase === "awaiting-connect" && version !== undefined) {
        this.outbound.version = version;
        this.refuseConnect(reasonCode, kind, `${message} [${statement}]`);
      } else this.close({ kind, reasonCode, detail: `${message} [${statement}]` });
      return;
    }
    this.core.metrics.invariantErrors++;
    this.core.log.write(
      "error",
      `A bug ended the connection of "${this.clientId}": ${describeError(error)}`,
      {
        stack: error instanceof Error ? error.stack : undefined,
      },
    );
    this.close({ kind: "internal-error", reasonCode: ReasonCode.UNSPECIFIED_ERROR });
  }

  /**
   * Ends the connection from our side. A 5.0 client that is connected is told why; what was sent before leaves first. The
   * session goes on by itself, or ends, as its expiry says.
   */
  close(reason: DisconnectReason): void {
    if (this.phase === "closed") return;
    const wasConnected = this.phase === "connected";
    this.connection.output.dropHeld();
    const isOurs = reason.kind !== "client-disconnected" && reason.kind !== "connection-closed";
    if (wasConnected && isOurs && this.isVersion5) this.outbound.sendDisconnect(reason); // [MQTT-3.14.0-1]
    this.#leave(reason, wasConnected);
    this.connection.end(reason.kind === "client-disconnected" ? "goodbye" : undefined);
  }

  /** The connection has ended by itself. */
  onConnectionGone(error: Error | undefined): void {
    if (this.phase === "closed") return;
    const wasConnected = this.phase === "connected";
    const kind = error === undefined ? "connection-closed" : "connection-lost";
    const detail = error === undefined ? {} : { detail: describeError(error) };
    this.#leave({ kind, reasonCode: ReasonCode.UNSPECIFIED_ERROR, ...detail }, wasConnected);
  }

  /** Answers a CONNECT with a refusal, as far as its version has words for it, and ends the connection. */
  refuseConnect(
    reasonCode: ReasonCode,
    kind: DisconnectKind,
    detail?: string,
    serverReference?: string,
  ): void {
    if (this.phase === "closed" || this.phase === "connected") return;
    this.core.metrics.connectsRefused++;
    const reason = { reasonCode, ...(detail === undefined ? {} : { detail }) };
    this.outbound.sendRefusal(serverReference === undefined ? reason : { ...reason, serverReference });
    this.#leave({ kind, ...reason }, false);
    this.connection.end(); // [MQTT-3.2.2-7]
  }

  #leave(reason: DisconnectReason, wasConnected: boolean): void {
    this.phase = "closed";
    this.core.timers.disarm(this.timer);
    this.stopWaiting();
    this.#login?.stop();
    this.connection.rates?.stop();
    this.core.admission.onGone(this, wasConnected);
    this.connection.framer.pause();
    const session = this.core.sessions.detach(this);
    const event = wasConnected ? "clientDisconnected" : "connectionRefused";
    if (this.core.events.has(event)) {
      const address = this.connection.pipe.peer;
      this.core.events.emit(event, { clientId: this.clientId, reason, address });
    }
    if (session !== undefined) this.core.sessions.leaveAlone(session);
  }
}
