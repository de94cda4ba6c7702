/**
 * The segments of one journal, oldest first, and what is alive in each.
 *
 *     [ oldest … ] [ head ] [ planned … ]
 *
 * Numbers follow each other without gaps. The head is the one that is written to. Planned ones have no file yet: batches that
 * wait in memory are laid out there. Keeps the sums over all segments, and a bounded number of files open for reading.
 */

import type { Random } from "#base";
import type { Disk, DiskFile } from "./disk.ts";
import { entryBytes, FRAMES_START, segmentName } from "./format.ts";

/** Files of older segments that stay open. */
const OPEN_FILES = 32;
/** Of a segment file. The rest is for drops, when the disk is full, so that all of an older segment fits into a new one. */
const FULL_PART = 7 / 8;

export class Segment {
  readonly number: number;
  readonly salt: number;
  /** Frames may reach up to here; a little less than its file has, as long as there is space for the next one. */
  size: number;
  /** Frames up to here are written; also where the next one begins. */
  end = FRAMES_START;
  /** Of the file, 0 as long as there is none; space up to here is prepared. `Segments.resize` changes it. */
  fileBytes = 0;
  /** Of records in it that are live, with their entry heads. */
  liveBytes = 0;
  /** Reads under way: its file stays as it is. */
  readers = 0;
  /** Nothing lives in it, or what does has been copied: it goes once that is safe. */
  isGivenUp = false;
  /** Called when the last reader is done. */
  onFree: (() => void) | undefined;
  file: DiskFile | undefined;

  constructor(number: number, salt: number, size: number) {
    this.number = number;
    this.salt = salt;
    this.size = size;
  }

  get name(): string {
    return segmentName(this.number);
  }

  /** One who counted itself among the readers is done. */
  release(): void {
    if (--this.readers > 0) return;
    const { onFree } = this;
    this.onFree = undefined;
    onFree?.();
  }
}

export class Segments {
  readonly #disk: Disk;
  readonly #random: Random;
  readonly #plannedBytes: number;
  readonly #list: Segment[] = [];
  /** Older segments whose files are open, least recently used first. */
  readonly #openFiles = new Set<Segment>();
  readonly #opening = new Map<Segment, Promise<DiskFile>>();
  /** The one that is written to. */
  head: Segment | undefined;
  /** Live records in all segments, with their entry heads. */
  liveBytes = 0;
  /** Sizes of all files. */
  fileBytes = 0;
  #givenUpBytes = 0;
  #lastNumber = 0;

  constructor(disk: Disk, random: Random, segmentBytes: number) {
    this.#disk = disk;
    this.#random = random;
    this.#plannedBytes = Math.floor(segmentBytes * FULL_PART);
  }

  get count(): number {
    return this.#list.length;
  }

  get oldest(): Segment | undefined {
    return this.#list[0];
  }

  /** The number of the oldest segment, or the one that will be the first. */
  get firstNumber(): number {
    return this.#list[0]?.number ?? 1;
  }

  at(number: number): Segment | undefined {
    return this.#list[number - this.firstNumber];
  }

  /** Puts one behind the others that recovery has found. */
  push(segment: Segment): void {
    this.#list.push(segment);
    this.fileBytes += segment.fileBytes;
  }

  /** A segment that will get its file when its first batch is written. */
  plan(): Segment {
    const number = (this.#list.at(-1)?.number ?? this.#lastNumber) + 1;
    const segment = new Segment(number, this.#random.below(0x1_0000_0000), this.#plannedBytes);
    this.#list.push(segment);
    return segment;
  }

  /** Forgets what is planned; its live records are laid out anew. */
  dropPlanned(): void {
    while (this.#list.at(-1)?.fileBytes === 0) this.#list.pop();
  }

  /** Takes the oldest segment away: nothing lives in it. */
  shift(): Segment | undefined {
    const segment = this.#list.shift();
    if (segment === undefined) return undefined;
    this.#lastNumber = segment.number;
    this.#openFiles.delete(segment);
    if (segment === this.head) this.head = undefined;
    this.fileBytes -= segment.fileBytes;
    if (segment.isGivenUp) this.#givenUpBytes -= segment.fileBytes;
    return segment;
  }

  /** A record of `size` bytes now lives in `segment`. */
  addRecord(segment: Segment, size: number): void {
    const bytes = entryBytes(size);
    segment.liveBytes += bytes;
    this.liveBytes += bytes;
  }

  /** A record of `size` bytes no longer lives in the segment with this number. */
  removeRecord(number: number, size: number): void {
    const bytes = entryBytes(size);
    const segment = this.#list[number - (this.#list[0] as Segment).number] as Segment;
    segment.liveBytes -= bytes;
    this.liveBytes -= bytes;
  }

  /** The file of `segment` now has this size. */
  resize(segment: Segment, fileBytes: number): void {
    const difference = fileBytes - segment.fileBytes;
    segment.fileBytes = fileBytes;
    if (this.at(segment.number) !== segment) return;
    this.fileBytes += difference;
    if (segment.isGivenUp) this.#givenUpBytes += difference;
  }

  giveUp(segment: Segment): void {
    segment.isGivenUp = true;
    this.#givenUpBytes += segment.fileBytes;
  }

  /** Sizes of the files that go once what says so is safe. */
  get givenUpBytes(): number {
    return this.#givenUpBytes;
  }

  /** Sizes of the files that are complete and not given up. */
  get sealedBytes(): number {
    return this.fileBytes - this.#givenUpBytes - (this.head?.fileBytes ?? 0);
  }

  /** The file of a segment, for reading. */
  async fileOf(segment: Segment): Promise<DiskFile> {
    if (segment.file !== undefined) {
      if (this.#openFiles.delete(segment)) this.#openFiles.add(segment);
      return segment.file;
    }
    let opening = this.#opening.get(segment);
    if (opening === undefined) {
      opening = this.#openForReading(segment);
      this.#opening.set(segment, opening);
    }
    return await opening;
  }

  /** The segment is complete: its file is one of those that may be closed. */
  seal(segment: Segment): void {
    if (segment === this.head) this.head = undefined;
    if (segment.file !== undefined) this.#openFiles.add(segment);
  }

  /** Closes files when more than a few are open. */
  async closeSome(): Promise<void> {
    for (const segment of this.#openFiles) {
      if (this.#openFiles.size <= OPEN_FILES) return;
      if (segment.readers > 0) continue;
      const { file } = segment;
      this.#openFiles.delete(segment);
      segment.file = undefined;
      await file?.close();
    }
  }

  async closeAll(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    for (const segment of this.#list) {
      const { file } = segment;
      segment.file = undefined;
      await file?.close();
    }
  }

  async #openForReading(segment: Segment): Promise<DiskFile> {
    try {
      segment.file = await this.#disk.open(segment.name, { access: "read", isSynced: false });
      this.#openFiles.add(segment);
    } finally {
      this.#opening.delete(segment);
    }
    const { file } = segment;
    await this.closeSome();
    return file;
  }
}
