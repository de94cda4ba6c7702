import { describe, expect, test } from "vitest";
import { SCENARIOS, type Scenario } from "../../src/bench/index.ts";
import { type Comparison, comparisonsOf, isReached } from "./comparisons.ts";
import { type Figures, figuresOf } from "./figures.ts";

const nothing = figuresOf([]);

function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function compare(name: string, ours: Partial<Figures>, peer: string, theirs: Partial<Figures>): Comparison[] {
  const others = new Map([[peer, { ...nothing, ...theirs }]]);
  return comparisonsOf(scenarioOf(name), { ...nothing, ...ours }, others);
}

const summary = (found: Comparison[]) => found.map(({ measure, ratio, target }) => [measure, ratio, target]);

describe("what is compared", () => {
  test("messages: CPU time against the floor, rate against brokers", () => {
    const ours = { perSecond: 400, cpuPerMillion: 3 };
    const theirs = { perSecond: 100, cpuPerMillion: 2 };
    expect(summary(compare("pairs", ours, "floor", theirs))).toEqual([["cpu", 1.5, 2.2]]);
    expect(summary(compare("pairs", ours, "mosquitto", theirs))).toEqual([["rate", 4, 40]]);
    expect(summary(compare("pairs", ours, "somebody", theirs))).toEqual([["rate", 4, undefined]]);
  });

  test("at a fixed rate: CPU time and latency", () => {
    const found = compare("rate", { cpuPerMillion: 8, p99Us: 30 }, "mosquitto", {
      cpuPerMillion: 10,
      p99Us: 60,
    });
    expect(summary(found)).toEqual([
      ["cpu", 0.8, 1],
      ["p99", 0.5, 0.5],
    ]);
  });

  test("a given amount: how many times faster", () => {
    expect(summary(compare("offline", { allThereMs: 10 }, "aedes", { allThereMs: 500 }))).toEqual([
      ["time", 50, 20],
    ]);
  });

  test("connects and memory", () => {
    expect(summary(compare("storm", { perSecond: 6 }, "aedes", { perSecond: 2 }))).toEqual([
      ["connects", 3, 6],
    ]);
    const found = compare("idle", { bytesPerConnection: 2 }, "aedes", { bytesPerConnection: 20 });
    expect(summary(found)).toEqual([["memory", 0.1, 0.15]]);
  });

  test("nothing where a figure is missing or would divide by nothing", () => {
    expect(compare("pairs", { perSecond: 1 }, "mosquitto", {})).toEqual([]);
    expect(compare("pairs", { cpuPerMillion: 1 }, "floor", { cpuPerMillion: 0 })).toEqual([]);
  });
});

test("a rate that the load bounded is marked, CPU time is not", () => {
  const ours = { perSecond: 4, cpuPerMillion: 1, isLoadBound: true };
  const [rate] = compare("pairs", ours, "mosquitto", { perSecond: 1 });
  const [cpu] = compare("pairs", ours, "floor", { cpuPerMillion: 1 });
  expect(rate?.isLoadBound).toBe(true);
  expect(cpu?.isLoadBound).toBe(false);
});

test.each([
  { measure: "rate", ratio: 5, target: 5, reached: true },
  { measure: "rate", ratio: 4.9, target: 5, reached: false },
  { measure: "cpu", ratio: 2.2, target: 2.2, reached: true },
  { measure: "cpu", ratio: 2.3, target: 2.2, reached: false },
  { measure: "cpu", ratio: 2.3, target: undefined, reached: undefined },
] as const)("$measure of $ratio with the target $target: $reached", ({ reached, ...comparison }) => {
  expect(isReached({ scenario: "pairs", peer: "x", isLoadBound: false, ...comparison })).toBe(reached);
});
