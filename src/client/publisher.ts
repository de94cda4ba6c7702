/**
 * Everything that goes out as PUBLISH, from the program's call to the broker's last acknowledgement. HOT.
 *
 *     publish ─▶ outbox ─▶ in flight (Sender) ─▶ PUBACK, PUBCOMP ─▶ receipt
 *                  ▲            │ the broker forgot the session
 *                  └────────────┘
 *
 * Promises: every message settles; QoS 1 keeps its order, also over reconnects; a QoS 2 message that may have arrived is never
 * sent as a new one. With a store, nothing is sent that the store does not know.
 */

import { type Clock, EMPTY_BYTES, Ring, utf8Encode } from "#base";
import { InFlight, OutboundAliases, Sender } from "#flow";
import {
  type AcknowledgementPacket,
  type ConnackProperties,
  encodePublishProperties,
  FIRST_REFUSAL,
  NO_EXPIRY,
  PacketType,
  ProtocolError,
  type Qos,
  ReasonCode,
} from "#protocol";
import {
  AbortedError,
  ConnectionLostError,
  foreseen,
  OutboxError,
  PublishRefusedError,
  TimeoutError,
} from "./errors.ts";
import type { Link } from "./link.ts";
import type { OutboxOptions } from "./options.ts";
import type { OutboxJournal } from "./outbox-journal.ts";
import { Outgoing, type PublishOptions, type PublishReceipt, TopicNames } from "./outgoing.ts";

const DEFAULT_MESSAGES = 10_000;
const DEFAULT_BYTES = 16 * 1024 * 1024;
const DEFAULT_AGE_MS = 600_000;

const SENT: PublishReceipt = { qos: 0, reasonCode: ReasonCode.SUCCESS, properties: {} };
const sent: Promise<PublishReceipt> = Promise.resolve(SENT);

export interface PublisherParts {
  readonly clock: Clock;
  readonly options: OutboxOptions;
  readonly topicAliasMaximum: number;
  /** Whether an identifier belongs to another packet in flight. */
  readonly isPacketIdTaken: (packetId: number) => boolean;
  /** Trouble with a message of an earlier run, for which no promise waits. */
  readonly report: (error: unknown) => void;
}

export class Publisher {
  readonly #parts: PublisherParts;
  readonly #clock: Clock;
  readonly #options: OutboxOptions;
  readonly #topics = new TopicNames();
  readonly #sender = new Sender<Outgoing, Outgoing>();
  /** After PUBREC the sender has no message any more. */
  readonly #released = new Map<number, Outgoing>();
  /** Not sent, oldest first. */
  #queue = new Ring<Outgoing>();
  /** All whose promise is open, oldest first. */
  readonly #open = new Set<Outgoing>();
  #bytes = 0;
  #link: Link | undefined;
  #limits: ConnackProperties = {};
  #aliases: OutboundAliases<string> | undefined;
  #cancelAging: (() => void) | undefined;
  #closed: Error | undefined;
  #onIdle: (() => void)[] = [];
  journal: OutboxJournal | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#options = parts.options;
  }

  /** Messages that are not settled, and their bytes. */
  get size(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#open.size, bytes: this.#bytes };
  }

  /** A packet identifier for something else than PUBLISH [MQTT-2.2.1-3]. */
  isTaken(packetId: number): boolean {
    return this.#sender.stateOf(packetId) !== undefined;
  }

  /** Messages of an earlier run go first; `packetId` is that of a QoS 2 message which was sent. */
  restore(outgoing: Outgoing, packetId: number | undefined, isReleased: boolean): void {
    this.#admit(outgoing, this.#options.maximumAgeMs);
    outgoing.reject = this.#parts.report;
    if (packetId === undefined) {
      this.#queue.push(outgoing);
      return;
    }
    const state = isReleased ? InFlight.AWAITING_PUBCOMP : InFlight.AWAITING_PUBREC;
    outgoing.wasSent = true;
    if (isReleased) this.#released.set(packetId, outgoing);
    this.#sender.restore(packetId, state, outgoing, outgoing);
  }

  publish(topicName: string, content: Uint8Array | string, options: PublishOptions): Promise<PublishReceipt> {
    try {
      const { qos = 0, retain = false, properties } = options;
      const topic = this.#topics.bytesOf(topicName);
      if (this.#closed !== undefined) throw this.#closed;
      const link = this.#link;
      if (qos === 0 && properties === undefined && link?.isWritable === true && this.#queue.size === 0) {
        this.#judge(topicName, 0, retain);
        const payload = typeof content === "string" ? utf8Encode(content) : content;
        this.#write(link, topicName, topic, payload, retain ? 0x31 : 0x30, 0, NO_EXPIRY, EMPTY_BYTES);
        return sent;
      }
      // The program may go on to use its buffer.
      const payload = typeof content === "string" ? utf8Encode(content) : content.slice();
      const { messageExpiryInterval, ...rest } = properties ?? {};
      const raw = properties === undefined ? EMPTY_BYTES : encodePublishProperties(rest);
      const expiresAtMs =
        messageExpiryInterval === undefined
          ? Number.POSITIVE_INFINITY
          : this.#clock.now() + messageExpiryInterval * 1000;
      return this.#enqueue(new Outgoing(topicName, topic, payload, qos, retain, raw, expiresAtMs), options);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  connect(link: Link, limits: ConnackProperties, sessionPresent: boolean): void {
    this.#link = link;
    this.#limits = limits;
    const aliases = Math.min(limits.topicAliasMaximum ?? 0, this.#parts.topicAliasMaximum);
    this.#aliases = aliases > 0 ? new OutboundAliases(aliases) : undefined; // [MQTT-3.2.2-18]
    if (!sessionPresent) this.#startOver();
    this.#sender.connect(limits.receiveMaximum ?? 65_535);
    this.pump();
  }

  disconnect(error: Error): void {
    this.#link = undefined;
    this.#sender.disconnect();
    if (this.#options.keepQos0 === true) return;
    for (const outgoing of this.#queue) if (outgoing.qos === 0) this.#giveUp(outgoing, error);
  }

  /** The client closes: nothing more is sent, whatever the store keeps. */
  end(error: Error): void {
    this.#closed = error;
    this.#cancelAging?.();
    for (const outgoing of this.#open) this.#settle(outgoing, error);
    this.#queue.clear();
  }

  /** Resolves when nothing waits for the broker any more. */
  idle(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Sends what may be sent: first what an earlier connection left unacknowledged, in its order. */
  pump(): void {
    const link = this.#link;
    const sender = this.#sender;
    if (link === undefined) return;
    while (sender.resending && link.isWritable) {
      const resend = sender.nextResend();
      if (resend === undefined) break;
      this.#resend(link, resend.packetId, resend.state, resend.terms as Outgoing);
    }
    while (link.isWritable && this.#link === link) {
      const next = this.#queue.peek();
      if (next === undefined || (next.qos > 0 && !sender.ready && !next.isOver)) return;
      this.#queue.shift();
      if (!next.isOver) this.#send(link, next);
    }
  }

  onAcknowledgement(packet: AcknowledgementPacket): void {
    const { type, packetId, reasonCode } = packet;
    const state = this.#sender.stateOf(packetId);
    const isRefusal = reasonCode >= FIRST_REFUSAL;
    if (type === PacketType.PUBREC && (!isRefusal || state === undefined))
      return this.#onPubrec(packetId, state);
    if (state === undefined) return;
    if ((state === InFlight.AWAITING_PUBACK) !== (type === PacketType.PUBACK)) {
      throw new ProtocolError("An acknowledgement of another QoS", "MQTT-4.3.3-1");
    }
    const outgoing = this.#released.get(packetId) ?? this.#sender.messageOf(packetId);
    if (!this.#sender.complete(packetId, state) || outgoing === undefined) return;
    this.#released.delete(packetId);
    this.#link?.answered();
    const refusal =
      isRefusal && type !== PacketType.PUBCOMP
        ? new PublishRefusedError(outgoing.topicName, packet)
        : undefined;
    this.#finish(outgoing, refusal ?? { qos: outgoing.qos, reasonCode, properties: packet.properties });
    this.pump();
  }

  #onPubrec(packetId: number, state: InFlight | undefined): void {
    const link = this.#link as Link;
    const outgoing = this.#sender.messageOf(packetId);
    if (state === InFlight.AWAITING_PUBACK) throw new ProtocolError("PUBREC for QoS 1", "MQTT-4.3.2-1");
    if (outgoing === undefined || !this.#sender.release(packetId)) {
      const reasonCode = state === undefined ? ReasonCode.PACKET_IDENTIFIER_NOT_FOUND : ReasonCode.SUCCESS;
      if (this.#released.get(packetId)?.isRecorded !== false)
        link.acknowledge(PacketType.PUBREL, packetId, reasonCode);
      return;
    }
    this.#released.set(packetId, outgoing);
    this.#record(outgoing, { kind: "released", key: outgoing.key }, () => {
      if (this.#released.get(packetId) === outgoing) this.#link?.acknowledge(PacketType.PUBREL, packetId); // [MQTT-4.3.3-4]
    });
  }

  #enqueue(outgoing: Outgoing, options: PublishOptions): Promise<PublishReceipt> {
    const { qos, topicName } = outgoing;
    if (this.#link !== undefined) this.#judge(topicName, qos, outgoing.retain);
    else if (qos === 0 && this.#options.keepQos0 !== true) {
      throw new ConnectionLostError("network", `No connection for the QoS 0 message to "${topicName}"`);
    }
    this.#makeRoom(outgoing);
    return new Promise((resolve, reject) => {
      outgoing.resolve = resolve;
      outgoing.reject = reject;
      this.#admit(outgoing, options.timeoutMs ?? this.#options.maximumAgeMs);
      this.#limit(outgoing, options);
      if (outgoing.isOver) return;
      const { journal } = this;
      if (journal !== undefined && qos > 0) {
        journal.put(
          outgoing,
          () => this.#queued(outgoing),
          (error) => this.#giveUp(outgoing, error),
        );
      } else this.#queued(outgoing);
    });
  }

  #queued(outgoing: Outgoing): void {
    if (outgoing.isOver || this.#closed !== undefined) return;
    this.#queue.push(outgoing);
    this.pump();
  }

  #admit(outgoing: Outgoing, timeoutMs: number | undefined): void {
    const ageMs = timeoutMs ?? DEFAULT_AGE_MS;
    outgoing.deadlineMs = this.#clock.now() + ageMs;
    this.#bytes += outgoing.sizeBytes;
    this.#open.add(outgoing);
    if (this.#cancelAging === undefined) this.#age();
  }

  #limit(outgoing: Outgoing, { signal, timeoutMs }: PublishOptions): void {
    if (signal === undefined && timeoutMs === undefined) return;
    const what = `publish to "${outgoing.topicName}"`;
    const onAbort = (): void => this.#giveUp(outgoing, new AbortedError(what, signal?.reason, outgoing));
    const cancel =
      timeoutMs === undefined ? undefined : this.#clock.schedule(timeoutMs, () => this.#timeOut(outgoing));
    signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.cleanUp = () => {
      cancel?.();
      signal?.removeEventListener("abort", onAbort);
    };
    if (signal?.aborted === true) onAbort();
  }

  /** The oldest message decides when to look again; those with a time of their own have a timer of their own. */
  #age(): void {
    this.#cancelAging = undefined;
    const now = this.#clock.now();
    for (const outgoing of this.#open) {
      if (outgoing.deadlineMs > now) {
        const delayMs = outgoing.deadlineMs - now;
        if (delayMs < Number.POSITIVE_INFINITY)
          this.#cancelAging = this.#clock.schedule(delayMs, () => this.#age());
        return;
      }
      this.#timeOut(outgoing);
    }
  }

  #timeOut(outgoing: Outgoing): void {
    this.#giveUp(outgoing, new TimeoutError(`publish to "${outgoing.topicName}"`, outgoing));
  }

  #makeRoom(outgoing: Outgoing): void {
    const { maximumMessages = DEFAULT_MESSAGES, maximumBytes = DEFAULT_BYTES, overflow } = this.#options;
    const isFull = (): boolean =>
      this.#open.size >= maximumMessages || this.#bytes + outgoing.sizeBytes > maximumBytes;
    while (isFull()) {
      const oldest = overflow === "drop-oldest" ? this.#queue.shift() : undefined;
      if (oldest === undefined) throw new OutboxError("full", outgoing.topicName);
      if (!oldest.isOver) this.#giveUp(oldest, new OutboxError("dropped", oldest.topicName));
    }
  }

  /** @throws PublishRefusedError for what the broker said it would refuse; then it is not sent. */
  #judge(topicName: string, qos: Qos, retain: boolean): void {
    const { maximumQos = 2, retainAvailable } = this.#limits;
    // [MQTT-3.2.2-11], [MQTT-3.2.2-14]
    if (qos > maximumQos) throw new PublishRefusedError(topicName, foreseen(ReasonCode.QOS_NOT_SUPPORTED));
    if (retain && retainAvailable === false) {
      throw new PublishRefusedError(topicName, foreseen(ReasonCode.RETAIN_NOT_SUPPORTED));
    }
  }

  #send(link: Link, outgoing: Outgoing): void {
    const { topicName, topic, payload, qos, retain, raw } = outgoing;
    try {
      this.#judge(topicName, qos, retain);
      const expiry = this.#expiryOf(outgoing);
      const size = link.publishSize(topic.length, qos, expiry, 0, raw.length, payload.length);
      this.#checkSize(topicName, size);
    } catch (error) {
      this.#giveUp(outgoing, error);
      return;
    }
    if (qos === 0) {
      this.#transmit(link, outgoing, 0, 0);
      this.#finish(outgoing, SENT);
      return;
    }
    const packetId = this.#takePacketId(outgoing);
    outgoing.wasSent = true;
    link.await();
    if (qos === 2 && this.journal !== undefined) {
      this.#record(outgoing, { kind: "sent", key: outgoing.key, packetId }, () => {
        if (this.#link !== undefined && this.#sender.messageOf(packetId) === outgoing) {
          this.#transmit(this.#link, outgoing, packetId, 0);
        }
      });
    } else this.#transmit(link, outgoing, packetId, 0);
  }

  #takePacketId(outgoing: Outgoing): number {
    const state = outgoing.qos === 1 ? InFlight.AWAITING_PUBACK : InFlight.AWAITING_PUBREC;
    let packetId = this.#sender.send(outgoing, outgoing, outgoing.qos);
    while (this.#parts.isPacketIdTaken(packetId)) {
      const next = this.#sender.send(outgoing, outgoing, outgoing.qos);
      this.#sender.complete(packetId, state);
      packetId = next;
    }
    return packetId;
  }

  /** Waits for the store, if there is one, and goes on. */
  #record(outgoing: Outgoing, change: Parameters<OutboxJournal["write"]>[0], goOn: () => void): void {
    if (this.journal === undefined || outgoing.key === 0) return goOn();
    outgoing.isRecorded = false;
    this.journal.write(change, () => {
      outgoing.isRecorded = true;
      goOn();
    });
  }

  #resend(link: Link, packetId: number, state: InFlight, outgoing: Outgoing): void {
    link.await();
    // What waits for the store goes out when the store is done.
    if (!outgoing.isRecorded) return;
    if (state === InFlight.AWAITING_PUBCOMP) {
      link.acknowledge(PacketType.PUBREL, packetId);
      return;
    }
    try {
      this.#transmit(link, outgoing, packetId, 0x08);
    } catch (error) {
      // The broker takes less than it did on the connection before.
      this.#sender.complete(packetId, state);
      link.answered();
      this.#giveUp(outgoing, error, { isDone: true });
    }
  }

  /** The broker has forgotten the session [MQTT-3.2.2-5]: what it may not have goes out anew, QoS 2 only if it cannot have it. */
  #startOver(): void {
    const queue = new Ring<Outgoing>();
    for (const { packetId, state, terms } of this.#sender.unacknowledged()) {
      const outgoing = terms as Outgoing;
      this.#sender.complete(packetId, state);
      this.#released.delete(packetId);
      if (state === InFlight.AWAITING_PUBACK) {
        if (!outgoing.isOver) queue.push(outgoing);
        else if (outgoing.key > 0) this.journal?.done(outgoing.key);
      } else if (state === InFlight.AWAITING_PUBCOMP) {
        this.#finish(outgoing, { qos: 2, reasonCode: ReasonCode.SUCCESS, properties: {} });
      } else {
        const message = `The broker forgot the session; the QoS 2 message to "${outgoing.topicName}" may have arrived`;
        this.#giveUp(outgoing, new ConnectionLostError("session", message), { isDone: true });
      }
    }
    for (const outgoing of this.#queue) queue.push(outgoing);
    this.#queue = queue;
  }

  #expiryOf({ topicName, expiresAtMs }: Outgoing): number {
    if (expiresAtMs === Number.POSITIVE_INFINITY) return NO_EXPIRY;
    const leftMs = expiresAtMs - this.#clock.now();
    if (leftMs <= 0) throw new OutboxError("expired", topicName);
    return Math.ceil(leftMs / 1000);
  }

  #transmit(link: Link, outgoing: Outgoing, packetId: number, dupFlag: number): void {
    const { topicName, topic, payload, qos, retain, raw, expiresAtMs } = outgoing;
    const expiry =
      expiresAtMs === Number.POSITIVE_INFINITY
        ? NO_EXPIRY
        : Math.max(1, Math.ceil((expiresAtMs - this.#clock.now()) / 1000));
    this.#write(
      link,
      topicName,
      topic,
      payload,
      0x30 | dupFlag | (qos << 1) | (retain ? 1 : 0),
      packetId,
      expiry,
      raw,
    );
  }

  /** Writes with an alias where the broker takes one. HOT. */
  #write(
    link: Link,
    topicName: string,
    topic: Uint8Array,
    payload: Uint8Array,
    firstByte: number,
    packetId: number,
    expiry: number,
    raw: Uint8Array,
  ): void {
    const aliases = this.#aliases;
    let alias = aliases === undefined ? 0 : aliases.known(topicName);
    let name = topic;
    if (alias > 0) name = EMPTY_BYTES;
    const limit = this.#limits.maximumPacketSize;
    if (limit !== undefined) {
      this.#checkSize(
        topicName,
        link.publishSize(name.length, packetId, expiry, alias, raw.length, payload.length),
      );
      const longest = link.publishSize(topic.length, packetId, expiry, 1, raw.length, payload.length);
      if (aliases !== undefined && alias === 0 && longest <= limit) alias = aliases.assign(topicName);
    } else if (aliases !== undefined && alias === 0) alias = aliases.assign(topicName);
    link.publish(firstByte, name, packetId, expiry, alias, raw, payload);
  }

  /** [MQTT-3.2.2-15] */
  #checkSize(topicName: string, sizeBytes: number): void {
    if (sizeBytes > (this.#limits.maximumPacketSize ?? Number.POSITIVE_INFINITY)) {
      throw new PublishRefusedError(topicName, foreseen(ReasonCode.PACKET_TOO_LARGE));
    }
  }

  /** The broker has it, or has refused it. */
  #finish(outgoing: Outgoing, result: PublishReceipt | PublishRefusedError): void {
    if (outgoing.key > 0) this.journal?.done(outgoing.key);
    this.#settle(outgoing, result);
  }

  /** Nobody waits for it any more. What is in flight stays in flight: its packet identifier belongs to the session. */
  #giveUp(outgoing: Outgoing, error: unknown, { isDone = !outgoing.wasSent } = {}): void {
    if (outgoing.isOver) return;
    if (isDone && outgoing.key > 0) this.journal?.done(outgoing.key);
    this.#settle(outgoing, error);
  }

  #settle(outgoing: Outgoing, result: unknown): void {
    if (outgoing.isOver) return;
    outgoing.isOver = true;
    this.#open.delete(outgoing);
    this.#bytes -= outgoing.sizeBytes;
    outgoing.cleanUp?.();
    if (result instanceof Error) outgoing.reject?.(result);
    else outgoing.resolve?.(result as PublishReceipt);
    if (this.#open.size === 0) for (const onIdle of this.#onIdle.splice(0)) onIdle();
  }
}
