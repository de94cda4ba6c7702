/**
 * Reads records from disk, a piece at a time: who wants one record soon wants its neighbours.
 *
 *     segment   │ piece 0           │ piece 1           │ …     a piece is read with a little of the next one,
 *               └───────────────────┴──┘                        so that records across its end are in it
 *
 * Holds a bounded number of pieces, the least recently used goes first. Only bytes that are safely written are read, and
 * those never change, so a piece stays true as long as it is kept. A record that is larger than a piece is read by itself.
 */

import { EMPTY_BYTES, type MaybePromise, StateError } from "#base";
import { StoreError } from "./errors.ts";
import { ID_BYTES } from "./format.ts";
import type { Segment, Segments } from "./segment.ts";

/** Of the next piece, read with each. */
const OVERLAP_PART = 16;
/** Reads under way; the others wait. They share the threads that also write. */
const MOST_READS = 2;
const TWO_32 = 0x1_0000_0000;

interface Piece {
  readonly bytes: Uint8Array;
  /** In the segment. */
  readonly start: number;
  readonly end: number;
}

export class ReadAhead {
  reads = 0;
  bytes = 0;
  foundBytes: Uint8Array = EMPTY_BYTES;
  foundStart = 0;
  /** Reads that have not begun yet are not going to. */
  isEnded = false;
  readonly #segments: Segments;
  readonly #pieceBytes: number;
  readonly #overlapBytes: number;
  readonly #mostPieces: number;
  /** By segment and piece, least recently used first. */
  readonly #pieces = new Map<number, Piece>();
  /** The piece that was asked last. */
  #latestKey = -1;
  #latest: Piece | undefined;
  readonly #loading = new Map<number, Promise<Piece>>();
  #reading = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(segments: Segments, pieceBytes: number, totalBytes: number) {
    this.#segments = segments;
    this.#pieceBytes = pieceBytes;
    this.#overlapBytes = Math.ceil(pieceBytes / OVERLAP_PART);
    this.#mostPieces = Math.floor(totalBytes / (pieceBytes + this.#overlapBytes));
  }

  /**
   * Whether the record is in a piece that is held; then it begins at `foundStart` of `foundBytes`. False also for one that is
   * not what it should be: `read` says so. HOT.
   */
  find(id: number, segmentNumber: number, offset: number, size: number): boolean {
    const key = segmentNumber * TWO_32 + Math.floor((offset - ID_BYTES) / this.#pieceBytes);
    let piece = this.#latest;
    if (key !== this.#latestKey || piece === undefined) {
      piece = this.#pieces.get(key);
      if (piece === undefined) return false;
      // The least recently used ones stand first.
      this.#pieces.delete(key);
      this.#pieces.set(key, piece);
      this.#latestKey = key;
      this.#latest = piece;
    }
    if (offset + size > piece.end) return false;
    this.foundBytes = piece.bytes;
    this.foundStart = offset - piece.start;
    return idBefore(piece.bytes, this.foundStart) === id;
  }

  /** The `size` bytes of record `id` at `offset` of `segment`. */
  read(id: number, segment: Segment, offset: number, size: number): MaybePromise<Uint8Array> {
    if (this.find(id, segment.number, offset, size))
      return this.foundBytes.subarray(this.foundStart, this.foundStart + size);
    const number = Math.floor((offset - ID_BYTES) / this.#pieceBytes);
    return this.#readFromDisk(id, segment, offset, size, number, segment.number * TWO_32 + number);
  }

  async #readFromDisk(
    id: number,
    segment: Segment,
    offset: number,
    size: number,
    number: number,
    key: number,
  ): Promise<Uint8Array> {
    const start = number * this.#pieceBytes;
    const end = Math.min(start + this.#pieceBytes + this.#overlapBytes, segment.end);
    if (offset + size > end) {
      const own = await this.#load(segment, offset - ID_BYTES, offset + size);
      return recordIn(own, id, segment, offset, size);
    }
    const loading = this.#loading.get(key);
    if (loading !== undefined) {
      const piece = await loading;
      if (offset + size <= piece.end) return recordIn(piece, id, segment, offset, size);
      // It was asked for when less of the segment was written.
    }
    const own = this.#loadPiece(segment, start, end, key);
    this.#loading.set(key, own);
    return recordIn(await own, id, segment, offset, size);
  }

  async #loadPiece(segment: Segment, start: number, end: number, key: number): Promise<Piece> {
    try {
      const piece = await this.#load(segment, start, end);
      this.#keep(key, piece);
      return piece;
    } finally {
      this.#loading.delete(key);
    }
  }

  #keep(key: number, piece: Piece): void {
    this.#forget(key);
    this.#pieces.set(key, piece);
    this.bytes += piece.bytes.length;
    for (const oldest of this.#pieces.keys()) {
      if (this.#pieces.size <= this.#mostPieces) break;
      this.#forget(oldest);
    }
  }

  #forget(key: number): void {
    const piece = this.#pieces.get(key);
    if (piece === undefined) return;
    this.bytes -= piece.bytes.length;
    this.#pieces.delete(key);
    if (key !== this.#latestKey) return;
    this.#latestKey = -1;
    this.#latest = undefined;
  }

  async #load(segment: Segment, start: number, end: number): Promise<Piece> {
    segment.readers++; // its file stays until we are done
    try {
      if (this.#reading >= MOST_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#reading++;
      if (this.isEnded) throw new StateError("The store is closed.");
      const bytes = new Uint8Array(end - start);
      const file = await this.#segments.fileOf(segment);
      this.reads++;
      const got = await file.read(bytes, start);
      return { bytes, start, end: start + got };
    } finally {
      this.#reading--;
      this.#waiting.shift()?.();
      segment.release();
    }
  }
}

function recordIn(piece: Piece, id: number, segment: Segment, offset: number, size: number): Uint8Array {
  const at = offset - piece.start;
  const { bytes } = piece;
  if (offset + size > piece.end || idBefore(bytes, at) !== id) {
    throw new StoreError(
      "corrupt",
      `${segment.name} does not hold record ${id} at byte ${offset}, where it was written. Stop the broker and run martlet store verify.`,
      { file: segment.name, offset },
    );
  }
  return bytes.subarray(at, at + size);
}

/** The id that stands before the bytes of a record, in six bytes. */
function idBefore(bytes: Uint8Array, at: number): number {
  const low =
    (bytes[at - 6] as number) | ((bytes[at - 5] as number) << 8) | ((bytes[at - 4] as number) << 16);
  const high =
    ((bytes[at - 1] as number) << 16) | ((bytes[at - 2] as number) << 8) | (bytes[at - 3] as number);
  return high * 0x100_0000 + low;
}
