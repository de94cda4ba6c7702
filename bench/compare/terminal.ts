/** A comparison that says on standard error how far it is, and ends with Ctrl-C. */

import { styleText } from "node:util";
import type { Scenario } from "../../src/bench/index.ts";
import { type ClientRun, runClientRounds } from "../client/rounds.ts";
import { ratePerCpuSecond } from "../client/rows.ts";
import { clientTasks } from "../client/tasks.ts";
import type { Run } from "./figures.ts";
import { digits, duration, kilobytes, shortNumber } from "./number-format.ts";
import type { CompareOptions } from "./options.ts";
import { reportsOf, type ScenarioReport } from "./report.ts";
import { type Rounds, runRounds } from "./rounds.ts";

const INTERRUPTED = 130;
const NAME_WIDTH = 10;

/** Runs everything that brokers are put through. A Ctrl-C ends the peers and then the process. */
export async function measured(
  options: CompareOptions,
): Promise<Rounds & { readonly reports: readonly ScenarioReport[] }> {
  return await untilInterrupted(async (signal) => {
    const rounds = await runRounds(options.scenarios, options.kinds, {
      ...options,
      signal,
      onPeer: (name, what) => {
        const said = "missing" in what ? `left out: ${what.missing}` : what.title;
        console.error(`${name.padEnd(NAME_WIDTH)} ${said}`);
      },
      onRun: (run) => console.error(lineOf(run, options)),
    });
    const { titles, missing, runs } = rounds;
    return { titles, missing, runs, reports: reportsOf(options.scenarios, runs) };
  });
}

/** Runs everything that clients are put through. A Ctrl-C ends their processes and then this one. */
export async function measuredClients(options: CompareOptions): Promise<ClientRun[]> {
  const width = Math.max(...clientTasks.map((task) => task.length));
  return await untilInterrupted((signal) =>
    runClientRounds({
      ...options,
      signal,
      onRun(run) {
        const { round, task, library } = run;
        const place = `${round}/${options.rounds}  ${task.padEnd(width)}  ${library.padEnd(NAME_WIDTH)}`;
        console.error(`${place} ${shortNumber(ratePerCpuSecond(run)).padStart(6)} per CPU s`);
      },
    }),
  );
}

async function untilInterrupted<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await run(abort.signal);
  } catch (error) {
    if (abort.signal.aborted) process.exit(INTERRUPTED);
    throw error;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

function lineOf(run: Run, { rounds, scenarios }: { rounds: number; scenarios: readonly Scenario[] }): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const place = `${run.round}/${rounds}  ${run.scenario.padEnd(width)}  ${run.peer.padEnd(NAME_WIDTH)}`;
  const { result } = run;
  if (result === undefined) return styleText("red", `${place} ${run.error}`);
  const figures = [
    result.deliveriesPerSecond > 0 ? `${shortNumber(result.deliveriesPerSecond).padStart(6)}/s` : undefined,
    result.brokerCpuSecondsPerMillion === undefined
      ? undefined
      : `${digits(result.brokerCpuSecondsPerMillion).padStart(5)} CPU s/M`,
    result.latency === undefined ? undefined : `p99 ${duration(result.latency.p99Us)}`,
    result.bytesPerConnection === undefined ? undefined : `${kilobytes(result.bytesPerConnection)} each`,
    result.allReceivedMs === undefined ? undefined : duration(result.allReceivedMs * 1000),
    result.drainMs === undefined ? undefined : duration(result.drainMs * 1000),
    result.correct ? undefined : styleText("red", `!! ${result.problems.join("; ")}`),
  ];
  return `${place} ${figures.filter((each) => each !== undefined).join("  ")}`;
}
