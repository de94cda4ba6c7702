/**
 * `node --conditions martlet-dev bench/micro/journal-on-disk.ts [--messages <n>] [--outstanding <n>] [--mode durable|os] [--folder <path>]`:
 * the journal on this machine's disk. So many messages of 64 bytes with a delivery of 20 each are added, `outstanding` of them at a
 * time without being safe; their records are dropped a while later, as a subscriber that reads along does it. Then a million of
 * each stay, and a restart finds them.
 *
 * Not part of `npm run bench:micro`: it writes hundreds of megabytes, and its figures are those of the disk.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { systemClock, systemRandom } from "../../src/base/index.ts";
import { Journal, nodeDisk } from "../../src/store/index.ts";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    outstanding: { type: "string", default: "100" },
    mode: { type: "string", default: "durable" },
    folder: { type: "string", default: tmpdir() },
  },
});
const messages = Number(values.messages);
const outstanding = Number(values.outstanding);
const mode = values.mode === "os" ? "os" : "durable";
/** Messages that wait for their subscriber. */
const LAG = 200;

const body = new Uint8Array(64).fill(0x2e);
const delivery = new Uint8Array(20).fill(0x2d);

const folder = mkdtempSync(join(values.folder, "martlet-journal-"));
try {
  await throughput();
  await recovery();
} finally {
  rmSync(folder, { recursive: true });
}

async function opened(): Promise<Journal> {
  const store = new Journal({ disk: nodeDisk(folder), clock: systemClock(), random: systemRandom(), mode });
  await store.open(() => undefined);
  return store;
}

async function throughput(): Promise<void> {
  const store = await opened();
  const queue = new Float64Array(2 * LAG);
  let added = 0;
  let acknowledged = 0;
  /** The outstanding messages by batch. */
  let waiting: { batch: number; count: number }[] = [];
  const done = Promise.withResolvers<void>();
  const publish = (count: number): void => {
    const end = Math.min(messages, added + count);
    if (end === added) return;
    waiting.push({ batch: 0, count: end - added });
    for (; added < end; added++) {
      const at = (added % LAG) * 2;
      if (added >= LAG) {
        store.drop(queue[at] as number);
        store.drop(queue[at + 1] as number);
      }
      queue[at] = store.add(1, body, 0, body.length);
      queue[at + 1] = store.add(2, delivery, 0, delivery.length);
    }
    (waiting.at(-1) as { batch: number }).batch = store.batch;
  };
  const latencies: number[] = [];
  let last = performance.now();
  store.listener = {
    onDurable(batch) {
      const now = performance.now();
      latencies.push(now - last);
      last = now;
      let count = 0;
      while (waiting.length > 0 && (waiting[0]?.batch ?? 0) <= batch) count += waiting.shift()?.count ?? 0;
      acknowledged += count;
      // As acknowledgements would bring the next messages: in a later turn.
      if (acknowledged >= messages) done.resolve();
      else setImmediate(publish, count);
    },
    onTrouble: (error) => done.reject(error),
    onRecovered: () => undefined,
  };
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  publish(outstanding);
  await done.promise;
  const seconds = (performance.now() - startedMs) / 1000;
  const { user, system } = process.cpuUsage(startedCpu);
  const { batches, syncedBytes, copiedBytes, diskBytes } = store.stats();
  latencies.sort((a, b) => a - b);
  const at = (part: number): string => (latencies[Math.floor(latencies.length * part)] ?? 0).toFixed(2);
  waiting = [];
  console.log(
    `${mode}, ${outstanding} outstanding: ${Math.round(messages / seconds)} messages/s, ` +
      `${((user + system) / messages).toFixed(2)} CPU s/M (${(user / messages).toFixed(2)} user), ` +
      `${batches} batches, between commits p50 ${at(0.5)} ms p99 ${at(0.99)} ms, ` +
      `${Math.round(syncedBytes / 1e6)} MB written, ${Math.round(copiedBytes / 1e6)} MB copied, ${Math.round(diskBytes / 1e6)} MB on disk`,
  );
  await store.close();
}

async function recovery(): Promise<void> {
  const store = await opened();
  for (let i = 0; i < 1_000_000; i++) {
    store.add(1, body, 0, body.length);
    store.add(2, delivery, 0, delivery.length);
    if (i % 5000 === 4999) await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
  const again = new Journal({ disk: nodeDisk(folder), clock: systemClock(), random: systemRandom(), mode });
  let bytes = 0;
  const startedCpu = process.cpuUsage();
  const report = await again.open((_kind, _id, _bytes, start, end) => {
    bytes += end - start;
  });
  const { user, system } = process.cpuUsage(startedCpu);
  const { indexBytes, diskBytes } = again.stats();
  console.log(
    `recovered ${report.records} records with ${Math.round(bytes / 1e6)} MB in ${Math.round(report.durationMs)} ms ` +
      `(${((user + system) / 1e6).toFixed(2)} CPU s), index ${(indexBytes / report.records).toFixed(1)} bytes a record, ` +
      `${report.segments} segments, ${Math.round(diskBytes / 1e6)} MB on disk`,
  );
  await again.close();
}
