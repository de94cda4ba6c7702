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

import { type IncomingPublish, packetTypes, protocolError, type Qos, reasons } from "#protocol";
import { DEFAULT_INBOX_BYTES, DEFAULT_RECEIVE_MAXIMUM } from "./defaults.ts";
import { Line } from "./line.ts";
import type { Link } from "./link.ts";
import type { ConnectOptions } from "./options.ts";
import type { Repeats } from "./repeats.ts";

/** One message on its way through the program. */
export interface Delivery {
  readonly inbox: Inbox;
  readonly packetId: number;
  readonly qos: Qos;
  readonly sizeBytes: number;
  /** The connection on which it is to be acknowledged. */
  connection: number;
  /** Of topic and payload; 0 unless repeats are to be noticed. */
  readonly hash: number;
  /** How many subscriptions still hold it. */
  open: number;
}

export class Inbox {
  readonly #maximumBytes: number;
  readonly #receiveMaximum: number;
  readonly #repeats: Repeats | undefined;
  /** QoS 2 identifiers that wait for PUBREL, with the connection that last sent them. Outlives connections. */
  readonly #unreleased = new Map<number, number>();
  /** Messages of this connection that are not completely acknowledged. */
  #outstanding = 0;
  /** Above QoS 0, by packet identifier: not acknowledged to the broker. Outlives connections. */
  readonly #unacknowledged = new Map<number, Delivery>();
  #order = new Line<Delivery>();
  #link: Link | undefined;
  #connection = 0;
  /** Of the messages that the program is not done with. */
  heldBytes = 0;
  /** QoS 0 messages that were dropped because the program did not take them. */
  dropped = 0;

  constructor({ maximumInboxBytes, receiveMaximum, dropRepeats }: ConnectOptions) {
    this.#maximumBytes = maximumInboxBytes ?? DEFAULT_INBOX_BYTES;
    this.#receiveMaximum = receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM;
    this.#repeats = dropRepeats?.(this.#receiveMaximum);
  }

  connect(link: Link, sessionPresent: boolean): void {
    this.#link = link;
    this.#connection++;
    this.#order = new Line();
    this.#outstanding = 0;
    if (!sessionPresent) {
      this.#unacknowledged.clear();
      this.#repeats?.forget();
      this.#unreleased.clear();
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
  take(publish: IncomingPublish): Delivery | undefined {
    if (publish.qos === 0) {
      if (this.heldBytes < 2 * this.#maximumBytes) return this.#delivery(publish, 0, 0);
      this.dropped++;
      return undefined;
    }
    const isNew = publish.qos === 1 ? this.#takeQos1(publish) : this.#takeQos2(publish.packetId);
    if (!isNew) {
      this.#repeat(publish);
      return undefined;
    }
    const repeats = this.#repeats;
    const hash = repeats?.hashOf(publish) ?? 0;
    const delivery = this.#delivery(publish, this.#connection, hash);
    this.#unacknowledged.set(publish.packetId, delivery);
    this.#order.push(delivery);
    if (publish.dup && publish.qos === 1 && repeats?.isKnown(publish.packetId, hash) === true) {
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

  /** One holder is done. */
  release(delivery: Delivery): void {
    if (--delivery.open !== 0) return;
    this.#hold(-delivery.sizeBytes);
    if (delivery.qos > 0 && delivery.connection === this.#connection) this.#acknowledgeReady();
  }

  onPubrel(packetId: number): void {
    const connection = this.#unreleased.get(packetId);
    this.#unreleased.delete(packetId);
    // What an earlier connection sent took nothing of this one's quota.
    if (connection === this.#connection) this.#outstanding--;
    const isKnown = connection !== undefined;
    const reasonCode = isKnown ? reasons.SUCCESS : reasons.PACKET_IDENTIFIER_NOT_FOUND;
    this.#link?.acknowledge(packetTypes.PUBCOMP, packetId, reasonCode); // [MQTT-4.3.3-11]
  }

  #delivery({ packetId, qos, start, end }: IncomingPublish, connection: number, hash: number): Delivery {
    return { inbox: this, packetId, qos, sizeBytes: end - start, connection, hash, open: 0 };
  }

  /** Whether it is new: neither held by the program nor sent twice. */
  #takeQos1(publish: IncomingPublish): boolean {
    this.#count();
    const known = this.#unacknowledged.get(publish.packetId);
    return !publish.dup || known === undefined || known.qos !== 1 || known.connection === this.#connection;
  }

  /** Whether it is new; a repeat is only answered [MQTT-4.3.3-10]. */
  #takeQos2(packetId: number): boolean {
    const connection = this.#unreleased.get(packetId);
    if (connection !== this.#connection) this.#count();
    this.#unreleased.set(packetId, this.#connection);
    return connection === undefined;
  }

  #count(): void {
    if (this.#outstanding++ < this.#receiveMaximum) return;
    const code = reasons.RECEIVE_MAXIMUM_EXCEEDED;
    throw protocolError("U5-3.3.4c", code);
  }

  /** A repeat takes the place of what it repeats in the order of acknowledgements. */
  #repeat(publish: IncomingPublish): void {
    const known = this.#unacknowledged.get(publish.packetId) ?? this.#delivery(publish, this.#connection, 0);
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
        this.#outstanding--;
        this.#repeats?.remember(packetId, hash);
      }
      link.acknowledge(qos === 1 ? packetTypes.PUBACK : packetTypes.PUBREC, packetId);
    }
  }

  #hold(bytes: number): void {
    this.heldBytes += bytes;
    this.#applyReading();
  }

  #applyReading(): void {
    if (this.#link === undefined) return;
    if (this.heldBytes >= this.#maximumBytes) this.#link.reading = false;
    else if (this.heldBytes <= this.#maximumBytes / 2) this.#link.reading = true;
  }
}
