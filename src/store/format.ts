/**
 * The bytes of the journal: segment files, the frames in them, and the entries of a frame. Numbers are little-endian. HOT;
 * benchmark: bench/micro/journal-on-disk.ts.
 *
 *     segment-0000000012.journal
 *     0                4096
 *     ├ segment header ┼ frame ┼ frame ┼ … ┼ frame ┤ space: zeros, or what an earlier life of the file left
 *
 *     segment header     0 "MARTLETJ"   8 CRC-32 of 12…64   12 format version u32   16 segment number u48
 *                       22 first batch u48   28 size u48   34 salt u32   38…64 zero         the same again at 2048
 *     frame = batch      0 "MFRM"   4 CRC-32 of 8…40   8 CRC-32 of the entries   12 their length u32   16 their count u32
 *                       20 batch number u48   26 flags u16   28 tail u48   34 next id u48   40 entries
 *     entry              size + 1 as variable byte integer, kind u8, id u48, bytes       a record
 *                        0, id u48                                                       a record is dropped
 *
 * Both CRCs of a frame start from the salt of the segment, which is drawn anew for each life of a file: an old frame, or a
 * payload that looks like a frame, is not taken for one. `tail` is the oldest segment that still counts. An entry with id 0
 * is void. The place of the magic, the CRC and the version in a segment header is the same in every version.
 */

/** What this code writes, and the newest it reads. */
export const FORMAT_VERSION = 1;
/** Where the first frame of a segment begins: frames share no page with the header. */
export const FRAMES_START = 4096;
export const FRAME_HEADER_BYTES = 40;
/** The largest record, and about the largest batch. */
export const LARGEST_RECORD = 1024 * 1024 * 1024;

export const FrameFlag = {
  /** The store was closed in order after this frame. */
  CLOSED: 1,
  /** Written in mode `os`: frames before it may be missing after a crash. */
  UNSYNCED: 2,
} as const;

const SEGMENT_HEADER_BYTES = 64;
/** Where the header stands a second time: one bad sector does not take a whole segment with it. */
const SECOND_HEADER = 2048;
const SEGMENT_MAGIC = [0x4d, 0x41, 0x52, 0x54, 0x4c, 0x45, 0x54, 0x4a]; // MARTLETJ
/** "MFRM" as the number that stands in the file. */
const FRAME_MAGIC = 0x4d52464d;
/** The first byte of a frame, for searching. */
export const FRAME_FIRST_BYTE = 0x4d;
const TWO_32 = 0x1_0000_0000;

/** CRC-32 of a range, going on from a seed. */
export type Checksum = (bytes: Uint8Array, start: number, end: number, seed: number) => number;

/** `segment-0000000012.journal` */
export function segmentName(number: number): string {
  return `segment-${String(number).padStart(10, "0")}.journal`;
}

/** The number in a segment's name, or undefined for another file. */
export function segmentNumberOf(name: string): number | undefined {
  const match = /^segment-(\d{10,15})\.journal$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** `spare-0000000003.journal`: prepared space without content. */
export function spareName(number: number): string {
  return `spare-${String(number).padStart(10, "0")}.journal`;
}

export function isSpareName(name: string): boolean {
  return /^spare-\d{10,15}\.journal$/.test(name);
}

export interface SegmentHeader {
  readonly number: number;
  /** The number of its first frame's batch. Frames of the segment before it count only up to here. */
  readonly firstBatch: number;
  /** Frames may reach up to here. */
  readonly size: number;
  readonly salt: number;
}

/** The first 4,096 bytes of a segment. */
export function encodeSegmentHeader(header: SegmentHeader, checksum: Checksum): Uint8Array {
  const bytes = new Uint8Array(FRAMES_START);
  bytes.set(SEGMENT_MAGIC);
  writeU32(bytes, 12, FORMAT_VERSION);
  writeU48(bytes, 16, header.number);
  writeU48(bytes, 22, header.firstBatch);
  writeU48(bytes, 28, header.size);
  writeU32(bytes, 34, header.salt);
  writeU32(bytes, 8, checksum(bytes, 12, SEGMENT_HEADER_BYTES, 0));
  bytes.copyWithin(SECOND_HEADER, 0, SEGMENT_HEADER_BYTES);
  return bytes;
}

/** The header in the first 4,096 bytes; `damaged` when there is none, or the version when this code is too old for it. */
export function decodeSegmentHeader(
  bytes: Uint8Array,
  checksum: Checksum,
): SegmentHeader | "damaged" | { readonly newerVersion: number } {
  if (bytes.length < FRAMES_START) return "damaged";
  for (const at of [0, SECOND_HEADER]) {
    if (SEGMENT_MAGIC.some((byte, i) => bytes[at + i] !== byte)) continue;
    if (readU32(bytes, at + 8) !== checksum(bytes, at + 12, at + SEGMENT_HEADER_BYTES, 0)) continue;
    const version = readU32(bytes, at + 12);
    if (version > FORMAT_VERSION) return { newerVersion: version };
    return {
      number: readU48(bytes, at + 16),
      firstBatch: readU48(bytes, at + 22),
      size: readU48(bytes, at + 28),
      salt: readU32(bytes, at + 34),
    };
  }
  return "damaged";
}

/** The header of a frame as it is read or about to be written. */
export class FrameHeader {
  bodyChecksum = 0;
  bodyBytes = 0;
  entries = 0;
  batch = 0;
  flags = 0;
  tail = 0;
  nextId = 0;

  write(bytes: Uint8Array, at: number, salt: number, checksum: Checksum): void {
    writeU32(bytes, at, FRAME_MAGIC);
    writeU32(bytes, at + 8, this.bodyChecksum);
    writeU32(bytes, at + 12, this.bodyBytes);
    writeU32(bytes, at + 16, this.entries);
    writeU48(bytes, at + 20, this.batch);
    bytes[at + 26] = this.flags;
    bytes[at + 27] = 0;
    writeU48(bytes, at + 28, this.tail);
    writeU48(bytes, at + 34, this.nextId);
    writeU32(bytes, at + 4, checksum(bytes, at + 8, at + FRAME_HEADER_BYTES, salt));
  }

  /** Whether a frame of this life of the segment begins at `at`; 40 bytes have to be there. */
  read(bytes: Uint8Array, at: number, salt: number, checksum: Checksum): boolean {
    if (readU32(bytes, at) !== FRAME_MAGIC) return false;
    if (readU32(bytes, at + 4) !== checksum(bytes, at + 8, at + FRAME_HEADER_BYTES, salt)) return false;
    this.bodyChecksum = readU32(bytes, at + 8);
    this.bodyBytes = readU32(bytes, at + 12);
    this.entries = readU32(bytes, at + 16);
    this.batch = readU48(bytes, at + 20);
    this.flags = bytes[at + 26] as number;
    this.tail = readU48(bytes, at + 28);
    this.nextId = readU48(bytes, at + 34);
    return true;
  }
}

/** What the entry that drops a record takes. */
export const DROP_ENTRY_BYTES = 7;
/** The id lies directly before the bytes of a record. */
export const ID_BYTES = 6;

/** What a record of `size` bytes takes in a frame. */
export function entryBytes(size: number): number {
  if (size < 0x7f) return size + 8;
  if (size < 0x3fff) return size + 9;
  if (size < 0x1f_ffff) return size + 10;
  return size < 0xfff_ffff ? size + 11 : size + 12;
}

/** Writes all of a record's entry but its bytes, and returns where those go. */
export function writeEntryHead(
  bytes: Uint8Array,
  at: number,
  id: number,
  kind: number,
  size: number,
): number {
  let rest = size + 1;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  bytes[at++] = kind;
  writeU48(bytes, at, id);
  return at + ID_BYTES;
}

/** Writes the entry that drops `id`, and returns the offset behind it. */
export function writeDropEntry(bytes: Uint8Array, at: number, id: number): number {
  bytes[at] = 0;
  writeU48(bytes, at + 1, id);
  return at + DROP_ENTRY_BYTES;
}

/** Makes the entry whose bytes begin at `at` one that says nothing. */
export function voidEntry(bytes: Uint8Array, at: number): void {
  writeU48(bytes, at - ID_BYTES, 0);
}

/** Walks over the entries of a frame. One object for all frames. */
export class EntryCursor {
  isDrop = false;
  kind = 0;
  /** 0: the entry is void. */
  id = 0;
  /** The bytes of the record are `[start, end)` of what was given to `begin`. */
  start = 0;
  end = 0;
  /** `next` returned false because what follows is no entry. */
  isBroken = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #limit = 0;

  begin(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#limit = end;
    this.isBroken = false;
  }

  /** Goes to the next entry; false when there is none. */
  next(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (at >= this.#limit) return false;
    let size = bytes[at++] as number;
    if (size > 0x7f) {
      size &= 0x7f;
      let factor = 0x80;
      let byte: number;
      do {
        byte = bytes[at++] as number;
        size += (byte & 0x7f) * factor;
        factor *= 0x80;
      } while (byte > 0x7f && factor <= TWO_32);
    }
    this.isDrop = size === 0;
    if (!this.isDrop) this.kind = bytes[at++] as number;
    this.id = readU48(bytes, at);
    this.start = at + ID_BYTES;
    this.end = this.isDrop ? this.start : this.start + size - 1;
    this.#at = this.end;
    this.isBroken = !(this.end <= this.#limit);
    return !this.isBroken;
  }
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value >>> 0);
  const high = Math.floor(value / TWO_32);
  bytes[at + 4] = high;
  bytes[at + 5] = high >>> 8;
}

function readU48(bytes: Uint8Array, at: number): number {
  const high = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8);
  return high * TWO_32 + readU32(bytes, at);
}
