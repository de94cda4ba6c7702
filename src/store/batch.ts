/**
 * One batch while it is in memory: the entries of a frame in slabs, with room for the frame's header in front. HOT;
 * benchmark: bench/micro/journal-on-disk.ts.
 *
 *     slab 0 [ header │ entry │ entry │ … ]  slab 1 [ entry │ … ]        an entry lies in one slab
 *
 * Entries are written once, where they leave for the disk from. A batch knows from its first entry on where in which segment
 * it is going to stand, so that the index can say so at once.
 */

import { InvariantError } from "#base";
import {
  type Checksum,
  DROP_ENTRY_BYTES,
  entryBytes,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  voidEntry,
  writeDropEntry,
  writeEntryHead,
} from "./format.ts";
import type { Segment } from "./segment.ts";

const SLAB_BYTES = 256 * 1024;
/** Slabs kept for reuse. */
const FREE_SLABS = 8;

export class Slab {
  readonly bytes: Uint8Array;
  used = 0;
  /** What lies before this slab in the frame. */
  base = 0;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

/** The free slabs of one journal. */
export class SlabPool {
  readonly #free: Slab[] = [];

  take(leastBytes: number): Slab {
    return leastBytes > SLAB_BYTES ? new Slab(leastBytes) : (this.#free.pop() ?? new Slab(SLAB_BYTES));
  }

  give(slab: Slab): void {
    if (slab.bytes.length === SLAB_BYTES && this.#free.length < FREE_SLABS) this.#free.push(slab);
  }
}

export class Batch {
  readonly number: number;
  /** Where it is going to stand. */
  segment: Segment;
  start: number;
  /** Of the whole frame so far. */
  bytes = FRAME_HEADER_BYTES;
  entries = 0;
  /** Records with this id or a higher one were born here. */
  readonly firstId: number;
  /** Of `bytes`, what cleaning has copied. */
  copiedBytes = 0;
  /** The oldest segment that counts once this batch is safe. */
  tail = 0;
  readonly slabs: Slab[] = [];
  readonly #pool: SlabPool;
  #slab: Slab;

  constructor(number: number, firstId: number, segment: Segment, start: number, pool: SlabPool) {
    this.number = number;
    this.firstId = firstId;
    this.segment = segment;
    this.start = start;
    this.#pool = pool;
    this.#slab = this.#addSlab(0);
    this.#slab.used = FRAME_HEADER_BYTES;
  }

  /** The slab that the last `put` made room in. */
  get buffer(): Uint8Array {
    return this.#slab.bytes;
  }

  /** What lies before `buffer` in the segment. */
  get bufferStart(): number {
    return this.start + this.#slab.base;
  }

  /** The offset behind the frame in its segment. */
  get end(): number {
    return this.start + this.bytes;
  }

  /** Makes an entry and returns where in `buffer` its bytes go. */
  put(id: number, kind: number, size: number): number {
    const sizeOnDisk = entryBytes(size);
    const slab = this.#slabWithRoom(sizeOnDisk);
    const at = writeEntryHead(slab.bytes, slab.used, id, kind, size);
    slab.used += sizeOnDisk;
    this.bytes += sizeOnDisk;
    this.entries++;
    return at;
  }

  /** Makes the entry that drops `id`. */
  putDrop(id: number): void {
    const slab = this.#slabWithRoom(DROP_ENTRY_BYTES);
    slab.used = writeDropEntry(slab.bytes, slab.used, id);
    this.bytes += DROP_ENTRY_BYTES;
    this.entries++;
  }

  /** Makes the entry whose bytes begin at `offset` of the segment one that says nothing. */
  void(offset: number): void {
    const slab = this.#slabAt(offset);
    voidEntry(slab.bytes, offset - this.start - slab.base);
  }

  /** The bytes at `offset` of the segment; a view. */
  view(offset: number, size: number): Uint8Array {
    const slab = this.#slabAt(offset);
    const at = offset - this.start - slab.base;
    return slab.bytes.subarray(at, at + size);
  }

  /** Completes the frame: it does not change any more. */
  seal(header: FrameHeader, checksum: Checksum): void {
    const { salt } = this.segment;
    const [first] = this.slabs as [Slab];
    let sum = salt;
    for (let i = 0; i < this.slabs.length; i++) {
      const slab = this.slabs[i] as Slab;
      sum = checksum(slab.bytes, i === 0 ? FRAME_HEADER_BYTES : 0, slab.used, sum);
    }
    header.bodyChecksum = sum;
    header.bodyBytes = this.bytes - FRAME_HEADER_BYTES;
    header.entries = this.entries;
    header.batch = this.number;
    header.tail = this.tail;
    header.write(first.bytes, 0, salt, checksum);
  }

  /** The frame, for one write. */
  parts(): Uint8Array[] {
    return this.slabs.map(({ bytes, used }) => (used === bytes.length ? bytes : bytes.subarray(0, used)));
  }

  /** Gives the slabs back. */
  release(): void {
    for (let i = 0; i < this.slabs.length; i++) this.#pool.give(this.slabs[i] as Slab);
    this.slabs.length = 0;
  }

  #slabWithRoom(sizeBytes: number): Slab {
    const slab = this.#slab;
    return slab.used + sizeBytes <= slab.bytes.length ? slab : this.#addSlab(sizeBytes);
  }

  #addSlab(leastBytes: number): Slab {
    const slab = this.#pool.take(leastBytes);
    slab.used = 0;
    slab.base = this.slabs.length === 0 ? 0 : this.bytes;
    this.slabs.push(slab);
    this.#slab = slab;
    return slab;
  }

  #slabAt(offset: number): Slab {
    const inFrame = offset - this.start;
    for (let i = this.slabs.length - 1; i >= 0; i--) {
      const slab = this.slabs[i] as Slab;
      // Before the bytes of a record, even of an empty one, lies its head in the same slab.
      if (inFrame > slab.base) return slab;
    }
    throw new InvariantError("An entry that no slab of its batch holds.");
  }
}
