/** Sections 3.1.2.5 to 3.1.2.7, 3.1.3.2 and 3.14.4: the will is published, or not, and how. */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import type { WillOptions } from "../wire/write.ts";

async function watch(c: ConformanceContext, qos = 0, topic = c.topic("will")): Promise<RawPeer> {
  const watcher = await c.connect({ clientId: c.clientId("watch") });
  await watcher.subscribe({ filter: topic, qos });
  return watcher;
}

function willOf(c: ConformanceContext, more: Partial<WillOptions> = {}): WillOptions {
  return { topic: c.topic("will"), payload: "'gone'", ...more };
}

export const willCases: readonly ConformanceCase[] = [
  {
    name: "will/network-failure",
    title: "the will is published when the connection breaks off",
    statements: ["3.1.1/MQTT-3.1.2-8", "3.1.1/MQTT-3.1.2-9", "5.0/MQTT-3.1.2-7", "5.0/MQTT-3.1.2-8"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c) });
      await watcher.expectNothing();
      client.cut();
      await watcher.expect("PUBLISH", { topic: c.topic("will"), payload: "gone", qos: 0, retain: false });
      await watcher.expectNothing();
    },
  },
  {
    name: "will/not-after-disconnect",
    title: "DISCONNECT removes the will unpublished",
    statements: [
      "3.1.1/MQTT-3.1.2-8",
      "3.1.1/MQTT-3.1.2-10",
      "3.1.1/MQTT-3.14.4-3",
      "5.0/MQTT-3.1.2-8",
      "5.0/MQTT-3.14.4-3",
    ],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c) });
      await client.disconnect();
      await watcher.expectNothing();
    },
  },
  {
    name: "will/disconnect-0x04",
    title: "DISCONNECT 0x04 publishes the will",
    statements: ["5.0/MQTT-3.14.4-3", "5.0/MQTT-3.1.2-8"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c) });
      await client.disconnect(0x04);
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "will/protocol-error",
    title: "the will is published when the server closes the connection because of an error",
    statements: ["3.1.1/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-8"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c) });
      client.send("36 00");
      await client.expectClose({ reasons: [0x81] });
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "will/only-once",
    title: "a published will is gone from the session",
    statements: ["3.1.1/MQTT-3.1.2-10", "3.1.1/MQTT-3.1.2-12", "5.0/MQTT-3.1.2-10"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const clientId = c.clientId();
      const first = await c.connect({ clientId, lasting: true, will: willOf(c) });
      first.cut();
      await watcher.expect("PUBLISH", { payload: "gone" });
      const second = await c.connect({ clientId, lasting: true });
      second.cut();
      await watcher.expectNothing();
    },
  },
  {
    name: "will/removed-by-disconnect-for-good",
    title: "a will that DISCONNECT removed does not come back with the session",
    statements: ["3.1.1/MQTT-3.1.2-10", "5.0/MQTT-3.1.2-10"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await watch(c);
      const clientId = c.clientId();
      const first = await c.connect({ clientId, lasting: true, will: willOf(c) });
      await first.disconnect();
      const second = await c.connect({ clientId, lasting: true });
      second.cut();
      await watcher.expectNothing();
    },
  },
  {
    name: "will/none",
    title: "without a will nothing is published in the end",
    statements: ["3.1.1/MQTT-3.1.2-12"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c, 0, c.topic("#"));
      const client = await c.connect();
      client.cut();
      await watcher.expectNothing();
    },
  },
  {
    name: "will/qos",
    title: "the will is published with its QoS",
    statements: ["3.1.1/MQTT-3.1.2-9", "5.0/MQTT-3.1.2-9"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c, 2);
      for (const qos of [0, 1, 2]) {
        const client = await c.connect({ will: willOf(c, { qos }) });
        client.cut();
        await watcher.receive({ payload: "gone", qos, dup: false });
      }
    },
  },
  {
    name: "will/not-retained",
    title: "a will with Will Retain 0 is not retained",
    statements: ["3.1.1/MQTT-3.1.2-16", "5.0/MQTT-3.1.2-14"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c) });
      client.cut();
      await watcher.expect("PUBLISH", { payload: "gone" });
      const late = await c.connect({ clientId: c.clientId("late") });
      await late.subscribe(c.topic("will"));
      await late.expectNothing();
    },
  },
  {
    name: "will/retained",
    title: "a will with Will Retain 1 is retained",
    statements: ["3.1.1/MQTT-3.1.2-17", "5.0/MQTT-3.1.2-15"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c, { qos: 1, retain: true }) });
      client.cut();
      await watcher.expect("PUBLISH", { payload: "gone", retain: false });
      const late = await c.connect({ clientId: c.clientId("late") });
      await late.subscribe(c.topic("will"));
      await late.expect("PUBLISH", { payload: "gone", retain: true });
    },
  },
  {
    name: "will/keep-alive",
    title: "the will is published when Keep Alive runs out",
    statements: ["3.1.1/MQTT-3.1.2-8", "3.1.1/MQTT-3.1.2-24", "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-22"],
    versions: ALL,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ keepAlive: 1, will: willOf(c) });
      await client.expectClose({ reasons: [0x8d], afterMs: 950, withinMs: c.due(1_500) });
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "will/properties",
    title: "the will's properties are published with it, User Properties in order",
    statements: [
      "5.0/MQTT-3.1.3-10",
      "5.0/MQTT-3.1.2-9",
      "5.0/MQTT-3.3.2-4",
      "5.0/MQTT-3.3.2-15",
      "5.0/MQTT-3.3.2-16",
      "5.0/MQTT-3.3.2-20",
    ],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c, 1);
      const properties = {
        payloadFormatIndicator: 1,
        contentType: "text/plain",
        responseTopic: c.topic("reply"),
        correlationData: Uint8Array.of(0, 1, 255),
        userProperty: [
          ["b", "1"],
          ["a", "2"],
          ["b", "3"],
          ["a", "2"],
          ["", ""],
        ],
      } as const;
      const client = await c.connect({ will: willOf(c, { qos: 1, properties }) });
      client.cut();
      await watcher.expect("PUBLISH", { payload: "gone", properties });
    },
  },
  {
    name: "will/message-expiry",
    title: "the will's Message Expiry Interval is sent on",
    statements: ["5.0/MQTT-3.3.2-6"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c, { properties: { messageExpiryInterval: 600 } }) });
      client.cut();
      const { properties } = await watcher.expect("PUBLISH", { payload: "gone" });
      const left = properties.messageExpiryInterval ?? 0;
      if (left > 600 || left < 590) watcher.fail(`Message Expiry Interval ${left} instead of about 600`);
    },
  },
  {
    name: "will/delay",
    title: "the will waits for its Will Delay Interval",
    statements: ["5.0/MQTT-3.1.2-8"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({
        lasting: true,
        will: willOf(c, { properties: { willDelayInterval: 2 } }),
      });
      client.cut();
      await watcher.expectNothing(1_500);
      await watcher.expect("PUBLISH", { payload: "gone" }, c.due(500));
    },
  },
  {
    name: "will/delay-ends-with-session",
    title: "the will is published when the session ends, even before its delay is over",
    statements: ["5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-7"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({
        lasting: true,
        properties: { sessionExpiryInterval: 1 },
        will: willOf(c, { properties: { willDelayInterval: 600 } }),
      });
      client.cut();
      await watcher.expect("PUBLISH", { payload: "gone" }, c.due(1_000));
    },
  },
  {
    name: "will/delay-without-session",
    title: "the will of a session that ends with its connection is not delayed",
    statements: ["5.0/MQTT-3.1.2-8"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const client = await c.connect({ will: willOf(c, { properties: { willDelayInterval: 600 } }) });
      client.cut();
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "will/delay-back-in-time",
    title: "a client that comes back before the delay is over prevents its will",
    statements: ["5.0/MQTT-3.1.3-9", "5.0/MQTT-3.1.2-8", "5.0/MQTT-3.1.2-10"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const clientId = c.clientId();
      const will = willOf(c, { properties: { willDelayInterval: 2 } });
      const client = await c.connect({ clientId, lasting: true, will });
      client.cut();
      await c.wait(500);
      const back = await c.connect({ clientId, lasting: true });
      await watcher.expectNothing(3_000);
      await back.ping();
    },
  },
  {
    name: "will/delay-clean-start",
    title: "a clean start ends the old session and with it the wait of its will",
    statements: ["5.0/MQTT-3.1.2-8"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const clientId = c.clientId();
      const will = willOf(c, { properties: { willDelayInterval: 600 } });
      const client = await c.connect({ clientId, lasting: true, will });
      client.cut();
      await c.wait(c.quietMs);
      await c.connect({ clientId, cleanStart: true });
      await watcher.expect("PUBLISH", { payload: "gone" });
    },
  },
  {
    name: "will/delay-and-takeover",
    title: "a client that takes over its own connection within the delay prevents the will",
    statements: ["5.0/MQTT-3.1.3-9", "5.0/MQTT-3.1.4-3"],
    versions: ONLY_5,
    async run(c) {
      const watcher = await watch(c);
      const clientId = c.clientId();
      const will = willOf(c, { properties: { willDelayInterval: 1 } });
      const first = await c.connect({ clientId, name: "first", lasting: true, will });
      await c.connect({ clientId, name: "second", lasting: true });
      await first.expectClose({ reasons: [0x8e] });
      await watcher.expectNothing(2_000);
    },
  },
  {
    name: "will/qos-not-supported",
    title: "a will above Maximum QoS is refused",
    statements: ["5.0/MQTT-3.2.2-12", "5.0/MQTT-3.2.2-9"],
    versions: ONLY_5,
    needs: { broker: { maximumQos: 0 } },
    async run(c) {
      const client = await c.startConnect({ will: willOf(c, { qos: 1 }) });
      await client.expectClose({ reasons: [0x9b], shouldSay: true });
    },
  },
  {
    name: "will/retain-not-supported",
    title: "a will with Will Retain 1 is refused where nothing is retained",
    statements: ["5.0/MQTT-3.2.2-13"],
    versions: ONLY_5,
    needs: { broker: { retainAvailable: false } },
    async run(c) {
      const client = await c.startConnect({ will: willOf(c, { retain: true }) });
      await client.expectClose({ reasons: [0x9a], shouldSay: true });
    },
  },
];
