/**
 * Where segments get their files from, and where the files go.
 *
 *     create ─▶ spare, written with zeros ─▶ segment ─▶ (given up) ─▶ spare or removed
 *
 * A synced write is cheap where the file has blocks that were written before, so zeros are written ahead of the head, and a
 * spare waits before the head is full. The spare is also what a full disk is got over with: it is as large as what is
 * complete, up to a segment, so that the oldest segment can be copied when there is no other room. Where it cannot be made,
 * space is scarce, and that is told while there is still enough of it to drop records. A segment that is given up becomes
 * the spare when that is too small.
 *
 * A name `segment-…` always belongs to a file whose header is safe. Work in the background goes step by step, one at a time,
 * and its trouble stops nobody.
 */

import type { Clock } from "#base";
import { type Disk, type DiskFile, writeAt } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { encodeSegmentHeader, spareName } from "./format.ts";
import type { Health } from "./health.ts";
import type { Segment, Segments } from "./segment.ts";

/** Zeros are written in pieces of at most this size: the commits that share the disk wait less. */
const LARGEST_PIECE = 256 * 1024;
/** Zeros are written ahead in steps of this part of a segment. */
const STEPS = 16;
/** Frames that have to fit into what is prepared behind one. */
const ENOUGH_FRAMES = 8;
/** Prepared space behind the last frame of a segment is cut off when it is more than this part of a segment. */
const SPARE_END = 4;
const RETRY_MS = 1_000;

/** What a supply is made of. */
export interface SupplyParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly segments: Segments;
  readonly health: Health;
  readonly segmentBytes: number;
  /** Whether a write is safe when it succeeds; else files are synced before others are removed. */
  readonly isSynced: boolean;
}

interface Spare {
  readonly name: string;
  readonly file: DiskFile;
  sizeBytes: number;
}

export class SegmentSupply {
  /** No more space can be prepared. */
  isScarce = false;
  readonly #parts: SupplyParts;
  readonly #stepBytes: number;
  readonly #zeros: Uint8Array;
  #spare: Spare | undefined;
  #nextSpare = 1;
  /** All work in the background, one piece after the other. */
  #work: Promise<void> = Promise.resolve();
  #isAhead = false;
  /** Somebody waits for the work in the background: it should end soon. */
  #isTaking = false;
  /** Zeros are being written from here on. */
  #fillStart = Number.POSITIVE_INFINITY;
  /** Called when they are no longer. */
  #onFilled: (() => void) | undefined;
  /** Called when more space is prepared or cannot be. */
  #onPrepared: (() => void) | undefined;
  /** Complete segments that no sync has followed yet. */
  readonly #unsynced = new Set<Segment>();
  #cancelRetry: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: SupplyParts) {
    this.#parts = parts;
    this.#stepBytes = Math.max(1024, Math.floor(parts.segmentBytes / STEPS));
    this.#zeros = new Uint8Array(Math.min(LARGEST_PIECE, parts.segmentBytes / 4));
  }

  /** The size of the spare, for the sum of all files. */
  get spareBytes(): number {
    return this.#spare?.sizeBytes ?? 0;
  }

  /** Space in which commits cannot fail for want of it. */
  get preparedBytes(): number {
    const { head } = this.#parts.segments;
    return (head === undefined ? 0 : head.fileBytes - head.end) + this.spareBytes;
  }

  /** Uses a file that an earlier run has left, or removes it. */
  async adopt(name: string, sizeBytes: number): Promise<void> {
    const { disk, segmentBytes, isSynced } = this.#parts;
    this.#nextSpare = Math.max(this.#nextSpare, Number(/\d+/.exec(name)?.[0] ?? 0) + 1);
    if (this.#spare !== undefined || sizeBytes > segmentBytes) {
      await disk.remove(name);
      return;
    }
    const file = await disk.open(name, { access: "write", isSynced });
    this.#spare = { name, file, sizeBytes };
  }

  /**
   * Gives `segment` its file, with prepared space for a frame that ends at `end`; rejects with `StoreError`, and then there is
   * no such file.
   */
  async take(segment: Segment, firstBatch: number, end: number): Promise<void> {
    const { segments } = this.#parts;
    this.#isTaking = true;
    await this.#work;
    this.#isTaking = false;
    // What the new header says of the segments before it has to hold after a crash.
    await this.#syncSealed();
    const spare = this.#spare ?? (await this.#create());
    this.#spare = undefined;
    try {
      await this.#prepare(spare, end);
    } catch (error) {
      if (this.#spare === undefined) this.#spare = spare;
      else await this.#discard(spare, [spare.name]);
      throw error;
    }
    try {
      await this.#makeSegment(spare, segment, firstBatch);
    } catch (error) {
      await this.#discard(spare, [spare.name, segment.name]);
      throw error;
    }
    segment.file = spare.file;
    segments.resize(segment, spare.sizeBytes);
  }

  /** Whether a frame from `start` to `end` of the head can be written now; if not, `onFree` is called once it can. */
  mayWrite(head: Segment, start: number, end: number, onFree: () => void): boolean {
    if (end > this.#fillStart) {
      this.#onFilled = onFree;
      return false;
    }
    if (!this.isScarce && this.#isShort(head, start, end)) {
      // A full disk has to be known before the last prepared space is used.
      this.keepAhead();
      if (this.#isAhead) {
        this.#onPrepared = onFree;
        return false;
      }
    }
    if (end > head.fileBytes) this.#parts.segments.resize(head, end);
    return true;
  }

  /** Looks whether there is enough prepared space ahead; called after each commit. */
  keepAhead(): void {
    const isWaiting = this.#isAhead || this.#cancelRetry !== undefined;
    const { head } = this.#parts.segments;
    if (head === undefined || isWaiting || this.#isStopped) return;
    const step = this.#stepBytes;
    const headLimit = Math.max(head.size, this.#parts.segmentBytes);
    const spareTarget = this.#spareTarget(head);
    if (head.fileBytes < headLimit && head.fileBytes - head.end < 2 * step) {
      this.#goAhead(() => this.#fill(head, headLimit));
    } else if (this.spareBytes >= spareTarget) this.#endScarcity();
    else if (this.isScarce || this.#isWithinBound(spareTarget - this.spareBytes)) {
      this.#goAhead(() => this.#extendSpare(spareTarget));
    }
  }

  /** Nothing more is written to `segment`. More than `mostSpareBytes` of prepared space behind its frames is cut off. */
  seal(segment: Segment, mostSpareBytes: number = this.#parts.segmentBytes / SPARE_END): void {
    const { segments, isSynced } = this.#parts;
    segments.seal(segment);
    if (!isSynced) this.#unsynced.add(segment);
    this.#inBackground(async () => {
      const { file } = segment;
      if (file === undefined) return;
      if (segment.fileBytes - segment.end > mostSpareBytes) {
        await file.truncate(segment.end);
        segments.resize(segment, segment.end);
      }
      await segments.closeSome();
    });
  }

  /** The file of a segment that no longer counts: kept as a spare or removed, once nobody reads it. */
  retire(segment: Segment): void {
    this.#unsynced.delete(segment);
    if (segment.fileBytes === 0) return; // salvage went on without it
    if (segment.readers > 0) segment.onFree = () => this.retire(segment);
    else this.#inBackground(() => this.#recycle(segment));
  }

  /** Ends the work in the background. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    await this.#work;
    await this.#quietly(() => this.#syncSealed());
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) await this.#discard(spare, [spare.name]);
  }

  #goAhead(work: () => Promise<void>): void {
    this.#isAhead = true;
    this.#inBackground(async () => {
      try {
        await work();
      } catch (error) {
        this.#onNotAhead(error);
      } finally {
        this.#isAhead = false;
      }
      this.keepAhead();
      this.#letWrite();
    });
  }

  /** Space has been prepared, or cannot be: who waits for it looks again. */
  #letWrite(): void {
    const onPrepared = this.#onPrepared;
    this.#onPrepared = undefined;
    onPrepared?.();
  }

  /**
   * Whether there would be little prepared space behind a frame, as frames go. Without complete segments there is nothing that
   * could be freed with it.
   */
  #isShort(head: Segment, start: number, end: number): boolean {
    const { segments, segmentBytes } = this.#parts;
    const enough = Math.max(2 * this.#stepBytes, Math.min(ENOUGH_FRAMES * (end - start), segmentBytes / 2));
    if (head.fileBytes - end + this.spareBytes >= enough) return false;
    return segments.sealedBytes > 0 && this.spareBytes < this.#spareTarget(head);
  }

  /** Space could not be prepared. */
  #onNotAhead(error: unknown): void {
    const { health, clock, segments, segmentBytes } = this.#parts;
    if (error instanceof StoreError && error.kind === "full") {
      this.isScarce = true;
      health.report("space", error);
      // What was left free at the end of the head is there for this.
      if (segments.head !== undefined) segments.head.size = Math.max(segments.head.size, segmentBytes);
    } else health.note(error);
    if (this.#isStopped) return;
    this.#cancelRetry = clock.schedule(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.keepAhead();
    });
  }

  #endScarcity(): void {
    this.isScarce = false;
    this.#parts.health.resolve("space");
  }

  /** How large the spare should be now. */
  #spareTarget(head: Segment): number {
    const { segments, segmentBytes } = this.#parts;
    const isHeadNearlyFull = head.size - head.end < 4 * this.#stepBytes;
    return Math.min(segmentBytes, Math.max(segments.sealedBytes, isHeadNearlyFull ? 2 * this.#stepBytes : 0));
  }

  async #fill(head: Segment, limit: number): Promise<void> {
    const { segments } = this.#parts;
    const target = Math.min(limit, Math.max(head.fileBytes, head.end) + 3 * this.#stepBytes);
    try {
      while (head.fileBytes < target && segments.head === head && this.#onFilled === undefined) {
        if (this.#isStopped || head.file === undefined) return;
        this.#fillStart = head.fileBytes;
        const piece = this.#zeros.subarray(0, Math.min(this.#zeros.length, target - head.fileBytes));
        await writeAt(head.file, [piece], head.fileBytes);
        segments.resize(head, head.fileBytes + piece.length);
      }
    } finally {
      this.#fillStart = Number.POSITIVE_INFINITY;
      const onFilled = this.#onFilled;
      this.#onFilled = undefined;
      onFilled?.();
    }
  }

  /** Makes a spare, or the one there is larger. What was prepared stays so when it fails. */
  async #extendSpare(target: number): Promise<void> {
    this.#spare ??= await this.#create();
    const spare = this.#spare;
    while (spare.sizeBytes < target && !this.#isStopped && !this.#isTaking) {
      await this.#prepare(spare, Math.min(target, spare.sizeBytes + this.#zeros.length));
      this.#letWrite();
    }
  }

  /** Writes zeros up to `end`. */
  async #prepare(spare: Spare, end: number): Promise<void> {
    while (spare.sizeBytes < end) {
      const piece = this.#zeros.subarray(0, Math.min(this.#zeros.length, end - spare.sizeBytes));
      await writeAt(spare.file, [piece], spare.sizeBytes);
      spare.sizeBytes += piece.length;
    }
  }

  /** The header first, then the name, then both safe. */
  async #makeSegment(spare: Spare, segment: Segment, firstBatch: number): Promise<void> {
    const { disk, isSynced, segmentBytes } = this.#parts;
    const { number, salt } = segment;
    const header = encodeSegmentHeader(
      { number, salt, firstBatch, size: Math.max(segment.size, segmentBytes) },
      (bytes, start, end, seed) => disk.checksum(bytes, start, end, seed),
    );
    await writeAt(spare.file, [header], 0);
    if (!isSynced) await spare.file.sync();
    await disk.rename(spare.name, segment.name);
    await disk.syncFolder();
  }

  /** Makes complete segments safe that were written without a sync. */
  async #syncSealed(): Promise<void> {
    for (const sealed of this.#unsynced) {
      await (await this.#parts.segments.fileOf(sealed)).sync();
      this.#unsynced.delete(sealed);
    }
  }

  async #create(): Promise<Spare> {
    const { disk, isSynced } = this.#parts;
    const name = spareName(this.#nextSpare++);
    return { name, file: await disk.open(name, { access: "create", isSynced }), sizeBytes: 0 };
  }

  async #recycle(segment: Segment): Promise<void> {
    const { disk, segments, segmentBytes, isSynced } = this.#parts;
    // What says that the segment no longer counts has to be safe before it goes.
    await this.#syncSealed();
    if (!isSynced) await segments.head?.file?.sync();
    await segment.file?.close();
    segment.file = undefined;
    const isBetter = segment.fileBytes === segmentBytes && this.spareBytes < segmentBytes;
    if (!isBetter || this.#isStopped || !this.#isWithinBound(segmentBytes - this.spareBytes)) {
      await disk.remove(segment.name);
    } else {
      const name = spareName(this.#nextSpare++);
      await disk.rename(segment.name, name);
      const smaller = this.#spare;
      const file = await disk.open(name, { access: "write", isSynced });
      this.#spare = { name, file, sizeBytes: segmentBytes };
      if (smaller !== undefined) await this.#discard(smaller, [smaller.name]);
    }
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    this.keepAhead();
  }

  async #discard({ file }: Spare, names: readonly string[]): Promise<void> {
    await this.#quietly(() => file.close());
    await this.#quietly(() => this.#removeIfThere(names));
  }

  /** Whether `moreBytes` of prepared space leave the files within twice the live data and two segments. */
  #isWithinBound(moreBytes: number): boolean {
    const { segments, segmentBytes } = this.#parts;
    return segments.fileBytes + this.spareBytes + moreBytes <= 2 * segments.liveBytes + 2 * segmentBytes;
  }

  #inBackground(work: () => Promise<void>): void {
    this.#work = this.#work.then(() => this.#quietly(work));
  }

  /** Does what nobody waits for: its trouble is noted, and a leftover file goes at the next start. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.health.note(error);
    }
  }

  async #removeIfThere(names: readonly string[]): Promise<void> {
    const there = await this.#parts.disk.list();
    for (const { name } of there) if (names.includes(name)) await this.#parts.disk.remove(name);
  }
}
