/**
 * A client of a simulation. It keeps to the standard whatever happens to it: its session state outlives its connections, what
 * is unacknowledged is sent again, what came twice counts once. What it sees is judged as it comes.
 *
 *     for the session     outgoing, receivedIds, subscriptions      for the connection     link
 */

import type { Packet, PublishPacket, Qos } from "#protocol";
import { FIRST_REFUSAL, PacketType, ReasonCode, RetainHandling } from "#protocol";
import type { Pipe } from "#transport";
import type { Goodbye, Judge } from "./judge.ts";
import { Link, type LinkOwner, showPacket } from "./link.ts";
import type { Publication } from "./publication.ts";
import type { ConnectStep } from "./steps.ts";
import type { Trace } from "./trace.ts";

/** A message of this client above QoS 0 that is not acknowledged to the end. */
interface Outgoing {
  readonly publication: Publication;
  readonly packetId: number;
  awaits: "PUBACK" | "PUBREC" | "PUBCOMP";
  /** It was sent on the connection there is. */
  isSent: boolean;
}

/** A SUBSCRIBE, or an UNSUBSCRIBE without a QoS. */
interface Asked {
  readonly filter: string;
  readonly qos: Qos | undefined;
  readonly tick: number;
}

/** Reasons of a broker for ending a connection that are none of a client that keeps to the standard. */
const expectedGoodbyes: readonly number[] = [
  ReasonCode.SESSION_TAKEN_OVER,
  ReasonCode.SERVER_SHUTTING_DOWN,
  ReasonCode.KEEP_ALIVE_TIMEOUT,
  ReasonCode.ADMINISTRATIVE_ACTION,
];

export class SimulatedClient implements LinkOwner {
  readonly clientId: string;
  readonly #trace: Trace;
  readonly #judge: Judge;
  link: Link | undefined;
  /** It knows of a session to go on with. */
  #hasState = false;
  /** The broker has a session that this client knows nothing of. */
  #mustStartClean = false;
  outgoing: Outgoing[] = [];
  readonly #receivedIds = new Map<number, number | undefined>();
  readonly #outbox: Publication[] = [];
  readonly #asked = new Map<number, Asked>();
  readonly #wishes: (() => void)[] = [];
  /** Its last DISCONNECT. */
  #goodbye: Goodbye | undefined;

  constructor(clientId: string, trace: Trace, judge: Judge) {
    this.clientId = clientId;
    this.#trace = trace;
    this.#judge = judge;
  }

  /** Nothing is owed to it or by it that it knows of. */
  get isAtRest(): boolean {
    const { link } = this;
    return (
      link?.isEstablished === true &&
      this.outgoing.length === 0 &&
      this.#outbox.length === 0 &&
      this.#asked.size === 0 &&
      link.unanswered.size === 0
    );
  }

  connect(pipe: Pipe, asked: ConnectStep, will: Publication | undefined, now: number): void {
    // Another connection of the same client takes over; what comes on the old one is for nobody.
    if (this.link !== undefined) {
      this.link.isOver = true;
      if (isBrief(this.link.plan)) this.#forget();
    }
    const cleanStart = asked.cleanStart || this.#mustStartClean;
    const plan = { ...asked, cleanStart };
    if (cleanStart) this.#forget();
    this.#lose();
    const link = new Link(pipe, plan, will, now, this);
    this.link = link;
    const isVersion5 = plan.version === 5;
    this.#send(link, {
      type: PacketType.CONNECT,
      protocolVersion: plan.version,
      isBridge: false,
      clientId: this.clientId,
      cleanStart,
      keepAliveSeconds: plan.keepAliveSeconds,
      ...(will === undefined || plan.will === undefined
        ? {}
        : {
            will: {
              topicName: will.topicName,
              payload: will.payload,
              qos: will.qos,
              retain: will.retain,
              properties: isVersion5 ? { willDelayInterval: plan.will.delaySeconds } : {},
            },
          }),
      properties: isVersion5
        ? { sessionExpiryInterval: plan.expirySeconds, receiveMaximum: plan.receiveMaximum }
        : {},
    });
  }

  /** Sends it as soon as it may. */
  publish(publication: Publication): void {
    this.#outbox.push(publication);
    this.#pump();
  }

  subscribe(filter: string, qos: Qos): void {
    this.#whenEstablished((link) => {
      const packetId = this.#freeId();
      const tick = this.#judge.onSubscribe(this.clientId, filter, qos);
      this.#asked.set(packetId, { filter, qos, tick });
      const options = { noLocal: false, retainAsPublished: false, retainHandling: RetainHandling.SEND };
      this.#send(link, {
        type: PacketType.SUBSCRIBE,
        packetId,
        subscriptions: [{ topicFilter: filter, qos, ...options }],
        properties: {},
      });
    });
  }

  unsubscribe(filter: string): void {
    this.#whenEstablished((link) => {
      const packetId = this.#freeId();
      this.#asked.set(packetId, { filter, qos: undefined, tick: 0 });
      this.#judge.onUnsubscribe(this.clientId, filter);
      this.#send(link, { type: PacketType.UNSUBSCRIBE, packetId, topicFilters: [filter], properties: {} });
    });
  }

  /** Gives `count` of the acknowledgements it holds back; when none is left it is prompt again. */
  answer(count: number): void {
    const { link } = this;
    if (link === undefined) return;
    for (const packet of link.held.splice(0, count)) this.#sendAnswer(link, packet);
    if (link.held.length === 0) link.isHolding = false;
    this.#pump();
  }

  cut(): void {
    const { link } = this;
    if (link === undefined) return;
    this.#trace.say(`${this.clientId} cut`);
    link.cut();
    this.onClosed(link);
  }

  disconnect(reasonCode: 0 | 4, expirySeconds: number | undefined): void {
    const { link } = this;
    if (link?.isEstablished !== true) return;
    const isVersion5 = link.plan.version === 5;
    // A session that CONNECT gave no expiry must not get one now.
    const changes = isVersion5 && expirySeconds !== undefined && link.plan.expirySeconds > 0;
    if (changes && expirySeconds === 0) this.#forget();
    this.#goodbye = {
      reasonCode: isVersion5 ? reasonCode : 0,
      expirySeconds: changes ? expirySeconds : undefined,
    };
    this.#send(link, {
      type: PacketType.DISCONNECT,
      reasonCode: isVersion5 ? reasonCode : 0,
      properties: changes ? { sessionExpiryInterval: expirySeconds } : {},
    });
    link.end();
    this.onClosed(link);
  }

  /** The DISCONNECT that ended a connection, if the broker says that one did. */
  goodbyeOf(kind: string): Goodbye | undefined {
    return kind === "client-disconnected" ? this.#goodbye : undefined;
  }

  /** The broker is gone, and the connection with it. */
  onCrashed(): void {
    const { link } = this;
    if (link === undefined) return;
    link.isOver = true;
    this.onClosed(link);
  }

  /**
   * The broker has made a new session. Without its CONNACK no client can know that, and a later one says that there is a
   * session; so the client is told.
   */
  onNewSession(): void {
    this.#forget();
  }

  onClosed(link: Link): void {
    if (this.link !== link) return;
    this.#trace.say(`${this.clientId} closed`);
    this.link = undefined;
    if (isBrief(link.plan)) this.#forget();
    this.#lose();
  }

  onPublish(link: Link, packet: PublishPacket): void {
    const publication = this.#judge.publications.of(packet.payload);
    const { qos, packetId } = packet;
    this.#trace.say(`${this.clientId} < ${showPacket(packet, publication?.number)}`);
    if (this.link !== link) return;
    if (!link.isEstablished) this.#fail("a PUBLISH came before CONNACK");
    const number = publication?.number;
    if (qos > 0) this.#checkFlow(link, packet, number);
    const isRepeated = qos === 2 && this.#receivedIds.has(packetId);
    if (isRepeated && this.#receivedIds.get(packetId) !== number)
      this.#fail(
        `identifier ${packetId} of message ${this.#receivedIds.get(packetId)} came with message ${number}`,
      );
    this.#judge.deliveries.onReceived(this.clientId, link, packet, publication, { isRepeated });
    if (qos === 0) return;
    link.unanswered.set(packetId, number);
    if (qos === 2) this.#receivedIds.set(packetId, number);
    this.#sendOrHold(link, acknowledgement(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId));
  }

  onPacket(link: Link, packet: Exclude<Packet, PublishPacket>): void {
    if (this.link !== link) return;
    this.#trace.say(`${this.clientId} < ${showPacket(packet)}`);
    switch (packet.type) {
      case PacketType.CONNACK:
        return this.#onConnack(
          link,
          packet.reasonCode,
          packet.sessionPresent,
          packet.properties.receiveMaximum,
        );
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
        return this.#onSuback(packet.packetId, packet.reasonCodes[0] ?? 0);
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBCOMP:
        return this.#onAcknowledged(link, packet.type, packet.packetId, packet.reasonCode);
      case PacketType.PUBREL: {
        const isKnown = this.#receivedIds.delete(packet.packetId);
        this.#trace.say(`${this.clientId} ${isKnown ? "releases" : "does not know"} ${packet.packetId}`);
        this.#sendOrHold(link, acknowledgement(PacketType.PUBCOMP, packet.packetId));
        return;
      }
      case PacketType.DISCONNECT:
        if (!expectedGoodbyes.includes(packet.reasonCode))
          this.#fail(`the broker ends the connection with ${packet.reasonCode}`);
        return;
      default:
        this.#fail(`a packet of type ${packet.type} came`);
    }
  }

  #onConnack(link: Link, reasonCode: number, isPresent: boolean, receiveMaximum: number | undefined): void {
    if (reasonCode !== 0) {
      if (reasonCode !== ReasonCode.SERVER_UNAVAILABLE) this.#fail(`CONNECT was refused with ${reasonCode}`);
      return;
    }
    if (link.isEstablished) this.#fail("a second CONNACK came");
    if (isPresent !== link.expectsPresent) this.#fail(`CONNACK says present: ${isPresent}`);
    if (isPresent && !this.#hasState) {
      // It has no state of its own to go on with [MQTT-3.2.2-4].
      this.#mustStartClean = true;
      link.cut();
      this.onClosed(link);
      return;
    }
    link.isEstablished = true;
    this.#judge.sessions.onConnack(this.clientId);
    link.sendQuota = receiveMaximum ?? link.sendQuota;
    if (!isPresent) this.#forget();
    this.#mustStartClean = false;
    this.#hasState = true;
    for (const each of this.outgoing) each.isSent = false;
    for (const wish of this.#wishes.splice(0)) wish();
    this.#pump();
  }

  #onSuback(packetId: number, reasonCode: number): void {
    const asked = this.#asked.get(packetId);
    if (asked === undefined) return this.#fail(`nobody asked for SUBACK or UNSUBACK ${packetId}`);
    this.#asked.delete(packetId);
    const { filter, qos, tick } = asked;
    if (qos === undefined) return;
    if (reasonCode === qos) this.#judge.onSuback(this.clientId, filter, qos, tick);
    else this.#fail(`SUBSCRIBE ${packetId} was answered with ${reasonCode}`);
  }

  #onAcknowledged(link: Link, type: 4 | 5 | 7, packetId: number, reasonCode: number): void {
    const each = this.outgoing.find((outgoing) => outgoing.packetId === packetId);
    const name = type === PacketType.PUBACK ? "PUBACK" : type === PacketType.PUBREC ? "PUBREC" : "PUBCOMP";
    if (each === undefined || each.awaits !== name || !each.isSent)
      return this.#fail(`${name} ${packetId} came for nothing`);
    const isRefused = reasonCode >= FIRST_REFUSAL;
    if (isRefused && name !== "PUBCOMP") this.#judge.deliveries.onRefused(each.publication, reasonCode);
    else if (name !== "PUBCOMP") this.#judge.onAcknowledged(each.publication);
    if (name === "PUBREC" && !isRefused) {
      each.awaits = "PUBCOMP";
      // PUBRELs go in the order of the PUBRECs.
      this.outgoing = [...this.outgoing.filter((other) => other !== each), each];
      this.#sendOrHold(link, acknowledgement(PacketType.PUBREL, packetId));
      return;
    }
    this.outgoing = this.outgoing.filter((other) => other !== each);
    link.outstanding--;
    this.#pump();
  }

  /** Sends what may be sent: first again what is owed from an earlier connection, then what is new. */
  #pump(): void {
    const { link } = this;
    if (link?.isEstablished !== true) return;
    for (const each of this.outgoing) {
      if (each.isSent) continue;
      if (link.outstanding >= link.sendQuota) return;
      link.outstanding++;
      each.isSent = true;
      if (each.awaits === "PUBCOMP") this.#send(link, acknowledgement(PacketType.PUBREL, each.packetId));
      else this.#sendPublish(link, each.publication, each.packetId, true);
    }
    for (let next = this.#outbox[0]; next !== undefined; next = this.#outbox[0]) {
      if (next.qos > 0 && link.outstanding >= link.sendQuota) return;
      this.#outbox.shift();
      const packetId = next.qos === 0 ? 0 : this.#freeId();
      if (next.qos > 0) {
        link.outstanding++;
        const awaits = next.qos === 1 ? "PUBACK" : "PUBREC";
        this.outgoing.push({ publication: next, packetId, awaits, isSent: true });
      }
      this.#sendPublish(link, next, packetId, false);
    }
  }

  #sendPublish(link: Link, publication: Publication, packetId: number, dup: boolean): void {
    this.#judge.onPublish(publication);
    const { topicName, payload, qos, retain, expirySeconds } = publication;
    const isVersion5 = link.plan.version === 5;
    const properties =
      isVersion5 && expirySeconds !== undefined ? { messageExpiryInterval: expirySeconds } : {};
    const packet = { type: PacketType.PUBLISH, topicName, payload, qos, retain, dup, packetId, properties };
    this.#send(link, packet, publication.number);
  }

  #checkFlow(link: Link, { packetId, qos }: PublishPacket, number: number | undefined): void {
    if (link.unanswered.has(packetId))
      this.#fail(
        `identifier ${packetId} is in flight with message ${link.unanswered.get(packetId)} and came with ${number}`,
      );
    if (link.unanswered.size >= link.receiveMaximum)
      this.#fail(`message ${number} at QoS ${qos} is one more than the Receive Maximum allows`);
  }

  #sendOrHold(link: Link, packet: Packet): void {
    if (link.isHolding) link.held.push(packet);
    else this.#sendAnswer(link, packet);
  }

  #sendAnswer(link: Link, packet: Packet): void {
    this.#send(link, packet);
    const isRead = !link.isEnded;
    if (isRead && (packet.type === PacketType.PUBACK || packet.type === PacketType.PUBREC))
      this.#judge.deliveries.onCompleted(this.clientId, link.unanswered.get(packet.packetId));
    if (packet.type === PacketType.PUBACK || packet.type === PacketType.PUBCOMP)
      link.unanswered.delete(packet.packetId);
  }

  #send(link: Link, packet: Packet, number?: number): void {
    this.#trace.say(`${this.clientId} > ${showPacket(packet, number)}`);
    link.send(packet);
  }

  #whenEstablished(wish: (link: Link) => void): void {
    const run = (): void => {
      if (this.link?.isEstablished === true) wish(this.link);
    };
    if (this.link?.isEstablished === true) run();
    else this.#wishes.push(run);
  }

  /** Its session is over for it. */
  #forget(): void {
    this.#hasState = false;
    this.outgoing = [];
    this.#receivedIds.clear();
  }

  /** What belonged to a connection. */
  #lose(): void {
    this.#asked.clear();
    this.#wishes.length = 0;
    for (const each of this.outgoing) each.isSent = false;
  }

  #freeId(): number {
    let packetId = 1;
    while (this.#asked.has(packetId) || this.outgoing.some((each) => each.packetId === packetId)) packetId++;
    return packetId;
  }

  #fail(sentence: string): void {
    this.#trace.fail(`${this.clientId}: ${sentence}`);
  }
}

/** Whether the session ends with the connection. */
function isBrief({ version, expirySeconds, cleanStart }: ConnectStep): boolean {
  return version === 5 ? expirySeconds === 0 : cleanStart;
}

function acknowledgement(type: 4 | 5 | 6 | 7, packetId: number): Packet {
  return { type, packetId, reasonCode: ReasonCode.SUCCESS, properties: {} };
}
