/**
 * What goes to one client. HOT.
 *
 * Packets of one turn are appended to a slab from a pool and leave in one write at the end of the turn, or at once when
 * much waits. A connection owns a slab only while it has something to send: idle ones own no buffer. Slabs that the pipe
 * has not taken wait here until it has.
 */

import { copyBytes, EMPTY_BYTES, Ring } from "#base";
import type { Pipe } from "#transport";

/** Most turns send little to one client; a slab is changed for a larger one when they do not. */
const SLAB_SIZES = [4 * 1024, 32 * 1024, 128 * 1024];
const LARGE_SLAB = 128 * 1024;
/** More than this is written at once, without waiting for the end of the turn. */
const FLUSH_AT = 32 * 1024;
/** Payloads from here on are handed to the pipe as they are, shared by all receivers. */
export const LARGE_PAYLOAD = 32 * 1024;

/** Free slabs of each size that are kept, in bytes; more are left to the garbage collector. */
const FREE_BYTES = 8 * 1024 * 1024;

/** The slabs and the clients with unsent output of one broker. */
export class OutputPool {
  readonly #afterTurn: (run: () => void) => void;
  readonly #free: readonly Uint8Array[][] = SLAB_SIZES.map(() => []);
  #dirty: Output[] = [];
  #spare: Output[] = [];
  readonly #flushDirty = (): void => this.#flush();
  /** Bytes handed to pipes and not taken, over all clients. */
  unwrittenBytes = 0;
  /** Bytes handed to pipes, ever. */
  sentBytes = 0;

  /** @param afterTurn the clock's */
  constructor(afterTurn: (run: () => void) => void) {
    this.#afterTurn = afterTurn;
  }

  take(sizeBytes: number): Uint8Array {
    for (let i = 0; i < SLAB_SIZES.length; i++) {
      const slabSize = SLAB_SIZES[i] as number;
      if (sizeBytes <= slabSize) return (this.#free[i] as Uint8Array[]).pop() ?? new Uint8Array(slabSize);
    }
    return new Uint8Array(sizeBytes);
  }

  give(slab: Uint8Array): void {
    const at = SLAB_SIZES.indexOf(slab.length);
    if (at < 0) return;
    const free = this.#free[at] as Uint8Array[];
    if (free.length * slab.length < FREE_BYTES) free.push(slab);
  }

  markDirty(output: Output): void {
    if (this.#dirty.length === 0) this.#afterTurn(this.#flushDirty);
    this.#dirty.push(output);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    this.#spare = dirty;
    for (let i = 0; i < dirty.length; i++) (dirty[i] as Output).flushTurn();
    dirty.length = 0;
  }
}

/** A write that the pipe has not taken. */
interface Waiting {
  readonly slab: Uint8Array;
  readonly sizeBytes: number;
}

export class Output {
  readonly #pipe: Pipe;
  readonly #pool: OutputPool;
  #slab: Uint8Array = EMPTY_BYTES;
  #used = 0;
  #isDirty = false;
  #isClosed = false;
  #waiting: Ring<Waiting> | undefined = undefined;
  #waitingBytes = 0;

  constructor(pipe: Pipe, pool: OutputPool) {
    this.#pipe = pipe;
    this.#pool = pool;
  }

  /** Bytes that the connection has not taken yet. */
  get pendingBytes(): number {
    return this.#used + this.#waitingBytes;
  }

  /** Makes room for `sizeBytes` in one piece; write them to `slab` at the returned offset, then `advance`. */
  reserve(sizeBytes: number): number {
    if (this.#used + sizeBytes > this.#slab.length) this.#makeRoom(sizeBytes);
    return this.#used;
  }

  get slab(): Uint8Array {
    return this.#slab;
  }

  /** The bytes up to `end` are written. */
  advance(end: number): void {
    this.#used = end;
    if (end > FLUSH_AT) this.flush();
    else if (!this.#isDirty) {
      this.#isDirty = true;
      this.#pool.markDirty(this);
    }
  }

  /** Appends a copy of `bytes[start, end)`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    const at = this.reserve(end - start);
    this.advance(copyBytes(this.#slab, at, bytes, start, end));
  }

  /** Sends `bytes` without a copy; they must not change as long as anybody may read them. */
  appendShared(bytes: Uint8Array): void {
    this.flush();
    this.#write(bytes, EMPTY_BYTES);
  }

  /** Writes what waits in the slab. */
  flush(): void {
    const used = this.#used;
    if (used === 0) return;
    const slab = this.#slab;
    this.#slab = EMPTY_BYTES;
    this.#used = 0;
    this.#write(slab.subarray(0, used), slab);
  }

  /** @internal the end of the turn */
  flushTurn(): void {
    this.#isDirty = false;
    this.flush();
  }

  /** The pipe took the oldest write that it had kept. */
  onWritten(): void {
    const taken = this.#waiting?.shift();
    if (taken === undefined) return;
    this.#waitingBytes -= taken.sizeBytes;
    this.#pool.unwrittenBytes -= taken.sizeBytes;
    this.#pool.give(taken.slab);
  }

  /** Nothing more goes out; what waits is forgotten. */
  close(): void {
    this.#isClosed = true;
    this.#pool.unwrittenBytes -= this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#waiting = undefined;
    if (this.#slab !== EMPTY_BYTES) this.#pool.give(this.#slab);
    this.#slab = EMPTY_BYTES;
    this.#used = 0;
  }

  #write(bytes: Uint8Array, slab: Uint8Array): void {
    if (this.#isClosed) {
      this.#pool.give(slab);
      return;
    }
    this.#pool.sentBytes += bytes.length;
    if (this.#pipe.write(bytes)) {
      this.#pool.give(slab);
      return;
    }
    (this.#waiting ??= new Ring()).push({ slab, sizeBytes: bytes.length });
    this.#waitingBytes += bytes.length;
    this.#pool.unwrittenBytes += bytes.length;
  }

  #makeRoom(sizeBytes: number): void {
    const wanted = this.#used + sizeBytes;
    if (this.#used === 0 || wanted > LARGE_SLAB) {
      this.flush();
      this.#replaceSlab(this.#pool.take(sizeBytes));
      return;
    }
    const larger = this.#pool.take(wanted);
    copyBytes(larger, 0, this.#slab, 0, this.#used);
    this.#replaceSlab(larger);
  }

  #replaceSlab(slab: Uint8Array): void {
    if (this.#slab !== EMPTY_BYTES) this.#pool.give(this.#slab);
    this.#slab = slab;
  }
}
