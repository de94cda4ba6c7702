/**
 * Whether quiet clients keep their latency beside one that floods: the same pairs at a fixed rate, alone and then beside a
 * pair whose publisher sends as fast as its connection takes it. The flood comes from a thread of lower priority and the pairs
 * sleep between messages, so that the second figure is the broker's as far as the machine has a core for broker and flood.
 */

import { countsOf, type Findings, type LoadContext } from "./findings.ts";
import { Flood } from "./flood.ts";
import { Flow } from "./flow.ts";
import { COURSE_POINTS, DRAIN_LIMIT_MS } from "./flow-load.ts";
import { latencyOf } from "./latency.ts";
import { Measurement } from "./measurement.ts";
import { raisePriority } from "./priority.ts";
import type { Latency } from "./result.ts";
import type { FairnessLoad, FlowLoad } from "./scenario.ts";

export async function runFairness(context: LoadContext, load: FairnessLoad): Promise<Findings> {
  const { run, target } = context;
  const { payloadBytes, pairs, perSecond } = load;
  const common = { kind: "flow", qos: 0, payloadBytes } as const;
  const quietLoad: FlowLoad = {
    ...common,
    publishers: pairs,
    subscribers: pairs,
    topics: pairs,
    pace: { kind: "rate", perSecond, sleeps: true },
  };
  const quiet = new Flow(run, quietLoad, { role: "q" });
  await run.connect(quiet.links);
  await quiet.subscribe();
  const restorePriority = raisePriority();
  const flood = new Flood({ target, version: run.version, payloadBytes });
  try {
    await run.ended(flood.prepared());
    return await besideFlood(context, quiet, flood);
  } finally {
    restorePriority();
    await flood.end();
  }
}

async function besideFlood(context: LoadContext, quiet: Flow, flood: Flood): Promise<Findings> {
  const { run, usage, durationMs, warmUpMs } = context;
  const counter = (): number => quiet.state.received;
  run.enter("warm-up", { counter });
  quiet.start();
  await run.pass(warmUpMs);
  const partMs = durationMs / 2;
  const startedMs = performance.now();
  const share = (): number => (performance.now() - startedMs) / (durationMs + warmUpMs / 2);
  run.enter("measure", { counter, share });
  quiet.state.startLatency();
  await run.pass(partMs);
  const alone = latencyOf(quiet.state.histogram);

  await run.ended(flood.order("start"));
  await run.pass(warmUpMs / 2);
  const before = { received: counter(), published: quiet.state.published };
  quiet.state.startLatency();
  const floodBefore = await run.ended(flood.order("count"));
  const measurement = new Measurement(usage);
  await run.pass(partMs);
  measurement.end();
  const floodAfter = await run.ended(flood.order("count"));
  const flooded = floodAfter.received - floodBefore.received;
  const deliveries = counter() - before.received + flooded;
  const published = quiet.state.published - before.published + floodAfter.published - floodBefore.published;
  const course = run.course(COURSE_POINTS);

  quiet.stop();
  quiet.state.stopLatency();
  const { lost } = await run.ended(flood.order("stop"));
  await quiet.drain(DRAIN_LIMIT_MS);
  const beside = latencyOf(quiet.state.histogram);
  const floodPerSecond = measurement.seconds === 0 ? 0 : flooded / measurement.seconds;
  if (lost > 0) run.problems.remark(`${lost} messages of the flood were dropped, which QoS 0 allows.`);
  return {
    measurement,
    deliveries,
    published,
    counts: countsOf(quiet),
    // The quiet clients ask for next to nothing.
    promises: { delivery: true, once: true },
    latency: beside,
    course,
    ...(alone === undefined || beside === undefined
      ? {}
      : { special: { fairness: fairnessOf(alone, beside, floodPerSecond) } }),
  };
}

function fairnessOf(alone: Latency, beside: Latency, floodPerSecond: number) {
  return {
    aloneP99Us: alone.p99Us,
    floodedP99Us: beside.p99Us,
    ratio: alone.p99Us === 0 ? 0 : beside.p99Us / alone.p99Us,
    floodPerSecond,
  };
}
