/** A flow from beginning to end: connect, subscribe, warm up, measure, drain, clean up. */

import { countsOf, type Findings, type LoadContext } from "./findings.ts";
import { Flow } from "./flow.ts";
import { latencyOf } from "./latency.ts";
import type { LoadRun } from "./load-run.ts";
import { Measurement } from "./measurement.ts";
import type { FlowLoad } from "./scenario.ts";

/** The drain ends after this at the latest, however slowly messages still come. */
export const DRAIN_LIMIT_MS = 30_000;
/** Points of a chart. */
export const COURSE_POINTS = 120;

export async function runFlow(context: LoadContext, load: FlowLoad): Promise<Findings> {
  const { run, usage, durationMs, warmUpMs } = context;
  const flow = new Flow(run, load);
  const { state } = flow;
  await run.connect(flow.links);
  await flow.subscribe();

  const counter = (): number => state.received;
  run.enter("warm-up", { counter });
  flow.start();
  await run.pass(warmUpMs);

  const startedMs = performance.now();
  const share = (): number => (performance.now() - startedMs) / durationMs;
  const before = { received: state.received, published: state.published };
  run.enter("measure", { counter, share });
  state.startLatency();
  const measurement = new Measurement(usage);
  await run.pass(durationMs);
  measurement.end();
  const deliveries = state.received - before.received;
  const published = state.published - before.published;
  const course = run.course(COURSE_POINTS);

  flow.stop();
  state.stopLatency();
  await flow.drain(DRAIN_LIMIT_MS);
  if (flow.unsent > 0) {
    run.problems.remark(`${flow.unsent} messages were due and the broker did not take them in time.`);
  }
  const counts = countsOf(flow);
  if (load.persistentSessions === true) await removeSessions(run, flow);
  const isPaced = load.pace.kind === "window";
  return {
    measurement,
    deliveries,
    published,
    counts,
    promises: { delivery: load.qos > 0 || isPaced, once: load.qos !== 1 },
    latency: latencyOf(state.histogram),
    course,
  };
}

/** Ends the sessions of all subscribers, which would stay with the broker. */
async function removeSessions(run: LoadRun, flow: Flow): Promise<void> {
  run.enter("clean-up", { counter: () => 0 });
  await run.leave(flow.subscriberLinks);
  await run.removeSessions(flow.subscriberLinks);
}
