/**
 * Messages above QoS 0 that were sent and are not completely acknowledged, by packet identifier; they outlive connections.
 * Also how many more the broker takes: its Receive Maximum less those that were sent on this connection. HOT.
 */

import { LARGEST_UINT16, MOST_IN_FLIGHT } from "./defaults.ts";
import type { Outgoing } from "./outgoing.ts";

/** Who else has packets in flight. */
export interface OtherPackets {
  /** Whether an identifier belongs to one of them. */
  uses(packetId: number): boolean;
}

export class InFlight {
  /** In the order of their PUBLISH, or PUBREL. */
  readonly #messages = new Map<number, Outgoing>();
  /** What an earlier connection left and this one has not sent again; the next is the last. */
  #resends: Outgoing[] = [];
  #connection = 0;
  #quota = 0;
  #lastPacketId = 0;

  /** Whether another message may be sent: repeats go first. */
  get hasRoom(): boolean {
    return this.#quota > 0 && this.#resends.length === 0 && this.#messages.size < MOST_IN_FLIGHT;
  }

  get hasResends(): boolean {
    return this.#resends.length > 0;
  }

  get(packetId: number): Outgoing | undefined {
    return this.#messages.get(packetId);
  }

  all(): Outgoing[] {
    return [...this.#messages.values()];
  }

  connect(receiveMaximum: number): void {
    this.#connection++;
    this.#quota = receiveMaximum;
    this.#resends = this.all().reverse(); // [MQTT-4.4.0-1], [MQTT-4.6.0-1]
  }

  disconnect(): void {
    this.#quota = 0;
    this.#resends = [];
  }

  /** Gives `outgoing` a packet identifier that is free here and with `others`, and counts it. */
  add(outgoing: Outgoing, others: OtherPackets): void {
    do this.#lastPacketId = (this.#lastPacketId % LARGEST_UINT16) + 1;
    while (this.#messages.has(this.#lastPacketId) || others.uses(this.#lastPacketId));
    outgoing.packetId = this.#lastPacketId;
    this.restore(outgoing);
    this.#count(outgoing);
  }

  /** A message of an earlier run under its packet identifier. */
  restore(outgoing: Outgoing): void {
    this.#messages.set(outgoing.packetId, outgoing);
  }

  /** What is to be sent again next: PUBLISH, as far as the broker takes it, or PUBREL. Undefined when that is nothing now. */
  nextResend(): Outgoing | undefined {
    let outgoing = this.#resends.at(-1);
    while (outgoing !== undefined && this.get(outgoing.packetId) !== outgoing) {
      this.#resends.pop();
      outgoing = this.#resends.at(-1);
    }
    if (outgoing === undefined) return undefined;
    if (!outgoing.isReleased) {
      if (this.#quota === 0) return undefined;
      this.#count(outgoing);
    }
    return this.#resends.pop();
  }

  /** PUBREC came: PUBREL is owed, in the order of the PUBRECs [MQTT-4.6.0-4]. */
  release(outgoing: Outgoing): void {
    outgoing.isReleased = true;
    this.#messages.delete(outgoing.packetId);
    this.restore(outgoing);
  }

  /** It is acknowledged, or is not sent again. */
  remove(outgoing: Outgoing): void {
    this.#messages.delete(outgoing.packetId);
    // What an earlier connection sent took nothing of this one's quota.
    if (outgoing.connection === this.#connection) this.#quota++;
  }

  #count(outgoing: Outgoing): void {
    outgoing.connection = this.#connection;
    this.#quota--;
  }
}
