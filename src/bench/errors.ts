/**
 * Why a load could not be put on a broker at all.
 */

import { MartletError } from "#base";

/**
 * `unreachable`: no connection. `refused`: the broker let nobody in, or granted no subscription. `timed-out`: it did not
 * answer. `aborted`: the caller's signal.
 */
export type BenchErrorKind = "unreachable" | "refused" | "timed-out" | "aborted";

export class BenchError extends MartletError {
  readonly kind: BenchErrorKind;

  constructor(kind: BenchErrorKind, message: string, options?: ErrorOptions) {
    super("MARTLET_BENCH", message, options);
    this.kind = kind;
  }
}
