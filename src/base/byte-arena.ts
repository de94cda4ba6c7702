/**
 * Many small byte strings in few large slabs, so that a million of them cost the garbage collector some thousand buffers and
 * not a million.
 *
 *     slab   [ entry | dropped | entry | entry | free … ]      live = bytes of its entries
 *
 * Bytes are appended and never overwritten: whoever still reads an old place reads what stood there. A slab that is less
 * than half live hands its entries on to the slab in use and is forgotten, so at most twice the live bytes are held, and
 * two slabs. Benchmark: `npm run bench:micro retained`.
 */

import { copyBytes } from "./bytes.ts";

const SLAB_SIZE = 64 * 1024;
/** Larger ones get a slab of their own, of just their size. */
const LARGEST_SHARED = 8 * 1024;

class Slab {
  readonly bytes: Uint8Array;
  readonly entries: ArenaEntry[] = [];
  used = 0;
  live = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

const NO_SLAB = new Slab(0);

/** One byte string: `bytes[start, end)` until the arena is next changed. Extend it by what belongs to the bytes. */
export class ArenaEntry {
  /** @internal */
  slab: Slab = NO_SLAB;
  /** @internal among the entries of its slab */
  place = 0;
  start = 0;
  length = 0;

  get bytes(): Uint8Array {
    return this.slab.bytes;
  }

  get end(): number {
    return this.start + this.length;
  }
}

export class ByteArena {
  #current = NO_SLAB;

  /** Gives `entry`, which has no bytes, `length` bytes; the caller writes them at once. */
  add(entry: ArenaEntry, length: number): void {
    const slab = this.#slabFor(length);
    entry.slab = slab;
    entry.start = slab.used;
    entry.length = length;
    entry.place = slab.entries.length;
    slab.entries.push(entry);
    slab.used += length;
    slab.live += length;
  }

  /** Takes its bytes from `entry`. */
  drop(entry: ArenaEntry): void {
    const { slab } = entry;
    const last = slab.entries.pop() as ArenaEntry;
    if (last !== entry) {
      slab.entries[entry.place] = last;
      last.place = entry.place;
    }
    slab.live -= entry.length;
    entry.slab = NO_SLAB;
    entry.length = 0;
    if (slab === this.#current) {
      if (slab.live === 0) this.#current = NO_SLAB;
    } else if (slab.live * 2 < slab.bytes.length) this.#empty(slab);
  }

  /** Moves what is left of a sparse slab to the one in use. */
  #empty(sparse: Slab): void {
    for (const entry of sparse.entries) {
      const from = entry.start;
      this.add(entry, entry.length);
      copyBytes(entry.slab.bytes, entry.start, sparse.bytes, from, from + entry.length);
    }
    sparse.entries.length = 0;
  }

  #slabFor(length: number): Slab {
    if (length > LARGEST_SHARED) return new Slab(length);
    if (this.#current.used + length > this.#current.bytes.length) {
      const full = this.#current;
      this.#current = new Slab(SLAB_SIZE);
      // It was spared while it was in use.
      if (full.live * 2 < full.bytes.length) this.#empty(full);
    }
    return this.#current;
  }
}
