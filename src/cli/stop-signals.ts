/** Ctrl-C and `kill`: the first asks for an orderly end, a second one ends the process at once. */

import { constants } from "node:os";
import { ExitStatus } from "./exit-status.ts";

/** npm passes on a Ctrl-C that the terminal has sent to all: two signals, one wish. */
const SAME_WISH_MS = 500;

/** Calls `onStop` once, at the first SIGINT or SIGTERM; after a second one, `onEnd` is the last thing that runs. */
export function onStopSignal(onStop: (signal: NodeJS.Signals) => void, onEnd: () => void): void {
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      onStop(signal);
    } else if (performance.now() - askedAt > SAME_WISH_MS) {
      onEnd();
      process.exit(ExitStatus.SIGNALLED + constants.signals[signal]);
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
}
