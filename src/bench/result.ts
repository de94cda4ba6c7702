/**
 * What a run found. Plain values, ready for JSON; the names are API.
 *
 * "Measured" is the time after warming up; losses and the like are counted over the whole run, from the first message to
 * the end of the drain.
 */

import type { Load } from "./scenario.ts";

/** How long messages took, in microseconds. With a fixed rate counted from when each was due, not from when it was sent. */
export interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** How many messages were measured. */
  readonly count: number;
  /** Rising, without gaps: how many took from `fromUs` up to, not including, `toUs`. */
  readonly distribution: readonly LatencyBar[];
}

export interface LatencyBar {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
}

/** Deliveries of one stretch of the measured time. */
export interface RatePoint {
  /** Its end, from the begin of the measured time. */
  readonly seconds: number;
  readonly deliveriesPerSecond: number;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly kind: Load["kind"];
  /** Messages that subscribers received in the measured time; in a storm, connects. */
  readonly deliveries: number;
  /** Length of the measured time. */
  readonly seconds: number;
  readonly deliveriesPerSecond: number;
  /** Messages that publishers sent in the measured time. */
  readonly published: number;
  /** CPU of the broker for a million deliveries (in a storm: connects); absent without `processIds` and outside Linux. */
  readonly brokerCpuSecondsPerMillion?: number;
  /** The same of this process. Near the broker's, or above it, the load is what limits the figures. */
  readonly ownCpuSecondsPerMillion: number;
  /** Memory of the broker's processes at the end of the measured time. */
  readonly brokerResidentBytes?: number;
  readonly latency?: Latency;
  /** Rate over the measured time, for a chart; empty for loads that have none. */
  readonly course: readonly RatePoint[];

  /** Messages that should have come and did not, until the end of the drain. */
  readonly lost: number;
  /** Deliveries of a message that had already come. */
  readonly duplicated: number;
  /** Messages that came after a later one of the same publisher. */
  readonly disordered: number;
  /** Messages above QoS 0 whose publisher got no acknowledgement until the end of the drain. */
  readonly unacknowledged: number;
  /** Connections and subscriptions that the broker did not grant. */
  readonly refused: number;
  /** Connections that broke off, and those that could not be made after others could. */
  readonly connectionsLost: number;
  /** Packets that nobody asked for: messages of others, acknowledgements of nothing in flight. */
  readonly unexpected: number;
  /** Whether what the load promises was kept: nothing lost, duplicated, out of order or unacknowledged, nobody refused. */
  readonly correct: boolean;
  /** What went wrong, a sentence each: `The broker refused 3 of 100 connections: not authorized.` */
  readonly problems: readonly string[];

  /** storm */
  readonly connectsPerSecond?: number;
  /** idle: memory of the broker for each connection; absent without `processIds`. */
  readonly bytesPerConnection?: number;
  /** idle: connections that stood. */
  readonly connections?: number;
  /** retained: from SUBSCRIBE to the last message. */
  readonly allReceivedMs?: number;
  /** offline: from CONNECT to the last message. */
  readonly drainMs?: number;
  /** retained, offline: messages a second while they were stored. */
  readonly storedPerSecond?: number;
  /** fairness; `latency` is then that of the quiet pairs beside the flood. */
  readonly fairness?: Fairness;
}

export interface Fairness {
  readonly aloneP99Us: number;
  readonly floodedP99Us: number;
  /** `floodedP99Us` by `aloneP99Us`. */
  readonly ratio: number;
  /** Messages a second that the flood got through. */
  readonly floodPerSecond: number;
}

/** What a run is doing. */
export type Phase = "connect" | "subscribe" | "store" | "warm-up" | "measure" | "drain" | "clean-up";

/** How far a run is, several times a second. */
export interface Progress {
  readonly scenario: string;
  readonly phase: Phase;
  /** Since the run began. */
  readonly elapsedSeconds: number;
  /** From 0 to 1: how much of this phase is done, where that is known. */
  readonly share?: number;
  /** In the last moment: deliveries, or connects while connections are made. */
  readonly perSecond: number;
}
