/** Waiting without sleeping: look again until something holds, and fail with its name when it does not in time. */

/** Waits until `done()`; `what` names it in the failure. */
export type Until = (what: string, done: () => boolean) => Promise<void>;

const LOOK_EVERY_MS = 4;
const DEFAULT_DEADLINE_MS = 10_000;

/** In the time of the machine. */
export async function until(
  what: string,
  done: () => boolean,
  withinMs: number = DEFAULT_DEADLINE_MS,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!done()) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
