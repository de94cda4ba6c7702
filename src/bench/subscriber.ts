/**
 * One subscribing client: acknowledges, and counts what it gets. HOT.
 *
 * The payload lies at the end of each message and always has the same length, so neither topic nor properties have to be
 * looked at.
 */

import { PacketType } from "#protocol";
import type { FlowState } from "./flow-state.ts";
import type { LinkHandler } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import { readNumber } from "./publish-batch.ts";

const PUBACK = 0x40;
const PUBREC = 0x50;
const PUBCOMP = 0x70;

export class Subscriber implements LinkHandler {
  readonly #state: FlowState;
  readonly #outbox: Outbox;
  /** Its first stream. */
  readonly #streams: number;

  constructor(state: FlowState, number: number, outbox: Outbox) {
    this.#state = state;
    this.#outbox = outbox;
    this.#streams = number * state.publishers;
  }

  onChunk(): void {
    this.#state.stamp();
  }

  onPublish(bytes: Uint8Array, firstByte: number, body: number, end: number): void {
    const state = this.#state;
    const qos = (firstByte >> 1) & 3;
    if (qos !== 0) {
      const at = body + 2 + (((bytes[body] as number) << 8) | (bytes[body + 1] as number));
      this.#outbox.acknowledge(qos === 1 ? PUBACK : PUBREC, bytes[at] as number, bytes[at + 1] as number);
    }
    const payload = end - state.payloadBytes;
    const publisher = payload < body ? Number.NaN : readNumber(bytes, payload + 4);
    if (!(publisher < state.publishers) || readNumber(bytes, payload) !== state.payloadTag) {
      state.unexpected++;
      return;
    }
    state.deliver(
      this.#streams + publisher,
      publisher,
      readNumber(bytes, payload + 8),
      readNumber(bytes, payload + 12),
    );
  }

  onAcknowledgement(type: number, packetId: number): void {
    if (type === PacketType.PUBREL) this.#outbox.acknowledge(PUBCOMP, packetId >>> 8, packetId & 0xff);
    else this.#state.unexpected++;
  }

  onChunkEnd(): void {
    this.#state.endChunk();
  }

  onTaken(): void {}
}
