/**
 * A store on disk: a log of batches in segment files, and an index over it in memory. HOT: `add`, `reserve`, `replace`, `drop`
 * and `find`; benchmark: bench/micro/journal-on-disk.ts.
 *
 *     add, replace, drop ─▶ log end ─▶ committer ─▶ segments on the disk ─▶ cleaner ─▶ back to the log end
 *                              └ index: id ─▶ segment, offset, size             └ read ahead ─▶ read
 *
 * Everything goes through the ports `Disk`, `Clock` and `Random`, so it runs under a virtual clock on a simulated disk as it
 * does on a real one. docs/explanation/journal.md tells how it fits together.
 */

import {
  type Clock,
  copyBytes,
  EMPTY_BYTES,
  InvariantError,
  type MaybePromise,
  type Random,
  StateError,
} from "#base";
import { Cleaner } from "./cleaner.ts";
import { Committer } from "./committer.ts";
import { type Disk, type DiskFile, writeAt } from "./disk.ts";
import { DiskBound } from "./disk-bound.ts";
import { StoreError } from "./errors.ts";
import { LARGEST_RECORD } from "./format.ts";
import { Health } from "./health.ts";
import { completeJournalSettings, type JournalSettings } from "./journal-settings.ts";
import { LogEnd } from "./log-end.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { RecordIndex } from "./record-index.ts";
import { type Problem, type Recovered, Recovery } from "./recovery.ts";
import type { Segments } from "./segment.ts";
import { SegmentSupply } from "./segment-supply.ts";
import type { RecordVisitor, RecoveryReport, Store, StoreListener, StoreRange, StoreStats } from "./store.ts";

/** What a journal stands on. */
export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: `durable`. */
  readonly mode?: "durable" | "os";
  readonly settings?: Partial<JournalSettings>;
  /**
   * Opens a damaged journal without what cannot be read, instead of refusing. Copies of the damaged files are kept. Default:
   * false.
   */
  readonly salvage?: boolean;
}

/** What there is between `open` and `close`. */
interface Parts {
  readonly index: RecordIndex;
  readonly segments: Segments;
  readonly supply: SegmentSupply;
  readonly log: LogEnd;
  readonly committer: Committer;
  readonly cleaner: Cleaner;
  readonly bound: DiskBound;
  readonly readAhead: ReadAhead;
}

/**
 * A store in a folder.
 *
 *     const store = new Journal({ disk: nodeDisk("martlet-data"), clock: systemClock(), random: systemRandom() });
 *     await store.open((kind, id, bytes, start, end) => remember(kind, id, bytes.slice(start, end)));
 *     store.listener = { onDurable: (batch) => acknowledgeUpTo(batch), onTrouble: log, onRecovered: log };
 *     const id = store.add(1, payload, 0, payload.length);
 */
export class Journal implements Store {
  readonly mode: "durable" | "os";
  listener: StoreListener | undefined;
  offset = 0;
  foundBytes: Uint8Array = EMPTY_BYTES;
  foundStart = 0;
  foundEnd = 0;
  readonly #options: JournalOptions;
  readonly #settings: JournalSettings;
  readonly #health: Health;
  #parts: Parts | undefined;
  #log: LogEnd | undefined;
  #state: "new" | "opening" | "open" | "closed" = "new";

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#settings = completeJournalSettings(options.settings);
    this.mode = options.mode ?? "durable";
    this.#health = new Health({
      onTrouble: (error) => this.listener?.onTrouble(error),
      onRecovered: () => this.listener?.onRecovered(),
    });
  }

  async open(onRecord: RecordVisitor): Promise<RecoveryReport> {
    if (this.#state !== "new") throw new StateError("A store opens once; make another one.");
    this.#state = "opening";
    const { disk, clock } = this.#options;
    const startedMs = clock.now();
    await disk.lock();
    const salvaged: StoreRange[] = [];
    const recovery = this.#recovery(salvaged);
    try {
      const recovered = await recovery.scan();
      await recovery.visit(onRecord);
      const { index, segments, batch, wasClosed, cut, lostBatches } = recovered;
      const report = {
        records: index.records,
        segments: segments.count,
        batch,
        wasClosed,
        cut,
        lostBatches,
        salvaged,
        durationMs: clock.now() - startedMs,
      };
      await this.#start(recovered);
      return report;
    } catch (error) {
      this.#state = "closed";
      await recovery.close();
      await disk.unlock();
      throw error;
    }
  }

  add(kind: number, bytes: Uint8Array, start: number, end: number): number {
    const log = this.#requireLog();
    const at = log.putNew(kind, checkedSize(end - start));
    copyBytes(log.buffer, at, bytes, start, end);
    return log.nextId - 1;
  }

  reserve(kind: number, sizeBytes: number): number {
    const log = this.#requireLog();
    this.offset = log.putNew(kind, checkedSize(sizeBytes));
    return log.nextId - 1;
  }

  get buffer(): Uint8Array {
    return this.#requireLog().buffer;
  }

  replace(id: number, kind: number, bytes: Uint8Array, start: number, end: number): void {
    const log = this.#requireLog();
    const at = log.replace(id, kind, checkedSize(end - start));
    copyBytes(log.buffer, at, bytes, start, end);
  }

  drop(id: number): void {
    this.#requireLog().drop(id);
  }

  has(id: number): boolean {
    return this.#requireParts().index.find(id);
  }

  read(id: number): MaybePromise<Uint8Array> {
    const { index, segments, readAhead } = this.#requireParts();
    if (this.#state !== "open") throw new StateError("The store is closed.");
    if (!index.find(id)) throw new StateError(`Record ${id} is not there to be read.`);
    const { segment: number, offset, size } = index;
    const inMemory = this.#requireLog().view(number, offset, size);
    if (inMemory !== undefined) return inMemory;
    const segment = segments.at(number);
    if (segment === undefined) throw new InvariantError(`Record ${id} lies in a segment that is gone.`);
    return readAhead.read(id, segment, offset, size);
  }

  find(id: number): boolean {
    const { index, readAhead } = this.#requireParts();
    if (this.#state !== "open") throw new StateError("The store is closed.");
    if (!index.find(id)) throw new StateError(`Record ${id} is not there to be read.`);
    const { segment, offset, size } = index;
    const inMemory = this.#requireLog().view(segment, offset, size);
    if (inMemory !== undefined) {
      this.foundBytes = inMemory;
      this.foundStart = 0;
    } else if (readAhead.find(id, segment, offset, size)) {
      this.foundBytes = readAhead.foundBytes;
      this.foundStart = readAhead.foundStart;
    } else return false;
    this.foundEnd = this.foundStart + size;
    return true;
  }

  get batch(): number {
    return this.#requireLog().batch;
  }

  get durableBatch(): number {
    const { bound, committer } = this.#requireParts();
    return this.#state === "open" ? bound.toldBatch : committer.durableBatch;
  }

  get isHealthy(): boolean {
    return this.#health.isGood && this.#requireLog().unwrittenBytes <= this.#settings.maximumUnwrittenBytes;
  }

  stats(): StoreStats {
    const { index, segments, supply, log, committer, readAhead } = this.#requireParts();
    return {
      records: index.records,
      liveBytes: segments.liveBytes,
      segments: segments.count,
      diskBytes: segments.fileBytes + supply.spareBytes,
      batches: committer.batches,
      syncedBytes: committer.syncedBytes,
      copiedBytes: committer.copiedBytes,
      unwrittenBytes: log.unwrittenBytes,
      indexBytes: index.bytes,
      readAheadBytes: readAhead.bytes,
      diskReads: readAhead.reads,
      lastError: this.#health.lastError,
    };
  }

  /** Rewrites everything that was there at `open`, so that only what is live stays. Resolves when it is safe. */
  async compact(): Promise<void> {
    const { segments, cleaner, committer, log } = this.#requireParts();
    const last = segments.at(segments.firstNumber + segments.count - 1);
    if (last === undefined) return;
    await cleaner.rewriteThrough(last.number);
    await committer.whenDurable(log.batch);
  }

  async close(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "closed";
    const { log, committer, cleaner, bound, supply, segments, readAhead } = this.#requireParts();
    const { disk, clock } = this.#options;
    log.isEnded = true;
    readAhead.isEnded = true;
    const cleaned = cleaner.stop();
    const isInTime = await new Promise<boolean>((resolve) => {
      const cancel = clock.schedule(this.#settings.closeTimeoutMs, () => resolve(false));
      void committer.closeLog(log).then(() => {
        cancel();
        resolve(true);
      });
    });
    const { unwrittenBytes } = log;
    committer.stop();
    bound.stop();
    if (!isInTime) {
      // A write may still be under way, so the folder stays locked until the process ends.
      throw new StoreError(
        "failed",
        `${disk.name}: ${unwrittenBytes} bytes could not be written before the store was closed. ${this.#health.lastError ?? "The disk does not answer."}`,
      );
    }
    await cleaned;
    if (segments.head !== undefined) supply.seal(segments.head, 0);
    await supply.stop();
    await segments.closeAll();
    await disk.unlock();
  }

  #requireLog(): LogEnd {
    const log = this.#log;
    if (log === undefined) throw new StateError("The store is not open.");
    return log;
  }

  #requireParts(): Parts {
    const parts = this.#parts;
    if (parts === undefined) throw new StateError("The store is not open.");
    return parts;
  }

  #recovery(salvaged: StoreRange[]): Recovery {
    const { disk, random, salvage = false } = this.#options;
    return new Recovery(disk, random, this.#settings.segmentBytes, async (problem) => {
      if (!salvage) throw damageError(problem);
      const { file, offset, sizeBytes } = problem;
      salvaged.push({ file, offset, sizeBytes });
      await keepCopy(disk, file);
    });
  }

  /** Puts everything together behind what was recovered, and tidies the folder. */
  async #start(recovered: Recovered): Promise<void> {
    const { disk, clock } = this.#options;
    const { index, segments, batch, nextId, tail } = recovered;
    const { segmentBytes, batchBytes, readAheadBytes, readAheadTotalBytes } = this.#settings;
    const health = this.#health;
    const isSynced = this.mode === "durable";
    const supply = new SegmentSupply({ disk, clock, segments, health, segmentBytes, isSynced });
    try {
      await tidy(disk, recovered, supply);
    } catch (error) {
      await supply.stop();
      throw error;
    }
    const onDurable = (durable: number): void => {
      cleaner.wake();
      bound.onSynced(durable);
    };
    const committer = new Committer({ disk, clock, segments, supply, health, isSynced, onDurable }, batch);
    const log = new LogEnd(committer, index, segments, { batch, nextId, tail }, batchBytes);
    committer.attach(log);
    const cleaner = new Cleaner({
      disk,
      clock,
      segments,
      index,
      log,
      committer,
      supply,
      health,
      segmentBytes,
      bytesPerSecond: this.#settings.cleaningBytesPerSecond,
    });
    const tell = (durable: number): void => this.listener?.onDurable(durable);
    const bound = new DiskBound({ clock, segments, supply, cleaner, segmentBytes, onDurable: tell }, batch);
    const readAhead = new ReadAhead(segments, readAheadBytes, readAheadTotalBytes);
    this.#parts = { index, segments, supply, log, committer, cleaner, bound, readAhead };
    this.#log = log;
    this.#state = "open";
    if (recovered.lastDamaged > 0) void cleaner.rewriteThrough(recovered.lastDamaged);
    else cleaner.wake();
  }
}

function checkedSize(size: number): number {
  if (size >= 0 && size <= LARGEST_RECORD) return size;
  throw new StateError(`A record of ${size} bytes is not possible; the largest has ${LARGEST_RECORD}.`);
}

/** Makes safe what was found, cuts off what does not count, and removes what an earlier run has left. */
async function tidy(disk: Disk, recovered: Recovered, supply: SegmentSupply): Promise<void> {
  const { segments, leftovers, spares, lastFrameStart } = recovered;
  const last = segments.at(segments.firstNumber + segments.count - 1);
  if (last !== undefined) {
    const file = await disk.open(last.name, { access: "write", isSynced: true });
    try {
      if (lastFrameStart > 0) await writeAgain(file, lastFrameStart, last.end);
      await file.sync();
      if (last.fileBytes > last.end) {
        await file.truncate(last.end);
        segments.resize(last, last.end);
      }
    } finally {
      await file.close();
    }
  }
  // Later names count on the earlier ones, which a process that was killed may not have made safe.
  await disk.syncFolder();
  for (const name of leftovers) await disk.remove(name);
  for (const { name, sizeBytes } of spares.toSorted((a, b) => b.sizeBytes - a.sizeBytes)) {
    await supply.adopt(name, sizeBytes);
  }
}

/**
 * The last frame may come from a write that failed before the process died: then it is in the system's memory, counts as
 * clean there, and no sync would bring it to the disk.
 */
async function writeAgain(file: DiskFile, start: number, end: number): Promise<void> {
  const bytes = new Uint8Array(end - start);
  const got = await file.read(bytes, start);
  await writeAt(file, [bytes.subarray(0, got)], start);
}

function damageError({ file, offset, sentence }: Problem): StoreError {
  return new StoreError(
    "corrupt",
    `${sentence}. Restore the folder from a backup, or run martlet store compact with --salvage: it goes on without what cannot be read, and keeps a copy of the file.`,
    { file, offset },
  );
}

/** Keeps a damaged file as it is, once. */
async function keepCopy(disk: Disk, file: string): Promise<void> {
  const copy = `damaged-${file}`;
  const names = (await disk.list()).map(({ name }) => name);
  if (names.includes(file) && !names.includes(copy)) await disk.copy(file, copy);
}
