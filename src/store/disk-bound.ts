/**
 * Keeps the promise that disk use stays within twice the live data and two segments, also when much dies at once: while it is
 * above, nobody hears that a batch is safe, and the cleaner goes on without a pause until it is not.
 *
 *     drop much ─▶ commit ─▶ cleaner copies ─▶ oldest segments go ─▶ "safe up to this batch"
 *
 * So those who let records die wait for the cleaning that this costs, and come back with more only then. What was above the
 * bound when the store was opened has no such debtor, and is only not let grow. Where cleaning cannot help, on a full disk, a
 * disk that fails, or with a single batch above the size of a segment, nobody waits.
 */

import type { Clock } from "#base";
import type { Cleaner } from "./cleaner.ts";
import type { Segments } from "./segment.ts";
import type { SegmentSupply } from "./segment-supply.ts";

/** While somebody waits, how often is looked whether cleaning still helps. */
const LOOK_MS = 10;

/** What a bound is made of. */
export interface DiskBoundParts {
  readonly clock: Clock;
  readonly segments: Segments;
  readonly supply: SegmentSupply;
  readonly cleaner: Cleaner;
  readonly segmentBytes: number;
  /** Tells that everything up to `batch` is safe. */
  readonly onDurable: (batch: number) => void;
}

export class DiskBound {
  readonly #parts: DiskBoundParts;
  /** What was told last. */
  toldBatch: number;
  #syncedBatch: number;
  /** What was above the bound at the start, as far as it still is. */
  #inheritedBytes: number;
  #cancelLook: (() => void) | undefined;

  constructor(parts: DiskBoundParts, batch: number) {
    this.#parts = parts;
    this.toldBatch = batch;
    this.#syncedBatch = batch;
    this.#inheritedBytes = Math.max(0, this.#excessBytes);
  }

  /** Everything up to `batch` is safe on the disk. */
  onSynced(batch: number): void {
    this.#syncedBatch = batch;
    this.#tell();
  }

  stop(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  /** By how much disk use is above the bound. */
  get #excessBytes(): number {
    const { segments, supply, segmentBytes } = this.#parts;
    return segments.fileBytes + supply.spareBytes - 2 * segments.liveBytes - 2 * segmentBytes;
  }

  get #mustWait(): boolean {
    const excess = this.#excessBytes;
    this.#inheritedBytes = Math.min(this.#inheritedBytes, Math.max(0, excess));
    return excess > this.#inheritedBytes && this.#parts.cleaner.isHelping;
  }

  readonly #tell = (): void => {
    this.stop();
    if (this.toldBatch >= this.#syncedBatch) return;
    if (this.#mustWait) {
      this.#cancelLook = this.#parts.clock.schedule(LOOK_MS, this.#tell);
      return;
    }
    this.toldBatch = this.#syncedBatch;
    this.#parts.onDurable(this.toldBatch);
  };
}
