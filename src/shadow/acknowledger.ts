/**
 * Acknowledges what Martlet sends, with Martlet's own packet ids and when the client acknowledges the same message of the old
 * broker: so both brokers know the same of what the client has, and send the same again to its next connection.
 */

import { type AcknowledgementPacket, FIRST_REFUSAL, type Packet, PacketType, ReasonCode } from "#protocol";
import type { Delivery } from "./delivery.ts";

interface Open {
  /** The client has said PUBCOMP, or never will. */
  mayComplete: boolean;
  /** Martlet has said PUBREL. */
  isReleased: boolean;
}

export class Acknowledger {
  readonly #send: (packet: Packet) => void;
  /** QoS 1 and 2 of the old broker that the client has not acknowledged to the end, by packet id. */
  readonly #unacknowledged = new Map<number, Delivery>();
  /** QoS 2, by Martlet's packet id: between PUBREC and PUBCOMP. */
  readonly #received = new Map<number, Open>();

  constructor(send: (packet: Packet) => void) {
    this.#send = send;
  }

  /** When the oldest came that the client has not acknowledged to the end; infinite when there is none. */
  get oldestMs(): number {
    const [oldest] = this.#unacknowledged.values();
    return oldest?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** The old broker has sent `old`. */
  expect(old: Delivery): void {
    if (old.qos > 0) this.#unacknowledged.set(old.packetId, old);
  }

  /** PUBACK, PUBREC or PUBCOMP of the client to the old broker. */
  onClient({ type, packetId, reasonCode }: AcknowledgementPacket): void {
    const old = this.#unacknowledged.get(packetId);
    if (old === undefined) return;
    if (type !== PacketType.PUBCOMP) old.acknowledged = reasonCode;
    old.isComplete = type !== PacketType.PUBREC || reasonCode >= FIRST_REFUSAL;
    if (old.isComplete) this.#unacknowledged.delete(packetId);
    if (old.partner !== undefined) this.pass(old, old.partner);
  }

  /** Waits for the client no longer. */
  finishAll(): void {
    for (const { partner } of this.#unacknowledged.values()) if (partner !== undefined) this.finish(partner);
    this.#unacknowledged.clear();
  }

  /** Passes on what the client has said of `old`, the like of `martlet`. May be called again when it has said more. */
  pass(old: Delivery, martlet: Delivery): void {
    if (old.acknowledged === undefined) return;
    if (martlet.acknowledged === undefined) this.#acknowledge(martlet, old.acknowledged);
    if (old.isComplete) this.#complete(martlet);
  }

  /** For what the client has never seen. */
  finish(martlet: Delivery): void {
    if (martlet.acknowledged === undefined) this.#acknowledge(martlet, ReasonCode.SUCCESS);
    this.#complete(martlet);
  }

  /** Martlet's PUBREL; one of an earlier connection is answered at once. */
  onRelease(packetId: number): void {
    const open = this.#received.get(packetId);
    if (open !== undefined && !open.mayComplete) open.isReleased = true;
    else {
      this.#received.delete(packetId);
      this.#sendAnswer(PacketType.PUBCOMP, packetId, ReasonCode.SUCCESS);
    }
  }

  #acknowledge(martlet: Delivery, reasonCode: number): void {
    martlet.acknowledged = reasonCode;
    const { qos, packetId } = martlet;
    if (qos === 0) return;
    if (qos === 2 && reasonCode < FIRST_REFUSAL)
      this.#received.set(packetId, { mayComplete: false, isReleased: false });
    this.#sendAnswer(qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId, reasonCode as ReasonCode);
  }

  #complete(martlet: Delivery): void {
    martlet.isComplete = true;
    const open = martlet.qos === 2 ? this.#received.get(martlet.packetId) : undefined;
    if (open === undefined) return;
    open.mayComplete = true;
    if (!open.isReleased) return;
    this.#received.delete(martlet.packetId);
    this.#sendAnswer(PacketType.PUBCOMP, martlet.packetId, ReasonCode.SUCCESS);
  }

  #sendAnswer(type: 4 | 5 | 7, packetId: number, reasonCode: ReasonCode): void {
    this.#send({ type, packetId, reasonCode, properties: {} });
  }
}
