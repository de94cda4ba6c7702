import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counter, SharedTally, Tally, UnorderedTally } from "./tally.ts";

function countsOf({ distinct, duplicated, disordered }: Counter) {
  return { distinct, duplicated, disordered };
}

/** The same by sets: every message that came, and the largest of each stream. */
function plainCounts(arrivals: readonly (readonly [stream: number, sequence: number])[]) {
  const seen = new Set<string>();
  const largest = new Map<number, number>();
  const counts = { distinct: 0, duplicated: 0, disordered: 0 };
  for (const [stream, sequence] of arrivals) {
    const key = `${stream} ${sequence}`;
    if (seen.has(key)) {
      counts.duplicated++;
      continue;
    }
    seen.add(key);
    counts.distinct++;
    if (sequence < (largest.get(stream) ?? -1)) counts.disordered++;
    else largest.set(stream, sequence);
  }
  return counts;
}

const arrivals = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 60 })), { maxLength: 200 });

describe("Tally", () => {
  it("counts what comes in order", () => {
    const tally = new Tally(2);
    for (let sequence = 0; sequence < 1000; sequence++) tally.count(1, sequence);
    expect(countsOf(tally)).toEqual({ distinct: 1000, duplicated: 0, disordered: 0 });
  });

  it("tells what is missing, late and double", () => {
    const tally = new Tally(1);
    for (const sequence of [0, 1, 4, 2, 2, 5, 4]) tally.count(0, sequence);
    // 3 never came
    expect(countsOf(tally)).toEqual({ distinct: 5, duplicated: 2, disordered: 1 });
  });

  it("agrees with sets", () => {
    fc.assert(
      fc.property(arrivals, (all) => {
        const tally = new Tally(3);
        for (const [stream, sequence] of all) tally.count(stream, sequence);
        expect(countsOf(tally)).toEqual(plainCounts(all));
      }),
    );
  });

  it("remembers a bounded number of gaps", () => {
    const tally = new Tally(1);
    tally.count(0, 1_000_000);
    tally.count(0, 999_999); // remembered
    tally.count(0, 0); // given up
    expect(countsOf(tally)).toEqual({ distinct: 2, duplicated: 1, disordered: 1 });
  });
});

describe("SharedTally", () => {
  it("takes any split of a publisher's messages over the group", () => {
    const tally = new SharedTally(3, 2);
    for (let sequence = 0; sequence < 300; sequence++) tally.count((sequence % 3) * 2 + 1, sequence);
    expect(countsOf(tally)).toEqual({ distinct: 300, duplicated: 0, disordered: 0 });
  });

  it("finds what two of the group got, and what one got out of order", () => {
    const tally = new SharedTally(2, 1);
    for (const [receiver, sequence] of [
      [0, 0],
      [1, 1],
      [0, 1], // the other one has it
      [0, 3],
      [0, 2], // after a later one
      [1, 4],
    ] as const) {
      tally.count(receiver, sequence);
    }
    expect(countsOf(tally)).toEqual({ distinct: 5, duplicated: 1, disordered: 1 });
  });

  it("forgets what is far behind", () => {
    const tally = new SharedTally(1, 1);
    for (let sequence = 0; sequence < 200_000; sequence++) tally.count(0, sequence);
    tally.count(0, 5);
    tally.count(0, 199_990);
    expect(countsOf(tally)).toEqual({ distinct: 200_000, duplicated: 2, disordered: 0 });
  });
});

describe("UnorderedTally", () => {
  it("takes any order, each once", () => {
    const tally = new UnorderedTally(4);
    for (const sequence of [3, 0, 1, 0]) tally.count(0, sequence);
    expect(countsOf(tally)).toEqual({ distinct: 3, duplicated: 1, disordered: 0 });
  });

  it("takes nothing that was never sent for a message", () => {
    const tally = new UnorderedTally(4);
    tally.count(0, 4);
    expect(tally.distinct).toBe(0);
  });
});
