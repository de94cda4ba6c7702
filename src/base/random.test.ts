import { describe, expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import { systemRandom } from "./system-random.ts";

describe.each([
  ["seeded", () => seededRandom(42)],
  ["system", () => systemRandom()],
] as const)("%s random", (_name, make) => {
  test("numbers stay below their bound and reach all of a small one", () => {
    const random = make();
    for (const bound of [1, 2, 7, 256, 0x1_0000_0000]) {
      for (let i = 0; i < 200; i++) {
        const number = random.below(bound);
        expect(Number.isInteger(number) && number >= 0 && number < bound, `${number} of ${bound}`).toBe(true);
      }
    }
    const seen = new Set(Array.from({ length: 1000 }, () => random.below(6)));
    expect(seen.size).toBe(6);
  });

  test("bytes have the length asked for, also a large one, and are not all the same", () => {
    const random = make();
    expect(random.bytes(0).length).toBe(0);
    const bytes = random.bytes(200_000);
    expect(bytes.length).toBe(200_000);
    expect(new Set(bytes).size).toBe(256);
    expect(new Set(bytes.subarray(199_000)).size).toBeGreaterThan(200);
  });
});

test("the same seed gives the same run, another one another", () => {
  const draw = (seed: number): string => {
    const random = seededRandom(seed);
    return [random.below(1000), ...random.bytes(16), random.below(0x1_0000_0000)].join();
  };
  expect(draw(1)).toBe(draw(1));
  expect(new Set([0, 1, 2, 3, 0xffff_ffff].map(draw)).size).toBe(5);
});
