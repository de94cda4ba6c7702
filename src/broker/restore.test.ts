/** A store whose records contradict each other does not keep the broker from starting: what cannot be is dropped, and told. */

import { expect, test } from "vitest";
import { DurableBench } from "../../test/support/durable-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";
import { RecordKind, RecordWriter } from "./durable-records.ts";

const durable = { cleanStart: false, expiry: 1000 };

/** Ids of the records of each kind, as they are written. */
function watch(bench: DurableBench): ReadonlyMap<number, number[]> {
  const ids = new Map<number, number[]>();
  const { journal } = bench;
  const note = (kind: number, id: number): number => {
    ids.set(kind, [...(ids.get(kind) ?? []), id]);
    return id;
  };
  const add = journal.add.bind(journal);
  const reserve = journal.reserve.bind(journal);
  journal.add = (kind, bytes, start, end) => note(kind, add(kind, bytes, start, end));
  journal.reserve = (kind, sizeBytes) => note(kind, reserve(kind, sizeBytes));
  return ids;
}

/** One message in flight and one in the queue of a session, which has a QoS 1 subscription. */
async function busy(): Promise<{ bench: DurableBench; ids: ReadonlyMap<number, number[]> }> {
  const bench = await new DurableBench({ maximumInFlight: 1 }).start();
  const ids = watch(bench);
  const subscriber = bench.connect("sub", durable);
  subscriber.sub("t", { qos: 1 });
  const publisher = bench.connect("pub");
  for (const packetId of [1, 2]) publisher.say(publishPacket("t", `m${packetId}`, { qos: 1, packetId }));
  await bench.settle();
  expect(subscriber.messages).toHaveLength(1);
  return { bench, ids };
}

function idOf(ids: ReadonlyMap<number, number[]>, kind: number, number = 0): number {
  return ids.get(kind)?.[number] as number;
}

async function toldAfterRestart(bench: DurableBench): Promise<string[]> {
  await bench.settle();
  await bench.restart();
  const again = bench.connect("sub", durable);
  await bench.settle();
  await bench.restart();
  expect(bench.log.filter((line) => line.includes("contradict"))).toHaveLength(1);
  return again.news();
}

test("two messages in flight under one packet identifier: the first stays", async () => {
  const { bench, ids } = await busy();
  const { bytes, length } = new RecordWriter()
    .id(idOf(ids, RecordKind.SESSION))
    .id(idOf(ids, RecordKind.MESSAGE, 1))
    .uint8(1 | (1 << 4))
    .uint16(1)
    .uint32(3);
  bench.journal.add(RecordKind.DELIVERY, bytes, 0, length);
  expect(await toldAfterRestart(bench)).toEqual(["CONNACK 00 present", "PUBLISH t m1 q1 id1 dup"]);
});

test.each([
  [0, ["CONNACK 00 present", "PUBLISH t m2 q1 id1"]],
  [1, ["CONNACK 00 present", "PUBLISH t m1 q1 id1 dup"]],
])("message %i is gone, and its delivery is not", async (number, news) => {
  const { bench, ids } = await busy();
  bench.journal.drop(idOf(ids, RecordKind.MESSAGE, number));
  expect(await toldAfterRestart(bench)).toEqual(news);
});

test("two sessions of one client: the younger stays", async () => {
  const { bench } = await busy();
  const { bytes, length } = new RecordWriter().uint32(1000).float64(0).raw(new TextEncoder().encode("sub"));
  bench.journal.add(RecordKind.SESSION, bytes, 0, length);
  expect(await toldAfterRestart(bench)).toEqual(["CONNACK 00 present"]);
});

test("a retained message is gone, and the record that keeps it is not", async () => {
  const { bench, ids } = await busy();
  const publisher = bench.connect("pub");
  publisher.say(publishPacket("r", "kept", { qos: 1, packetId: 9, retain: true }));
  await bench.settle();
  bench.journal.drop(idOf(ids, RecordKind.RETAINED) - 1);
  expect(await toldAfterRestart(bench)).toEqual(["CONNACK 00 present", "PUBLISH t m1 q1 id1 dup"]);
});
