/** From the runs of several rounds to one figure each: medians, and everything that went wrong. Pure. */

import type { ScenarioResult } from "../../src/bench/index.ts";

/** One scenario on one peer, once. */
export interface Run {
  readonly scenario: string;
  readonly peer: string;
  /** From 1. */
  readonly round: number;
  /** Absent when the run broke off. */
  readonly result?: ScenarioResult;
  readonly error?: string;
}

/** One scenario on one peer, over all rounds. What a scenario does not measure is absent. */
export interface Figures {
  /** Messages that arrived, in a storm connects. */
  readonly perSecond: number | undefined;
  /** Seconds of CPU of the peer for a million of them. */
  readonly cpuPerMillion: number | undefined;
  /** The same of the load itself. */
  readonly ownCpuPerMillion: number | undefined;
  readonly p50Us: number | undefined;
  readonly p99Us: number | undefined;
  readonly bytesPerConnection: number | undefined;
  /** Until the last retained message, or the last queued one, was there. */
  readonly allThereMs: number | undefined;
  /** The load used a core up, so that the peer might have done more. */
  readonly isLoadBound: boolean;
  /** A sentence for each thing that went wrong in any round; empty when all was delivered once and in order. */
  readonly faults: readonly string[];
}

/** Of a core, from which on the load is taken to be the limit. */
const LOAD_BOUND_SHARE = 0.9;

export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** Of the runs of one scenario on one peer. */
export function figuresOf(runs: readonly Run[]): Figures {
  const results = runs.flatMap(({ result }) => result ?? []);
  const medianOf = (pick: (result: ScenarioResult) => number | undefined): number | undefined =>
    median(results.flatMap((result) => pick(result) ?? []));
  const perSecond = medianOf((result) => result.deliveriesPerSecond || undefined);
  const ownCpuPerMillion = medianOf((result) => result.ownCpuSecondsPerMillion || undefined);
  const ownShare = ((perSecond ?? 0) * (ownCpuPerMillion ?? 0)) / 1e6;
  return {
    perSecond,
    cpuPerMillion: medianOf((result) => result.brokerCpuSecondsPerMillion || undefined),
    ownCpuPerMillion,
    p50Us: medianOf((result) => result.latency?.p50Us),
    p99Us: medianOf((result) => result.latency?.p99Us),
    bytesPerConnection: medianOf((result) => result.bytesPerConnection),
    allThereMs: medianOf((result) => result.allReceivedMs ?? result.drainMs),
    isLoadBound: ownShare > LOAD_BOUND_SHARE,
    faults: runs.flatMap(faultsOf),
  };
}

function faultsOf({ round, result, error }: Run): string[] {
  const place = `round ${round}: `;
  if (result === undefined) return [`${place}${error ?? "no result"}`];
  if (result.correct) return [];
  return result.problems.length === 0 ? [`${place}not correct`] : result.problems.map((each) => place + each);
}
