/**
 * What goes to one client. HOT.
 *
 * Packets of one turn are appended to a slab from a pool and leave in one write at the end of the turn, or at once when
 * much waits. A connection owns a slab only while it has something to send: idle ones own no buffer. Slabs that the pipe
 * has not taken wait here until it has.
 *
 * What acknowledges something must not leave before that is in the store. `holdUntil` keeps back everything from there on
 * until its batch is; what was said before goes out.
 *
 *     waiting: handed to the pipe | held: batch 7, batch 8 | slab: batch 8, still written to
 */

import { copyBytes, EMPTY_BYTES, newSlab, Ring } from "#base";
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
  /** Everything up to this batch is in the store. */
  durableBatch = 0;
  #holding: Output[] = [];

  /** @param afterTurn the clock's */
  constructor(afterTurn: (run: () => void) => void) {
    this.#afterTurn = afterTurn;
  }

  take(sizeBytes: number): Uint8Array {
    for (let i = 0; i < SLAB_SIZES.length; i++) {
      const slabSize = SLAB_SIZES[i] as number;
      if (sizeBytes <= slabSize) return (this.#free[i] as Uint8Array[]).pop() ?? newSlab(slabSize);
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

  /** `output` holds something back. */
  markHolding(output: Output): void {
    this.#holding.push(output);
  }

  /** Everything up to `batch` is in the store now: what waited for it leaves. */
  release(batch: number): void {
    this.durableBatch = batch;
    const holding = this.#holding;
    this.#holding = [];
    for (const output of holding) if (output.release()) this.#holding.push(output);
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = this.#spare;
    this.#spare = dirty;
    for (let i = 0; i < dirty.length; i++) (dirty[i] as Output).flushTurn();
    dirty.length = 0;
  }
}

/** What may not leave before its batch is in the store. */
interface Held {
  readonly bytes: Uint8Array;
  /** What `bytes` lie in, to be given back; empty if they are shared. */
  readonly slab: Uint8Array;
  readonly batch: number;
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
  /** What is in the slab, and all that follows, waits for this batch; 0 for none. */
  #batch = 0;
  #held: Ring<Held> | undefined = undefined;
  #heldBytes = 0;
  #isHolding = false;
  readonly #owner: { onReleased(): void };

  /** @param owner hears when something that was held has left */
  constructor(pipe: Pipe, pool: OutputPool, owner: { onReleased(): void }) {
    this.#pipe = pipe;
    this.#pool = pool;
    this.#owner = owner;
  }

  /** Bytes that the connection has not taken yet. */
  get pendingBytes(): number {
    return this.#used + this.#waitingBytes + this.#heldBytes;
  }

  /** Nothing that is appended from now on leaves before `batch` is in the store. */
  holdUntil(batch: number): void {
    if (batch <= this.#batch || this.#isClosed) return;
    this.flush();
    this.#seal();
    this.#batch = batch;
    if (this.#isHolding) return;
    this.#isHolding = true;
    this.#pool.markHolding(this);
  }

  /** @internal something has come into the store. Returns whether more is still held. */
  release(): boolean {
    if (this.#isClosed) return false;
    const { durableBatch } = this.#pool;
    for (let held = this.#held?.peek(); held !== undefined; held = this.#held?.peek()) {
      if (held.batch > durableBatch) return true;
      this.#held?.shift();
      this.#heldBytes -= held.bytes.length;
      this.#write(held.bytes, held.slab);
    }
    if (this.#batch > durableBatch) return true;
    this.#batch = 0;
    this.#isHolding = false;
    this.flush();
    this.#owner.onReleased();
    return false;
  }

  /** Forgets what is held: the connection ends, and what was not acknowledged is not. */
  dropHeld(): void {
    for (let held = this.#held?.shift(); held !== undefined; held = this.#held?.shift())
      this.#pool.give(held.slab);
    this.#heldBytes = 0;
    if (this.#batch > this.#pool.durableBatch) this.#used = 0;
    this.#batch = 0;
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
    if (this.#isBlocked) {
      this.#seal();
      this.#hold({ bytes, slab: EMPTY_BYTES, batch: this.#batch });
    } else this.#write(bytes, EMPTY_BYTES);
  }

  /** Writes what waits in the slab, unless it has to be held. */
  flush(): void {
    const used = this.#used;
    if (used === 0 || this.#isBlocked) return;
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
    this.dropHeld();
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
      this.#seal();
      this.#replaceSlab(this.#pool.take(sizeBytes));
      return;
    }
    const larger = this.#pool.take(wanted);
    copyBytes(larger, 0, this.#slab, 0, this.#used);
    this.#replaceSlab(larger);
  }

  get #isBlocked(): boolean {
    return this.#batch > this.#pool.durableBatch || this.#heldBytes > 0;
  }

  /** What is in the slab waits for its batch; what follows goes into another one. */
  #seal(): void {
    if (this.#used === 0) return;
    const slab = this.#slab;
    this.#hold({ bytes: slab.subarray(0, this.#used), slab, batch: this.#batch });
    this.#slab = EMPTY_BYTES;
    this.#used = 0;
  }

  #hold(held: Held): void {
    (this.#held ??= new Ring()).push(held);
    this.#heldBytes += held.bytes.length;
  }

  #replaceSlab(slab: Uint8Array): void {
    if (this.#slab !== EMPTY_BYTES) this.#pool.give(this.#slab);
    this.#slab = slab;
  }
}
