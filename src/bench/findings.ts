/**
 * What a load found, before it becomes the result of a run.
 */

import type { Flow } from "./flow.ts";
import type { LoadRun } from "./load-run.ts";
import type { Measurement } from "./measurement.ts";
import type { Latency, RatePoint, ScenarioResult } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import type { BenchTarget } from "./target.ts";
import type { ProcessUsage } from "./usage.ts";

/** What a load is run with. */
export interface LoadContext {
  readonly run: LoadRun;
  readonly target: BenchTarget;
  readonly usage: ProcessUsage;
  readonly durationMs: number;
  readonly warmUpMs: number;
}

/** What became of the messages. */
export interface Counts {
  readonly lost: number;
  readonly duplicated: number;
  readonly disordered: number;
  readonly unacknowledged: number;
  readonly unexpected: number;
}

/** What the load promises, beyond that nobody is refused and no connection breaks. */
interface Promises {
  /** Everything comes. Not so at QoS 0 without a window. */
  readonly delivery: boolean;
  /** Nothing comes twice. Not so at QoS 1. */
  readonly once: boolean;
}

export interface Findings {
  readonly measurement: Measurement;
  readonly deliveries: number;
  readonly published: number;
  readonly counts: Counts;
  readonly promises: Promises;
  readonly latency?: Latency | undefined;
  readonly course?: readonly RatePoint[];
  /** Figures that only this kind of load has. */
  readonly special?: Partial<ScenarioResult>;
}

export const NOTHING_COUNTED: Counts = {
  lost: 0,
  duplicated: 0,
  disordered: 0,
  unacknowledged: 0,
  unexpected: 0,
};

export function countsOf(flow: Flow): Counts {
  const { tally, unexpected } = flow.state;
  return {
    lost: flow.lost,
    duplicated: tally.duplicated,
    disordered: tally.disordered,
    unacknowledged: flow.unacknowledged,
    unexpected,
  };
}

export function resultOf(scenario: Scenario, run: LoadRun, findings: Findings): ScenarioResult {
  const { promises, latency, measurement } = findings;
  const unexpected = findings.counts.unexpected + run.strayHandler.count;
  const counts = { ...findings.counts, unexpected };
  const { problems } = run;
  const correct =
    (counts.lost === 0 || !promises.delivery) &&
    (counts.duplicated === 0 || !promises.once) &&
    counts.disordered === 0 &&
    counts.unacknowledged === 0 &&
    counts.unexpected === 0 &&
    problems.refused === 0 &&
    problems.connectionsLost === 0;
  return {
    scenario: scenario.name,
    kind: scenario.load.kind,
    ...measurement.figures(findings.deliveries),
    published: findings.published,
    ...(latency === undefined ? {} : { latency }),
    course: findings.course ?? [],
    ...counts,
    refused: problems.refused,
    connectionsLost: problems.connectionsLost,
    correct,
    problems: [...problems.sentences(), ...sentencesOf(counts)],
    ...findings.special,
  };
}

function sentencesOf(counts: Counts): string[] {
  const sentences: string[] = [];
  const say = (count: number, one: string, many: string): void => {
    if (count > 0) sentences.push(`${count.toLocaleString("en")} ${count === 1 ? one : many}.`);
  };
  say(counts.lost, "message did not arrive", "messages did not arrive");
  say(counts.duplicated, "message came twice", "messages came twice");
  say(counts.disordered, "message came after a later one", "messages came after a later one");
  say(
    counts.unacknowledged,
    "message was not acknowledged to its publisher",
    "messages were not acknowledged to their publishers",
  );
  say(counts.unexpected, "packet came that nobody asked for", "packets came that nobody asked for");
  return sentences;
}
