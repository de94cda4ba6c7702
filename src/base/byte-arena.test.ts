import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArenaEntry, ByteArena } from "./byte-arena.ts";

const SLAB_SIZE = 64 * 1024;

class Named extends ArenaEntry {
  fill = 0;
}

function put(arena: ByteArena, length: number, fill: number): Named {
  const entry = new Named();
  entry.fill = fill;
  arena.add(entry, length);
  entry.bytes.fill(fill, entry.start, entry.end);
  return entry;
}

const isWhole = ({ bytes, start, end, fill }: Named): boolean =>
  bytes.subarray(start, end).every((byte) => byte === fill);

/** Bytes of all slabs in which one of `entries` stands. */
const heldBytes = (entries: readonly Named[]): number =>
  [...new Set(entries.map(({ bytes }) => bytes))].reduce((sum, bytes) => sum + bytes.length, 0);

describe("an arena", () => {
  test("keeps every entry whole and holds at most twice what lives, and two slabs", () => {
    const step = fc.record({
      add: fc.boolean(),
      length: fc.oneof(fc.nat(300), fc.nat(20_000)),
      at: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const arena = new ByteArena();
        const entries: Named[] = [];
        for (const [index, { add, length, at }] of steps.entries()) {
          if (add || entries.length === 0) entries.push(put(arena, length, index & 0xff));
          else arena.drop(entries.splice(at % entries.length, 1)[0] as Named);
          const live = entries.reduce((sum, entry) => sum + entry.length, 0);
          expect(heldBytes(entries)).toBeLessThanOrEqual(2 * live + 2 * SLAB_SIZE);
        }
        expect(entries.every(isWhole)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test("moves what is left of a sparse slab, and leaves the old bytes readable", () => {
    const arena = new ByteArena();
    const entries = Array.from({ length: 2000 }, (_, index) => put(arena, 100, index & 0xff));
    const survivor = entries[10] as Named;
    const { bytes, start, end } = survivor;
    for (const entry of entries.slice(0, 600)) if (entry !== survivor) arena.drop(entry);
    expect(survivor.bytes).not.toBe(bytes);
    expect(isWhole(survivor)).toBe(true);
    expect(bytes.subarray(start, end).every((byte) => byte === survivor.fill)).toBe(true);
  });

  test("gives large ones a slab of their own", () => {
    const arena = new ByteArena();
    const small = put(arena, 10, 1);
    const large = put(arena, 100_000, 2);
    expect(large.bytes.length).toBe(100_000);
    arena.drop(large);
    expect(large.bytes.length).toBe(0);
    expect(isWhole(small)).toBe(true);
  });
});
