/** What a run has found, as all reports show it. */

import type { ProtocolVersion } from "#protocol";
import type { Grade, Outcome } from "#testing";

/** A version that was not graded because the broker does not speak it. */
export interface LeftOut {
  readonly version: ProtocolVersion;
  readonly reason: string;
}

export interface RunReport {
  /** The broker's address, without a password. */
  readonly target: string;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly grades: readonly Grade[];
  readonly outcomes: readonly Outcome[];
  readonly leftOut: readonly LeftOut[];
  /** What the reader should know, a sentence each. */
  readonly remarks: readonly string[];
}
