import { describe, expect, test } from "vitest";
import { packetBytes } from "./packet-notation.ts";
import { utf8Problem } from "./utf8.ts";

function problemOf(hex: string, rejectControlCharacters = false): string | undefined {
  const bytes = packetBytes(hex);
  return utf8Problem(bytes, 0, bytes.length, { rejectControlCharacters });
}

describe("utf8Problem", () => {
  test.each([
    ["nothing", ""],
    ["ASCII", "41 7a 2f"],
    ["two bytes, ends", "c2 80 df bf"],
    ["three bytes, ends", "e0 a0 80 ef bf bf"],
    ["around the surrogates", "ed 9f bf ee 80 80"],
    ["four bytes, ends", "f0 90 80 80 f4 8f bf bf"],
    ["A and U+2A6D4", "41 f0 aa 9b 94"],
    ["U+FEFF is kept as a character [MQTT-1.5.4-3]", "ef bb bf"],
    ["control characters", "01 1f 7f c2 85"],
  ])("accepts %s", (_, hex) => {
    expect(problemOf(hex)).toBeUndefined();
  });

  test.each([
    ["a lone continuation", "80"],
    ["two bytes, overlong", "c0 80"],
    ["two bytes, overlong", "c1 bf"],
    ["three bytes, overlong", "e0 9f bf"],
    ["four bytes, overlong", "f0 8f bf bf"],
    ["the first surrogate", "ed a0 80"],
    ["the last surrogate", "ed bf bf"],
    ["above U+10FFFF", "f4 90 80 80"],
    ["a lead of five bytes", "f8 88 80 80 80"],
    ["FF", "41 ff"],
    ["cut off after one", "c3"],
    ["cut off after two", "e2 82"],
    ["cut off after three", "f0 9f 98"],
    ["a broken tail", "e2 28 a1"],
  ])("refuses %s", (_, hex) => {
    expect(problemOf(hex)).toBe("ill-formed UTF-8");
  });

  test("refuses U+0000 on the fast path and behind it", () => {
    expect(problemOf("41 00")).toBe("U+0000");
    expect(problemOf("c3 a4 00")).toBe("U+0000");
  });

  test.each([
    "01",
    "1f",
    "7f",
    "c2 80",
    "c2 9f",
    "ef b7 90",
    "ef b7 af",
    "ef bf be",
    "f0 9f bf bf",
    "f4 8f bf bf",
  ])("refuses %s only when asked to (U5-1.5.4)", (hex) => {
    expect(problemOf(hex)).toBeUndefined();
    expect(problemOf(hex, true)).toBe("a control character or non-character");
  });

  test("strict rules still accept usual text", () => {
    expect(problemOf("20 7e c2 a0 ef b7 8f ef b7 b0 ef bf bd", true)).toBeUndefined();
  });

  test("agrees with the platform's decoder on every pair and on random bytes", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const isValid = (bytes: Uint8Array): boolean => {
      try {
        decoder.decode(bytes);
        return true;
      } catch {
        return false;
      }
    };
    const leads = [
      0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf3, 0xf4, 0xf5, 0xff,
    ];
    const tails = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    for (const lead of leads) {
      for (const a of tails) {
        for (const b of tails) {
          for (const c of tails) {
            const bytes = Uint8Array.of(lead, a, b, c);
            for (let end = 1; end <= 4; end++) {
              const part = bytes.subarray(0, end);
              expect(utf8Problem(part, 0, end) === undefined, part.join(" ")).toBe(isValid(part));
            }
          }
        }
      }
    }
  });
});
