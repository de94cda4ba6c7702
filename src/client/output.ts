/**
 * What goes to the broker: packets of one turn are written into a slab and leave in one write. HOT.
 *
 * Two sizes of slabs are reused; those that the pipe has not taken wait here until it has.
 */

import { type Clock, EMPTY_BYTES } from "#base";
import { MOST_IDLE_SLABS, SLAB } from "./defaults.ts";
import { Line } from "./line.ts";
import type { ClientPipe } from "./pipe.ts";

export class Output {
  /** Where the next packet goes; valid after `reserve`. */
  slab: Uint8Array = EMPTY_BYTES;
  /** Bytes that the pipe has not taken. */
  pendingBytes = 0;
  readonly #pipe: ClientPipe;
  readonly #clock: Clock;
  readonly #idle: Uint8Array[] = [];
  readonly #waiting = new Line<Uint8Array>();
  #used = 0;
  #isDirty = false;

  constructor(pipe: ClientPipe, clock: Clock) {
    this.#pipe = pipe;
    this.#clock = clock;
  }

  /** Makes room for `sizeBytes` in one piece; write them to `slab` at the returned offset, then `advance`. */
  reserve(sizeBytes: number): number {
    if (this.#used + sizeBytes > this.slab.length) {
      this.flush();
      if (this.slab.length < sizeBytes)
        this.slab = sizeBytes > SLAB ? new Uint8Array(sizeBytes) : (this.#idle.pop() ?? new Uint8Array(SLAB));
    }
    return this.#used;
  }

  /** The bytes up to `end` are written. */
  advance(end: number): void {
    this.pendingBytes += end - this.#used;
    this.#used = end;
    if (end > SLAB / 2) this.flush();
    else if (!this.#isDirty) {
      this.#isDirty = true;
      this.#clock.afterTurn(this.#endTurn);
    }
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    this.slab.set(bytes, at);
    this.advance(at + bytes.length);
  }

  flush(): void {
    const used = this.#used;
    if (used === 0) return;
    const { slab } = this;
    this.#used = 0;
    const bytes = slab.subarray(0, used);
    if (this.#pipe.write(bytes)) {
      this.pendingBytes -= used;
      if (slab.length > SLAB) this.slab = EMPTY_BYTES;
      return;
    }
    this.slab = EMPTY_BYTES;
    this.#waiting.push(bytes);
  }

  /** The pipe took the oldest write that it had kept. */
  onWritten(): void {
    const taken = this.#waiting.shift();
    if (taken === undefined) return;
    this.pendingBytes -= taken.length;
    const slab = new Uint8Array(taken.buffer);
    if (slab.length === SLAB && this.#idle.length < MOST_IDLE_SLABS) this.#idle.push(slab);
  }

  readonly #endTurn = (): void => {
    this.#isDirty = false;
    this.flush();
  };
}
