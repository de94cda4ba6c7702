/**
 * One pair whose publisher sends as fast as its connection takes it, in a thread of its own, so that it takes no time from the
 * thread that measures. Started by `flood.ts`; what they say to each other stands there.
 */

import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { describeError } from "#base";
import { dialerFor } from "./dial.ts";
import type { FloodAnswer, FloodOrder, FloodPlan } from "./flood.ts";
import { Flow } from "./flow.ts";
import { DRAIN_LIMIT_MS } from "./flow-load.ts";
import { LoadRun } from "./load-run.ts";

/** The lowest there is: whoever measures has its turn first. On Linux it is that of this thread, elsewhere of all. */
const LOWEST_PRIORITY = 19;
const PATIENCE_MS = 3_000;

const { target, version, payloadBytes } = workerData as FloodPlan;
if (process.platform === "linux") setPriority(0, LOWEST_PRIORITY);

const run = new LoadRun({
  scenario: "flood",
  dialer: await dialerFor(target, { spread: false, takesTurns: false }),
  version,
  payloadBytes,
  patienceMs: PATIENCE_MS,
});
const flow = new Flow(
  run,
  {
    kind: "flow",
    qos: 0,
    payloadBytes,
    publishers: 1,
    subscribers: 1,
    topics: 1,
    pace: { kind: "flat-out" },
  },
  { role: "f" },
);

function answer(kind: FloodAnswer["kind"], reason = ""): void {
  const { received, published } = flow.state;
  parentPort?.postMessage({ kind, received, published, lost: flow.lost, reason } satisfies FloodAnswer);
}

async function obey(order: FloodOrder): Promise<void> {
  if (order === "start") flow.start();
  if (order !== "stop") {
    answer("counted");
    return;
  }
  flow.stop();
  await flow.drain(DRAIN_LIMIT_MS);
  await run.end();
  answer("stopped");
  parentPort?.close();
}

const failed = (error: unknown): void => answer("failed", describeError(error));
parentPort?.on("message", (order: FloodOrder) => void obey(order).catch(failed));
try {
  await run.connect(flow.links);
  await flow.subscribe();
  answer("ready");
} catch (error) {
  failed(error);
}
