/**
 * Acknowledgements of one connection, gathered over a turn and written at once. HOT.
 */

import type { Link } from "./link.ts";

const FIRST_BYTES = 256;
const LARGEST_BYTES = 64 * 1024;

export class Outbox {
  readonly #link: Link;
  readonly #turn: { ask(outbox: Outbox): void };
  #bytes = Buffer.allocUnsafeSlow(0);
  #used = 0;

  /** @param turn calls `flush` at the end of the turn when it was asked to */
  constructor(link: Link, turn: { ask(outbox: Outbox): void }) {
    this.#link = link;
    this.#turn = turn;
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP, by its first byte, that says success. */
  acknowledge(firstByte: number, packetIdHigh: number, packetIdLow: number): void {
    let used = this.#used;
    if (used === 0) this.#turn.ask(this);
    if (used + 4 > this.#bytes.length) used = this.#makeRoom();
    const bytes = this.#bytes;
    bytes[used] = firstByte;
    bytes[used + 1] = 2;
    bytes[used + 2] = packetIdHigh;
    bytes[used + 3] = packetIdLow;
    this.#used = used + 4;
  }

  flush(): void {
    const used = this.#used;
    if (used === 0) return;
    this.#used = 0;
    // What the pipe keeps is its own from now on.
    if (!this.#link.write(this.#bytes.subarray(0, used), undefined)) this.#bytes = Buffer.allocUnsafeSlow(0);
  }

  /** Returns the offset to go on at. */
  #makeRoom(): number {
    if (this.#used >= LARGEST_BYTES) {
      this.flush();
      if (this.#bytes.length > 0) return 0;
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
    return this.#used;
  }
}
