/**
 * Where segments get their files from, and where the files go.
 *
 *     create ─▶ spare, its first bytes written with zeros ─▶ segment ─▶ (given up) ─▶ spare or removed
 *
 * A synced write is cheap where the file has blocks that were written before, so zeros are written ahead of the head, and a
 * spare waits before the head is full. A segment that is given up becomes the spare when there is none. A name
 * `segment-…` always belongs to a file whose header is safe. Work in the background goes step by step, one at a time, and
 * its trouble stops nobody: without a spare one is made when it is needed.
 */

import type { Clock } from "#base";
import { type Disk, type DiskFile, writeAt } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { encodeSegmentHeader, FRAMES_START, spareName } from "./format.ts";
import type { Health } from "./health.ts";
import type { Segment, Segments } from "./segment.ts";

/** Zeros are written in pieces of at most this size: the commits that share the disk wait less. */
const LARGEST_PIECE = 256 * 1024;
/** Zeros are written ahead in steps of this part of a segment. */
const STEPS = 16;
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
  readonly #parts: SupplyParts;
  readonly #stepBytes: number;
  readonly #zeros: Uint8Array;
  #spare: Spare | undefined;
  #nextSpare = 1;
  /** All work in the background, one piece after the other. */
  #work: Promise<void> = Promise.resolve();
  #isAhead = false;
  /** Zeros are being written from here on. */
  #fillStart = Number.POSITIVE_INFINITY;
  #onFilled: (() => void) | undefined;
  /** Complete segments that no sync has followed yet. */
  readonly #unsynced = new Set<Segment>();
  #cancelRetry: (() => void) | undefined;
  #isStopped = false;

  constructor(parts: SupplyParts) {
    this.#parts = parts;
    this.#stepBytes = Math.max(1024, Math.floor(parts.segmentBytes / STEPS));
    this.#zeros = new Uint8Array(Math.min(LARGEST_PIECE, this.#stepBytes));
  }

  /** The size of the spare, for the sum of all files. */
  get spareBytes(): number {
    return this.#spare?.sizeBytes ?? 0;
  }

  /** Uses a file that an earlier run has left, if its size is right; removes it if not. */
  async adopt(name: string, sizeBytes: number): Promise<void> {
    const { disk, segmentBytes, isSynced } = this.#parts;
    this.#nextSpare = Math.max(this.#nextSpare, Number(/\d+/.exec(name)?.[0] ?? 0) + 1);
    if (this.#spare !== undefined || sizeBytes !== segmentBytes) {
      await disk.remove(name);
      return;
    }
    const file = await disk.open(name, { access: "write", isSynced });
    this.#spare = { name, file, sizeBytes };
  }

  /** Gives `segment` its file; rejects with `StoreError`, and then nothing of it is left. */
  async take(segment: Segment, firstBatch: number): Promise<void> {
    const { disk, segments, isSynced } = this.#parts;
    await this.#work;
    // What the new header says of the segments before it has to hold after a crash.
    for (const sealed of this.#unsynced) {
      await (await segments.fileOf(sealed)).sync();
      this.#unsynced.delete(sealed);
    }
    const spare = this.#spare ?? (await this.#create());
    this.#spare = undefined;
    const header = encodeSegmentHeader({ ...segmentFields(segment), firstBatch }, (bytes, start, end, seed) =>
      disk.checksum(bytes, start, end, seed),
    );
    try {
      await writeAt(spare.file, [header], 0);
      if (!isSynced) await spare.file.sync();
      await disk.rename(spare.name, segment.name);
      await disk.syncFolder();
    } catch (error) {
      await this.#quietly(() => spare.file.close());
      await this.#quietly(() => this.#removeIfThere([spare.name, segment.name]));
      throw error;
    }
    segment.file = spare.file;
    segments.resize(segment, Math.max(spare.sizeBytes, FRAMES_START));
  }

  /** Whether a frame that ends at `end` of the head can be written now; if not, `onFree` is called once it can. */
  mayWrite(head: Segment, end: number, onFree: () => void): boolean {
    if (end > this.#fillStart) {
      this.#onFilled = onFree;
      return false;
    }
    if (end > head.fileBytes) this.#parts.segments.resize(head, end);
    return true;
  }

  /** Looks whether there is enough prepared space ahead; called after each commit. */
  keepAhead(): void {
    const { head } = this.#parts.segments;
    if (head === undefined || this.#isAhead || this.#isStopped || this.#cancelRetry !== undefined) return;
    const step = this.#stepBytes;
    if (head.fileBytes < head.size && head.fileBytes - head.end < 2 * step)
      this.#goAhead(() => this.#fill(head));
    else if (this.#spare === undefined && head.size - head.end < 4 * step && this.#isWithinBound(2 * step)) {
      this.#goAhead(() => this.#prepareSpare());
    }
  }

  /** Nothing more is written to `segment`. What is prepared behind its frames is cut off when it is much. */
  seal(segment: Segment): void {
    const { segments, segmentBytes, isSynced } = this.#parts;
    segments.seal(segment);
    if (!isSynced) this.#unsynced.add(segment);
    this.#inBackground(async () => {
      const { file } = segment;
      if (file === undefined) return;
      if (segment.fileBytes - segment.end > segmentBytes / STEPS) {
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
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) await this.#quietly(() => spare.file.close());
  }

  #goAhead(work: () => Promise<void>): void {
    this.#isAhead = true;
    const { health, clock } = this.#parts;
    this.#inBackground(async () => {
      try {
        await work();
        health.resolve("space");
      } catch (error) {
        const isFull = error instanceof StoreError && error.kind === "full";
        if (isFull && this.#preparedBytes < 4 * this.#stepBytes) health.report("space", error);
        else health.note(error);
        this.#cancelRetry = clock.schedule(RETRY_MS, () => {
          this.#cancelRetry = undefined;
          this.keepAhead();
        });
      } finally {
        this.#isAhead = false;
      }
    });
  }

  /** Space in which commits cannot fail for want of it. */
  get #preparedBytes(): number {
    const { head } = this.#parts.segments;
    return (head === undefined ? 0 : head.fileBytes - head.end) + this.spareBytes;
  }

  async #fill(head: Segment): Promise<void> {
    const { segments } = this.#parts;
    const target = Math.min(head.size, Math.max(head.fileBytes, head.end) + 3 * this.#stepBytes);
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

  async #prepareSpare(): Promise<void> {
    const spare = await this.#create();
    const target = Math.min(this.#parts.segmentBytes, 2 * this.#stepBytes);
    try {
      while (spare.sizeBytes < target && !this.#isStopped) {
        const piece = this.#zeros.subarray(0, Math.min(this.#zeros.length, target - spare.sizeBytes));
        await writeAt(spare.file, [piece], spare.sizeBytes);
        spare.sizeBytes += piece.length;
      }
    } catch (error) {
      await this.#quietly(() => spare.file.close());
      await this.#quietly(() => this.#removeIfThere([spare.name]));
      throw error;
    }
    this.#spare = spare;
  }

  async #create(): Promise<Spare> {
    const { disk, isSynced } = this.#parts;
    const name = spareName(this.#nextSpare++);
    return { name, file: await disk.open(name, { access: "create", isSynced }), sizeBytes: 0 };
  }

  async #recycle(segment: Segment): Promise<void> {
    const { disk, segments, segmentBytes, isSynced, health } = this.#parts;
    // What says that the segment no longer counts has to be safe before it goes.
    if (!isSynced) await segments.head?.file?.sync();
    await segment.file?.close();
    segment.file = undefined;
    const isWanted = this.#spare === undefined && segment.fileBytes === segmentBytes && !this.#isStopped;
    if (!isWanted || !this.#isWithinBound(segmentBytes)) {
      await disk.remove(segment.name);
    } else {
      const name = spareName(this.#nextSpare++);
      await disk.rename(segment.name, name);
      const file = await disk.open(name, { access: "write", isSynced });
      this.#spare = { name, file, sizeBytes: segmentBytes };
    }
    health.resolve("space");
    this.keepAhead();
  }

  /** Whether `moreBytes` of prepared space leave the files within twice the live data and two segments. */
  #isWithinBound(moreBytes: number): boolean {
    const { segments, segmentBytes } = this.#parts;
    return segments.fileBytes + moreBytes <= 2 * segments.liveBytes + 2 * segmentBytes;
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

function segmentFields({ number, size, salt }: Segment): { number: number; size: number; salt: number } {
  return { number, size, salt };
}
