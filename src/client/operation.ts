/**
 * A promise that always settles: by its result, its deadline or its signal, whichever is first.
 */

import type { Clock } from "#base";
import { AbortedError, TimeoutError } from "./errors.ts";
import type { OperationOptions } from "./options.ts";

export class Operation<Result> {
  readonly promise: Promise<Result>;
  #resolve!: (result: Result) => void;
  #reject!: (error: unknown) => void;
  #cleanUp: (() => void) | undefined;
  isSettled = false;

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not look at the promise is not brought down by it.
    this.promise.catch(() => undefined);
  }

  resolve(result: Result): void {
    if (this.#settle()) this.#resolve(result);
  }

  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** When time is up or the signal is aborted it rejects, or `onGivenUp` gets the error. `what` names the operation. */
  limit(
    clock: Clock,
    what: string,
    limits: OperationOptions,
    onGivenUp: (error: Error) => void = (error) => this.reject(error),
  ): void {
    this.#cleanUp = limit(clock, what, limits, onGivenUp);
  }

  #settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.#cleanUp?.();
    return true;
  }
}

/** `onGivenUp` gets the error when time is up or the signal is aborted; returns what ends the watch. */
export function limit(
  clock: Clock,
  what: string,
  { timeoutMs = Number.POSITIVE_INFINITY, signal }: OperationOptions,
  onGivenUp: (error: Error) => void,
  state?: { readonly wasSent: boolean },
): (() => void) | undefined {
  const onAbort = (): void => onGivenUp(new AbortedError(what, signal?.reason, state));
  if (signal?.aborted === true) {
    onAbort();
    return undefined;
  }
  signal?.addEventListener("abort", onAbort);
  const cancel =
    timeoutMs < Number.POSITIVE_INFINITY
      ? clock.schedule(timeoutMs, () => onGivenUp(new TimeoutError(what, state)))
      : undefined;
  return () => {
    signal?.removeEventListener("abort", onAbort);
    cancel?.();
  };
}
