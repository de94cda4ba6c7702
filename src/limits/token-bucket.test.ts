import { describe, expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

describe("a bucket", () => {
  test("is full at first, and gives one token after the other", () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([1, 2, 3, 4].map(() => bucket.tryTake(0))).toEqual([true, true, true, false]);
  });

  test("fills at its rate, up to its burst", () => {
    const bucket = new TokenBucket(10, 3, 0);
    bucket.spend(3);
    expect(bucket.tryTake(99)).toBe(false);
    expect(bucket.tryTake(100)).toBe(true);
    bucket.refill(1_000_000);
    expect(bucket.tokens).toBe(3);
  });

  test("may be overdrawn, and says how long that takes to pay for", () => {
    const bucket = new TokenBucket(10, 3, 0);
    bucket.spend(8);
    expect(bucket.tokens).toBe(-5);
    expect(bucket.debtMs).toBe(500);
    bucket.refill(200);
    expect(bucket.debtMs).toBe(300);
    bucket.refill(500);
    expect(bucket.debtMs).toBe(0);
  });

  test("holds at least one token, and a clock that stands still adds none", () => {
    const bucket = new TokenBucket(1, 0.1, 50);
    expect(bucket.tryTake(50)).toBe(true);
    expect(bucket.tryTake(50)).toBe(false);
    bucket.refill(40);
    expect(bucket.tokens).toBe(0);
  });

  test("changes its rate from now on", () => {
    const bucket = new TokenBucket(10, 10, 0);
    bucket.spend(10);
    bucket.change(1000, 4, 100);
    expect(bucket.tokens).toBe(1);
    bucket.refill(103);
    expect(bucket.tokens).toBe(4);
  });

  test("gives as much as its rate over a long time, whatever is asked when", () => {
    const bucket = new TokenBucket(7, 7, 0);
    let taken = 0;
    for (let now = 0; now < 100_000; now += 13) if (bucket.tryTake(now)) taken++;
    expect(taken).toBeGreaterThanOrEqual(699);
    expect(taken).toBeLessThanOrEqual(707);
  });
});
