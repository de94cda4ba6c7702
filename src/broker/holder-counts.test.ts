/** The table against a map, and what it takes. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model answers depends on the step

import fc from "fast-check";
import { expect, test } from "vitest";
import { HolderCounts } from "./holder-counts.ts";

test("counts as a map does, whoever comes and goes", () => {
  // Ids of a few neighbourhoods, so that places are contested.
  const id = fc
    .tuple(fc.constantFrom(1, 17, 2 ** 32, 2 ** 47), fc.nat(40))
    .map(([base, nth]) => base + nth * 16);
  const step = fc.record({ id, isMore: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const counts = new HolderCounts();
      const model = new Map<number, number>();
      for (const { id: each, isMore } of steps) {
        const held = model.get(each) ?? 0;
        if (isMore) {
          counts.add(each);
          model.set(each, held === 0 ? 2 : held + 1);
        } else {
          const left = Math.max(0, held - 1);
          expect(counts.remove(each)).toBe(left);
          if (left <= 1) model.delete(each);
          else model.set(each, left);
        }
        expect(counts.size).toBe(model.size);
      }
      for (const [each, held] of model) expect(counts.remove(each)).toBe(held - 1);
    }),
    { numRuns: 200 },
  );
});

test("gives back the memory of a burst", () => {
  const counts = new HolderCounts();
  const before = counts.memoryBytes;
  for (let id = 1; id <= 100_000; id++) counts.add(id * 3);
  expect(counts.memoryBytes).toBeLessThan(100_000 * 36);
  for (let id = 1; id <= 100_000; id++) counts.remove(id * 3);
  expect(counts.memoryBytes).toBe(before);
});
