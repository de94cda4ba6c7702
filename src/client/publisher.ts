/**
 * Everything that goes out as PUBLISH, from the program's call to the broker's last acknowledgement. HOT.
 *
 *     publish ─▶ queue ─▶ in flight ─▶ PUBACK, PUBCOMP ─▶ receipt
 *                  ▲          │ the broker forgot the session
 *                  └──────────┘
 *
 * Promises: every message settles; QoS 1 keeps its order, also over reconnects; a QoS 2 message that may have arrived is never
 * sent as a new one. With a store, nothing is sent that the store does not know.
 */

import { type Clock, EMPTY_BYTES } from "#base";
import {
  type AcknowledgementPacket,
  type ConnackProperties,
  encodeClientPublishProperties,
  FIRST_REFUSAL,
  NO_EXPIRY,
  packetTypes,
  protocolError,
  reasons,
} from "#protocol";
import { bytesOf, checkQos } from "./arguments.ts";
import { DEFAULT_TOPIC_ALIAS_MAXIMUM, LARGEST_UINT16 } from "./defaults.ts";
import { ConnectionLostError, OutboxError, PublishRefusedError } from "./errors.ts";
import { InFlight, type OtherPackets } from "./in-flight.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import type { ConnectOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import type { OutboxJournal } from "./outbox-journal.ts";
import {
  newOutgoing,
  type Outgoing,
  type Payload,
  type PublishOptions,
  type PublishReceipt,
  TopicNames,
} from "./outgoing.ts";
import { DUP, PublishWriter } from "./publish-writer.ts";

const SENT: PublishReceipt = { qos: 0, reasonCode: reasons.SUCCESS, properties: {} };
const sent: Promise<PublishReceipt> = Promise.resolve(SENT);

export class Publisher {
  readonly outbox: Outbox;
  readonly #others: OtherPackets;
  /** Trouble with a message of an earlier run, for which no promise waits. */
  readonly #report: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #topicAliasMaximum: number;
  readonly #keepQos0: boolean;
  readonly #topics = new TopicNames();
  readonly #inFlight = new InFlight();
  /** Not sent, oldest first. */
  readonly #queue = new Line<Outgoing>();
  #writer: PublishWriter | undefined;
  #closed: Error | undefined;

  constructor(
    { outbox = {}, topicAliasMaximumOutbound }: ConnectOptions,
    clock: Clock,
    others: OtherPackets,
    report: (error: unknown) => void,
  ) {
    this.#others = others;
    this.#report = report;
    this.#clock = clock;
    this.#topicAliasMaximum = topicAliasMaximumOutbound ?? DEFAULT_TOPIC_ALIAS_MAXIMUM;
    this.#keepQos0 = outbox.keepQos0 === true;
    this.outbox = new Outbox(clock, outbox);
  }

  /** A packet identifier for something else than PUBLISH [MQTT-2.2.1-3]. */
  isTaken(packetId: number): boolean {
    return this.#inFlight.get(packetId) !== undefined;
  }

  /** Messages of an earlier run go first; `packetId` is that of a QoS 2 message which was sent. */
  restore(outgoing: Outgoing, packetId: number | undefined, isReleased: boolean): void {
    this.outbox.admit(outgoing, {});
    outgoing.reject = this.#report;
    if (packetId === undefined) {
      this.#queue.push(outgoing);
      return;
    }
    outgoing.wasSent = true;
    outgoing.packetId = packetId;
    outgoing.isReleased = isReleased;
    this.#inFlight.restore(outgoing);
  }

  /** @throws InvalidPacketError, PublishRefusedError, OutboxError, ConnectionLostError when it is clear at once */
  publish(topicName: string, content: Payload, options: PublishOptions): Promise<PublishReceipt> {
    const { qos = 0, retain = false, properties } = options;
    const topic = this.#topics.bytesOf(topicName);
    const bytes = bytesOf(content, "payload");
    checkQos(qos);
    if (this.#closed !== undefined) throw this.#closed;
    const writer = this.#writer;
    if (qos === 0 && properties === undefined && writer?.link.isWritable === true && this.#queue.size === 0) {
      writer.writePlain(topicName, topic, bytes, retain);
      return sent;
    }
    // The program may go on to use its buffer; a Buffer's own slice would be no copy.
    const payload = typeof content === "string" ? bytes : new Uint8Array(bytes);
    const { messageExpiryInterval = Number.POSITIVE_INFINITY, ...rest } = properties ?? {};
    const raw = properties === undefined ? EMPTY_BYTES : encodeClientPublishProperties(rest);
    const expiresAtMs = this.#clock.now() + messageExpiryInterval * 1000;
    return this.#enqueue(newOutgoing(topicName, topic, payload, qos, retain, raw, expiresAtMs), options);
  }

  connect(link: Link, limits: ConnackProperties, sessionPresent: boolean): void {
    this.#writer = new PublishWriter(link, limits, this.#topicAliasMaximum);
    if (!sessionPresent) this.#startOver();
    this.#inFlight.connect(limits.receiveMaximum ?? LARGEST_UINT16);
    this.pump();
  }

  disconnect(error: Error): void {
    this.#writer = undefined;
    this.#inFlight.disconnect();
    if (this.#keepQos0) return;
    for (const outgoing of this.#queue.drain()) {
      if (outgoing.qos === 0) this.outbox.giveUp(outgoing, error);
      else this.#queue.push(outgoing);
    }
  }

  /** The client closes: nothing more is sent, whatever the store keeps. */
  end(error: Error): void {
    this.#closed = error;
    this.outbox.end(error);
    this.#queue.drain();
  }

  /** Sends what may be sent: first what an earlier connection left unacknowledged, in its order. */
  pump(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    const { link } = writer;
    while (this.#inFlight.hasResends && link.isWritable) {
      const outgoing = this.#inFlight.nextResend();
      if (outgoing === undefined) break;
      this.#resend(writer, outgoing);
    }
    while (link.isWritable && this.#writer === writer) {
      const next = this.#queue.peek();
      if (next === undefined || (next.qos > 0 && !this.#inFlight.hasRoom && !next.isOver)) return;
      this.#queue.shift();
      if (!next.isOver) this.#send(writer, next);
    }
  }

  onAcknowledgement(packet: AcknowledgementPacket): void {
    const { type, packetId, reasonCode, properties } = packet;
    const outgoing = this.#inFlight.get(packetId);
    const isRefusal = reasonCode >= FIRST_REFUSAL;
    if (type === packetTypes.PUBREC && (!isRefusal || outgoing === undefined))
      return this.#onPubrec(packetId, outgoing);
    if (outgoing === undefined) return;
    const { topicName, qos } = outgoing;
    if ((qos === 1) !== (type === packetTypes.PUBACK)) {
      throw protocolError("MQTT-4.3.3-1");
    }
    // A PUBCOMP before PUBREC, or a refusal after it, ends it as well: the broker has nothing of it any more.
    this.#inFlight.remove(outgoing);
    this.#writer?.link.answered();
    const isRefused = isRefusal && type !== packetTypes.PUBCOMP;
    const refusal = isRefused ? new PublishRefusedError(topicName, packet) : undefined;
    this.outbox.finish(outgoing, refusal ?? { qos, reasonCode, properties });
    this.pump();
  }

  #onPubrec(packetId: number, outgoing: Outgoing | undefined): void {
    if (outgoing?.qos === 1) throw protocolError("MQTT-4.3.2-1");
    if (outgoing?.isReleased === false) {
      this.#inFlight.release(outgoing);
      this.#record(outgoing, { kind: "released", key: outgoing.key }, () =>
        this.#writer?.link.acknowledge(packetTypes.PUBREL, packetId),
      ); // [MQTT-4.3.3-4]
    } else if (outgoing?.isRecorded !== false) {
      const reasonCode = outgoing === undefined ? reasons.PACKET_IDENTIFIER_NOT_FOUND : reasons.SUCCESS;
      this.#writer?.link.acknowledge(packetTypes.PUBREL, packetId, reasonCode);
    }
  }

  #enqueue(outgoing: Outgoing, options: PublishOptions): Promise<PublishReceipt> {
    const { qos, topicName } = outgoing;
    if (this.#writer !== undefined) this.#writer.judge(topicName, qos, outgoing.retain);
    else if (qos === 0 && !this.#keepQos0) {
      throw new ConnectionLostError("network", topicName);
    }
    const { outbox } = this;
    outbox.makeRoom(outgoing, () => this.#queue.shift());
    return new Promise((resolve, reject) => {
      outgoing.resolve = resolve;
      outgoing.reject = reject;
      outbox.admit(outgoing, options);
      if (outgoing.isOver) return;
      if (outbox.journal === undefined || qos === 0) this.#queued(outgoing);
      else {
        const onFailed = (error: unknown): void => outbox.giveUp(outgoing, error);
        outbox.journal.put(outgoing, () => this.#queued(outgoing), onFailed);
      }
    });
  }

  #queued(outgoing: Outgoing): void {
    if (outgoing.isOver || this.#closed !== undefined) return;
    this.#queue.push(outgoing);
    this.pump();
  }

  #send(writer: PublishWriter, outgoing: Outgoing): void {
    const { qos, topicName } = outgoing;
    const expiry = this.#expiryOf(outgoing);
    try {
      if (expiry === 0) throw new OutboxError("expired", topicName);
      writer.judgeMessage(outgoing, expiry);
    } catch (error) {
      this.outbox.giveUp(outgoing, error);
      return;
    }
    if (qos === 0) {
      writer.writeMessage(outgoing, expiry, 0);
      this.outbox.finish(outgoing, SENT);
      return;
    }
    this.#inFlight.add(outgoing, this.#others);
    outgoing.wasSent = true;
    writer.link.await();
    const { key, packetId } = outgoing;
    if (qos === 1) writer.writeMessage(outgoing, expiry, 0);
    else {
      this.#record(outgoing, { kind: "sent", key, packetId }, () => this.#write(this.#writer, outgoing, 0));
    }
  }

  /** Waits for the store, if there is one, and goes on if it is still in flight then. */
  #record(outgoing: Outgoing, change: Parameters<OutboxJournal["write"]>[0], goOn: () => void): void {
    const { journal } = this.outbox;
    if (journal === undefined || outgoing.key === 0) return goOn();
    outgoing.isRecorded = false;
    journal.write(change, () => {
      outgoing.isRecorded = true;
      if (this.#inFlight.get(outgoing.packetId) === outgoing) goOn();
    });
  }

  #resend(writer: PublishWriter, outgoing: Outgoing): void {
    const { link } = writer;
    link.await();
    // What waits for the store goes out when the store is done.
    if (!outgoing.isRecorded) return;
    if (outgoing.isReleased) {
      link.acknowledge(packetTypes.PUBREL, outgoing.packetId);
      return;
    }
    try {
      this.#write(writer, outgoing, DUP);
    } catch (error) {
      // The broker takes less than it did on the connection before.
      this.#inFlight.remove(outgoing);
      link.answered();
      this.outbox.finish(outgoing, error as Error);
    }
  }

  /** The broker has forgotten the session [MQTT-3.2.2-5]: what it may not have goes out anew, QoS 2 only if it cannot have it. */
  #startOver(): void {
    const { outbox } = this;
    const waiting = this.#queue.drain();
    for (const outgoing of this.#inFlight.all()) {
      this.#inFlight.remove(outgoing);
      if (outgoing.qos === 1) {
        if (!outgoing.isOver) this.#queue.push(outgoing);
        else if (outgoing.key > 0) outbox.journal?.done(outgoing.key);
      } else if (outgoing.isReleased) {
        outbox.finish(outgoing, { ...SENT, qos: 2 });
      } else {
        // It may have arrived.
        outbox.finish(outgoing, new ConnectionLostError("session", outgoing.topicName));
      }
    }
    for (const outgoing of waiting) this.#queue.push(outgoing);
  }

  /** What expires meanwhile is the broker's to judge. */
  #write(writer: PublishWriter | undefined, outgoing: Outgoing, flags: number): void {
    writer?.writeMessage(outgoing, this.#expiryOf(outgoing) || 1, flags);
  }

  /** Whole seconds that are left; 0 when they have passed. */
  #expiryOf({ expiresAtMs }: Outgoing): number {
    if (expiresAtMs === Number.POSITIVE_INFINITY) return NO_EXPIRY;
    return Math.max(0, Math.ceil((expiresAtMs - this.#clock.now()) / 1000));
  }
}
