/** What a message that waits for a client costs in memory, measured as what the arrays really take. */

import { afterEach, expect, test, vi } from "vitest";
import { DurableBench } from "../../test/support/durable-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";
import { HolderCounts } from "./holder-counts.ts";
import { StoredQueue } from "./stored-queue.ts";

/** What is promised for each message in a queue. */
const MOST_BYTES = 48;
const MESSAGES = 200_000;
/** Published in one write. */
const RUN = 1000;

afterEach(() => vi.restoreAllMocks());

test.each([1, 2, 5])("at most 48 bytes, with %i sessions that are away", async (sessions) => {
  const bench = await new DurableBench(
    { maximumQueuedMessages: MESSAGES, maximumQueuedBytes: 2 ** 40, receiveMaximum: RUN },
    { segmentBytes: 16 * 1024 * 1024 },
  ).start();
  const queues = new Set<StoredQueue>();
  const counts = new Set<HolderCounts>();
  const push = vi.spyOn(StoredQueue.prototype, "push");
  const add = vi.spyOn(HolderCounts.prototype, "add");
  for (let i = 0; i < sessions; i++) {
    const subscriber = bench.connect(`sub${i}`, { cleanStart: false, expiry: 1000 });
    subscriber.sub("t", { qos: 1 });
    await bench.settle();
    subscriber.cut();
  }
  const publisher = bench.connect("pub");
  const run = Array.from({ length: RUN }, (_, i) =>
    publishPacket("t", "twenty-four bytes, or so", { qos: 1, packetId: i + 1 }),
  );
  for (let sent = 0; sent < MESSAGES / sessions; sent += RUN) {
    publisher.sayTogether(...run);
    publisher.packets.length = 0;
    for (const queue of push.mock.contexts) queues.add(queue as StoredQueue);
    for (const each of add.mock.contexts) counts.add(each as HolderCounts);
    push.mockClear();
    add.mockClear();
    while (bench.journal.durableBatch < bench.journal.batch) await bench.step();
  }
  const { indexBytes, readAheadBytes, unwrittenBytes, records } = bench.journal.stats();
  let queued = 0;
  let bytes = indexBytes + readAheadBytes + unwrittenBytes;
  for (const queue of queues) {
    queued += queue.size;
    bytes += queue.memoryBytes;
  }
  for (const each of counts) bytes += each.memoryBytes;
  expect(queues.size).toBe(sessions);
  expect(queued).toBe(MESSAGES);
  expect(records).toBeGreaterThan(MESSAGES + MESSAGES / sessions);
  expect(bytes / queued).toBeLessThan(MOST_BYTES);
});
