/**
 * How long to wait before the next attempt: decorrelated jitter, so that a fleet that lost its broker does not come back as
 * one. Each wait is drawn between the shortest and three times the one before, and never above the longest.
 */

import type { Chance, ReconnectOptions } from "./options.ts";

const DEFAULT_MINIMUM_MS = 500;
const DEFAULT_MAXIMUM_MS = 60_000;

export class Backoff {
  readonly #random: Chance;
  readonly #minimumMs: number;
  readonly #maximumMs: number;
  #lastMs = 0;

  constructor(random: Chance, { minimumDelayMs, maximumDelayMs }: ReconnectOptions) {
    this.#random = random;
    this.#minimumMs = minimumDelayMs ?? DEFAULT_MINIMUM_MS;
    this.#maximumMs = Math.max(maximumDelayMs ?? DEFAULT_MAXIMUM_MS, this.#minimumMs);
  }

  /** The next wait. `isBusy`: the broker has said that it has too much to do, so growth begins further up. */
  next({ isBusy }: { readonly isBusy: boolean }): number {
    const floor = isBusy ? Math.min(this.#minimumMs * 10, this.#maximumMs) : this.#minimumMs;
    const ceiling = Math.max(floor, Math.min(this.#maximumMs, this.#lastMs * 3));
    this.#lastMs = floor + this.#random.below(Math.floor(ceiling - floor) + 1);
    return this.#lastMs;
  }

  /** A connection has lasted: the next loss begins anew. */
  reset(): void {
    this.#lastMs = 0;
  }
}
