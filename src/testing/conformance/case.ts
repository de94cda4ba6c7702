/**
 * A conformance case: one short script of one or more clients, the statements it tests, and the versions it applies to.
 * A case knows nothing of a test runner, of sockets and of real time, so the same cases run in memory within
 * milliseconds, and against any broker in the world.
 */

import type { ProtocolVersion } from "#protocol";
import type { ConformanceContext } from "./context.ts";
import type { Needs } from "./target.ts";
import type { TraceEntry } from "./trace.ts";

export interface ConformanceCase {
  /** Unique: `chapter/what-it-is-about`. */
  readonly name: string;
  /** What the server has to do, in a sentence. */
  readonly title: string;
  /** Ids of the ledger, for example `5.0/MQTT-3.3.1-4`. */
  readonly statements: readonly string[];
  readonly versions: readonly ProtocolVersion[];
  readonly needs?: Needs;
  readonly run: (context: ConformanceContext) => Promise<void>;
}

export type OutcomeStatus =
  | "passed"
  | "failed"
  /** The target lacks something that the case needs. */
  | "not-supported"
  /** The server took a way that the standard leaves open, and the case can tell nothing. */
  | "inconclusive";

export interface Outcome {
  readonly case: ConformanceCase;
  readonly version: ProtocolVersion;
  readonly status: OutcomeStatus;
  /** Why it did not pass. */
  readonly reason: string | undefined;
  /** Of a failure: the statement that is broken, when it is known; otherwise any of the case's may be. */
  readonly broken: string | undefined;
  /** Where the server was allowed to do what it did, and the standard prefers something else. */
  readonly notes: readonly string[];
  readonly trace: readonly TraceEntry[];
  /** In the target's own time. */
  readonly durationMs: number;
}

/** The versions a case applies to. */
export const ALL: readonly ProtocolVersion[] = [3, 4, 5];
export const SINCE_3_1_1: readonly ProtocolVersion[] = [4, 5];
export const UP_TO_3_1_1: readonly ProtocolVersion[] = [3, 4];
export const ONLY_3_1_1: readonly ProtocolVersion[] = [4];
export const ONLY_5: readonly ProtocolVersion[] = [5];
