/**
 * The port of durable state: a map from numbers to records, written in batches.
 *
 * A record has a `kind`, whose meaning belongs to the users of the store, and bytes. Its id is given out by the store in
 * rising order and never used again. What is added, replaced and dropped between two commits is one batch, which after a
 * crash is there as a whole or not at all. Nothing here waits for the disk except `open`, `close` and a `read` of bytes that
 * are no longer in memory. `contract.ts` says the same in code; every implementation passes it.
 */

import type { MaybePromise } from "#base";
import type { StoreError } from "./errors.ts";

/**
 * `durable`: written and synced before a batch counts. `os`: handed to the system, so that a crash of the process loses
 * nothing and one of the machine loses the latest batches. `memory`: nothing outlives the process.
 */
export type StoreMode = "durable" | "os" | "memory";

/** Hears one live record; the bytes are `bytes[start, end)` and valid during the call only. */
export type RecordVisitor = (kind: number, id: number, bytes: Uint8Array, start: number, end: number) => void;

/** A place in the store's folder. */
export interface StoreRange {
  readonly file: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What `open` found. */
export interface RecoveryReport {
  readonly records: number;
  readonly segments: number;
  /** The last batch that was recovered; 0 in a new store. */
  readonly batch: number;
  /** Whether the store was closed in order; true for a new one. */
  readonly wasClosed: boolean;
  /** What lay behind the last whole batch and was cut off: a write that a crash interrupted, never acknowledged. */
  readonly cut: StoreRange | undefined;
  /** Whole batches that were cut off with it, because one before them is missing. Only after a crash in mode `os`. */
  readonly lostBatches: number;
  /** What could not be read and was skipped. Empty unless the store was opened with `salvage`. */
  readonly salvaged: readonly StoreRange[];
  readonly durationMs: number;
}

/** Figures of a store; sizes in bytes. */
export interface StoreStats {
  readonly records: number;
  /** Live records with the few bytes that go with each on disk. */
  readonly liveBytes: number;
  readonly segments: number;
  /** Sizes of all files, prepared space included. */
  readonly diskBytes: number;
  /** Batches committed since `open`. */
  readonly batches: number;
  /** Written for batches since `open`. */
  readonly syncedBytes: number;
  /** Of those, copies made by cleaning. */
  readonly copiedBytes: number;
  /** Added and not committed yet. */
  readonly unwrittenBytes: number;
  /** Memory of the index over all records. */
  readonly indexBytes: number;
  /** Memory of what was read ahead. */
  readonly readAheadBytes: number;
  /** Reads from disk since `open`. */
  readonly diskReads: number;
  /** The latest trouble of the disk, also of work in the background, as a sentence. */
  readonly lastError: string | undefined;
}

/** Hears of commits and of trouble; never from inside a call to the store. Its methods do not throw. */
export interface StoreListener {
  /** Everything up to `batch` is safe. Not called for batches that were safe at once. */
  onDurable(batch: number): void;
  /** Writes fail, or space is about to run out. Once an outage; nothing is lost, the store goes on trying. */
  onTrouble(error: StoreError): void;
  /** The outage is over. */
  onRecovered(): void;
}

/** Durable state. Every call but `open` wants an open store. */
export interface Store {
  readonly mode: StoreMode;
  listener: StoreListener | undefined;

  /** Once, before anything else: hands over every live record in the order of the log. Throws `StoreError`. */
  open(onRecord: RecordVisitor): Promise<RecoveryReport>;

  /**
   * Adds a record with a copy of `bytes[start, end)` and returns its id.
   *
   * @param kind 0 to 255
   */
  add(kind: number, bytes: Uint8Array, start: number, end: number): number;

  /**
   * Adds a record of `sizeBytes` that the caller writes itself: to `buffer`, from `offset` on, before the next call to the
   * store. Returns its id.
   */
  reserve(kind: number, sizeBytes: number): number;
  /** Where the last `reserve` made room. */
  readonly buffer: Uint8Array;
  /** Where in `buffer` that room begins. */
  readonly offset: number;

  /** Gives a live record other bytes. Throws `StateError` for an id that is not live. */
  replace(id: number, kind: number, bytes: Uint8Array, start: number, end: number): void;

  /** Ends a record. Does nothing for an id that is not live. */
  drop(id: number): void;

  has(id: number): boolean;

  /**
   * The bytes of a live record: at once where they are in memory, else a promise. They are valid until the end of the turn
   * in which the caller gets them. A record that is replaced or dropped meanwhile still gives the bytes it had. Throws
   * `StateError` for an id that is not live; rejects with `StoreError` when the disk does not give them.
   */
  read(id: number): MaybePromise<Uint8Array>;

  /**
   * As `read`, where nothing is to be waited for and nothing to be made: when the bytes of a live record are in memory, returns
   * true, and they are `foundBytes[foundStart, foundEnd)` until the next call. Else false, and `read` gets them. Throws as
   * `read` does.
   */
  find(id: number): boolean;
  readonly foundBytes: Uint8Array;
  readonly foundStart: number;
  readonly foundEnd: number;

  /** The batch that what was added so far belongs to. It is safe once `durableBatch` has reached it. */
  readonly batch: number;
  /** Everything up to this batch is safe, as far as the mode goes. */
  readonly durableBatch: number;

  /**
   * False between a failed write and the first that succeeds again, when space is about to run out, and while more waits
   * to be written than the store is meant to hold. Everything still works; a broker that takes no new work then stays
   * bounded.
   */
  readonly isHealthy: boolean;

  stats(): StoreStats;

  /** Commits everything, then lets go of the folder. Rejects with `StoreError` when that is not possible in time. */
  close(): Promise<void>;
}
