/** The schedules of every run of the tests, in two halves so that both workers have one. */

import { expect } from "vitest";
import { simulateMany } from "#testing";

/** Of each half; `MARTLET_SIMULATIONS` makes longer runs. */
export const COUNT = Number(process.env["MARTLET_SIMULATIONS"] ?? 10_000);
export const TIMEOUT_MS = 60_000 + COUNT * 30;

/** All schedules from `firstSeed` on hold; a failure is the line that replays it. */
export async function expectAllToHold(firstSeed: number): Promise<void> {
  const { failures, count, messages, deliveries, outcomes, crashes } = await simulateMany({
    firstSeed,
    count: COUNT,
  });
  process.stdout.write(
    `simulation: ${count} schedules, seeds ${firstSeed} to ${firstSeed + count - 1}: ${messages} messages, ${deliveries} deliveries, ${outcomes} outcomes, ${crashes} crashes\n`,
  );
  expect(failures.join("\n")).toBe("");
  expect(count).toBe(COUNT);
  // A simulation in which nothing happens proves nothing.
  expect(deliveries).toBeGreaterThan(count);
  expect(crashes).toBeGreaterThan(count / 3);
}
