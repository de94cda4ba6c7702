// oxlint-disable vitest/no-conditional-expect -- what a step of a model answers depends on the step

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RecordIndex } from "./record-index.ts";

/** What the issue allows for each queued message. */
const MOST_BYTES_PER_RECORD = 48;

function locationOf(id: number): [segment: number, offset: number, size: number] {
  return [1 + (id % 7), (id * 13) % 0xffff_ffff, id % 5000];
}

function expectAt(index: RecordIndex, id: number): void {
  expect(index.find(id)).toBe(true);
  expect([index.segment, index.offset, index.size]).toEqual(locationOf(id));
}

describe("record index", () => {
  test("finds what a map finds, whatever is set and removed", () => {
    // Ids of a few neighbourhoods, so that pages come, become sparse and go.
    const id = fc
      .tuple(fc.constantFrom(1, 1000, 262_000, 262_144, 2 ** 33, 2 ** 47), fc.nat(2200))
      .map(([base, offset]) => base + offset);
    const step = fc.record({ id, isSet: fc.boolean(), count: fc.integer({ min: 1, max: 900 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const index = new RecordIndex();
        const model = new Map<number, number>();
        let value = 0;
        for (const { id: first, isSet, count } of steps) {
          for (let each = first; each < first + count; each++) {
            if (isSet) {
              index.set(each, ++value, value * 2, value % 9);
              model.set(each, value);
            } else expect(index.remove(each)).toBe(model.delete(each));
          }
        }
        expect(index.records).toBe(model.size);
        for (const [each, known] of model) {
          expect(index.find(each)).toBe(true);
          expect([index.segment, index.offset, index.size]).toEqual([known, known * 2, known % 9]);
        }
        for (const { id: first, count } of steps) {
          for (let each = first; each < first + count; each += 7)
            expect(index.find(each)).toBe(model.has(each));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("says where a removed record was", () => {
    const index = new RecordIndex();
    index.set(5, 3, 4000, 17);
    expect(index.remove(5)).toBe(true);
    expect([index.segment, index.offset, index.size]).toEqual([3, 4000, 17]);
    expect(index.remove(5)).toBe(false);
  });

  test("a full index takes twelve bytes a record", () => {
    const index = new RecordIndex();
    for (let id = 1; id <= 102_400; id++) index.set(id, ...locationOf(id));
    expect(index.bytes / index.records).toBeLessThan(12.2);
  });

  test.each([2, 3, 4, 10, 100, 5000])("one record in %i that stays costs little", (each) => {
    const index = new RecordIndex();
    const stays: number[] = [];
    // A queue of 2,000 moves over the ids.
    for (let id = 1; id <= 200_000; id++) {
      index.set(id, ...locationOf(id));
      const leaves = id - 2000;
      if (leaves > 0 && leaves % each !== 0) index.remove(leaves);
      else if (leaves > 0) stays.push(leaves);
    }
    const young = 2001 * 12;
    const freePages = (17 + 33) * 12_288;
    // A table of a quarter of a million ids has eight places at least.
    const tables = (200_000 / 262_144 + 1) * 8 * 16;
    expect(index.bytes).toBeLessThan(young + freePages + tables + stays.length * MOST_BYTES_PER_RECORD);
    for (let i = 0; i < stays.length; i += 37) expectAt(index, stays[i] as number);
    expect(index.records).toBe(stays.length + 2000);
  });

  test("an index from which everything was removed holds a few pages", () => {
    const index = new RecordIndex();
    for (let id = 1; id <= 300_000; id++) index.set(id, ...locationOf(id));
    for (let id = 1; id <= 300_000; id++) index.remove(id);
    expect(index.records).toBe(0);
    expect(index.bytes).toBeLessThanOrEqual(18 * 12_288);
  });

  test("older ids that come late, as copies do after a restart, cost little, too", () => {
    const index = new RecordIndex();
    for (let id = 500_000; id < 501_000; id++) index.set(id, ...locationOf(id));
    for (let id = 1; id <= 100_000; id++) index.set(id, ...locationOf(id));
    expect(index.bytes / index.records).toBeLessThan(MOST_BYTES_PER_RECORD);
    for (let id = 1; id <= 100_000; id += 99) expectAt(index, id);
  });
});
