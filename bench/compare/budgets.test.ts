import { describe, expect, test } from "vitest";
import { judgeBudgets, updatedBudgets } from "./budgets.ts";
import type { Comparison, Measure } from "./comparisons.ts";

function comparison(scenario: string, peer: string, measure: Measure, ratio: number): Comparison {
  return { scenario, peer, measure, ratio, isLoadBound: false, target: undefined };
}

const range = { scenarios: ["pairs", "qos1"], peers: ["floor", "mosquitto"] };

function verdict(key: string, budget: number, ratio: number) {
  const [peer = "", measure = ""] = key.split(" ");
  const now = [comparison("pairs", peer, measure as Measure, ratio)];
  return judgeBudgets({ pairs: { [key]: budget } }, now, range)[0];
}

describe("a budget", () => {
  test.each([
    { key: "floor cpu", budget: 2, ratio: 2.29, isKept: true },
    { key: "floor cpu", budget: 2, ratio: 2.31, isKept: false },
    { key: "floor cpu", budget: 2, ratio: 1, isKept: true },
    { key: "mosquitto rate", budget: 10, ratio: 8.51, isKept: true },
    { key: "mosquitto rate", budget: 10, ratio: 8.49, isKept: false },
    { key: "mosquitto rate", budget: 10, ratio: 20, isKept: true },
  ])("$key of $budget with $ratio is kept: $isKept", ({ key, budget, ratio, isKept }) => {
    expect(verdict(key, budget, ratio)?.isKept).toBe(isKept);
  });

  test("says how far it has moved for the worse", () => {
    expect(verdict("floor cpu", 2, 3)?.worseBy).toBeCloseTo(0.5);
    expect(verdict("mosquitto rate", 40, 30)?.worseBy).toBeCloseTo(0.25);
    expect(verdict("mosquitto rate", 20, 30)?.worseBy).toBeCloseTo(-0.5);
  });

  test("that was not measured is not kept", () => {
    const budgets = { pairs: { "floor cpu": 2 } };
    expect(judgeBudgets(budgets, [], range)).toMatchObject([{ isKept: false, ratio: undefined }]);
  });

  test("outside of what was asked for is not judged", () => {
    const budgets = { pairs: { "aedes rate": 9 }, storm: { "floor cpu": 1 } };
    expect(judgeBudgets(budgets, [], range)).toEqual([]);
  });
});

test("an update replaces what was measured and keeps the rest", () => {
  const budgets = { pairs: { "floor cpu": 2, "aedes rate": 9 }, storm: { "floor cpu": 1 } };
  const now = [comparison("pairs", "floor", "cpu", 1.23456), comparison("qos1", "mosquitto", "rate", 15.678)];
  expect(updatedBudgets(budgets, now)).toEqual({
    pairs: { "floor cpu": 1.23, "aedes rate": 9 },
    storm: { "floor cpu": 1 },
    qos1: { "mosquitto rate": 15.7 },
  });
  expect(budgets.pairs["floor cpu"]).toBe(2);
});
