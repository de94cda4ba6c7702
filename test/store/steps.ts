/** Random histories of a journal: changes, pauses, disks in trouble and crashes. */

import fc from "fast-check";
import { StoreError } from "#store";
import type { Simulation } from "./simulation.ts";

const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(200) },
  { weight: 2, arbitrary: fc.nat(3000) },
  { weight: 1, arbitrary: fc.integer({ min: 10_000, max: 40_000 }) },
);
/** Which of the live records, in thousandths of them. */
const which = fc.nat(999);

const change = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("add" as const), kind: fc.nat(255), size }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("replace" as const), which, size }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("drop" as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("read" as const), which }) },
);
const trouble = fc.oneof(
  fc.record({
    do: fc.constant("fail" as const),
    fault: fc.constantFrom("failed" as const, "full" as const),
    ms: fc.integer({ min: 1, max: 400 }),
  }),
  fc.record({
    do: fc.constant("fill" as const),
    spareBytes: fc.nat(20_000),
    ms: fc.integer({ min: 1, max: 400 }),
  }),
);
const crash = fc.record({
  do: fc.constant("crash" as const),
  kind: fc.constantFrom("power" as const, "process" as const),
});
/** One thing that happens. */
export const step = fc.oneof(
  { weight: 40, arbitrary: change },
  { weight: 1, arbitrary: trouble },
  { weight: 2, arbitrary: crash },
);

export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A disk that fails may also refuse a read. */
async function readUnlessRefused(simulation: Simulation, id: number): Promise<void> {
  try {
    await simulation.mustRead(id);
  } catch (error) {
    const isRefused = error instanceof StoreError && error.kind !== "corrupt";
    if (!isRefused || simulation.disk.decide === undefined) throw error;
  }
}

/** Lets `steps` happen. */
export async function play(simulation: Simulation, steps: readonly Step[]): Promise<void> {
  const { clock } = simulation;
  for (const each of steps) {
    const ids = [...simulation.records.keys()];
    const chosen = "which" in each ? ids[Math.floor((each.which * ids.length) / 1000)] : undefined;
    switch (each.do) {
      case "add":
        simulation.add(each.kind, each.size);
        break;
      case "replace":
        if (chosen !== undefined) simulation.replace(chosen, 7, each.size);
        break;
      case "drop":
        if (chosen !== undefined) simulation.drop(chosen);
        break;
      case "read":
        if (chosen !== undefined) await readUnlessRefused(simulation, chosen);
        break;
      case "wait":
        await simulation.pass(each.ms);
        break;
      case "fail": {
        const { disk } = simulation;
        const end = clock.now() + each.ms;
        disk.decide = ({ number }) => (clock.now() < end && number % 3 !== 0 ? each.fault : undefined);
        break;
      }
      case "fill": {
        const { disk } = simulation;
        disk.capacityBytes = disk.usedBytes + each.spareBytes;
        clock.schedule(each.ms, () => {
          disk.capacityBytes = Number.POSITIVE_INFINITY;
        });
        break;
      }
      case "crash":
        await simulation.crash(each.kind);
        simulation.disk.capacityBytes = Number.POSITIVE_INFINITY;
        break;
      default:
    }
  }
}
