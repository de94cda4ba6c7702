import { describe, expect, test } from "vitest";
import { sameSecret } from "./constant-time.ts";

describe("comparing secrets", () => {
  test.each([
    ["secret", "secret", true],
    ["secret", "secreT", false],
    ["secret", "Secret", false],
    ["secret", "secret!", false],
    ["secret", "", false],
    ["", "", false],
    ["ä", "ä", true],
    ["ä", "a", false],
  ])("%j and %j: %j", (a, b, same) => {
    expect(sameSecret(new TextEncoder().encode(a), new TextEncoder().encode(b))).toBe(same);
  });

  test("every single bit counts", () => {
    const whole = new Uint8Array(16).fill(0xa5);
    for (let bit = 0; bit < 128; bit++) {
      const other = whole.slice();
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(sameSecret(whole, other), `bit ${bit}`).toBe(false);
    }
  });
});
