/** One history, crashed at every single operation of the disk. */

import { describe, expect, test } from "vitest";
import { Simulation } from "./simulation.ts";

/** Adds, replaces and drops over several segments, with cleaning on the way, until `isOver`. */
async function history(simulation: Simulation, isOver: () => boolean): Promise<void> {
  for (let turn = 0; turn < 60 && !isOver(); turn++) {
    for (let i = 0; i < 6; i++) simulation.add(1, 100 + ((turn * 37 + i * 11) % 150));
    const ids = [...simulation.records.keys()];
    if (ids.length > 40) {
      for (const id of ids.slice(0, -40)) if (id % 8 !== 0) simulation.drop(id);
      simulation.replace(ids.at(-20) as number, 2, 60);
    }
    if (turn % 20 === 19) simulation.add(3, 20_000);
    await simulation.pass(6);
  }
}

/** How many operations the whole history takes. */
async function operationsOf(seed: number): Promise<number> {
  const simulation = new Simulation({ seed });
  await simulation.open();
  await history(simulation, () => false);
  const { copiedBytes, segments } = simulation.store.stats();
  expect(copiedBytes).toBeGreaterThan(0);
  expect(segments).toBeGreaterThan(1);
  return simulation.disk.operations;
}

describe.each(["power", "process"] as const)("a crash of the %s", (kind) => {
  test("at any operation leaves what was true after some batch", async () => {
    const operations = await operationsOf(1);
    expect(operations).toBeGreaterThan(80);
    for (let at = 0; at < operations; at++) {
      const simulation = new Simulation({ seed: 1 });
      await simulation.open();
      let isReached = false;
      simulation.disk.decide = ({ number }) => {
        isReached ||= number === at;
        return undefined;
      };
      await history(simulation, () => isReached);
      await simulation.crash(kind);
      // And once more in the middle of the next life, without a pause.
      simulation.add(1, 10);
      await simulation.pass(at % 12);
      await simulation.crash("power");
      await simulation.mustReadAll();
    }
  });
});
