/**
 * Reads the frames of one segment in order, in large pieces, and checks each before it shows it.
 *
 * Only whole frames of this life of the segment count; the first thing that is none ends the reading, and `find` looks for
 * the next one behind it.
 */

import { isPromise, type MaybePromise } from "#base";
import type { Disk, DiskFile } from "./disk.ts";
import { type Checksum, FRAME_FIRST_BYTE, FRAME_HEADER_BYTES, FrameHeader } from "./format.ts";

/** One piece of a file in memory; several readers may use it one after the other. */
export class ReadWindow {
  bytes: Uint8Array;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
  }
}

/** What is read. */
export interface FrameSource {
  readonly file: DiskFile;
  readonly salt: number;
  /** Nothing behind it counts. */
  readonly limit: number;
}

export class FrameReader {
  /** Of the frame that `next` has found. */
  readonly header = new FrameHeader();
  /** Where that frame begins in the file. */
  frameStart = 0;
  /** Its entries are `bytes[bodyStart, bodyEnd)`. */
  bodyStart = 0;
  bodyEnd = 0;
  /** Behind that frame; where the next one begins. */
  position: number;
  readonly #source: FrameSource;
  readonly #window: ReadWindow;
  readonly #checksum: Checksum;
  /** The window holds `[windowStart, windowEnd)` of the file. */
  #windowStart = 0;
  #windowEnd = 0;

  constructor(source: FrameSource, disk: Disk, window: ReadWindow, position: number) {
    this.#source = source;
    this.#window = window;
    this.#checksum = (bytes, start, end, seed) => disk.checksum(bytes, start, end, seed);
    this.position = position;
  }

  /** Holds the frame's entries until the next call. */
  get bytes(): Uint8Array {
    return this.#window.bytes;
  }

  /** What lies before `bytes` in the file. */
  get bytesStart(): number {
    return this.#windowStart;
  }

  /** Goes to the frame at `position`; false when there is no whole one. */
  next(): MaybePromise<boolean> {
    const needed = this.#neededBytes();
    if (needed === 0) return this.#take();
    if (this.position + needed > this.#source.limit) return false;
    return this.#fillAndNext(needed);
  }

  /** Whether the beginning of a frame stands at `position`, whole or not; after `next` was false. */
  get beginsFrame(): boolean {
    const at = this.position - this.#windowStart;
    return (
      this.#isInWindow(FRAME_HEADER_BYTES) &&
      this.header.read(this.bytes, at, this.#source.salt, this.#checksum)
    );
  }

  /** Goes to the first whole frame behind `position`, and says how many bytes lie between; undefined when there is none. */
  async find(): Promise<number | undefined> {
    const from = this.position;
    let offset = from + 1;
    while (offset + FRAME_HEADER_BYTES <= this.#source.limit) {
      this.position = offset;
      if (!this.#isInWindow(FRAME_HEADER_BYTES)) await this.#fill(FRAME_HEADER_BYTES);
      if (!this.#isInWindow(FRAME_HEADER_BYTES)) break; // the file is shorter than it was
      const at = this.bytes.indexOf(FRAME_FIRST_BYTE, offset - this.#windowStart);
      const lastAt = this.#windowEnd - this.#windowStart - FRAME_HEADER_BYTES;
      if (at < 0 || at > lastAt) {
        offset = this.#windowStart + lastAt + 1;
        continue;
      }
      offset = this.#windowStart + at;
      this.position = offset;
      if (this.header.read(this.bytes, at, this.#source.salt, this.#checksum) && (await this.next())) {
        return offset - from;
      }
      offset++;
    }
    this.position = from;
    return undefined;
  }

  /** How many bytes from `position` on have to be in the window to go on; 0 when they are there. */
  #neededBytes(): number {
    if (!this.#isInWindow(FRAME_HEADER_BYTES)) return FRAME_HEADER_BYTES;
    const at = this.position - this.#windowStart;
    if (!this.header.read(this.bytes, at, this.#source.salt, this.#checksum)) return 0;
    const frameBytes = FRAME_HEADER_BYTES + this.header.bodyBytes;
    return this.#isInWindow(frameBytes) ? 0 : frameBytes;
  }

  #isInWindow(sizeBytes: number): boolean {
    return this.position >= this.#windowStart && this.position + sizeBytes <= this.#windowEnd;
  }

  #take(): boolean {
    const { header, bytes } = this;
    const at = this.position - this.#windowStart;
    if (!header.read(bytes, at, this.#source.salt, this.#checksum)) return false;
    const bodyStart = at + FRAME_HEADER_BYTES;
    const bodyEnd = bodyStart + header.bodyBytes;
    if (this.#windowStart + bodyEnd > this.#source.limit) return false;
    if (this.#checksum(bytes, bodyStart, bodyEnd, this.#source.salt) !== header.bodyChecksum) return false;
    this.frameStart = this.position;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.position = this.#windowStart + bodyEnd;
    return true;
  }

  async #fillAndNext(needed: number): Promise<boolean> {
    await this.#fill(needed);
    if (!this.#isInWindow(needed)) return false; // the file is shorter than it was
    const more = this.next();
    return isPromise(more) ? await more : more;
  }

  /** Reads a piece from `position` on. */
  async #fill(needed: number): Promise<void> {
    if (needed > this.#window.bytes.length) this.#window.bytes = new Uint8Array(needed);
    const { bytes } = this.#window;
    const wanted = Math.min(bytes.length, this.#source.limit - this.position);
    this.#windowStart = this.position;
    this.#windowEnd = this.position;
    const got = await this.#source.file.read(bytes.subarray(0, wanted), this.position);
    this.#windowEnd = this.position + got;
  }
}
