/** Sections 3.10 and 3.11: UNSUBSCRIBE and its acknowledgement. */

import { ALL, type ConformanceCase, SINCE_3_1_1 } from "../case.ts";
import { packet } from "../wire/bytes.ts";
import { unsubscribe } from "../wire/write.ts";
import { expectErrors } from "./support.ts";

export const unsubscribeCases: readonly ConformanceCase[] = [
  {
    name: "unsubscribe/unsuback",
    title: "UNSUBSCRIBE is answered by UNSUBACK with its packet identifier",
    statements: [
      "3.1.1/MQTT-2.3.1-7",
      "3.1.1/MQTT-3.10.4-4",
      "5.0/MQTT-2.2.1-6",
      "5.0/MQTT-3.10.4-4",
      "5.0/MQTT-3.10.4-5",
      "5.0/MQTT-3.11.3-2",
    ],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      for (const packetId of [1, 256, 0xffff]) {
        await client.subscribe(c.topic());
        client.send(unsubscribe(c.version, packetId, [c.topic()]));
        if (c.version === 5) await client.expect("UNSUBACK", { packetId, reasonCodes: [0] });
        else await client.expectBytes(packet(0xb0, Uint8Array.of(packetId >> 8, packetId & 0xff)));
      }
    },
  },
  {
    name: "unsubscribe/unknown-filter",
    title: "UNSUBACK comes also when there was no such subscription",
    statements: ["3.1.1/MQTT-3.10.4-5", "5.0/MQTT-3.10.4-5", "5.0/MQTT-3.11.3-2"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      const { reasonCodes } = await client.unsubscribe(c.topic());
      if (c.version === 5 && reasonCodes[0] !== 0x11)
        c.note("UNSUBACK does not say 0x11 for an unknown filter");
    },
  },
  {
    name: "unsubscribe/several-filters",
    title: "several filters are answered by one UNSUBACK, in 5.0 with one code each in their order",
    statements: ["3.1.1/MQTT-3.10.4-6", "5.0/MQTT-3.10.4-6", "5.0/MQTT-3.11.3-1", "5.0/MQTT-3.11.3-2"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      for (const below of ["a", "b", "c"]) await client.subscribe({ filter: c.topic(below) });
      const { reasonCodes } = await client.unsubscribe(c.topic("a"), c.topic("unknown"), c.topic("b"));
      if (c.version === 5 && (reasonCodes.length !== 3 || reasonCodes[0] !== 0 || reasonCodes[2] !== 0)) {
        client.fail(`the codes are ${reasonCodes.join()}`);
      }
      if (c.version === 5 && reasonCodes[1] !== 0x11)
        c.note("UNSUBACK does not say 0x11 for an unknown filter");
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const below of ["a", "b", "c"])
        await publisher.publish({ topic: c.topic(below), payload: below, qos: 1 });
      await client.expect("PUBLISH", { payload: "c" });
      await client.expectNothing();
    },
  },
  {
    name: "unsubscribe/no-more-messages",
    title: "after UNSUBACK no new messages come",
    statements: ["3.1.1/MQTT-3.10.4-2", "5.0/MQTT-3.10.4-2"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), qos: 1 });
      await client.unsubscribe(c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const qos of [0, 1, 2]) await publisher.publish({ topic: c.topic(), qos });
      await client.expectNothing();
    },
  },
  {
    name: "unsubscribe/exact-filter",
    title: "only the subscription with exactly this filter is deleted",
    statements: ["3.1.1/MQTT-3.10.4-1", "5.0/MQTT-3.10.4-1"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic("+") });
      await client.unsubscribe(c.topic("#"), c.topic("a"), c.topic("A"), c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic("a"), payload: "hello", qos: 1 });
      await client.expect("PUBLISH", { payload: "hello" });
      await client.unsubscribe(c.topic("+"));
      await publisher.publish({ topic: c.topic("a"), payload: "hello", qos: 1 });
      await client.expectNothing();
    },
  },
  {
    name: "unsubscribe/deliveries-finished",
    title: "deliveries that have begun are finished after UNSUBSCRIBE",
    statements: ["3.1.1/MQTT-3.10.4-3", "5.0/MQTT-3.10.4-3"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "one", qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "two", qos: 2 });
      const one = await client.expect("PUBLISH", { payload: "one" });
      const two = await client.expect("PUBLISH", { payload: "two" });
      await client.unsubscribe(c.topic());
      client.puback(one.packetId);
      client.pubrec(two.packetId);
      await client.expect("PUBREL", { packetId: two.packetId });
      client.pubcomp(two.packetId);
      await client.ping();
    },
  },
  {
    name: "unsubscribe/deliveries-finished-after-reconnect",
    title: "a delivery that has begun is finished after UNSUBSCRIBE and a reconnect",
    statements: ["3.1.1/MQTT-3.10.4-3", "5.0/MQTT-3.10.4-3"],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId();
      const client = await c.connect({ clientId, name: "before", lasting: true });
      await client.subscribe({ filter: c.topic(), qos: 1 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "one", qos: 1 });
      await client.expect("PUBLISH", { payload: "one" });
      await client.unsubscribe(c.topic());
      client.cut();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.receive({ payload: "one", dup: true });
    },
  },
  {
    name: "unsubscribe/empty",
    title: "UNSUBSCRIBE without a filter is an error",
    statements: ["3.1.1/MQTT-3.10.3-2", "5.0/MQTT-3.10.3-2", "5.0/U5-3.10.3"],
    versions: SINCE_3_1_1,
    run: (c) => expectErrors(c, [0x82], [packet(0xa2, "00 01", c.version === 5 ? "00" : "")]),
  },
];
