/**
 * The end of the log in memory: the open batch, and the closed ones that wait to be written. HOT; benchmark:
 * bench/micro/journal-on-disk.ts.
 *
 *     on disk … ┤ pending[0] │ pending[1] │ … │ open          laid out behind each other, all in memory
 *
 * Says of each record at once where it is going to stand. A batch that does not fit into its segment moves to a new one as a
 * whole. A record that is born and dropped in the same batch leaves nothing but a void entry. Writes nothing; the committer
 * does.
 */

import { EMPTY_BYTES, StateError } from "#base";
import { Batch, SlabPool } from "./batch.ts";
import {
  DROP_ENTRY_BYTES,
  EntryCursor,
  entryBytes,
  FRAME_HEADER_BYTES,
  FRAMES_START,
  LARGEST_RECORD,
} from "./format.ts";
import type { RecordIndex } from "./record-index.ts";
import type { Segment, Segments } from "./segment.ts";

/** A turn that adds more than this is more than one batch: offsets have 32 bits. */
const LARGEST_BATCH = LARGEST_RECORD + 512 * 1024 * 1024;
/** Less room than this is not worth a batch. */
const LEAST_ROOM = FRAME_HEADER_BYTES + 64;

/** Who writes the batches. */
export interface LogEndOwner {
  /** A batch has begun, or the open one has become large: it should be closed at the end of the turn. */
  onBatchDue(): void;
}

/** Where a recovered log ends. */
export interface LogPosition {
  readonly batch: number;
  readonly nextId: number;
  readonly tail: number;
}

export class LogEnd {
  /** Where the last `put` made room. */
  buffer: Uint8Array = EMPTY_BYTES;
  /** Closed batches; the first is the one that is written. */
  readonly pending: Batch[] = [];
  /** The number of the last batch that has begun. */
  batch: number;
  nextId: number;
  /** The oldest segment that counts. */
  tail: number;
  /** Nobody may add anything more. */
  isEnded = false;
  readonly #owner: LogEndOwner;
  readonly #index: RecordIndex;
  readonly #segments: Segments;
  readonly #largeBatchBytes: number;
  readonly #pool = new SlabPool();
  readonly #cursor = new EntryCursor();
  #open: Batch | undefined;
  #pendingBytes = 0;
  /** Where the next batch begins. */
  #frontSegment: Segment | undefined;
  #frontOffset = 0;

  constructor(
    owner: LogEndOwner,
    index: RecordIndex,
    segments: Segments,
    position: LogPosition,
    largeBatchBytes: number,
  ) {
    this.#owner = owner;
    this.#index = index;
    this.#segments = segments;
    this.#largeBatchBytes = largeBatchBytes;
    this.batch = position.batch;
    this.nextId = position.nextId;
    this.tail = position.tail;
  }

  get hasOpen(): boolean {
    return this.#open !== undefined;
  }

  get isOpenLarge(): boolean {
    return this.#open !== undefined && this.#open.bytes > this.#largeBatchBytes;
  }

  /** Bytes in memory that are not safe yet. */
  get unwrittenBytes(): number {
    return this.#pendingBytes + (this.#open === undefined ? 0 : this.#open.bytes);
  }

  /** Makes room for a new record and gives it the next id, `nextId - 1` afterwards. Returns where in `buffer` it goes. */
  putNew(kind: number, size: number): number {
    const batch = this.#open ?? this.#beginForUser();
    return this.#put(batch, this.nextId++, kind, size);
  }

  /** Makes room for other bytes of the live record `id`. */
  replace(id: number, kind: number, size: number): number {
    const index = this.#index;
    if (!index.find(id)) throw new StateError(`Record ${id} is not there to be replaced.`);
    const open = this.#open ?? this.#beginForUser();
    this.#segments.removeRecord(index.segment, index.size);
    if (index.segment === open.segment.number && index.offset > open.start) {
      open.void(index.offset);
    }
    return this.#put(open, id, kind, size);
  }

  /** Makes room for the same bytes of the live record `id` at the end of the log. */
  copy(id: number, kind: number, size: number): number {
    const at = this.replace(id, kind, size);
    (this.#open as Batch).copiedBytes += entryBytes(size);
    return at;
  }

  /** Ends the live record `id`; false when there is none. */
  drop(id: number): boolean {
    const index = this.#index;
    let batch = this.#open;
    if (batch === undefined) {
      if (!index.find(id)) return false;
      batch = this.#beginForUser();
    }
    if (!index.remove(id)) return false;
    this.#segments.removeRecord(index.segment, index.size);
    if (id >= batch.firstId) {
      batch.void(index.offset);
      return true;
    }
    this.#withRoom(batch, DROP_ENTRY_BYTES).putDrop(id);
    return true;
  }

  /** Says, from the open batch on, that segments below `tail` no longer count. */
  moveTail(tail: number): void {
    this.tail = tail;
    (this.#open ?? this.#begin()).tail = tail;
  }

  /** Makes sure that there is a batch to be written, even an empty one. */
  touch(): void {
    if (this.#open === undefined) this.#begin();
  }

  /** Closes the open batch: it waits to be written. */
  close(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    this.#frontSegment = batch.segment;
    this.#frontOffset = batch.end;
    this.#pendingBytes += batch.bytes;
    this.pending.push(batch);
  }

  /** The first pending batch is safe and leaves memory. */
  shift(): void {
    const batch = this.pending.shift();
    if (batch === undefined) return;
    this.#pendingBytes -= batch.bytes;
    batch.release();
  }

  /** The bytes at a location when they are in memory; a view. */
  view(segment: number, offset: number, size: number): Uint8Array | undefined {
    const open = this.#open;
    if (open !== undefined && open.segment.number === segment && offset > open.start) {
      return open.view(offset, size);
    }
    for (let i = this.pending.length - 1; i >= 0; i--) {
      const batch = this.pending[i] as Batch;
      if (batch.segment.number === segment && offset > batch.start && offset <= batch.end) {
        return batch.view(offset, size);
      }
    }
    return undefined;
  }

  /** Lays everything in memory out anew, from a new segment on. */
  layOutAnew(): void {
    const segments = this.#segments;
    segments.dropPlanned();
    let segment = segments.plan();
    let start = FRAMES_START;
    for (const batch of this.#open === undefined ? this.pending : [...this.pending, this.#open]) {
      if (start > FRAMES_START && start + batch.bytes > segment.size) {
        segment = segments.plan();
        start = FRAMES_START;
      }
      segment.size = Math.max(segment.size, start + batch.bytes);
      this.#move(batch, segment, start);
      start = batch.end;
    }
    this.#frontSegment = segment;
    this.#frontOffset = start;
  }

  #beginForUser(): Batch {
    if (this.isEnded) throw new StateError("The store is closed.");
    return this.#begin();
  }

  #begin(): Batch {
    let segment = this.#frontSegment;
    let start = this.#frontOffset;
    if (segment === undefined || start + LEAST_ROOM > segment.size) {
      segment = this.#segments.plan();
      start = FRAMES_START;
    }
    const batch = new Batch(++this.batch, this.nextId, segment, start, this.#pool);
    batch.tail = this.tail;
    this.#open = batch;
    this.#owner.onBatchDue();
    return batch;
  }

  #put(open: Batch, id: number, kind: number, size: number): number {
    const batch = this.#withRoom(open, entryBytes(size));
    const at = batch.put(id, kind, size);
    this.buffer = batch.buffer;
    this.#index.set(id, batch.segment.number, batch.bufferStart + at, size);
    this.#segments.addRecord(batch.segment, size);
    return at;
  }

  /** The open batch, once its segment has room for so much more. */
  #withRoom(batch: Batch, sizeBytes: number): Batch {
    if (batch.bytes > this.#largeBatchBytes) this.#owner.onBatchDue();
    return batch.end + sizeBytes <= batch.segment.size ? batch : this.#outgrow(batch, sizeBytes);
  }

  #outgrow(batch: Batch, sizeBytes: number): Batch {
    if (batch.bytes + sizeBytes > LARGEST_BATCH) {
      this.close();
      return this.#withRoom(this.#begin(), sizeBytes);
    }
    if (batch.start > FRAMES_START) this.#move(batch, this.#segments.plan(), FRAMES_START);
    // A batch that is larger than a segment gets a segment of its own size.
    batch.segment.size = Math.max(batch.segment.size, batch.end + sizeBytes);
    return batch;
  }

  /** Gives a batch another place, and tells the index. */
  #move(batch: Batch, segment: Segment, start: number): void {
    const index = this.#index;
    const cursor = this.#cursor;
    const old = batch.segment;
    let moved = 0;
    for (let i = 0; i < batch.slabs.length; i++) {
      const { bytes, base, used } = batch.slabs[i] as Batch["slabs"][number];
      cursor.begin(bytes, i === 0 ? FRAME_HEADER_BYTES : 0, used);
      while (cursor.next()) {
        if (cursor.isDrop || cursor.id === 0 || !index.find(cursor.id)) continue;
        const inFrame = base + cursor.start;
        if (index.segment !== old.number || index.offset !== batch.start + inFrame) continue;
        index.set(cursor.id, segment.number, start + inFrame, index.size);
        moved += entryBytes(index.size);
      }
    }
    old.liveBytes -= moved;
    segment.liveBytes += moved;
    batch.segment = segment;
    batch.start = start;
  }
}
