/** Who has the processor first when there are fewer of them than there is work. */

import { getPriority, setPriority } from "node:os";

/** Not the highest, which is the system's. */
const FIRST_PRIORITY = -15;

/**
 * Where that is allowed, this thread has the processor as soon as it wants it, so that the figures do not hold how long it waited
 * for that. On Linux it is this thread's priority, elsewhere that of all. Threads and processes that are started meanwhile have it
 * too. The returned function takes it back.
 */
export function raisePriority(): () => void {
  const before = getPriority();
  try {
    setPriority(FIRST_PRIORITY);
  } catch {
    return () => undefined;
  }
  return () => setPriority(before);
}
