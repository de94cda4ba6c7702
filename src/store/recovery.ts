/**
 * From the files of a folder to what the log says: which segments count, which records live where, and what is damaged.
 *
 * Reads only. Two walks over the log: the first indexes, the second hands over what is live. A write that a crash
 * interrupted is no damage: nothing that was acknowledged lies behind it. Damage is a frame that is not readable although
 * later ones prove that it was safe once; `onProblem` hears of it and decides by throwing or returning.
 *
 * The end of a segment is where the header of the next one says: frames behind that are attempts that failed and were
 * repeated there.
 */

import { isPromise, type Random } from "#base";
import type { Disk, DiskEntry, DiskFile } from "./disk.ts";
import { StoreError } from "./errors.ts";
import {
  decodeSegmentHeader,
  EntryCursor,
  FORMAT_VERSION,
  FRAME_HEADER_BYTES,
  FRAMES_START,
  FrameFlag,
  isSpareName,
  type SegmentHeader,
  segmentName,
  segmentNumberOf,
} from "./format.ts";
import { FrameReader, ReadWindow } from "./frame-reader.ts";
import { RecordIndex } from "./record-index.ts";
import { Segment, Segments } from "./segment.ts";
import type { RecordVisitor, StoreRange } from "./store.ts";

const WINDOW_BYTES = 1024 * 1024;

/** Damage: what cannot be read, and a sentence about it. */
export interface Problem extends StoreRange {
  readonly sentence: string;
}

/** What the log says. */
export interface Recovered {
  readonly index: RecordIndex;
  readonly segments: Segments;
  /** The last whole batch; 0 when there is none. */
  batch: number;
  nextId: number;
  /** The oldest segment that counts. */
  tail: number;
  /** The log ends with an orderly close, or is empty. */
  wasClosed: boolean;
  frames: number;
  /** Where the last frame begins, in the last segment; 0 when there is none. */
  lastFrameStart: number;
  cut: StoreRange | undefined;
  lostBatches: number;
  /** The last segment with damage; 0 when there is none. */
  lastDamaged: number;
  /** Segments that no longer count, and files for which there is no use. */
  readonly leftovers: readonly string[];
  readonly spares: readonly DiskEntry[];
}

interface FoundSegment {
  readonly header: SegmentHeader;
  readonly fileBytes: number;
}

/** How the log goes on behind a segment. */
interface Ending {
  readonly isLast: boolean;
  /** Frames from this batch on do not count here: the next segment has them. Unknown where that is damaged. */
  readonly limitBatch: number | undefined;
}

interface FoundFile {
  readonly name: string;
  readonly number: number;
  readonly sizeBytes: number;
  /** Absent where the header is damaged. */
  readonly segment: FoundSegment | undefined;
}

/** Walks over the log of a folder. */
export class Recovery {
  readonly #disk: Disk;
  readonly #onProblem: (problem: Problem) => Promise<void>;
  readonly #window = new ReadWindow(WINDOW_BYTES);
  readonly #cursor = new EntryCursor();
  readonly #state: Recovered;

  constructor(
    disk: Disk,
    random: Random,
    segmentBytes: number,
    onProblem: (problem: Problem) => Promise<void>,
  ) {
    this.#disk = disk;
    this.#onProblem = onProblem;
    this.#state = {
      index: new RecordIndex(),
      segments: new Segments(disk, random, segmentBytes),
      batch: 0,
      nextId: 1,
      tail: 1,
      wasClosed: true,
      frames: 0,
      lastFrameStart: 0,
      cut: undefined,
      lostBatches: 0,
      lastDamaged: 0,
      leftovers: [],
      spares: [],
    };
  }

  /** The first walk. Rejects with `StoreError`. */
  async scan(): Promise<Recovered> {
    const state = this.#state as { -readonly [Name in keyof Recovered]: Recovered[Name] };
    const entries = await this.#disk.list();
    state.spares = entries.filter(({ name }) => isSpareName(name));
    const found = await this.#readHeaders(entries);
    state.tail = await this.#findTail(found);
    const counting = found.filter(({ number }) => number >= state.tail);
    state.leftovers = found.filter(({ number }) => number < state.tail).map(({ name }) => name);
    let expected = state.tail;
    for (const [place, { number, sizeBytes, segment }] of counting.entries()) {
      for (; expected < number; expected++) await this.#missing(expected);
      expected++;
      const next = counting[place + 1];
      const limitBatch = next?.number === number + 1 ? next.segment?.header.firstBatch : undefined;
      if (segment === undefined) await this.#unreadable(number, sizeBytes);
      else await this.#scanSegment(segment, { isLast: next === undefined, limitBatch });
    }
    return state;
  }

  /** The second walk: hands over what is live. `afterFrame` may let it wait. */
  async visit(onRecord: RecordVisitor, afterFrame?: () => Promise<void> | undefined): Promise<void> {
    const { index, segments } = this.#state;
    const cursor = this.#cursor;
    for (let number = segments.firstNumber; ; number++) {
      const segment = segments.at(number);
      if (segment === undefined) return;
      if (segment.liveBytes === 0) continue;
      const reader = this.#readerOf(segment, await segments.fileOf(segment));
      while (reader.position < segment.end) {
        const more = reader.next();
        if (!(isPromise(more) ? await more : more) && (await reader.find()) === undefined) break;
        const { bytes, bytesStart } = reader;
        cursor.begin(bytes, reader.bodyStart, reader.bodyEnd);
        while (cursor.next()) {
          const { id } = cursor;
          if (cursor.isDrop || id === 0 || !index.find(id)) continue;
          if (index.segment !== number || index.offset !== bytesStart + cursor.start) continue;
          onRecord(cursor.kind, id, bytes, cursor.start, cursor.end);
        }
        const wait = afterFrame?.();
        if (wait !== undefined) await wait;
      }
    }
  }

  /** Closes the files that were opened; for when nobody goes on with what was found. */
  async close(): Promise<void> {
    await this.#state.segments.closeAll();
  }

  /** Every segment file with its header; without one where it is damaged. */
  async #readHeaders(entries: readonly DiskEntry[]): Promise<FoundFile[]> {
    const found: FoundFile[] = [];
    for (const { name, sizeBytes } of entries) {
      const number = segmentNumberOf(name);
      if (number === undefined) continue;
      const bytes = new Uint8Array(FRAMES_START);
      const file = await this.#disk.open(name, { access: "read", isSynced: false });
      const got = await thenClose(file, file.read(bytes, 0));
      const header = decodeSegmentHeader(bytes.subarray(0, got), (range, start, end, seed) =>
        this.#disk.checksum(range, start, end, seed),
      );
      if (typeof header === "object" && "newerVersion" in header)
        throw newerFormat(name, header.newerVersion);
      const isGood = header !== "damaged" && header.number === number;
      found.push({
        name,
        number,
        sizeBytes,
        segment: isGood ? { header, fileBytes: sizeBytes } : undefined,
      });
    }
    return found.toSorted((a, b) => a.number - b.number);
  }

  /** The oldest segment that counts, as the last frame says that counts itself. */
  async #findTail(found: readonly FoundFile[]): Promise<number> {
    let limitBatch: number | undefined;
    for (const { segment } of found.toReversed()) {
      if (segment === undefined) continue;
      const { header, fileBytes } = segment;
      const file = await this.#disk.open(segmentName(header.number), { access: "read", isSynced: false });
      const source = { file, salt: header.salt, limit: fileBytes };
      const reader = new FrameReader(source, this.#disk, this.#window, FRAMES_START);
      const tail = await thenClose(file, lastTail(reader, limitBatch));
      if (tail > 0) return tail;
      limitBatch = header.firstBatch;
    }
    return found[0]?.number ?? 1;
  }

  async #missing(number: number): Promise<void> {
    const name = segmentName(number);
    await this.#problem(number, { file: name, offset: 0, sizeBytes: 0, sentence: `${name} is missing` });
    this.#state.segments.push(new Segment(number, 0, 0));
  }

  async #unreadable(number: number, sizeBytes: number): Promise<void> {
    const name = segmentName(number);
    const sentence = `${name} has no readable header`;
    await this.#problem(number, { file: name, offset: 0, sizeBytes, sentence });
    const segment = new Segment(number, 0, sizeBytes);
    segment.fileBytes = sizeBytes;
    this.#state.segments.push(segment);
  }

  async #scanSegment({ header, fileBytes }: FoundSegment, ending: Ending): Promise<void> {
    const { limitBatch } = ending;
    const state = this.#state;
    const segment = new Segment(header.number, header.salt, header.size);
    segment.fileBytes = fileBytes;
    state.segments.push(segment);
    const file = await state.segments.fileOf(segment);
    const reader = this.#readerOf(segment, file, fileBytes);
    let expected = header.firstBatch;
    state.lastFrameStart = 0;
    const isExplained = state.lastDamaged === header.number - 1;
    if (state.batch > 0 && expected > state.batch + 1 && !isExplained) {
      const sentence = `batches ${state.batch + 1} to ${expected - 1} are missing before ${segment.name}`;
      await this.#problem(segment.number, { file: segment.name, offset: 0, sizeBytes: 0, sentence });
    }
    while (limitBatch === undefined || expected < limitBatch) {
      const start = reader.position;
      const more = reader.next();
      const isWhole = isPromise(more) ? await more : more;
      if (!isWhole || reader.header.batch !== expected) {
        const isGap = isWhole && reader.header.batch > expected;
        if (!isGap) reader.position = start;
        if (!(await this.#resume(reader, { segment, start, isGap }, expected, ending))) break;
      }
      expected = reader.header.batch + 1;
      this.#index(reader, segment);
      segment.end = reader.position;
    }
    state.batch = Math.max(state.batch, expected - 1);
  }

  /**
   * Where no frame of batch `expected` is: true when the log goes on behind damage, with the reader there; false when it
   * ends. `isGap`: a later frame stands there already.
   */
  async #resume(
    reader: FrameReader,
    { segment, start, isGap }: { segment: Segment; start: number; isGap: boolean },
    expected: number,
    { isLast, limitBatch }: Ending,
  ): Promise<boolean> {
    const begun = !isGap && reader.beginsFrame ? FRAME_HEADER_BYTES + reader.header.bodyBytes : 0;
    const gap = isGap ? 0 : await reader.find();
    const isLost = gap === undefined || (limitBatch !== undefined && reader.header.batch >= limitBatch);
    if (isLost && limitBatch === undefined && !isLast) return false; // what follows it is damaged, and told
    if (isLast) {
      if (isLost) {
        this.#cut(segment, start, Math.min(begun, segment.fileBytes - start));
        return false;
      }
      if ((reader.header.flags & FrameFlag.UNSYNCED) !== 0) {
        this.#cut(segment, start, segment.fileBytes - start);
        this.#state.lostBatches = (await lastBatchBehind(reader)) - expected + 1;
        return false;
      }
    }
    const sizeBytes = isLost ? segment.fileBytes - start : gap;
    const last = (isLost ? (limitBatch as number) : reader.header.batch) - 1;
    const which = last > expected ? `batches ${expected} to ${last}` : `batch ${expected}`;
    const sentence = `${segment.name} is damaged at byte ${start}: ${which} cannot be read (${sizeBytes} bytes)`;
    await this.#problem(segment.number, { file: segment.name, offset: start, sizeBytes, sentence });
    return !isLost;
  }

  #cut(segment: Segment, offset: number, sizeBytes: number): void {
    if (sizeBytes > 0) this.#state.cut = { file: segment.name, offset, sizeBytes };
  }

  async #problem(segment: number, problem: Problem): Promise<void> {
    this.#state.lastDamaged = segment;
    await this.#onProblem(problem);
  }

  /** Takes the entries of a frame into the index. */
  #index(reader: FrameReader, segment: Segment): void {
    const state = this.#state;
    const { index, segments } = state;
    const { header, bytesStart } = reader;
    const cursor = this.#cursor;
    cursor.begin(reader.bytes, reader.bodyStart, reader.bodyEnd);
    while (cursor.next()) {
      const { id } = cursor;
      if (id === 0) continue;
      if (cursor.isDrop) {
        if (index.remove(id)) segments.removeRecord(index.segment, index.size);
        continue;
      }
      if (index.find(id)) segments.removeRecord(index.segment, index.size);
      const size = cursor.end - cursor.start;
      index.set(id, segment.number, bytesStart + cursor.start, size);
      segments.addRecord(segment, size);
    }
    if (cursor.isBroken) {
      const { frameStart: offset } = reader;
      const sentence = `${segment.name} holds entries at byte ${offset} that this version does not understand. Use the version that wrote them.`;
      throw new StoreError("format", sentence, { file: segment.name, offset });
    }
    state.nextId = Math.max(state.nextId, header.nextId);
    state.wasClosed = (header.flags & FrameFlag.CLOSED) !== 0;
    state.frames++;
    state.lastFrameStart = reader.frameStart;
  }

  #readerOf(segment: Segment, file: DiskFile, limit: number = segment.end): FrameReader {
    return new FrameReader({ file, salt: segment.salt, limit }, this.#disk, this.#window, FRAMES_START);
  }
}

async function thenClose<T>(file: DiskFile, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    await file.close();
  }
}

/** What the last frame of a segment says of the tail, as long as it counts; 0 when there is none. */
async function lastTail(reader: FrameReader, limitBatch: number | undefined): Promise<number> {
  let tail = 0;
  for (;;) {
    const more = reader.next();
    if (!(isPromise(more) ? await more : more)) {
      if ((await reader.find()) === undefined) return tail;
      // Behind a gap, what was not synced does not count.
      if (limitBatch === undefined && (reader.header.flags & FrameFlag.UNSYNCED) !== 0) return tail;
    }
    if (limitBatch !== undefined && reader.header.batch >= limitBatch) return tail;
    tail = reader.header.tail;
  }
}

/** The number of the last whole batch from the reader's frame on. */
async function lastBatchBehind(reader: FrameReader): Promise<number> {
  let last = reader.header.batch;
  for (;;) {
    const more = reader.next();
    if (!(isPromise(more) ? await more : more) && (await reader.find()) === undefined) return last;
    last = reader.header.batch;
  }
}

function newerFormat(file: string, version: number): StoreError {
  return new StoreError(
    "format",
    `${file} has format ${version}, and this version of Martlet reads up to ${FORMAT_VERSION}. Use the version that wrote it, or a newer one.`,
    { file, offset: 12 },
  );
}
