/**
 * Time, as a port. The core never asks the system for it: a clock comes in, so that a simulation or a test decides
 * what time it is and thirty days pass in a millisecond.
 */

export interface Clock {
  /** Milliseconds on a clock that never goes back; the origin means nothing. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump when the system's clock is set. */
  epochMs(): number;
  /** Calls `ring` once, not before `delayMs` have passed. The returned function cancels it. */
  schedule(delayMs: number, ring: () => void): () => void;
  /** Calls `run` once when the input of the present turn has been handled: the moment to flush what it produced. */
  afterTurn(run: () => void): void;
}
