import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "./histogram.ts";

/** The value at which `share` of the sorted `values` lie. */
function exactQuantile(values: readonly number[], share: number): number {
  const sorted = [...values].toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

// Small, middling and large values alike.
const value = fc.oneof(
  fc.nat({ max: 3000 }),
  fc.nat({ max: 1_000_000 }),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

describe("Histogram", () => {
  it("has nothing to tell of nothing", () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBe(0);
    expect(histogram.max).toBe(0);
    expect(histogram.bars([0, 10, 100])).toEqual([]);
  });

  it("tells small values exactly", () => {
    const histogram = histogramOf(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect([0.001, 0.5, 0.99, 0.999, 1].map((share) => histogram.quantile(share))).toEqual([
      1, 500, 990, 999, 1000,
    ]);
  });

  it("tells any quantile of any values to three digits", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), share, (values, wanted) => {
        const histogram = histogramOf(values);
        const exact = exactQuantile(values, wanted);
        expect(Math.abs(histogram.quantile(wanted) - exact)).toBeLessThanOrEqual(exact / 1000);
        expect(histogram.max).toBe(Math.max(...values));
        expect(histogram.count).toBe(values.length);
      }),
    );
  });

  it("puts every value between two bounds, and leaves out empty ends only", () => {
    const bounds = [0, 10, 100, 1000, 10_000];
    expect(histogramOf([12, 13, 99, 1500]).bars(bounds)).toEqual([
      { from: 10, to: 100, count: 3 },
      { from: 100, to: 1000, count: 0 },
      { from: 1000, to: 10_000, count: 1 },
    ]);
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const bars = histogramOf(values).bars([...bounds, 0x1_0000_0000]);
        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        expect(bars.at(0)?.count).toBeGreaterThan(0);
        expect(bars.at(-1)?.count).toBeGreaterThan(0);
      }),
    );
  });

  it("begins anew", () => {
    const histogram = histogramOf([5, 6]);
    histogram.clear();
    histogram.record(7);
    expect([histogram.count, histogram.max, histogram.quantile(0.1)]).toEqual([1, 7, 7]);
  });
});
