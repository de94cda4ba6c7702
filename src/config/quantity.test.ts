import { describe, expect, it } from "vitest";
import type { Unit } from "./declare.ts";
import { quantityOf, quantityPattern } from "./quantity.ts";

describe("quantityOf", () => {
  it.each<[string, Unit, number]>([
    ["64MiB", "bytes", 67_108_864],
    ["2 GB", "bytes", 2_000_000_000],
    ["5B", "bytes", 5],
    ["1.5KiB", "bytes", 1536],
    ["30s", "seconds", 30],
    ["7d", "seconds", 604_800],
    ["2w", "seconds", 1_209_600],
    ["250ms", "ms", 250],
    ["0.1s", "ms", 100],
    ["15min", "ms", 900_000],
  ])("%s in %s", (text, unit, value) => {
    expect(quantityOf(text, unit)).toBe(value);
    expect(text).toMatch(new RegExp(quantityPattern(unit)));
  });

  it.each<[string, Unit]>([
    ["64", "bytes"],
    ["64mib", "bytes"],
    ["-1B", "bytes"],
    ["1e3s", "seconds"],
    ["0.5B", "bytes"],
    ["1ms", "seconds"],
    ["1.5ms", "ms"],
    ["", "ms"],
    ["1constructor", "ms"],
    ["999999999999999TiB", "bytes"],
  ])("%s is nothing in %s", (text, unit) => {
    expect(quantityOf(text, unit)).toBeUndefined();
  });
});
