/**
 * Group commit: writes the batches of the end of the log one after the other, one write in flight. HOT; benchmark:
 * bench/micro/journal-on-disk.ts.
 *
 * A write begins at the end of the turn when none is in flight, else when the one in flight is done; what arrived meanwhile
 * shares it. After a failed write nothing is known of the rest of that segment, so it is never written to again: what is in
 * memory is laid out anew from the next segment on, whose header says that frames before it count only up to here. It is
 * tried again until it works.
 */

import type { Clock } from "#base";
import type { Batch } from "./batch.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { StoreError } from "./errors.ts";
import { type Checksum, FrameFlag, FrameHeader } from "./format.ts";
import type { Health } from "./health.ts";
import type { LogEnd, LogEndOwner } from "./log-end.ts";
import type { Segments } from "./segment.ts";
import type { SegmentSupply } from "./segment-supply.ts";

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/** What a committer is made of. */
export interface CommitterParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly segments: Segments;
  readonly supply: SegmentSupply;
  readonly health: Health;
  readonly isSynced: boolean;
  /** A batch is safe. */
  readonly onDurable: (batch: number) => void;
}

interface Waiter {
  readonly batch: number;
  readonly resolve: () => void;
}

export class Committer implements LogEndOwner {
  durableBatch: number;
  batches = 0;
  syncedBytes = 0;
  copiedBytes = 0;
  readonly #parts: CommitterParts;
  readonly #header = new FrameHeader();
  readonly #checksum: Checksum;
  #log: LogEnd | undefined;
  /** A write or a roll is in flight, or a retry is waited for. */
  #isBusy = false;
  #isScheduled = false;
  #isStopped = false;
  #isClosing = false;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry: (() => void) | undefined;
  #waiters: Waiter[] = [];

  constructor(parts: CommitterParts, durableBatch: number) {
    this.#parts = parts;
    this.#checksum = (bytes, start, end, seed) => parts.disk.checksum(bytes, start, end, seed);
    this.durableBatch = durableBatch;
  }

  attach(log: LogEnd): void {
    this.#log = log;
  }

  onBatchDue(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.clock.afterTurn(this.#onTurn);
  }

  /** Resolves when `batch` is safe, or when the committer has stopped. */
  async whenDurable(batch: number): Promise<void> {
    if (this.durableBatch >= batch || this.#isStopped) return;
    await new Promise<void>((resolve) => this.#waiters.push({ batch, resolve }));
  }

  /** Commits what there is, and says on disk that the store was closed after it. */
  async closeLog(log: LogEnd): Promise<void> {
    await this.whenDurable(log.batch);
    if (this.#parts.segments.head === undefined || this.#isStopped) return;
    this.#isClosing = true;
    log.touch();
    await this.whenDurable(log.batch);
  }

  /** Writes nothing more, and lets go of those who wait. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    const log = this.#log as LogEnd;
    if (!this.#isBusy) this.#start();
    else if (log.isOpenLarge) log.close();
  };

  #start(): void {
    const log = this.#log as LogEnd;
    if (log.pending.length === 0) log.close();
    const batch = log.pending[0];
    if (batch === undefined || this.#isStopped) return;
    this.#isBusy = true;
    if (batch.segment === this.#parts.segments.head) this.#write();
    else void this.#roll(batch);
  }

  /** Makes the segment of `batch` the head, then writes. */
  async #roll(batch: Batch): Promise<void> {
    const { segments, supply } = this.#parts;
    try {
      if (segments.head !== undefined) supply.seal(segments.head);
      await supply.take(batch.segment, batch.number, batch.end);
      segments.head = batch.segment;
      this.#write();
    } catch (error) {
      this.#reportAndRetry(error);
    }
  }

  readonly #write = (): void => {
    const batch = (this.#log as LogEnd).pending[0] as Batch;
    const { segment } = batch;
    const { supply, isSynced } = this.#parts;
    if (this.#isStopped || !supply.mayWrite(segment, batch.start, batch.end, this.#write)) return;
    const header = this.#header;
    const isLast = this.#isClosing && batch.number === (this.#log as LogEnd).batch;
    header.flags = (isSynced ? 0 : FrameFlag.UNSYNCED) | (isLast ? FrameFlag.CLOSED : 0);
    header.nextId = (this.#log as LogEnd).nextId;
    batch.seal(header, this.#checksum);
    (segment.file as DiskFile).write(batch.parts(), batch.start, this.#onWritten);
  };

  readonly #onWritten = (error: StoreError | undefined): void => {
    if (this.#isStopped) return;
    const log = this.#log as LogEnd;
    const batch = log.pending[0] as Batch;
    if (error !== undefined) {
      this.#parts.supply.seal(batch.segment);
      log.layOutAnew();
      this.#reportAndRetry(error);
      return;
    }
    const { segments, supply, health, onDurable } = this.#parts;
    batch.segment.end = batch.end;
    this.durableBatch = batch.number;
    this.batches++;
    this.syncedBytes += batch.bytes;
    this.copiedBytes += batch.copiedBytes;
    log.shift();
    this.#isBusy = false;
    this.#retryMs = FIRST_RETRY_MS;
    this.#start(); // the next write begins before anybody hears of this one
    while (segments.firstNumber < batch.tail) this.#retireOldest();
    supply.keepAhead();
    health.resolve("write");
    if (this.#waiters.length > 0) this.#wake();
    onDurable(batch.number);
  };

  #retireOldest(): void {
    const segment = this.#parts.segments.shift();
    if (segment !== undefined) this.#parts.supply.retire(segment);
  }

  #wake(): void {
    const due = this.#waiters.filter(({ batch }) => batch <= this.durableBatch);
    this.#waiters = this.#waiters.filter(({ batch }) => batch > this.durableBatch);
    for (const { resolve } of due) resolve();
  }

  #reportAndRetry(error: unknown): void {
    if (this.#isStopped) return;
    const { health, clock } = this.#parts;
    this.#cancelRetry = clock.schedule(this.#retryMs, () => {
      this.#isBusy = false;
      this.#start();
    });
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
    health.report(
      "write",
      error instanceof StoreError
        ? error
        : new StoreError("failed", "The journal met a bug.", { cause: error }),
    );
  }
}
