import { describe, expect, test } from "vitest";
import { systemClock } from "./system-clock.ts";

describe("system clock", () => {
  test("now never goes back, and the wall clock is the wall clock", () => {
    const clock = systemClock();
    let last = clock.now();
    for (let i = 0; i < 1000; i++) {
      const now = clock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(Math.abs(clock.epochMs() - Date.now())).toBeLessThan(60_000);
  });

  test("rings not before the delay has passed, and not at all when cancelled", async () => {
    const clock = systemClock();
    const start = clock.now();
    let isCancelledRung = false;
    const cancel = clock.schedule(1, () => (isCancelledRung = true));
    cancel();
    const keepsAlive = setInterval(() => undefined, 1000);
    const rungAt = await new Promise<number>((resolve) => clock.schedule(20, () => resolve(clock.now())));
    clearInterval(keepsAlive);
    // Node's timers may be a fraction of a millisecond early; `Timers` asks again then.
    expect(rungAt - start).toBeGreaterThanOrEqual(18);
    expect(isCancelledRung).toBe(false);
  });

  test("a delay of months does not ring at once", async () => {
    const clock = systemClock();
    let rung = false;
    const cancel = clock.schedule(90 * 24 * 3600 * 1000, () => (rung = true));
    // A delay that overflowed would be 1 ms.
    const end = performance.now() + 10;
    while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
    expect(rung).toBe(false);
    cancel();
  });

  test("afterTurn runs once, after the present turn", async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock().afterTurn(() => {
        order.push("after");
        resolve();
      });
      order.push("now");
    });
    expect(order).toEqual(["now", "after"]);
  });
});
