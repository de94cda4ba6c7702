/**
 * The receiving half of QoS 1 and QoS 2 (sections 4.3, 4.9): which QoS 2 identifiers are taken but not released, and
 * whether the peer keeps to the Receive Maximum it was told. HOT.
 *
 * Martlet delivers a QoS 2 message when its PUBLISH arrives and remembers the identifier until PUBREL ("method B" of
 * figure 4.3). Two lifetimes: the identifiers belong to the session, the count of outstanding messages to the connection.
 */

import { ProtocolError, ReasonCode } from "#protocol";

/** Shared by all that never received QoS 2. Never written to. */
const NONE: Map<number, number> = new Map();

export class Receiver {
  // for the session: identifier → the connection that last sent it
  #unreleased: Map<number, number> = NONE;

  // for the connection
  #connection = 0;
  #receiveMaximum = 0;
  #outstanding = 0;

  /** How many QoS 2 identifiers wait for PUBREL. */
  get unreleased(): number {
    return this.#unreleased.size;
  }

  /** How many messages of this connection are not completely acknowledged. */
  get outstanding(): number {
    return this.#outstanding;
  }

  connect(receiveMaximum: number): void {
    this.#connection++;
    this.#receiveMaximum = receiveMaximum;
    this.#outstanding = 0;
  }

  /**
   * A QoS 1 PUBLISH came; `acknowledged` follows it.
   * @throws ProtocolError 0x93 when the peer has more outstanding than it may
   */
  onQos1(): void {
    this.#count();
  }

  /**
   * A QoS 2 PUBLISH came. Returns whether it is new; a repeat is only to be answered [MQTT-4.3.3-10].
   * @throws ProtocolError 0x93 when the peer has more outstanding than it may
   */
  onQos2(packetId: number): boolean {
    const connection = this.#unreleased.get(packetId);
    if (connection !== this.#connection) this.#count();
    if (this.#unreleased === NONE) this.#unreleased = new Map();
    this.#unreleased.set(packetId, this.#connection);
    return connection === undefined;
  }

  /** The PUBACK has been sent, or the PUBREC that refuses. */
  acknowledged(): void {
    this.#outstanding--;
  }

  /** The PUBREC of `packetId` refuses: the identifier is free again [MQTT-4.3.3-9]. */
  refuse(packetId: number): void {
    this.release(packetId);
  }

  /** PUBREL came. Returns whether the identifier was known [MQTT-4.3.3-12]. */
  release(packetId: number): boolean {
    const connection = this.#unreleased.get(packetId);
    if (connection === undefined) return false;
    this.#unreleased.delete(packetId);
    // What an earlier connection sent took nothing of this one's quota.
    if (connection === this.#connection) this.#outstanding--;
    return true;
  }

  /** An identifier that was taken before a restart. */
  restore(packetId: number): void {
    if (this.#unreleased === NONE) this.#unreleased = new Map();
    this.#unreleased.set(packetId, this.#connection);
  }

  /** The session ended: no identifier is taken any more. */
  forget(): void {
    this.#unreleased = NONE;
  }

  #count(): void {
    if (this.#outstanding >= this.#receiveMaximum) {
      throw new ProtocolError(
        `More than ${this.#receiveMaximum} unacknowledged messages, the Receive Maximum this server announced.`,
        "U5-3.3.4c",
        ReasonCode.RECEIVE_MAXIMUM_EXCEEDED,
      );
    }
    this.#outstanding++;
  }
}
