/**
 * Connections that stand there and say nothing. Means something only with a broker that has just been started: one that
 * has already had as many gives no memory back.
 */

import { type Findings, type LoadContext, NOTHING_COUNTED } from "./findings.ts";
import { Measurement } from "./measurement.ts";
import type { IdleLoad } from "./scenario.ts";

export async function runIdle(context: LoadContext, load: IdleLoad): Promise<Findings> {
  const { run, usage, durationMs } = context;
  const links = Array.from({ length: load.connections }, (_, number) => run.link("i", number));
  const before = usage.residentBytes();
  const measurement = new Measurement(usage);
  await run.connect(links);
  measurement.end();
  const { seconds } = measurement;
  const startedMs = performance.now();
  const standing = (): number => links.filter((link) => link.isUp).length;
  const connected = standing();

  run.enter("measure", {
    counter: () => connected,
    share: () => (performance.now() - startedMs) / durationMs,
  });
  await run.pass(durationMs);
  const after = usage.residentBytes();
  const connections = standing();
  const isKnown = before !== undefined && after !== undefined && connections > 0;
  return {
    measurement,
    deliveries: connected,
    published: 0,
    counts: NOTHING_COUNTED,
    promises: { delivery: true, once: true },
    special: {
      connections,
      connectsPerSecond: seconds === 0 ? 0 : connected / seconds,
      ...(isKnown ? { bytesPerConnection: (after - before) / connections } : {}),
      ...(after === undefined ? {} : { brokerResidentBytes: after }),
    },
  };
}
