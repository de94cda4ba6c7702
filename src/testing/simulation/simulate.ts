/**
 * Simulations from seeds: one of them, or many with what is to be done about those that fail.
 *
 * A failure is made short by leaving steps out as long as something still fails, and told as one line that replays it.
 */

import { describeError, seededRandom } from "#base";
import type { SimulationOptions, SimulationResult, SimulationsResult } from "./options.ts";
import { Simulation } from "./simulation.ts";
import { drawSteps, type Step } from "./steps.ts";

const DEFAULT_STEPS = 25;
/** In every third schedule the broker and its disk have no trouble, and everything can be counted exactly. */
const CALM = 3;
/** Others get their turn after so many. */
const BREATH = 50;
/** Failures of one run that are made short; more would be of the same kind. */
const MOST_FAILURES = 5;

/**
 * Plays one schedule. Resolves whatever happens; `failure` says what was wrong.
 *
 * @example
 * ```ts
 * import { simulate } from "martlet/testing";
 *
 * const { failure, lines } = await simulate({ seed: 17, trace: true });
 * if (failure !== undefined) console.error(lines.join("\n"));
 * ```
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  const { trace, judge, host } = simulation;
  let played = 0;
  try {
    await host.start();
    for (const step of stepsOf(options)) {
      played++;
      await simulation.play(step);
    }
    await simulation.finish();
  } catch (error) {
    if (trace.failure === undefined) trace.fail(describeError(error));
  }
  return {
    seed: options.seed,
    failure: trace.failure,
    played,
    hash: trace.hash,
    lines: trace.lines,
    messages: judge.publications.all.length,
    deliveries: judge.deliveries.received,
    outcomes: judge.deliveries.outcomes,
    crashes: host.crashes,
  };
}

/** Plays the schedules of `count` seeds from `firstSeed` on. */
export async function simulateMany(
  options: Omit<SimulationOptions, "seed" | "script"> & {
    readonly firstSeed: number;
    readonly count: number;
  },
): Promise<SimulationsResult> {
  const { firstSeed, count, ...rest } = options;
  const sums = { messages: 0, deliveries: 0, outcomes: 0, crashes: 0 };
  const failures: string[] = [];
  for (let i = 0; i < count; i++) {
    const result = await simulate({ ...rest, seed: firstSeed + i });
    sums.messages += result.messages;
    sums.deliveries += result.deliveries;
    sums.outcomes += result.outcomes;
    sums.crashes += result.crashes;
    if (result.failure !== undefined) failures.push(await shortest({ ...rest, seed: firstSeed + i }, result));
    if (failures.length >= MOST_FAILURES) return { count: i + 1, ...sums, failures };
    if (i % BREATH === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
  }
  return { count, ...sums, failures };
}

/** The line that replays a failure, with as few steps as can be found quickly. */
async function shortest(options: SimulationOptions, result: SimulationResult): Promise<string> {
  let steps = Math.max(1, result.played);
  let without: number[] = [...(options.without ?? [])];
  let failure = result.failure ?? "";
  const first = await simulate({ ...options, steps, without });
  if (first.failure === undefined) steps = options.steps ?? DEFAULT_STEPS;
  for (let number = steps - 1; number >= 0; number--) {
    if (without.includes(number)) continue;
    const tried = await simulate({ ...options, steps, without: [...without, number] });
    if (tried.failure === undefined) continue;
    without = [...without, number];
    failure = tried.failure;
  }
  const missing = without.length === 0 ? "" : ` --without ${without.toSorted((a, b) => a - b).join()}`;
  return `npm run simulate -- --seed ${options.seed} --steps ${steps}${missing}   # ${failure}`;
}

function stepsOf({ seed, steps = DEFAULT_STEPS, without = [], script }: SimulationOptions): Step[] {
  const all = script ?? drawSteps(seededRandom(seed ^ 0x57e95), steps, { isCalm: seed % CALM === 0 });
  return all.filter((_, number) => !without.includes(number));
}
