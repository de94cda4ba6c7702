/**
 * Keeps disk use in bounds: copies what lives in the oldest segment to the end of the log, then gives the segment up.
 *
 *     [ oldest ] … [ head ]        disk ≤ 2 × live data + 2 segments
 *        └─ live records ─▶┘       then the tail moves on, in a frame that stands behind the copies
 *
 * Only the oldest segment is ever cleaned, so nothing older is left that the drops in it would be needed against: they are
 * forgotten. A copy has the id and the bytes of its record; if a crash leaves both, the later one counts, and they are the
 * same. Works in small steps, waits until each is safe, and pauses between them unless the bound is reached: then steps grow
 * with what is above it, and whoever let records die waits (`DiskBound`).
 */

import { type Clock, isPromise } from "#base";
import type { Committer } from "./committer.ts";
import type { Disk } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { EntryCursor, entryBytes, FRAMES_START } from "./format.ts";
import { FrameReader, ReadWindow } from "./frame-reader.ts";
import type { Health } from "./health.ts";
import type { LogEnd } from "./log-end.ts";
import type { RecordIndex } from "./record-index.ts";
import type { Segment, Segments } from "./segment.ts";
import type { SegmentSupply } from "./segment-supply.ts";

const WINDOW_BYTES = 1024 * 1024;
/**
 * A step copies so much, or eight times what the broker has written since the last one, or what is above the bound; up to the
 * second figure.
 */
const STEP_BYTES = 128 * 1024;
const LARGEST_STEP = 4 * 1024 * 1024;
const STEP_FACTOR = 8;
/** And no more than this part of a segment. */
const LARGEST_PART = 2;
/** After the disk has refused a read. */
const RETRY_MS = 5_000;
/** Cleaning begins when complete segments take more than this times the live data; at twice it no longer pauses. */
const BEGIN_RATIO = 1.75;
const URGENT_RATIO = 2;
/** On a full disk it begins when this part of a segment can be gained, and goes in steps of this part at most. */
const SCARCE_GAIN = 8;
const SCARCE_STEP = 64;
/** What copies take, with the frames around them. */
const COPY_FACTOR = 1.02;

/** What a cleaner is made of. */
export interface CleanerParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly segments: Segments;
  readonly index: RecordIndex;
  readonly log: LogEnd;
  readonly committer: Committer;
  readonly supply: SegmentSupply;
  readonly health: Health;
  readonly segmentBytes: number;
  readonly bytesPerSecond: number;
}

export class Cleaner {
  readonly #parts: CleanerParts;
  readonly #cursor = new EntryCursor();
  /** Segments up to this number are rewritten whatever the bound says. */
  #through = 0;
  /** What may still be copied before the next pause. */
  #left = 0;
  #step = 0;
  /** What the broker had written at the last pause. */
  #userBytes = 0;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** The disk has refused a read, and is not asked again yet. */
  #isTroubled = false;
  #endPause: (() => void) | undefined;

  constructor(parts: CleanerParts) {
    this.#parts = parts;
  }

  /** Disk use is about to become less. */
  get isHelping(): boolean {
    const { segments, supply } = this.#parts;
    if (this.#isStopped || this.#isTroubled || supply.isScarce) return false;
    return this.#running !== undefined || segments.givenUpBytes > 0;
  }

  /** Looks whether there is something to do; called after each commit. */
  wake(): void {
    if (this.#running !== undefined || this.#isStopped || this.#next() === undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Rewrites everything up to segment `number`, and resolves when it is done or cannot be. */
  async rewriteThrough(number: number): Promise<void> {
    this.#through = number;
    this.wake();
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endPause?.();
    await this.#running;
  }

  /** The segment to clean now. */
  #next(): Segment | undefined {
    const { segments, log, segmentBytes } = this.#parts;
    const { head, sealedBytes, liveBytes } = segments;
    const oldest = segments.at(Math.max(log.tail, segments.firstNumber));
    if (oldest === undefined || oldest === head) return undefined;
    const isWanted = oldest.number <= this.#through;
    if (oldest.fileBytes === 0) return isWanted ? oldest : undefined;
    if (oldest.liveBytes === 0 && head !== undefined) return oldest;
    if (!this.#hasRoomFor(oldest)) return undefined;
    if (isWanted) return oldest;
    // A store that nobody has written to yet is left alone as long as little is to be gained.
    const slack = head === undefined ? segmentBytes / 8 : 0;
    return sealedBytes > BEGIN_RATIO * liveBytes + slack ? oldest : undefined;
  }

  get #isUrgent(): boolean {
    const { segments, log } = this.#parts;
    return segments.sealedBytes > URGENT_RATIO * segments.liveBytes || log.tail <= this.#through;
  }

  /** While space is scarce, a segment is copied only when all of it fits, and when something is gained in the end. */
  #hasRoomFor(segment: Segment): boolean {
    const { segments, supply, segmentBytes } = this.#parts;
    if (!supply.isScarce) return true;
    const gain = segments.sealedBytes - segments.liveBytes;
    const needed = segment.liveBytes * COPY_FACTOR + 2 * this.#stepBytes(0);
    return gain >= segmentBytes / SCARCE_GAIN && needed <= supply.preparedBytes;
  }

  async #run(): Promise<void> {
    const { segments, log, health } = this.#parts;
    try {
      for (let segment = this.#next(); segment !== undefined; segment = this.#next()) {
        if (segment.liveBytes > 0 && !(await this.#copy(segment))) continue;
        if (this.#isStopped) return;
        segments.giveUp(segment);
        log.moveTail(segment.number + 1);
      }
    } catch (error) {
      if (error instanceof StoreError && error.kind !== "corrupt") {
        health.note(error);
        this.#isTroubled = true;
        await this.#pauseFor(RETRY_MS);
        this.#isTroubled = false;
        return;
      }
      this.#isStopped = true;
      const bug = (): StoreError => new StoreError("failed", "Cleaning met a bug.", { cause: error });
      health.report("content", error instanceof StoreError ? error : bug());
    }
  }

  /** Copies what lives in `segment` to the end of the log, step by step. False when there was no room for all of it. */
  async #copy(segment: Segment): Promise<boolean> {
    const { segments, disk } = this.#parts;
    segment.readers++;
    try {
      const file = await segments.fileOf(segment);
      const source = { file, salt: segment.salt, limit: segment.end };
      const reader = new FrameReader(source, disk, new ReadWindow(WINDOW_BYTES), FRAMES_START);
      while (segment.liveBytes > 0 && reader.position < segment.end) {
        const more = reader.next();
        if (!(isPromise(more) ? await more : more)) await this.#skipDamage(reader, segment);
        if (this.#isStopped) return true;
        this.#cursor.begin(reader.bytes, reader.bodyStart, reader.bodyEnd);
        while (this.#cursor.next()) {
          this.#left -= this.#copyEntry(segment, reader.bytesStart, reader.bytes);
          if (this.#left > 0) continue;
          await this.#pause();
          if (this.#isStopped) return true;
          if (!this.#hasRoomFor(segment)) return false;
        }
      }
      if (segment.liveBytes > 0) throw damaged(segment, reader.position);
      return true;
    } finally {
      segment.release();
    }
  }

  /** Copies the entry at the cursor if it is what counts of its record. Returns what it took. */
  #copyEntry(segment: Segment, bytesStart: number, bytes: Uint8Array): number {
    const { index, log } = this.#parts;
    const { id, isDrop, kind, start, end } = this.#cursor;
    if (isDrop || id === 0 || !index.find(id)) return 0;
    if (index.segment !== segment.number || index.offset !== bytesStart + start) return 0;
    const at = log.copy(id, kind, end - start);
    log.buffer.set(bytes.subarray(start, end), at);
    return entryBytes(end - start);
  }

  /** A gap that salvage has let pass is left out; any other stops the cleaning, and the segment stays. */
  async #skipDamage(reader: FrameReader, segment: Segment): Promise<void> {
    const { position } = reader;
    const isKnown = segment.number <= this.#through;
    if (!isKnown || (await reader.find()) === undefined) throw damaged(segment, position);
  }

  /** Until what was copied is safe, and a while longer when that was more than the broker has written times a factor. */
  async #pause(): Promise<void> {
    const { committer, log, bytesPerSecond } = this.#parts;
    await committer.whenDurable(log.batch);
    const userBytes = committer.syncedBytes - committer.copiedBytes;
    const earned = STEP_FACTOR * (userBytes - this.#userBytes);
    const owed = this.#isUrgent ? 0 : this.#step - this.#left - earned;
    this.#userBytes = userBytes;
    this.#step = this.#stepBytes(earned);
    this.#left = this.#step;
    if (owed > 0 && !this.#isStopped) await this.#pauseFor((owed / bytesPerSecond) * 1000);
  }

  /** What may be copied in one go when what the broker has written is worth `earned` bytes. */
  #stepBytes(earned: number): number {
    const { segments, supply, segmentBytes } = this.#parts;
    const excess = segments.sealedBytes - URGENT_RATIO * segments.liveBytes;
    return Math.min(
      LARGEST_STEP,
      Math.max(STEP_BYTES, earned, excess),
      segmentBytes / (supply.isScarce ? SCARCE_STEP : LARGEST_PART),
    );
  }

  async #pauseFor(pauseMs: number): Promise<void> {
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(pauseMs, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
    this.#endPause = undefined;
  }
}

function damaged(segment: Segment, offset: number): StoreError {
  return new StoreError(
    "corrupt",
    `${segment.name} can no longer be read at byte ${offset}; it stays as it is. Stop the broker and run martlet store verify.`,
    { file: segment.name, offset },
  );
}
