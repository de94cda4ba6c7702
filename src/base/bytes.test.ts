import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bytesEqual,
  concatBytes,
  copyBytes,
  EMPTY_BYTES,
  hashBytes,
  rangesEqual,
  toHex,
  utf8Decode,
  utf8Encode,
} from "./bytes.ts";

/** Bytes and a range in them. */
const range = fc
  .uint8Array({ maxLength: 120 })
  .chain((bytes) => fc.tuple(fc.constant(bytes), fc.nat(bytes.length), fc.nat(bytes.length)))
  .map(([bytes, a, b]) => ({ bytes, start: Math.min(a, b), end: Math.max(a, b) }));

describe("bytes", () => {
  test("copyBytes copies the range and touches nothing else", () => {
    fc.assert(
      fc.property(range, fc.nat(20), ({ bytes, start, end }, at) => {
        const target = new Uint8Array(at + (end - start) + 5).fill(0xee);
        expect(copyBytes(target, at, bytes, start, end)).toBe(at + end - start);
        expect([...target]).toEqual([
          ...new Array<number>(at).fill(0xee),
          ...bytes.subarray(start, end),
          ...new Array<number>(5).fill(0xee),
        ]);
      }),
    );
  });

  test("rangesEqual and hashBytes look at the range and nothing else", () => {
    fc.assert(
      fc.property(range, fc.uint8Array({ maxLength: 9 }), ({ bytes, start, end }, prefix) => {
        const moved = concatBytes([prefix, bytes.subarray(start, end), Uint8Array.of(1)]);
        expect(rangesEqual(bytes, start, moved, prefix.length, end - start)).toBe(true);
        const hash = hashBytes(bytes, start, end);
        expect(hashBytes(moved, prefix.length, prefix.length + end - start)).toBe(hash);
        expect(hash).toBe(hash >>> 0);
        if (end === start) return;
        moved[prefix.length] = (moved[prefix.length] as number) ^ 1;
        expect(rangesEqual(bytes, start, moved, prefix.length, end - start)).toBe(false);
      }),
    );
  });

  test("bytesEqual wants the same length", () => {
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
    expect(bytesEqual(EMPTY_BYTES, new Uint8Array(0))).toBe(true);
  });

  test("concatBytes puts parts behind each other", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
        expect([...concatBytes(parts)]).toEqual(parts.flatMap((part) => [...part]));
      }),
    );
  });

  test("text of any length and script comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const bytes = utf8Encode(text);
        expect(utf8Decode(bytes)).toBe(text);
        expect(utf8Decode(concatBytes([Uint8Array.of(0x61), bytes]), 1)).toBe(text);
      }),
    );
  });

  test("a byte order mark is text, and a lone surrogate is replaced", () => {
    expect(utf8Decode(utf8Encode("\uFEFFa"))).toBe("\uFEFFa");
    expect(utf8Decode(utf8Encode(`\uFEFF${"a".repeat(50)}`))).toBe(`\uFEFF${"a".repeat(50)}`);
    expect(utf8Decode(utf8Encode("a\uD800"))).toBe("a\uFFFD");
  });

  test("toHex shows so many bytes and says how many there are", () => {
    expect(toHex(EMPTY_BYTES)).toBe("");
    expect(toHex(Uint8Array.of(0x10, 0x0c, 0, 4))).toBe("10 0c 00 04");
    expect(toHex(Uint8Array.of(1, 2, 3), 2)).toBe("01 02 … (3 bytes)");
  });
});
