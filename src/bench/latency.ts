/** From a histogram in ticks to the latency of a result. */

import { microseconds } from "./flow-state.ts";
import type { Histogram } from "./histogram.ts";
import type { Latency } from "./result.ts";

/** 1, 2, 5, 10 µs and so on up to 500 s. */
const boundsUs = [
  0,
  ...Array.from({ length: 9 }, (_, tens) => [1, 2, 5].map((step) => step * 10 ** tens)).flat(),
];

/** Undefined when nothing was measured. */
export function latencyOf(histogram: Histogram): Latency | undefined {
  if (histogram.count === 0) return undefined;
  const at = (share: number): number => microseconds(histogram.quantile(share));
  const ticksAUs = 1 / microseconds(1);
  return {
    p50Us: at(0.5),
    p99Us: at(0.99),
    p999Us: at(0.999),
    maxUs: microseconds(histogram.max),
    count: histogram.count,
    distribution: histogram
      .bars(boundsUs.map((bound) => bound * ticksAUs))
      .map(({ from, to, count }) => ({ fromUs: microseconds(from), toUs: microseconds(to), count })),
  };
}
