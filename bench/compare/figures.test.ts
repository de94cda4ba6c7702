import { describe, expect, test } from "vitest";
import type { ScenarioResult } from "../../src/bench/index.ts";
import { figuresOf, median, type Run } from "./figures.ts";

/** Only what the arithmetic reads. */
function run(round: number, result: Partial<ScenarioResult>): Run {
  return {
    scenario: "pairs",
    peer: "x",
    round,
    result: { correct: true, problems: [], ...result } as ScenarioResult,
  };
}

test.each([
  { values: [], expected: undefined },
  { values: [7], expected: 7 },
  { values: [9, 1], expected: 5 },
  { values: [100, 1, 2], expected: 2 },
  { values: [1, 2, 3, 100], expected: 2.5 },
])("the median of $values is $expected", ({ values, expected }) => {
  expect(median(values)).toBe(expected);
});

describe("figures of several rounds", () => {
  test("are medians of what was measured", () => {
    const figures = figuresOf([
      run(1, { deliveriesPerSecond: 10, brokerCpuSecondsPerMillion: 3, drainMs: 5 }),
      run(2, { deliveriesPerSecond: 1000, brokerCpuSecondsPerMillion: 1 }),
      run(3, { deliveriesPerSecond: 20, brokerCpuSecondsPerMillion: 2, drainMs: 7 }),
    ]);
    expect(figures).toMatchObject({ perSecond: 20, cpuPerMillion: 2, allThereMs: 6, faults: [] });
    expect(figures.p99Us).toBeUndefined();
  });

  test("take no figure for what is none: a share of nothing", () => {
    expect(figuresOf([run(1, { deliveriesPerSecond: 0, brokerCpuSecondsPerMillion: 0 })])).toMatchObject({
      perSecond: undefined,
      cpuPerMillion: undefined,
    });
  });

  test("say when the load has used up its core", () => {
    const figures = (ownCpuSecondsPerMillion: number) =>
      figuresOf([run(1, { deliveriesPerSecond: 1e6, ownCpuSecondsPerMillion })]);
    expect(figures(0.95).isLoadBound).toBe(true);
    expect(figures(0.5).isLoadBound).toBe(false);
  });

  test("keep every fault of every round", () => {
    const faults = figuresOf([
      run(1, { correct: false, problems: ["2 messages are lost.", "1 came twice."] }),
      run(2, {}),
      run(3, { correct: false }),
      { scenario: "pairs", peer: "x", round: 4, error: "unreachable" },
    ]).faults;
    expect(faults).toEqual([
      "round 1: 2 messages are lost.",
      "round 1: 1 came twice.",
      "round 3: not correct",
      "round 4: unreachable",
    ]);
  });
});
