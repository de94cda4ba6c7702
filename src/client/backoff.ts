/**
 * How long to wait before the next attempt: decorrelated jitter, so that a fleet that lost its broker does not come back as
 * one. Each wait is drawn between the shortest and three times the one before, and never above the longest.
 */

import { DEFAULT_MAXIMUM_DELAY_MS, DEFAULT_MINIMUM_DELAY_MS } from "./defaults.ts";
import type { Chance, ReconnectOptions } from "./options.ts";

/**
 * The next wait after one of `lastMs`, 0 for none: a connection has lasted, and growth begins anew. `isBusy`: the broker has
 * said that it has too much to do, so growth begins further up.
 */
export function nextDelayMs(
  random: Chance,
  { minimumDelayMs = DEFAULT_MINIMUM_DELAY_MS, maximumDelayMs = DEFAULT_MAXIMUM_DELAY_MS }: ReconnectOptions,
  { lastMs, isBusy }: { readonly lastMs: number; readonly isBusy: boolean },
): number {
  const longestMs = Math.max(maximumDelayMs, minimumDelayMs);
  const floor = isBusy ? Math.min(minimumDelayMs * 10, longestMs) : minimumDelayMs;
  const ceiling = Math.max(floor, Math.min(longestMs, lastMs * 3));
  return floor + random.below(Math.floor(ceiling - floor) + 1);
}
