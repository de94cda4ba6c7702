/**
 * The machine's clock as a client needs it, in every runtime.
 *
 * Unlike the broker's, its timers keep the process alive: a client that waits for its next attempt has nothing else that
 * would. Where there is no `setImmediate`, the end of a turn comes by message: the timers of a page in the background are late
 * by up to a minute, messages are not.
 */

import type { Clock } from "#base";

/** `setTimeout` overflows above this and would ring at once. */
const LONGEST_DELAY_MS = 0x7fff_ffff;

export function clientClock(): Clock {
  const { setImmediate } = globalThis as { setImmediate?: (run: () => void) => unknown };
  return {
    now: () => performance.now(),
    epochMs: () => Date.now(),
    schedule(delayMs, ring) {
      const timer = setTimeout(ring, Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS));
      return () => clearTimeout(timer);
    },
    afterTurn: setImmediate === undefined ? afterMessage() : (run) => void setImmediate(run),
  };
}

function afterMessage(): Clock["afterTurn"] {
  const { port1, port2 } = new MessageChannel();
  let runs: (() => void)[] = [];
  port1.onmessage = () => {
    const due = runs;
    runs = [];
    for (const run of due) run();
  };
  return (run) => {
    if (runs.push(run) === 1) port2.postMessage(0);
  };
}
