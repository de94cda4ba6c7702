/** The other half; a failure prints the line that replays it. */

import { test } from "vitest";
import { COUNT, expectAllToHold, TIMEOUT_MS } from "./schedules.ts";

const FIRST_SEED = COUNT;

test(`${COUNT} schedules from seed ${FIRST_SEED} on`, { timeout: TIMEOUT_MS }, async () => {
  await expectAllToHold(FIRST_SEED);
});
