/**
 * What came and is not acknowledged. HOT.
 *
 *     PUBLISH ─▶ [ Delivery | Delivery | Delivery ] ─▶ PUBACK, PUBREC        in the order of arrival
 *                  held by the subscriptions that got the message
 *
 * A message is acknowledged when everybody who got it is done with it, so a slow program fills the Receive Maximum and the
 * broker waits. QoS 0 has no such brake: when too much is held, the client stops reading. It goes on as long as an answer of
 * the broker is awaited, which would otherwise never be read, and then drops QoS 0 messages instead.
 */

import { hashBytes, Ring } from "#base";
import { Receiver } from "#flow";
import { PacketType, type PublishView, type Qos, ReasonCode } from "#protocol";
import type { Link } from "./link.ts";

/** One message on its way through the program. */
export class Delivery {
  readonly packetId: number;
  readonly qos: Qos;
  readonly sizeBytes: number;
  /** Of topic and payload; 0 unless repeats are to be noticed. */
  readonly hash: number;
  /** How many subscriptions still hold it. */
  open = 0;
  /** The connection on which it is to be acknowledged. */
  connection: number;
  readonly #inbox: Inbox;

  constructor(inbox: Inbox, view: PublishView, connection: number, hash: number) {
    this.#inbox = inbox;
    this.packetId = view.packetId;
    this.qos = view.qos;
    this.sizeBytes = view.end - view.start;
    this.connection = connection;
    this.hash = hash;
  }

  /** One holder is done. */
  release(): void {
    if (--this.open === 0) this.#inbox.onDone(this);
  }
}

export interface InboxSettings {
  readonly maximumInboxBytes: number;
  readonly receiveMaximum: number;
  readonly dropRepeats: boolean;
}

export class Inbox {
  readonly #settings: InboxSettings;
  readonly #receiver = new Receiver();
  /** Above QoS 0, by packet identifier: not acknowledged to the broker. Outlives connections. */
  readonly #unacknowledged = new Map<number, Delivery>();
  /** Acknowledged QoS 1 messages, which the broker may send again when it did not see that. */
  readonly #acknowledged = new Map<number, number>();
  #order = new Ring<Delivery>();
  #link: Link | undefined;
  #connection = 0;
  #heldBytes = 0;
  /** QoS 0 messages that were dropped because the program did not take them. */
  dropped = 0;

  constructor(settings: InboxSettings) {
    this.#settings = settings;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  connect(link: Link, sessionPresent: boolean): void {
    this.#link = link;
    this.#connection++;
    this.#order = new Ring();
    this.#receiver.connect(this.#settings.receiveMaximum);
    if (!sessionPresent) {
      this.#unacknowledged.clear();
      this.#acknowledged.clear();
      this.#receiver.forget();
    }
    this.#applyReading();
  }

  disconnect(): void {
    this.#link = undefined;
  }

  /**
   * A PUBLISH came. Returns its delivery, which is to be opened by its holders and then settled; undefined when there is
   * nothing to deliver: it is a repeat, or it is dropped.
   * @throws ProtocolError when the broker exceeds the Receive Maximum
   */
  take(view: PublishView): Delivery | undefined {
    if (view.qos === 0) {
      if (this.#heldBytes < 2 * this.#settings.maximumInboxBytes) return new Delivery(this, view, 0, 0);
      this.dropped++;
      return undefined;
    }
    const isNew = view.qos === 1 ? this.#takeQos1(view) : this.#receiver.onQos2(view.packetId);
    if (!isNew) {
      this.#repeat(view);
      return undefined;
    }
    const { bytes, topicStart, topicEnd, payloadStart, end } = view;
    const hash = this.#settings.dropRepeats
      ? hashBytes(bytes, topicStart, topicEnd) ^ hashBytes(bytes, payloadStart, end)
      : 0;
    const delivery = new Delivery(this, view, this.#connection, hash);
    this.#unacknowledged.set(view.packetId, delivery);
    this.#order.push(delivery);
    if (view.dup && view.qos === 1 && hash !== 0 && this.#acknowledged.get(view.packetId) === hash) {
      this.settle(delivery);
      return undefined;
    }
    return delivery;
  }

  /** All who want `delivery` have opened it; nobody may be left already. */
  settle(delivery: Delivery): void {
    if (delivery.open > 0) this.#hold(delivery.sizeBytes);
    else this.#acknowledgeReady();
  }

  onDone(delivery: Delivery): void {
    this.#hold(-delivery.sizeBytes);
    if (delivery.qos > 0 && delivery.connection === this.#connection) this.#acknowledgeReady();
  }

  onPubrel(packetId: number): void {
    const isKnown = this.#receiver.release(packetId);
    // [MQTT-4.3.3-11]
    this.#link?.acknowledge(
      PacketType.PUBCOMP,
      packetId,
      isKnown ? ReasonCode.SUCCESS : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND,
    );
  }

  /** Whether it is new: neither held by the program nor sent twice. */
  #takeQos1(view: PublishView): boolean {
    this.#receiver.onQos1();
    const known = this.#unacknowledged.get(view.packetId);
    return !view.dup || known === undefined || known.qos !== 1 || known.connection === this.#connection;
  }

  /** A repeat takes the place of what it repeats in the order of acknowledgements. */
  #repeat(view: PublishView): void {
    const known = this.#unacknowledged.get(view.packetId) ?? new Delivery(this, view, this.#connection, 0);
    known.connection = this.#connection;
    this.#order.push(known);
    this.#acknowledgeReady();
  }

  /** [MQTT-4.6.0-2] [MQTT-4.6.0-3] */
  #acknowledgeReady(): void {
    const link = this.#link;
    if (link === undefined) return;
    for (
      let first = this.#order.peek();
      first !== undefined && first.open === 0;
      first = this.#order.peek()
    ) {
      this.#order.shift();
      const { packetId, qos, hash } = first;
      this.#unacknowledged.delete(packetId);
      if (qos === 1) {
        this.#receiver.acknowledged();
        if (hash !== 0) this.#remember(packetId, hash);
      }
      link.acknowledge(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId);
    }
  }

  #remember(packetId: number, hash: number): void {
    this.#acknowledged.delete(packetId);
    this.#acknowledged.set(packetId, hash);
    if (this.#acknowledged.size > this.#settings.receiveMaximum) {
      this.#acknowledged.delete(this.#acknowledged.keys().next().value as number);
    }
  }

  #hold(bytes: number): void {
    this.#heldBytes += bytes;
    this.#applyReading();
  }

  #applyReading(): void {
    const { maximumInboxBytes } = this.#settings;
    if (this.#link === undefined) return;
    if (this.#heldBytes >= maximumInboxBytes) this.#link.reading = false;
    else if (this.#heldBytes <= maximumInboxBytes / 2) this.#link.reading = true;
  }
}
