/**
 * Whether quiet clients keep their latency beside one that floods: the same pairs at a fixed rate, alone and then beside a
 * pair whose publisher sends as fast as its connection takes it. Flood and pairs share this process, so its own share of
 * the second figure is not nothing.
 */

import { addCounts, countsOf, type Findings, type LoadContext } from "./findings.ts";
import { Flow } from "./flow.ts";
import { COURSE_POINTS, DRAIN_LIMIT_MS } from "./flow-load.ts";
import { latencyOf } from "./latency.ts";
import { Measurement } from "./measurement.ts";
import type { Latency } from "./result.ts";
import type { FairnessLoad, FlowLoad } from "./scenario.ts";

export async function runFairness(context: LoadContext, load: FairnessLoad): Promise<Findings> {
  const { run, usage, durationMs, warmUpMs } = context;
  const { payloadBytes, pairs, perSecond } = load;
  const common = { kind: "flow", qos: 0, payloadBytes } as const;
  const quietLoad: FlowLoad = {
    ...common,
    publishers: pairs,
    subscribers: pairs,
    topics: pairs,
    pace: { kind: "rate", perSecond },
  };
  const floodLoad: FlowLoad = {
    ...common,
    publishers: 1,
    subscribers: 1,
    topics: 1,
    pace: { kind: "flat-out" },
  };
  const quiet = new Flow(run, quietLoad, { role: "q" });
  const flood = new Flow(run, floodLoad, { role: "f", firstTopic: pairs });
  await run.connect([...quiet.links, ...flood.links]);
  await quiet.subscribe();
  await flood.subscribe();

  const counter = (): number => quiet.state.received + flood.state.received;
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

  flood.start();
  await run.pass(warmUpMs / 2);
  const sent = (): number => quiet.state.published + flood.state.published;
  const before = { received: counter(), flood: flood.state.received, sent: sent() };
  quiet.state.startLatency();
  const measurement = new Measurement(usage);
  await run.pass(partMs);
  measurement.end();
  const deliveries = counter() - before.received;
  const flooded = flood.state.received - before.flood;
  const published = sent() - before.sent;
  const course = run.course(COURSE_POINTS);

  quiet.stop();
  flood.stop();
  quiet.state.stopLatency();
  await flood.drain(DRAIN_LIMIT_MS);
  await quiet.drain(DRAIN_LIMIT_MS);
  const beside = latencyOf(quiet.state.histogram);
  const floodPerSecond = measurement.seconds === 0 ? 0 : flooded / measurement.seconds;
  const floodLost = flood.lost;
  if (floodLost > 0)
    run.problems.remark(`${floodLost} messages of the flood were dropped, which QoS 0 allows.`);
  return {
    measurement,
    deliveries,
    published,
    counts: addCounts(countsOf(quiet), { ...countsOf(flood), lost: 0 }),
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
