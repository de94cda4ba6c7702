/** Delivery at the QoS of the subscription, on every way that a message takes. */

import { expect, test } from "vitest";
import { PacketType, ProtocolVersion } from "#protocol";
import { Bench } from "../../test/support/broker-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";

const UPGRADE = { upgradeQos: true } as const;

test("messages come at the QoS of the subscription, neither lower nor higher", () => {
  const bench = new Bench({ settings: UPGRADE });
  const publisher = bench.connect("p");
  for (const [name, qos] of [
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ] as const) {
    const client = bench.connect(name);
    client.sub("t", { qos });
    for (const sent of [0, 1, 2] as const) publisher.pub("t", "", { qos: sent });
    expect(client.messages.map((message) => message.qos)).toEqual([qos, qos, qos]);
  }
  const usual = new Bench();
  const client = usual.connect("c");
  client.sub("t", { qos: 2 });
  usual.connect("p").pub("t");
  expect(client.messages.map(({ qos }) => qos)).toEqual([0]);
});

test("so do those of a run, retained ones, and those for a client that is away", () => {
  const bench = new Bench({ settings: UPGRADE });
  const version = ProtocolVersion.MQTT_3_1_1;
  const client = bench.connect("c", { version, cleanStart: false });
  client.sub("t", { qos: 1 });
  const publisher = bench.connect("p", { version });
  publisher.sayTogether(publishPacket("t", "1"), publishPacket("t", "2"), publishPacket("t", "3"));
  expect(client.messages.map(({ qos }) => qos)).toEqual([1, 1, 1]);
  client.cut();
  publisher.pub("t", "away");
  publisher.pub("r", "kept", { retain: true });
  const back = bench.connect("c", { version, cleanStart: false });
  for (const { packetId } of back.messages) back.ack(PacketType.PUBACK, packetId);
  back.sub("r", { qos: 2 });
  const [last, before] = back.messages.toReversed();
  expect([last?.topicName, last?.qos, before?.topicName, before?.qos]).toEqual(["r", 2, "t", 1]);
});

test("a change holds for clients that are connected", () => {
  const bench = new Bench();
  const client = bench.connect("c");
  client.sub("t", { qos: 1 });
  const publisher = bench.connect("p");
  publisher.pub("t");
  bench.broker.changeSettings(UPGRADE);
  publisher.pub("t");
  expect(client.messages.map(({ qos }) => qos)).toEqual([0, 1]);
});
