/**
 * One client and its packets: what came in is handed to `on-<packet>`, what goes out is encoded here. HOT.
 *
 * Knows the client's version, limits and session; no bytes of its own. It lives as long as the connection: everything that
 * outlives it is the session's.
 */

import type { Accepted, ClientLimits } from "#auth";
import { describeError, InvariantError, Timer, type TimerTarget } from "#base";
import { InboundAliases, type OutboundAliases } from "#flow";
import {
  type AcknowledgementPacket,
  encodePacket,
  LARGEST_ACKNOWLEDGEMENT,
  LARGEST_PACKET_SIZE,
  type Packet,
  PacketType,
  ProtocolError,
  ProtocolVersion,
  type PublishesAlike,
  type PublishPacket,
  type PublishView,
  type Qos,
  ReasonCode,
  type WireError,
  writeAcknowledgement,
} from "#protocol";
import type { ClientIdentity } from "./client-identity.ts";
import type { Connection } from "./connection.ts";
import type { BrokerCore } from "./core.ts";
import { type DisconnectKind, type DisconnectReason, loginExpired } from "./disconnect-reason.ts";
import type { PublishingClient } from "./judge-publish.ts";
import type { LimitSubject } from "./limit-report.ts";
import type { Message } from "./message.ts";
import type { Mount } from "./mount.ts";
import { onPuback, onPubcomp, onPubrec, onPubrel } from "./on-acks.ts";
import { type Authentication, onAuth } from "./on-auth.ts";
import { onConnect } from "./on-connect.ts";
import { onDisconnect } from "./on-disconnect.ts";
import { onPublish, onRunDelivered } from "./on-publish.ts";
import { onSubscribe } from "./on-subscribe.ts";
import { onUnsubscribe } from "./on-unsubscribe.ts";
import { hasRates, RateLimit } from "./rate-limit.ts";
import { connackRefusals, disconnectReasons, legalReason } from "./refusal-codes.ts";
import type { DeliveryTerms } from "./route.ts";
import { fits, sendPublish } from "./send-publish.ts";
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
  /** How long the gate or a hook may take; there is one only where somebody has to wait. */
  decisionTimer: Timer | undefined = undefined;
  /** When the login is no longer good; there is one only where it has an end. */
  #loginTimer: Timer | undefined = undefined;
  phase: ChannelPhase = "awaiting-connect";
  /** The listener's, and from the login on the client's own. */
  settings: BrokerSettings;
  /** A refusal that waits for its time, so that passwords cannot be tried quickly. */
  #heldRefusal: (() => void) | undefined = undefined;
  /** The user name that its connection is counted under. */
  countedUser: string | undefined = undefined;

  // Known from CONNECT on.
  /** The client as the gate and hooks see it. */
  identity: ClientIdentity | undefined = undefined;
  session: Session | undefined = undefined;
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  isBridge = false;
  /** Of the client: nothing larger is sent to it. */
  maximumPacketSize: number = LARGEST_PACKET_SIZE;
  /** Whether it wants reason strings and user properties besides PUBLISH, CONNACK and DISCONNECT. */
  wantsProblemInformation = true;
  aliasesIn: InboundAliases<Topic> = NO_ALIASES_IN;
  aliasesOut: OutboundAliases<Topic> | undefined = undefined;
  /** The enhanced authentication under way, or the one it was let in by. */
  authentication: Authentication | undefined = undefined;
  /** Where its topics are mounted; undefined when they are as it says. */
  mount: Mount | undefined = undefined;
  /** The topic of the last PUBLISH: most clients publish to it again. */
  lastTopic: Topic | undefined = undefined;
  /** Whether CONNECT had a Session Expiry Interval above 0: DISCONNECT may not raise it otherwise. */
  connectedWithExpiry = false;

  constructor(connection: Connection, core: BrokerCore) {
    this.connection = connection;
    this.core = core;
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

  get isVersion5(): boolean {
    return this.version === ProtocolVersion.MQTT_5_0;
  }

  get isWritable(): boolean {
    return this.connection.isWritable;
  }

  /** Of a client that is connected. */
  get connectedSession(): Session {
    if (this.session === undefined)
      throw new InvariantError("A packet of a client without a session was handled.");
    return this.session;
  }

  /** Returns whether the message is in a run now, which others may join. */
  onPublish(view: PublishView): boolean {
    if (this.phase !== "connected") {
      this.#refusePacket(PacketType.PUBLISH);
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
    if (this.phase === "connected") this.#onPacketConnected(packet);
    else if (packet.type === PacketType.CONNECT && this.phase === "awaiting-connect") onConnect(this, packet);
    else if (packet.type === PacketType.AUTH && this.phase === "authenticating") onAuth(this, packet);
    else if (packet.type === PacketType.DISCONNECT && this.phase === "authenticating")
      onDisconnect(this, packet);
    else this.#refusePacket(packet.type);
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP that says nothing but success. HOT. */
  onAcknowledgement(type: AcknowledgementPacket["type"], packetId: number): void {
    if (this.phase !== "connected") {
      this.#refusePacket(type);
      return;
    }
    const { core } = this;
    core.router.run.flush();
    core.metrics.packetsReceived++;
    const reasonCode = ReasonCode.SUCCESS;
    core.trace?.onReceived(this.clientId, { type, packetId, reasonCode, properties: {} });
    this.#onAcknowledgement(type, packetId, reasonCode);
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
    if (this.#heldRefusal !== undefined) {
      const refuse = this.#heldRefusal;
      this.#dropHeldRefusal();
      refuse();
      return;
    }
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
    if (this.#loginTimer !== undefined) this.core.timers.disarm(this.#loginTimer);
    if (validForMs === undefined) return;
    this.#loginTimer ??= new Timer({ onTimer: () => this.close(loginExpired) });
    this.core.timers.arm(this.#loginTimer, Math.max(0, validForMs));
  }

  /** Calls `refuse` after `delayMs`; until then nothing that the client sends is read. */
  holdRefusal(delayMs: number, refuse: () => void): void {
    this.phase = "authenticating";
    this.#heldRefusal = refuse;
    this.stopWaiting();
    this.connection.pause();
    this.core.timers.arm(this.timer, delayMs);
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
    this.connection.framer.maximumPacketSize = this.settings.maximumPacketSize;
    return true;
  }

  /** Other settings hold from now on; of a client that is connected also how fast it may send. */
  changeSettings(settings: BrokerSettings): void {
    this.settings = settings;
    if (this.phase !== "connected") return;
    const { connection, identity } = this;
    if (identity !== undefined) identity.limits = settings;
    if (connection.rates !== undefined) connection.rates.change(settings);
    else if (hasRates(settings)) connection.rates = new RateLimit(connection, this.core, settings);
  }

  /** Nothing has to be decided any more. */
  stopWaiting(): void {
    if (this.decisionTimer !== undefined) this.core.timers.disarm(this.decisionTimer);
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
        this.version = version;
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
    if (wasConnected && isOurs && this.isVersion5) this.#sendDisconnect(reason); // [MQTT-3.14.0-1]
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
    const legal = legalReason(reasonCode, connackRefusals);
    // A malformed CONNECT of 3.x is closed without an answer [3.1.1/MQTT-3.1.4-1].
    this.send({
      type: PacketType.CONNACK,
      sessionPresent: false, // [MQTT-3.2.2-6]
      reasonCode: legal,
      properties: {
        ...(detail === undefined ? {} : { reasonString: detail }),
        ...(serverReference === undefined ? {} : { serverReference }),
      },
    });
    this.#leave({ kind, reasonCode, ...(detail === undefined ? {} : { detail }) }, false);
    this.connection.end(); // [MQTT-3.2.2-7]
  }

  /**
   * Sends a packet that is not a message: rare enough to be an object. Returns false when it is not sent, because it would
   * exceed the client's Maximum Packet Size or the version has no words for it.
   */
  send(packet: Exclude<Packet, PublishPacket>): boolean {
    const bytes = encodePacket(packet, this.version, this.maximumPacketSize);
    if (bytes === undefined) return false;
    this.connection.output.append(bytes, 0, bytes.length);
    this.core.metrics.packetsSent++;
    this.core.trace?.onSent(this.clientId, withoutSecrets(packet));
    return true;
  }

  /** What is sent from now on waits until everything so far is in the store. */
  holdOutput(): void {
    const { durable, outputPool } = this.core;
    if (durable === undefined) return;
    const { batch, durableBatch } = durable.store;
    if (batch <= durableBatch) return;
    outputPool.durableBatch = durableBatch;
    this.connection.output.holdUntil(batch);
  }

  /** The answer to the packet that is being handled waits for what that has written, if anything. */
  holdAnswer(): void {
    if (this.core.durable?.hasWritten === true) this.holdOutput();
  }

  /** Sends an answer without which the client would wait for ever: if it is too large for it, the connection ends. */
  sendOrClose(packet: Exclude<Packet, PublishPacket>): void {
    this.holdAnswer();
    if (this.send(packet)) return;
    const detail = "The answer would exceed the Maximum Packet Size of the client.";
    this.close({ kind: "protocol-error", reasonCode: ReasonCode.PACKET_TOO_LARGE, detail });
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  acknowledge(
    type: AcknowledgementPacket["type"],
    packetId: number,
    reasonCode: ReasonCode,
    reasonString?: string,
  ): void {
    this.holdAnswer();
    if (reasonString !== undefined && this.isVersion5 && this.wantsProblemInformation) {
      this.send({ type, packetId, reasonCode, properties: { reasonString } });
      return;
    }
    const { output } = this.connection;
    const at = output.reserve(LARGEST_ACKNOWLEDGEMENT);
    output.advance(writeAcknowledgement(output.slab, at, type, packetId, reasonCode, this.version));
    this.core.metrics.packetsSent++;
    this.core.trace?.onSent(this.clientId, { type, packetId, reasonCode, properties: {} });
  }

  sendPubrel(packetId: number): void {
    this.acknowledge(PacketType.PUBREL, packetId, ReasonCode.SUCCESS);
  }

  /** A QoS 0 message; lost, with its reason, if the client is behind. */
  sendQos0(message: Message, terms: DeliveryTerms): void {
    if (this.isBehind) {
      this.core.outcomes.record("receiver-slow", this.clientId, message);
      return;
    }
    const permitted = this.mayDeliver(message, terms, 0);
    if (permitted !== undefined) sendPublish(this, permitted, terms, 0, 0, false);
  }

  /** So much is unread that QoS 0 messages are dropped. */
  get isBehind(): boolean {
    const { settings, outputPool } = this.core;
    const pending = this.connection.output.pendingBytes;
    if (pending > this.settings.maximumOutputBytes) return true;
    return outputPool.unwrittenBytes > settings.maximumTotalOutputBytes && !this.isWritable;
  }

  /** What the client is to get of `message`, or undefined when it gets nothing: then the outcome is recorded. */
  mayDeliver(message: Message, terms: DeliveryTerms, qos: Qos): Message | undefined {
    let permitted = message;
    if (this.mount?.covers(message.topic) === false) {
      // A session that was elsewhere before.
      this.core.outcomes.record("receiver-not-permitted", this.clientId, message);
      return undefined;
    }
    if (this.core.hasDeliverHooks) {
      const hooked = this.#runDeliverHooks(message, terms, qos);
      if (hooked === undefined) return undefined;
      permitted = hooked;
    }
    if (fits(this, permitted, terms, qos)) return permitted;
    this.core.outcomes.record("packet-too-large", this.clientId, message); // [MQTT-3.1.2-24], [MQTT-3.1.2-25]
    return undefined;
  }

  #onPacketConnected(packet: Exclude<Packet, PublishPacket>): void {
    switch (packet.type) {
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBREL:
      case PacketType.PUBCOMP:
        return this.#onAcknowledgement(packet.type, packet.packetId, packet.reasonCode);
      case PacketType.SUBSCRIBE:
        return onSubscribe(this, packet);
      case PacketType.UNSUBSCRIBE:
        return onUnsubscribe(this, packet);
      case PacketType.PINGREQ:
        this.send({ type: PacketType.PINGRESP }); // [MQTT-3.12.4-1]
        return;
      case PacketType.DISCONNECT:
        return onDisconnect(this, packet);
      case PacketType.AUTH:
        return onAuth(this, packet);
      case PacketType.CONNECT:
      case PacketType.CONNACK:
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
      case PacketType.PINGRESP:
        return this.#refusePacket(packet.type);
    }
  }

  #onAcknowledgement(type: AcknowledgementPacket["type"], packetId: number, reasonCode: ReasonCode): void {
    if (type === PacketType.PUBACK) onPuback(this, packetId, reasonCode);
    else if (type === PacketType.PUBREC) onPubrec(this, packetId, reasonCode);
    else if (type === PacketType.PUBREL) onPubrel(this, packetId);
    else onPubcomp(this, packetId);
  }

  /** The statement's id in the version in force. */
  statement(mqtt5: string, mqtt3: string): string {
    return this.isVersion5 ? mqtt5 : `3.1.1/${mqtt3}`;
  }

  #refusePacket(type: PacketType): void {
    if (this.phase === "closed") return;
    const statement = this.phase === "authenticating" ? "MQTT-3.1.2-30" : "MQTT-3.1.0-1";
    throw new ProtocolError(
      `A packet of type ${type} is not allowed now.`,
      this.statement(statement, "MQTT-3.1.0-1"),
    );
  }

  #leave(reason: DisconnectReason, wasConnected: boolean): void {
    this.phase = "closed";
    this.core.timers.disarm(this.timer);
    if (this.#loginTimer !== undefined) this.core.timers.disarm(this.#loginTimer);
    this.stopWaiting();
    this.#dropHeldRefusal();
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

  #dropHeldRefusal(): void {
    if (this.#heldRefusal === undefined) return;
    this.#heldRefusal = undefined;
    this.core.admission.onRefusalOver();
  }

  #sendDisconnect({ reasonCode, detail, serverReference }: DisconnectReason): void {
    this.send({
      type: PacketType.DISCONNECT,
      reasonCode: legalReason(reasonCode, disconnectReasons),
      properties: {
        ...(detail === undefined ? {} : { reasonString: detail }),
        ...(serverReference === undefined ? {} : { serverReference }),
      },
    });
  }

  #runDeliverHooks(message: Message, terms: DeliveryTerms, qos: Qos): Message | undefined {
    const draft = {
      clientId: this.clientId,
      topicName: message.topic.name,
      qos,
      retain: terms.isRetained || (terms.retainAsPublished && message.retain),
      payload: message.payload,
    };
    const { payload } = draft;
    if (this.core.hooks.runDeliver(draft) !== undefined) {
      this.core.outcomes.record("deliver-refused", this.clientId, message);
      return undefined;
    }
    return draft.payload === payload ? message : message.withPayload(draft.payload);
  }
}
