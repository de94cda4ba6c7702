/**
 * Martlet's figures against those of a peer, as ratios, and what they should be. Pure.
 *
 * Which ratio says something depends on the load: CPU time against the floor, which is about the limit of the machine;
 * messages a second against other brokers; time where there is a given amount to do.
 */

import type { Load, Scenario } from "../../src/bench/index.ts";
import type { Figures } from "./figures.ts";

/** What a ratio is made of. */
export const measures = {
  cpu: { words: "CPU", isHigherBetter: false },
  rate: { words: "messages/s", isHigherBetter: true },
  connects: { words: "connects/s", isHigherBetter: true },
  p99: { words: "p99", isHigherBetter: false },
  /** How many times faster. */
  time: { words: "speed", isHigherBetter: true },
  memory: { words: "memory", isHigherBetter: false },
} as const;

export type Measure = keyof typeof measures;

export interface Comparison {
  readonly scenario: string;
  readonly peer: string;
  readonly measure: Measure;
  /** Martlet's figure to the peer's; for `time` the other way round. */
  readonly ratio: number;
  /** The load was the limit for Martlet or the peer, so the real ratio may be another one. */
  readonly isLoadBound: boolean;
  readonly target: number | undefined;
}

const FLOOR = "floor";

/** `scenario.peer.measure`: what the ratio should reach. */
type Targets = Readonly<Record<string, Readonly<Record<string, Partial<Record<Measure, number>>>>>>;

const targets: Targets = {
  pairs: { floor: { cpu: 2.2 }, flashmq: { rate: 5 }, mosquitto: { rate: 40 }, aedes: { rate: 50 } },
  "pairs-one": {
    floor: { cpu: 1.75 },
    flashmq: { rate: 1.25 },
    mosquitto: { rate: 1.4 },
    aedes: { rate: 3 },
  },
  "fan-in": { floor: { cpu: 1.4 }, flashmq: { rate: 3.5 }, mosquitto: { rate: 20 }, aedes: { rate: 25 } },
  "fan-out": { floor: { cpu: 1.4 }, flashmq: { rate: 3 }, mosquitto: { rate: 15 }, aedes: { rate: 15 } },
  large: { floor: { cpu: 1.5 }, flashmq: { rate: 1.2 }, mosquitto: { rate: 2 }, aedes: { rate: 4 } },
  qos1: { floor: { cpu: 2.2 }, flashmq: { rate: 2 }, mosquitto: { rate: 15 }, aedes: { rate: 20 } },
  qos2: { flashmq: { rate: 1.8 }, mosquitto: { rate: 15 }, aedes: { rate: 20 } },
  filters: { flashmq: { rate: 1.4 }, mosquitto: { rate: 7 }, aedes: { rate: 10 } },
  retained: { flashmq: { time: 4 }, mosquitto: { time: 8 }, aedes: { time: 20 } },
  offline: { flashmq: { time: 8 }, mosquitto: { time: 10 }, aedes: { time: 20 } },
  rate: {
    floor: { cpu: 1.8 },
    flashmq: { cpu: 1, p99: 1.3 },
    mosquitto: { cpu: 1, p99: 0.5 },
    aedes: { cpu: 0.5 },
  },
  storm: {
    floor: { cpu: 1.4 },
    flashmq: { connects: 1 },
    mosquitto: { connects: 1 },
    aedes: { connects: 6 },
  },
  idle: { aedes: { memory: 0.15 } },
};

/** All ratios that say something about `scenario`, of Martlet to each other peer that has the figure. */
export function comparisonsOf(
  scenario: Scenario,
  ours: Figures,
  peers: ReadonlyMap<string, Figures>,
): Comparison[] {
  const found: Comparison[] = [];
  for (const [peer, theirs] of peers) {
    for (const measure of measuresOf(scenario.load, peer)) {
      const ratio = ratioOf(measure, ours, theirs);
      if (ratio === undefined) continue;
      const depends = measure === "rate" || measure === "connects" || measure === "p99";
      const isLoadBound = depends && (ours.isLoadBound || theirs.isLoadBound);
      const target = targets[scenario.name]?.[peer]?.[measure];
      found.push({ scenario: scenario.name, peer, measure, ratio, isLoadBound, target });
    }
  }
  return found;
}

function measuresOf(load: Load, peer: string): readonly Measure[] {
  switch (load.kind) {
    case "flow":
      if (peer === FLOOR) return ["cpu"];
      return load.pace.kind === "rate" ? ["cpu", "p99"] : ["rate"];
    case "storm":
      return peer === FLOOR ? ["cpu"] : ["connects"];
    case "idle":
      return peer === FLOOR ? [] : ["memory"];
    case "retained":
    case "offline":
      return ["time"];
    case "fairness":
      return peer === FLOOR ? [] : ["p99"];
  }
}

function ratioOf(measure: Measure, ours: Figures, theirs: Figures): number | undefined {
  switch (measure) {
    case "cpu":
      return quotient(ours.cpuPerMillion, theirs.cpuPerMillion);
    case "rate":
    case "connects":
      return quotient(ours.perSecond, theirs.perSecond);
    case "p99":
      return quotient(ours.p99Us, theirs.p99Us);
    case "time":
      return quotient(theirs.allThereMs, ours.allThereMs);
    case "memory":
      return quotient(ours.bytesPerConnection, theirs.bytesPerConnection);
  }
}

function quotient(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined || divisor <= 0 ? undefined : dividend / divisor;
}

/** Undefined without a target. */
export function isReached({ measure, ratio, target }: Comparison): boolean | undefined {
  if (target === undefined) return undefined;
  return measures[measure].isHigherBetter ? ratio >= target : ratio <= target;
}
