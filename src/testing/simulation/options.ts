/** What a simulation is asked for, and what it gives. */

import type { BrokerSettings } from "#broker";
import type { Store } from "#store";
import type { Step } from "./steps.ts";

export interface SimulationOptions {
  /** Everything that is left to chance comes from it; 0 to 4,294,967,295. */
  readonly seed: number;
  /** How many steps. Default: 25. */
  readonly steps?: number;
  /** Numbers of steps, from 0 on, that are left out. Default: none. */
  readonly without?: readonly number[];
  /** These steps instead of drawn ones. */
  readonly script?: readonly Step[];
  /** On top of those that the seed draws. */
  readonly settings?: Partial<BrokerSettings>;
  /** Whether `lines` says what happened. Default: false. */
  readonly trace?: boolean;
  /** Puts something between the broker and its store, in each of its lives. For tests of the simulation itself. */
  readonly wrapStore?: (store: Store) => Store;
}

export interface SimulationResult {
  readonly seed: number;
  /** The invariant that was broken, as a sentence; undefined when all held. */
  readonly failure: string | undefined;
  /** How many steps were played until the end or the failure. */
  readonly played: number;
  /** Equal for equal runs. */
  readonly hash: string;
  /** What happened, one line each; empty without `trace`. */
  readonly lines: readonly string[];
  readonly messages: number;
  readonly deliveries: number;
  /** Messages that did not arrive, with their reason. */
  readonly outcomes: number;
  readonly crashes: number;
}

/** Many simulations, one for each seed. */
export interface SimulationsResult {
  readonly count: number;
  readonly messages: number;
  readonly deliveries: number;
  readonly outcomes: number;
  readonly crashes: number;
  /** Seeds that failed, each with the shortest command that shows it. */
  readonly failures: readonly string[];
}
