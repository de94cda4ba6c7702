/** Whatever is done to a journal and whenever it crashes: what comes back was true, and is not older than what was safe. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Simulation } from "./simulation.ts";
import { play, step } from "./steps.ts";

/** Lives to play; the variable is for a longer run by hand. */
const RUNS = Number(process.env["MARTLET_STORE_RUNS"] ?? 80);

describe.each(["durable", "os", "changing"] as const)("a journal in mode %s", (mode) => {
  test("comes back as it was after some batch, not older than the last safe one", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120, size: "max" }), fc.nat(), async (steps, seed) => {
        const simulation = new Simulation({ seed, mode });
        await simulation.open();
        await play(simulation, steps);
        simulation.disk.decide = undefined;
        simulation.disk.capacityBytes = Number.POSITIVE_INFINITY;
        simulation.add(1, 10);
        await simulation.committed();
        await simulation.mustReadAll();
        await simulation.settled(simulation.store.close());
        const report = await simulation.open();
        expect(report.wasClosed).toBe(true);
        await simulation.crash();
      }),
      { numRuns: RUNS },
    );
  });
});
