/**
 * A store that nothing outlives: for `--no-persistence`, and the plain model that the journal is tested against.
 *
 * Every batch is safe at once; there is one batch for each call that changes something.
 */

import { copyBytes, EMPTY_BYTES, StateError } from "#base";
import type { RecordVisitor, RecoveryReport, Store, StoreListener, StoreStats } from "./store.ts";

/** A store in memory. `open` finds nothing. */
export class MemoryStore implements Store {
  readonly mode = "memory";
  listener: StoreListener | undefined;
  buffer: Uint8Array = EMPTY_BYTES;
  readonly offset = 0;
  batch = 0;
  readonly isHealthy = true;
  foundBytes: Uint8Array = EMPTY_BYTES;
  readonly foundStart = 0;
  readonly #records = new Map<number, Uint8Array>();
  #nextId = 1;
  #liveBytes = 0;
  #state: "new" | "open" | "closed" = "new";

  get durableBatch(): number {
    return this.batch;
  }

  async open(_onRecord: RecordVisitor): Promise<RecoveryReport> {
    if (this.#state !== "new") throw new StateError("A store opens once; make another one.");
    this.#state = "open";
    return {
      records: 0,
      segments: 0,
      batch: 0,
      wasClosed: true,
      cut: undefined,
      lostBatches: 0,
      salvaged: [],
      durationMs: 0,
    };
  }

  add(kind: number, bytes: Uint8Array, start: number, end: number): number {
    const id = this.reserve(kind, end - start);
    copyBytes(this.buffer, 0, bytes, start, end);
    return id;
  }

  reserve(_kind: number, sizeBytes: number): number {
    this.#change();
    this.buffer = new Uint8Array(sizeBytes);
    this.#records.set(this.#nextId, this.buffer);
    this.#liveBytes += sizeBytes;
    return this.#nextId++;
  }

  replace(id: number, _kind: number, bytes: Uint8Array, start: number, end: number): void {
    const old = this.#records.get(id);
    if (old === undefined) throw new StateError(`Record ${id} is not there to be replaced.`);
    this.#change();
    this.#records.set(id, bytes.slice(start, end));
    this.#liveBytes += end - start - old.length;
  }

  drop(id: number): void {
    const old = this.#records.get(id);
    if (old === undefined) return;
    this.#change();
    this.#records.delete(id);
    this.#liveBytes -= old.length;
  }

  has(id: number): boolean {
    return this.#records.has(id);
  }

  read(id: number): Uint8Array {
    const bytes = this.#records.get(id);
    if (bytes === undefined) throw new StateError(`Record ${id} is not there to be read.`);
    return bytes;
  }

  find(id: number): boolean {
    this.foundBytes = this.read(id);
    return true;
  }

  get foundEnd(): number {
    return this.foundBytes.length;
  }

  stats(): StoreStats {
    return {
      records: this.#records.size,
      liveBytes: this.#liveBytes,
      segments: 0,
      diskBytes: 0,
      batches: this.batch,
      syncedBytes: 0,
      copiedBytes: 0,
      unwrittenBytes: 0,
      indexBytes: 0,
      readAheadBytes: 0,
      diskReads: 0,
      lastError: undefined,
    };
  }

  async close(): Promise<void> {
    this.#state = "closed";
  }

  #change(): void {
    if (this.#state !== "open") throw new StateError("The store is not open.");
    this.batch++;
  }
}
