/** Sections 3.1.2.4, 3.1.2.11.2, 3.2.2.1 and 4.1: sessions begin, go on and end. */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1, UP_TO_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";

function expectSessionPresent(peer: RawPeer, wanted: boolean): void {
  // The byte is reserved in 3.1.
  if (peer.version === 3) return;
  if (peer.connack?.sessionPresent !== wanted) peer.fail(`Session Present is ${wanted ? 0 : 1}`);
}

/** A lasting session of `clientId` with a subscription to `topic()`, its client away. */
async function leaveSession(c: ConformanceContext, clientId: string, expirySeconds?: number): Promise<void> {
  const properties = expirySeconds === undefined ? {} : { sessionExpiryInterval: expirySeconds };
  const client = await c.connect({ clientId, lasting: true, ...(c.version === 5 ? { properties } : {}) });
  await client.subscribe({ filter: c.topic(), qos: 2 });
  await client.disconnect();
}

async function publishFrom(
  c: ConformanceContext,
  ...messages: readonly (readonly [payload: string, qos: number])[]
) {
  const publisher = await c.connect({ clientId: c.clientId("pub") });
  for (const [payload, qos] of messages) await publisher.publish({ topic: c.topic(), payload, qos });
  await publisher.disconnect();
}

export const connectSessionCases: readonly ConformanceCase[] = [
  {
    name: "session/resumed",
    title: "a session goes on when its client comes back, with subscriptions and stored messages",
    statements: [
      "3.1.1/MQTT-3.1.2-4",
      "3.1.1/MQTT-3.1.2-5",
      "3.1.1/MQTT-3.1.4-3",
      "3.1.1/MQTT-3.2.0-1",
      "3.1.1/MQTT-3.2.2-2",
      "3.1.1/MQTT-4.1.0-1",
      "3.1.1/MQTT-4.5.0-1",
      "5.0/MQTT-3.1.2-5",
      "5.0/MQTT-3.1.2-23",
      "5.0/MQTT-3.1.4-4",
      "5.0/MQTT-3.2.0-1",
      "5.0/MQTT-3.2.2-3",
      "5.0/MQTT-4.5.0-1",
    ],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId();
      await leaveSession(c, clientId);
      await publishFrom(c, ["one", 1], ["two", 2]);
      const client = await c.connect({ clientId, lasting: true });
      expectSessionPresent(client, true);
      const first = await client.take("PUBLISH", { payload: "one", qos: 1, dup: false });
      const second = await client.take("PUBLISH", { payload: "two", qos: 2, dup: false });
      await client.acknowledge(first);
      await client.acknowledge(second);
      await publishFrom(c, ["three", 1]);
      await client.receive({ payload: "three", qos: 1 });
    },
  },
  {
    name: "session/new",
    title: "without a stored session a new one is made, and Session Present is 0",
    statements: [
      "3.1.1/MQTT-3.1.2-4",
      "3.1.1/MQTT-3.2.2-3",
      "5.0/MQTT-3.1.2-6",
      "5.0/MQTT-3.2.2-3",
      "5.0/MQTT-3.1.4-4",
    ],
    versions: SINCE_3_1_1,
    async run(c) {
      expectSessionPresent(await c.connect({ lasting: true }), false);
    },
  },
  {
    name: "session/clean-start-drops",
    title: "a clean start drops the stored session and everything in it",
    statements: [
      "3.1.1/MQTT-3.1.2-6",
      "3.1.1/MQTT-3.1.4-3",
      "3.1.1/MQTT-3.2.2-1",
      "5.0/MQTT-3.1.2-4",
      "5.0/MQTT-3.1.4-4",
      "5.0/MQTT-3.2.2-2",
    ],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId();
      await leaveSession(c, clientId);
      await publishFrom(c, ["stored", 1]);
      const clean = await c.connect({ clientId, cleanStart: true });
      expectSessionPresent(clean, false);
      await publishFrom(c, ["live", 1]);
      await clean.expectNothing();
      await clean.disconnect();
      const again = await c.connect({ clientId, lasting: true });
      expectSessionPresent(again, false);
      await again.expectNothing();
    },
  },
  {
    name: "session/clean-session-ends-with-connection",
    title: "what a clean session holds is gone after the connection",
    statements: ["3.1.1/MQTT-3.1.2-6", "3.1.1/MQTT-3.2.2-3", "5.0/MQTT-4.1.0-2"],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId();
      const clean = await c.connect({ clientId });
      await clean.subscribe({ filter: c.topic(), qos: 1 });
      await clean.disconnect();
      await publishFrom(c, ["missed", 1]);
      const again = await c.connect({ clientId, cleanStart: false });
      expectSessionPresent(again, false);
      await publishFrom(c, ["missed too", 1]);
      await again.expectNothing();
    },
  },
  {
    name: "session/clean-session-cut",
    title: "what a clean session holds is gone after a network failure too",
    statements: ["3.1.1/MQTT-3.1.2-6", "5.0/MQTT-4.1.0-2"],
    versions: SINCE_3_1_1,
    async run(c) {
      const clientId = c.clientId();
      const clean = await c.connect({ clientId });
      await clean.subscribe({ filter: c.topic(), qos: 1 });
      clean.cut();
      await c.wait(c.quietMs);
      expectSessionPresent(await c.connect({ clientId, cleanStart: false }), false);
    },
  },
  {
    name: "session/survives-network-failure",
    title: "a lasting session survives a connection that just breaks off",
    statements: ["3.1.1/MQTT-3.1.2-4", "3.1.1/MQTT-4.1.0-1", "5.0/MQTT-3.1.2-23"],
    versions: SINCE_3_1_1,
    async run(c) {
      const clientId = c.clientId();
      const client = await c.connect({ clientId, lasting: true });
      await client.subscribe({ filter: c.topic(), qos: 1 });
      client.cut();
      await publishFrom(c, ["kept", 1]);
      const again = await c.connect({ clientId, lasting: true });
      expectSessionPresent(again, true);
      await again.receive({ payload: "kept" });
    },
  },
  {
    name: "session/two-clients",
    title: "each client id has a session of its own",
    statements: ["3.1.1/MQTT-3.1.3-2", "5.0/MQTT-3.1.3-2"],
    versions: ALL,
    async run(c) {
      const left = await c.connect({ clientId: c.clientId("left") });
      const right = await c.connect({ clientId: c.clientId("right") });
      await left.subscribe(c.topic("left"));
      await right.subscribe(c.topic("right"));
      await left.publish({ topic: c.topic("right"), payload: "to the right" });
      await right.publish({ topic: c.topic("left"), payload: "to the left" });
      await left.expect("PUBLISH", { payload: "to the left" });
      await right.expect("PUBLISH", { payload: "to the right" });
      await left.expectNothing();
    },
  },
  {
    name: "session/retained-outlives-session",
    title: "retained messages are not part of a session",
    statements: ["3.1.1/MQTT-3.1.2-7"],
    versions: UP_TO_3_1_1,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "kept", qos: 1, retain: true });
      await publisher.disconnect();
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe(c.topic());
      await subscriber.expect("PUBLISH", { payload: "kept", retain: true });
    },
  },
  {
    name: "session/expires",
    title: "a session is dropped when its Session Expiry Interval is over, and not before",
    statements: ["5.0/MQTT-3.1.2-23", "5.0/MQTT-4.1.0-2"],
    versions: ONLY_5,
    async run(c) {
      const early = c.clientId("early");
      const late = c.clientId("late");
      await leaveSession(c, early, 4);
      await leaveSession(c, late, 1);
      await c.wait(2_000);
      expectSessionPresent(await c.connect({ clientId: early, lasting: true }), true);
      expectSessionPresent(await c.connect({ clientId: late, lasting: true }), false);
    },
  },
  {
    name: "session/expiry-counts-from-the-end",
    title: "a session does not expire while its client is connected",
    statements: ["3.1.1/MQTT-4.1.0-2", "5.0/MQTT-4.1.0-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const clientId = c.clientId();
      const properties = c.version === 5 ? { sessionExpiryInterval: 1 } : {};
      const client = await c.connect({ clientId, lasting: true, properties });
      await client.subscribe({ filter: c.topic(), qos: 1 });
      await c.wait(2_500);
      await publishFrom(c, ["still here", 1]);
      await client.receive({ payload: "still here" });
    },
  },
  {
    name: "session/never-expires",
    title: "Session Expiry Interval 0xFFFFFFFF keeps the session for good",
    statements: ["5.0/MQTT-3.1.2-23"],
    versions: ONLY_5,
    needs: { virtualTime: true },
    async run(c) {
      const clientId = c.clientId();
      const client = await c.connect({
        clientId,
        lasting: true,
        properties: { sessionExpiryInterval: 0xffff_ffff },
      });
      if ((client.connack?.properties.sessionExpiryInterval ?? 0xffff_ffff) !== 0xffff_ffff) {
        c.inconclusive("the server announces an expiry of its own");
      }
      await client.disconnect();
      await c.wait(40 * 24 * 3600 * 1000);
      expectSessionPresent(await c.connect({ clientId, lasting: true }), true);
    },
  },
  {
    name: "session/expiry-changed-by-disconnect",
    title: "DISCONNECT may set another Session Expiry Interval",
    statements: ["5.0/MQTT-4.1.0-2"],
    versions: ONLY_5,
    async run(c) {
      const kept = c.clientId("kept");
      const dropped = c.clientId("dropped");
      const first = await c.connect({
        clientId: kept,
        cleanStart: false,
        properties: { sessionExpiryInterval: 1 },
      });
      await first.disconnect(0, { sessionExpiryInterval: 60 });
      const second = await c.connect({ clientId: dropped, lasting: true });
      await second.disconnect(0, { sessionExpiryInterval: 0 });
      await c.wait(2_500);
      expectSessionPresent(await c.connect({ clientId: kept, lasting: true }), true);
      expectSessionPresent(await c.connect({ clientId: dropped, lasting: true }), false);
    },
  },
  {
    name: "session/taken-over-session-goes-on",
    title: "the session goes over to a client that takes over the connection",
    statements: ["3.1.1/MQTT-3.1.2-4", "3.1.1/MQTT-3.1.4-2", "5.0/MQTT-3.1.2-5", "5.0/MQTT-3.2.2-3"],
    versions: ALL,
    async run(c) {
      const clientId = c.clientId();
      const first = await c.connect({ clientId, name: "first", lasting: true });
      await first.subscribe({ filter: c.topic(), qos: 1 });
      const second = await c.connect({ clientId, name: "second", lasting: true });
      expectSessionPresent(second, true);
      await publishFrom(c, ["to the second", 1]);
      await second.receive({ payload: "to the second" });
    },
  },
];
