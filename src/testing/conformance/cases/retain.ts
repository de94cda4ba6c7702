/** Section 3.3.1.3 and the retain options of 3.8.3.1: retained messages are kept, replaced, removed and sent. */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { publish, type SubscriptionOptions } from "../wire/write.ts";

async function retain(c: ConformanceContext, payload: string, qos = 0, topic = c.topic()): Promise<RawPeer> {
  const publisher = await c.connect({ clientId: c.clientId("pub") });
  await publisher.publish({ topic, payload, qos, retain: true });
  // QoS 0 has no acknowledgement; the ping says that it has been read.
  await publisher.ping();
  return publisher;
}

async function lateSubscriber(
  c: ConformanceContext,
  options: Partial<SubscriptionOptions> = {},
  label = "late",
): Promise<RawPeer> {
  const subscriber = await c.connect({ clientId: c.clientId(label) });
  await subscriber.subscribe({ filter: c.topic(), qos: 2, ...options });
  return subscriber;
}

export const retainCases: readonly ConformanceCase[] = [
  {
    name: "retain/kept",
    title: "a retained message is sent to new subscriptions with RETAIN 1, at its own QoS",
    statements: [
      "3.1.1/MQTT-3.3.1-5",
      "3.1.1/MQTT-3.3.1-6",
      "3.1.1/MQTT-3.3.1-8",
      "5.0/MQTT-3.3.1-5",
      "5.0/MQTT-3.3.1-9",
    ],
    versions: ALL,
    async run(c) {
      for (const qos of [1, 2]) {
        const publisher = await retain(c, `qos ${qos}`, qos);
        const subscriber = await lateSubscriber(c);
        await subscriber.receive({ topic: c.topic(), payload: `qos ${qos}`, qos, retain: true, dup: false });
        await subscriber.expectNothing();
        await publisher.disconnect();
      }
    },
  },
  {
    name: "retain/last-one-wins",
    title: "a topic has one retained message, the last",
    statements: ["3.1.1/MQTT-3.3.1-5", "5.0/MQTT-3.3.1-5"],
    versions: ALL,
    async run(c) {
      await retain(c, "old", 2);
      await retain(c, "new", 1);
      const subscriber = await lateSubscriber(c);
      await subscriber.receive({ payload: "new", retain: true });
      await subscriber.expectNothing();
    },
  },
  {
    name: "retain/qos0",
    title: "a QoS 0 retained message discards the one before, and is best kept itself",
    statements: ["3.1.1/MQTT-3.3.1-7", "5.0/MQTT-3.3.1-5"],
    versions: ALL,
    async run(c) {
      await retain(c, "old", 1);
      await retain(c, "new", 0);
      const subscriber = await lateSubscriber(c);
      await c.wait(c.quietMs);
      // A server may drop it at any time.
      if (subscriber.inbox.length === 0) c.note("a QoS 0 retained message was not kept");
      else await subscriber.receive({ payload: "new", qos: 0, retain: true });
      await subscriber.expectNothing();
    },
  },
  {
    name: "retain/granted-qos",
    title: "a retained message is sent at no more than the granted QoS",
    statements: ["3.1.1/MQTT-3.8.4-6", "5.0/MQTT-3.8.4-8"],
    versions: ALL,
    async run(c) {
      await retain(c, "kept", 2);
      const subscriber = await lateSubscriber(c, { qos: 0 });
      await subscriber.receive({ payload: "kept", qos: 0, retain: true });
    },
  },
  {
    name: "retain/wildcard",
    title: "a new subscription gets the retained message of every matching topic",
    statements: ["3.1.1/MQTT-3.3.1-6", "5.0/MQTT-3.3.1-9"],
    versions: ALL,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const below of ["a", "b/c", "b/d"]) {
        await publisher.publish({ topic: c.topic(below), payload: below, qos: 1, retain: true });
      }
      const all = await lateSubscriber(c, { filter: c.topic("#"), qos: 0 }, "all");
      for (const below of ["a", "b/c", "b/d"]) await all.take("PUBLISH", { payload: below, retain: true });
      await all.expectNothing();
      const some = await lateSubscriber(c, { filter: c.topic("b/+"), qos: 0 }, "some");
      for (const below of ["b/c", "b/d"]) await some.take("PUBLISH", { payload: below, retain: true });
      await some.expectNothing();
    },
  },
  {
    name: "retain/live",
    title: "an established subscription gets the message with RETAIN 0",
    statements: ["3.1.1/MQTT-3.3.1-9", "5.0/MQTT-3.3.1-12"],
    versions: ALL,
    async run(c) {
      const subscriber = await lateSubscriber(c);
      await retain(c, "live", 1);
      await subscriber.receive({ payload: "live", retain: false });
      await subscriber.expectNothing();
    },
  },
  {
    name: "retain/removed",
    title: "an empty retained message is delivered, removes the retained one and is not stored",
    statements: ["3.1.1/MQTT-3.3.1-10", "3.1.1/MQTT-3.3.1-11", "5.0/MQTT-3.3.1-6", "5.0/MQTT-3.3.1-7"],
    versions: ALL,
    async run(c) {
      await retain(c, "kept", 1);
      const live = await lateSubscriber(c, {}, "live");
      await live.receive({ payload: "kept", retain: true });
      await retain(c, "", 1);
      await live.receive({ payload: "", retain: false });
      const late = await lateSubscriber(c);
      await late.expectNothing();
    },
  },
  {
    name: "retain/not-touched",
    title: "a message with RETAIN 0 leaves the retained one as it is",
    statements: ["3.1.1/MQTT-3.3.1-12", "5.0/MQTT-3.3.1-8"],
    versions: ALL,
    async run(c) {
      const publisher = await retain(c, "kept", 1);
      await publisher.publish({ topic: c.topic(), payload: "passing", qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "", qos: 1 });
      await publisher.publish({ topic: c.topic("other"), payload: "passing", qos: 1 });
      const subscriber = await lateSubscriber(c, { filter: c.topic("#") });
      await subscriber.receive({ payload: "kept", retain: true });
      await subscriber.expectNothing();
    },
  },
  {
    name: "retain/subscribed-again",
    title: "subscribing again sends the retained messages again",
    statements: ["3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-4", "5.0/MQTT-3.3.1-9"],
    versions: ALL,
    async run(c) {
      await retain(c, "kept", 1);
      const subscriber = await lateSubscriber(c);
      await subscriber.receive({ payload: "kept", retain: true });
      await subscriber.subscribe({ filter: c.topic(), qos: 1 });
      await subscriber.receive({ payload: "kept", retain: true });
    },
  },
  {
    name: "retain/handling-1",
    title: "Retain Handling 1 sends retained messages only when the subscription is new",
    statements: ["5.0/MQTT-3.3.1-10"],
    versions: ONLY_5,
    async run(c) {
      await retain(c, "kept", 1);
      const subscriber = await lateSubscriber(c, { retainHandling: 1 });
      await subscriber.receive({ payload: "kept", retain: true });
      await subscriber.subscribe({ filter: c.topic(), qos: 1, retainHandling: 1 });
      await subscriber.expectNothing();
      await subscriber.unsubscribe(c.topic());
      await subscriber.subscribe({ filter: c.topic(), qos: 1, retainHandling: 1 });
      await subscriber.receive({ payload: "kept", retain: true });
    },
  },
  {
    name: "retain/handling-1-after-reconnect",
    title: "for Retain Handling 1 a subscription of a resumed session is not new",
    statements: ["5.0/MQTT-3.3.1-10"],
    versions: ONLY_5,
    async run(c) {
      await retain(c, "kept", 1);
      const clientId = c.clientId("late");
      const first = await c.connect({ clientId, name: "first", lasting: true });
      await first.subscribe({ filter: c.topic(), qos: 1, retainHandling: 1 });
      await first.receive({ payload: "kept", retain: true });
      await first.disconnect();
      const second = await c.connect({ clientId, name: "second", lasting: true });
      await second.subscribe({ filter: c.topic(), qos: 1, retainHandling: 1 });
      await second.expectNothing();
    },
  },
  {
    name: "retain/handling-2",
    title: "Retain Handling 2 sends no retained messages",
    statements: ["5.0/MQTT-3.3.1-11"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await retain(c, "kept", 1);
      const subscriber = await lateSubscriber(c, { retainHandling: 2 });
      await subscriber.expectNothing();
      await publisher.publish({ topic: c.topic(), payload: "live", qos: 1 });
      await subscriber.receive({ payload: "live" });
    },
  },
  {
    name: "retain/as-published",
    title: "Retain As Published 1 keeps RETAIN as it came, 0 clears it",
    statements: ["5.0/MQTT-3.3.1-12", "5.0/MQTT-3.3.1-13"],
    versions: ONLY_5,
    async run(c) {
      const kept = await lateSubscriber(c, { retainAsPublished: true }, "kept");
      const cleared = await lateSubscriber(c, { retainAsPublished: false }, "cleared");
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const flag of [true, false]) {
        await publisher.publish({ topic: c.topic(), payload: "live", qos: 1, retain: flag });
        await kept.receive({ payload: "live", retain: flag });
        await cleared.receive({ payload: "live", retain: false });
      }
    },
  },
  {
    name: "retain/as-published-and-stored",
    title: "a retained message sent on subscribing has RETAIN 1 whatever Retain As Published is",
    statements: ["5.0/MQTT-3.3.1-9"],
    versions: ONLY_5,
    async run(c) {
      await retain(c, "kept", 1);
      for (const retainAsPublished of [false, true]) {
        const subscriber = await lateSubscriber(c, { retainAsPublished });
        await subscriber.receive({ payload: "kept", retain: true });
        await subscriber.disconnect();
      }
    },
  },
  {
    name: "retain/properties",
    title: "a retained message keeps its properties",
    statements: [
      "5.0/MQTT-3.3.2-4",
      "5.0/MQTT-3.3.2-15",
      "5.0/MQTT-3.3.2-16",
      "5.0/MQTT-3.3.2-17",
      "5.0/MQTT-3.3.2-20",
      "5.0/MQTT-3.3.1-5",
    ],
    versions: ONLY_5,
    async run(c) {
      const properties = {
        payloadFormatIndicator: 1,
        contentType: "text/plain",
        responseTopic: c.topic("reply"),
        correlationData: Uint8Array.of(1, 2, 3),
        userProperty: [["key", "value"]],
      } as const;
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "kept", qos: 1, retain: true, properties });
      const subscriber = await lateSubscriber(c);
      await subscriber.receive({ payload: "kept", retain: true, properties });
    },
  },
  {
    name: "retain/expires",
    title: "a retained message is gone after its Message Expiry Interval",
    statements: ["5.0/MQTT-3.3.2-5", "5.0/MQTT-3.3.2-6"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const short = { topic: c.topic("short"), payload: "short", properties: { messageExpiryInterval: 1 } };
      const long = { topic: c.topic("long"), payload: "long", properties: { messageExpiryInterval: 100 } };
      await publisher.publish({ ...short, qos: 1, retain: true });
      await publisher.publish({ ...long, qos: 1, retain: true });
      await c.wait(3_000);
      const subscriber = await lateSubscriber(c, { filter: c.topic("#") });
      const { properties } = await subscriber.receive({ payload: "long", retain: true });
      const left = properties.messageExpiryInterval ?? 0;
      if (left > 98 || left < 90) subscriber.fail(`Message Expiry Interval ${left} instead of about 97`);
      await subscriber.expectNothing();
    },
  },
  {
    name: "retain/across-versions",
    title: "retained messages go from one version to another",
    statements: ["5.0/MQTT-3.3.1-5", "3.1.1/MQTT-3.3.1-6"],
    versions: SINCE_3_1_1,
    async run(c) {
      const other = c.version === 5 ? 4 : 5;
      const publisher = await c.connect({ clientId: c.clientId("pub") }, other);
      await publisher.publish({ topic: c.topic(), payload: "kept", qos: 1, retain: true });
      const subscriber = await lateSubscriber(c);
      await subscriber.receive({ payload: "kept", retain: true, qos: 1 });
    },
  },
  {
    name: "retain/not-available",
    title: "where nothing is retained CONNACK says so, and a retained PUBLISH is an error",
    statements: ["5.0/U5-3.2.2.3.5b"],
    versions: ONLY_5,
    needs: { broker: { retainAvailable: false } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.retainAvailable !== 0)
        client.fail("CONNACK does not say Retain Available 0");
      client.send(publish(5, { topic: c.topic(), payload: "kept", retain: true }));
      await client.expectClose({ reasons: [0x9a] });
    },
  },
];
