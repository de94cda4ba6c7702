/** Sections 3.3, 4.3.1 and 4.5: PUBLISH is delivered to those who subscribed, or refused. */

import { ALL, type ConformanceCase, SINCE_3_1_1 } from "../case.ts";
import { packet, text } from "../wire/bytes.ts";
import { publish } from "../wire/write.ts";
import { subscriberAndPublisher } from "./support.ts";

export const publishCases: readonly ConformanceCase[] = [
  {
    name: "publish/qos0",
    title: "a QoS 0 message is delivered with QoS 0 and DUP 0, without packet identifier and acknowledgement",
    statements: [
      "3.1.1/MQTT-2.3.1-5",
      "3.1.1/MQTT-3.3.1-2",
      "3.1.1/MQTT-3.3.2-1",
      "3.1.1/MQTT-3.3.4-1",
      "3.1.1/MQTT-4.3.1-1",
      "5.0/MQTT-2.2.1-2",
      "5.0/MQTT-2.2.2-1",
      "5.0/MQTT-3.3.1-2",
      "5.0/MQTT-3.3.2-1",
      "5.0/MQTT-3.3.4-1",
      "5.0/MQTT-4.3.1-1",
    ],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 0);
      await publisher.publish({ topic: c.topic(), payload: "hello" });
      await subscriber.expectBytes([publish(c.version, { topic: c.topic(), payload: "hello" })]);
      await publisher.expectNothing();
    },
  },
  {
    name: "publish/empty-payload",
    title: "a message may be empty",
    statements: ["3.1.1/MQTT-3.3.4-1", "5.0/MQTT-3.3.4-1"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 0);
      await publisher.publish({ topic: c.topic() });
      await subscriber.expect("PUBLISH", { topic: c.topic(), payload: "" });
    },
  },
  {
    name: "publish/every-byte",
    title: "the payload is any bytes, and arrives as it was sent",
    statements: ["3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 1);
      for (const length of [1, 127, 128, 256, 16_384]) {
        const payload = Uint8Array.from({ length }, (_, index) => index & 0xff);
        await publisher.publish({ topic: c.topic(), payload, qos: 1 });
        await subscriber.receive({ payloadBytes: payload });
      }
    },
  },
  {
    name: "publish/remaining-length-boundaries",
    title: "packets at the boundaries of the remaining length are read and written right",
    statements: ["5.0/MQTT-1.5.5-1"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 0);
      const overhead = publish(c.version, { topic: c.topic() }).length - 2;
      for (const remaining of [127, 128, 16_383, 16_384]) {
        const payload = new Uint8Array(remaining - overhead).fill(0x61);
        const bytes = publish(c.version, { topic: c.topic(), payload });
        publisher.send(bytes);
        await subscriber.expectBytes(bytes);
      }
    },
  },
  {
    name: "publish/refused",
    title:
      "a message that the server does not take is refused, or acknowledged and dropped, or closes the connection",
    statements: ["3.1.1/MQTT-3.3.5-2", "5.0/MQTT-3.4.2-1", "5.0/MQTT-3.5.2-1"],
    versions: SINCE_3_1_1,
    needs: { broker: { user: { userName: "known", password: "right" } } },
    async run(c) {
      const known = { userName: "known", password: "'right'" } as const;
      const subscriber = await c.connect({ clientId: c.clientId("sub"), ...known });
      await subscriber.subscribe("denied/#");
      for (const qos of [1, 2]) {
        const publisher = await c.connect({ clientId: c.clientId("pub"), ...known });
        publisher.send(publish(c.version, { topic: "denied/x", payload: "no", qos, packetId: 7 }));
        const answer = await publisher.nextOrClosed();
        if (answer === undefined || answer.name === "DISCONNECT") continue;
        if (answer.name !== "PUBACK" && answer.name !== "PUBREC") publisher.fail(`${answer.name} came`);
        else if (c.version === 5 && answer.reasonCode < 0x80) {
          c.note("a refused PUBLISH is acknowledged as a success");
        }
        await publisher.disconnect();
      }
      await subscriber.expectNothing();
    },
  },
  {
    name: "publish/no-matching-subscribers",
    title: "a message that nobody wants is a success all the same",
    statements: ["5.0/MQTT-3.4.2-1", "5.0/MQTT-3.5.2-1", "3.1.1/MQTT-3.3.4-1", "5.0/MQTT-3.3.4-1"],
    versions: ALL,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const qos of [1, 2]) {
        const reasonCode = await publisher.publish({ topic: c.topic("nobody"), qos });
        if (reasonCode >= 0x80) publisher.fail(`it was refused with 0x${reasonCode.toString(16)}`);
      }
    },
  },
  {
    name: "publish/overlapping-subscriptions",
    title: "with overlapping subscriptions a message comes at the highest QoS of those that match",
    statements: ["3.1.1/MQTT-3.3.5-1", "5.0/MQTT-3.3.4-2"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe([
        { filter: c.topic("#"), qos: 0 },
        { filter: c.topic("a"), qos: 2 },
        { filter: c.topic("+"), qos: 1 },
      ]);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic("a"), payload: "hello", qos: 2 });
      // One copy or one for each subscription: both are allowed.
      const copy = await subscriber.take("PUBLISH", { payload: "hello", qos: 2 });
      await subscriber.acknowledge(copy);
      await c.wait(c.quietMs);
      if (subscriber.inbox.length > 2) subscriber.fail("more copies than subscriptions");
      for (const more of subscriber.inbox.splice(0)) {
        if (more.name !== "PUBLISH" || more.payload !== "hello") subscriber.fail(`got ${more.name}`);
      }
    },
  },
  {
    name: "publish/delivered-topic-matches",
    title: "a message is delivered under its own topic name, to matching subscriptions only",
    statements: ["3.1.1/MQTT-3.3.2-3", "5.0/MQTT-3.3.2-3"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic("+/x"), qos: 1 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const below of ["a/y", "a/x", "a/b/x", "x", "b/x"]) {
        await publisher.publish({ topic: c.topic(below), payload: below, qos: 1 });
      }
      await subscriber.receive({ topic: c.topic("a/x"), payload: "a/x" });
      await subscriber.receive({ topic: c.topic("b/x"), payload: "b/x" });
      await subscriber.expectNothing();
    },
  },
  {
    name: "publish/to-itself",
    title: "a client gets its own messages when it has subscribed to them",
    statements: ["3.1.1/MQTT-4.5.0-1", "5.0/MQTT-4.5.0-1"],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), qos: 1 });
      await client.publish({ topic: c.topic(), payload: "me", qos: 1 });
      await client.receive({ payload: "me" });
    },
  },
  {
    name: "publish/topic-is-first-field",
    title: "the topic name stands first, and every byte behind it counts",
    statements: ["3.1.1/MQTT-3.3.2-1", "3.1.1/MQTT-2.3.1-5", "5.0/MQTT-3.3.2-1", "5.0/MQTT-2.2.1-2"],
    versions: ALL,
    async run(c) {
      const { subscriber, publisher } = await subscriberAndPublisher(c, 0);
      const properties = c.version === 5 ? "00" : "";
      publisher.send(packet(0x30, text(c.topic()), properties, "00 05 'payload'"));
      await subscriber.expectBytes(packet(0x30, text(c.topic()), properties, "00 05 'payload'"));
    },
  },
];
