import { crc32 as systemCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "./crc32.ts";
import {
  decodeSegmentHeader,
  EntryCursor,
  encodeSegmentHeader,
  entryBytes,
  FRAMES_START,
  FrameHeader,
  segmentName,
  segmentNumberOf,
  voidEntry,
  writeDropEntry,
  writeEntryHead,
} from "./format.ts";

const id = fc.integer({ min: 1, max: 2 ** 48 - 1 });

describe("crc32", () => {
  test("is the system's", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(200),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (bytes, from, seed) => {
          const start = Math.min(from, bytes.length);
          expect(crc32(bytes, start, bytes.length, seed)).toBe(systemCrc32(bytes.subarray(start), seed));
        },
      ),
    );
  });
});

describe("entries", () => {
  test("of a frame come back, void ones and drops included", () => {
    const entry = fc.oneof(
      fc.record({
        do: fc.constant("put" as const),
        id,
        kind: fc.nat(255),
        size: fc.oneof(fc.nat(300), fc.nat(70_000)),
      }),
      fc.record({ do: fc.constant("drop" as const), id }),
      fc.record({ do: fc.constant("void" as const), id, size: fc.nat(300) }),
    );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), fc.nat(9), (entries, from) => {
        const bytes = new Uint8Array(1_000_000);
        let at = from;
        const expected: unknown[] = [];
        for (const each of entries) {
          if (each.do === "drop") {
            at = writeDropEntry(bytes, at, each.id);
            expected.push(["drop", each.id]);
            continue;
          }
          const kind = each.do === "put" ? each.kind : 0;
          const start = writeEntryHead(bytes, at, each.id, kind, each.size);
          expect(start + each.size - at).toBe(entryBytes(each.size));
          if (each.do === "void") voidEntry(bytes, start);
          at = start + each.size;
          expected.push(["put", each.do === "void" ? 0 : each.id, kind, start, at]);
        }
        const cursor = new EntryCursor();
        cursor.begin(bytes, from, at);
        const found: unknown[] = [];
        while (cursor.next()) {
          found.push(
            cursor.isDrop ? ["drop", cursor.id] : ["put", cursor.id, cursor.kind, cursor.start, cursor.end],
          );
        }
        expect(cursor.isBroken).toBe(false);
        expect(found).toEqual(expected);
      }),
    );
  });

  test("anything else is broken, and never walks out of its range", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const cursor = new EntryCursor();
        cursor.begin(bytes, 0, bytes.length);
        let last = 0;
        while (cursor.next()) {
          expect(cursor.end).toBeGreaterThan(last);
          last = cursor.end;
        }
        expect(last).toBeLessThanOrEqual(bytes.length);
        expect(cursor.isBroken).toBe(last < bytes.length);
      }),
    );
  });

  test.each([
    [0, 8],
    [126, 134],
    [127, 136],
    [16_382, 16_391],
    [16_383, 16_393],
    [2_097_150, 2_097_160],
    [2_097_151, 2_097_162],
    [268_435_454, 268_435_465],
    [268_435_455, 268_435_467],
  ])("a record of %i bytes takes %i", (size, sizeOnDisk) => {
    expect(entryBytes(size)).toBe(sizeOnDisk);
    expect(writeEntryHead(new Uint8Array(20), 0, 1, 1, size) + size).toBe(sizeOnDisk);
  });
});

describe("headers", () => {
  test("of frames come back under their salt, and no bit may be another one", () => {
    const header = new FrameHeader();
    Object.assign(header, { bodyChecksum: 0xfedc_ba98, bodyBytes: 77, entries: 5, batch: 2 ** 40 + 3 });
    Object.assign(header, { flags: 3, tail: 2 ** 33, nextId: 2 ** 48 - 1 });
    const bytes = new Uint8Array(50);
    header.write(bytes, 7, 0xcafe_f00d, crc32);
    const read = new FrameHeader();
    expect(read.read(bytes, 7, 0xcafe_f00d, crc32)).toBe(true);
    expect(read).toEqual(header);
    expect(read.read(bytes, 7, 0xcafe_f00e, crc32)).toBe(false);
    for (let bit = 0; bit < 40 * 8; bit++) {
      bytes[7 + (bit >> 3)] = (bytes[7 + (bit >> 3)] as number) ^ (1 << (bit & 7));
      // The high byte of the flags is covered by the checksum as well.
      expect(read.read(bytes, 7, 0xcafe_f00d, crc32)).toBe(false);
      bytes[7 + (bit >> 3)] = (bytes[7 + (bit >> 3)] as number) ^ (1 << (bit & 7));
    }
  });

  test("of segments come back, also when the first copy is damaged", () => {
    const header = { number: 12, firstBatch: 2 ** 41, size: 64 * 1024 * 1024, salt: 0xffff_fffe };
    const bytes = encodeSegmentHeader(header, crc32);
    expect(bytes).toHaveLength(FRAMES_START);
    expect(decodeSegmentHeader(bytes, crc32)).toEqual(header);
    bytes[20] = 1;
    expect(decodeSegmentHeader(bytes, crc32)).toEqual(header);
    bytes[2048] = 0;
    expect(decodeSegmentHeader(bytes, crc32)).toBe("damaged");
    expect(decodeSegmentHeader(new Uint8Array(10), crc32)).toBe("damaged");
  });

  test("of a newer format are known as such", () => {
    const bytes = encodeSegmentHeader({ number: 1, firstBatch: 1, size: 1, salt: 1 }, crc32);
    bytes[12] = 2;
    const sum = crc32(bytes, 12, 64, 0);
    bytes.set([sum & 0xff, (sum >> 8) & 0xff, (sum >> 16) & 0xff, sum >>> 24], 8);
    expect(decodeSegmentHeader(bytes, crc32)).toEqual({ newerVersion: 2 });
  });

  test("names of segments carry their numbers", () => {
    expect(segmentName(12)).toBe("segment-0000000012.journal");
    for (const number of [1, 9_999_999_999, 123_456_789_012]) {
      expect(segmentNumberOf(segmentName(number))).toBe(number);
    }
    for (const name of [
      "segment-1.journal",
      "spare-0000000001.journal",
      "lock",
      "segment-0000000012.journal.bak",
    ]) {
      expect(segmentNumberOf(name)).toBeUndefined();
    }
  });
});
