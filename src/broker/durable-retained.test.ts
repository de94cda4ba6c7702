/** Retained messages that were sent to a session that is kept are messages in flight like others: a crash does not end them. */

import { expect, test } from "vitest";
import { PacketType } from "#protocol";
import { DurableBench } from "../../test/support/durable-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";

const durable = { cleanStart: false, expiry: 1000 };

async function subscribed(qos: 1 | 2): Promise<DurableBench> {
  const bench = await new DurableBench().start();
  const publisher = bench.connect("pub");
  publisher.say(publishPacket("r/1", "kept", { qos, packetId: 1, retain: true }));
  await bench.settle();
  const subscriber = bench.connect("sub", durable);
  await bench.settle();
  subscriber.sub("r/#", { qos });
  await bench.settle();
  expect(subscriber.news()).toEqual([
    "CONNACK 00",
    `SUBACK 1: 0${qos}`,
    `PUBLISH r/1 kept q${qos} id1 retain`,
  ]);
  return bench;
}

for (const qos of [1, 2] as const) {
  test(`one that was not acknowledged comes again under its identifier (QoS ${qos})`, async () => {
    const bench = await subscribed(qos);
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    expect(again.news()).toEqual(["CONNACK 00 present", `PUBLISH r/1 kept q${qos} id1 dup retain`]);
  });
}

test("its QoS 2 identifier is not given to another message before the client has let go of it", async () => {
  const bench = await subscribed(2);
  await bench.restart();
  const again = bench.connect("sub", durable);
  await bench.settle();
  again.news();
  const publisher = bench.connect("pub");
  publisher.say(publishPacket("r/2", "new", { qos: 2, packetId: 1 }));
  await bench.settle();
  expect(again.news()).toEqual(["PUBLISH r/2 new q2 id2"]);
});

test("one that was acknowledged does not come again, and is still retained", async () => {
  const bench = await subscribed(1);
  const subscriber = bench.connect("sub", durable);
  await bench.settle();
  subscriber.say({ type: PacketType.PUBACK, packetId: 1, reasonCode: 0, properties: {} });
  await bench.settle();
  await bench.restart();
  const again = bench.connect("sub", durable);
  await bench.settle();
  expect(again.news()).toEqual(["CONNACK 00 present"]);
  again.sub("r/1", { qos: 1 });
  await bench.settle();
  expect(again.news()).toEqual(["SUBACK 1: 01", "PUBLISH r/1 kept q1 id1 retain"]);
});
