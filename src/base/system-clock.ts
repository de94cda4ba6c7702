/**
 * The clock of the machine; the one place that reads it. Runs in Node and in browsers.
 */

import type { Clock } from "./clock.ts";

/** `setTimeout` overflows above this and would ring at once. */
const LONGEST_DELAY_MS = 0x7fff_ffff;

interface Host {
  setImmediate?: (run: () => void) => unknown;
}

/** A `Clock` on the system's monotonic and wall clocks. Its timers do not keep a process alive. */
export function systemClock(): Clock {
  const immediate = (globalThis as Host).setImmediate;
  return {
    now: () => performance.now(),
    epochMs: () => Date.now(),
    schedule(delayMs, ring) {
      const timer: unknown = setTimeout(ring, Math.min(Math.max(0, Math.ceil(delayMs)), LONGEST_DELAY_MS));
      if (typeof timer === "object") (timer as { unref?: () => void }).unref?.();
      return () => clearTimeout(timer as number);
    },
    afterTurn: immediate === undefined ? (run) => void setTimeout(run, 0) : (run) => void immediate(run),
  };
}
