/** A small piece of hot code in a loop: what one operation costs in time and in memory that is thrown away. */

import { getHeapStatistics } from "node:v8";
import { cpuMicroseconds } from "../measured/meter.ts";

export interface Benchmark {
  /** `copy-bytes/64`: the part before the slash names the piece. */
  readonly name: string;
  /** What one operation is. */
  readonly what: string;
  /** Makes what the loop needs. */
  prepare(): Loop;
}

export interface Loop {
  /** In one call of `run`; enough that the call itself does not count. */
  readonly operations: number;
  readonly run: () => void;
}

export interface Cost {
  readonly nanoseconds: number;
  /** In V8's heap; what lies outside, such as large buffers, is not seen. */
  readonly allocatedBytes: number;
}

const WARM_UP_MICROSECONDS = 200_000;
const SAMPLE_MICROSECONDS = 60_000;
const SAMPLES = 7;

/** The best of several samples: what disturbs only ever adds. */
export function costOf({ operations, run }: Loop): Cost {
  let calls = 0;
  for (let used = 0; used < WARM_UP_MICROSECONDS; calls++) used += cpuMicroseconds(run);
  calls = Math.max(1, Math.ceil((calls * SAMPLE_MICROSECONDS) / WARM_UP_MICROSECONDS));
  const sample = (): void => {
    for (let i = 0; i < calls; i++) run();
  };
  let microseconds = Number.POSITIVE_INFINITY;
  let allocatedBytes = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    const before = allocatedEver();
    microseconds = Math.min(microseconds, cpuMicroseconds(sample));
    allocatedBytes = Math.min(allocatedBytes, allocatedEver() - before);
  }
  const count = calls * operations;
  return { nanoseconds: (microseconds * 1000) / count, allocatedBytes: allocatedBytes / count };
}

function allocatedEver(): number {
  // Node 26; its types do not know it yet.
  return (getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
}

/** Results go here, so that no compiler finds a loop to be useless. */
export const sink = { number: 0, value: undefined as unknown };
