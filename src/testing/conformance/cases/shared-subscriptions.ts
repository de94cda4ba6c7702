/** Section 4.8: shared subscriptions of 5.0. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { packet, text } from "../wire/bytes.ts";
import { subscribe } from "../wire/write.ts";

/** `$share/g…/topic`, with a name of this case. */
function shared(c: ConformanceContext, filter = c.topic()): string {
  return `$share/g${c.topic().replaceAll("/", "")}/${filter}`;
}

async function member(c: ConformanceContext, label: string, qos: number): Promise<RawPeer> {
  const peer = await c.connect({ clientId: c.clientId(label) });
  await peer.subscribe({ filter: shared(c), qos });
  return peer;
}

export const sharedSubscriptionCases: readonly ConformanceCase[] = [
  {
    name: "shared/one-of-the-group",
    title: "a message goes to one member of the group, and to everybody outside of it",
    statements: ["5.0/MQTT-4.8.2-1"],
    versions: ONLY_5,
    async run(c) {
      const left = await member(c, "left", 1);
      const right = await member(c, "right", 1);
      const outside = await c.connect({ clientId: c.clientId("outside") });
      await outside.subscribe({ filter: c.topic(), qos: 1 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let i = 0; i < 10; i++) await publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 });
      for (let i = 0; i < 10; i++) await outside.receive({ payload: `${i}` });
      await c.wait(c.quietMs);
      const payloads = [left, right].flatMap((peer) =>
        peer.inbox.splice(0).map((each) => (each.name === "PUBLISH" ? each.payload : each.name)),
      );
      if (payloads.sort().join() !== "0,1,2,3,4,5,6,7,8,9") left.fail(`the group got ${payloads.join()}`);
    },
  },
  {
    name: "shared/two-groups",
    title: "each group gets every message, also when one client is in both",
    statements: ["5.0/MQTT-4.8.2-1", "5.0/MQTT-4.8.2-2"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: `$share/one/${c.topic()}` }, { subscriptionIdentifier: [1] });
      await client.subscribe({ filter: `$share/two/${c.topic()}` }, { subscriptionIdentifier: [2] });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "hello", qos: 1 });
      await client.expect("PUBLISH", { payload: "hello" });
      await client.expect("PUBLISH", { payload: "hello" });
      await client.expectNothing();
    },
  },
  {
    name: "shared/invalid-filters",
    title: "a shared filter needs a name without wildcards, and a filter behind it",
    statements: ["5.0/MQTT-4.8.2-1", "5.0/MQTT-4.8.2-2"],
    versions: ONLY_5,
    async run(c) {
      for (const filter of [
        "$share//a",
        "$share/g",
        "$share/g/",
        "$share/g+/a",
        "$share/#/a",
        "$share/+/a",
        "$share/",
      ]) {
        const client = await c.connect();
        client.send(subscribe(5, 3, [{ filter }]));
        const answer = await client.nextOrClosed();
        if (answer?.name === "SUBACK") {
          if ((answer.reasonCodes[0] ?? 0) < 0x80) client.fail(`"${filter}" was granted`);
          continue;
        }
        if (answer !== undefined) client.inbox.unshift(answer);
        await client.expectClose({ reasons: [0x81, 0x82, 0x8f] });
      }
    },
  },
  {
    name: "shared/no-local",
    title: "No Local on a shared subscription is an error",
    statements: ["5.0/MQTT-3.8.3-4"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      client.send(subscribe(5, 3, [{ filter: shared(c), noLocal: true }]));
      await client.expectClose({ reasons: [0x82] });
    },
  },
  {
    name: "shared/granted-qos",
    title: "the granted QoS of the chosen member counts",
    statements: ["5.0/MQTT-4.8.2-3"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const granted of [0, 1, 2]) {
        const only = await member(c, "only", granted);
        await publisher.publish({ topic: c.topic(), payload: "hello", qos: 2 });
        await only.receive({ payload: "hello", qos: granted });
        await only.disconnect();
      }
    },
  },
  {
    name: "shared/no-retained",
    title: "no retained messages are sent for a shared subscription",
    // Section 4.8.2 says so in a sentence without a number.
    statements: [],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "kept", qos: 1, retain: true });
      const only = await member(c, "only", 1);
      await only.expectNothing();
    },
  },
  {
    name: "shared/qos2-completed-with-same-member",
    title: "a QoS 2 message begun with a member is completed with it after a reconnect",
    statements: ["5.0/MQTT-4.8.2-4"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId("chosen");
      const chosen = await c.connect({ clientId, name: "chosen", lasting: true });
      await chosen.subscribe({ filter: shared(c), qos: 2 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "hello", qos: 2 });
      const { packetId } = await chosen.expect("PUBLISH", { payload: "hello", qos: 2 });
      const other = await member(c, "other", 2);
      chosen.cut();
      await other.expectNothing();
      const again = await c.connect({ clientId, name: "again", lasting: true });
      await again.receive({ payload: "hello", qos: 2, dup: true, packetId });
      await other.expectNothing();
    },
  },
  {
    name: "shared/qos2-not-moved",
    title: "when the session of the chosen member ends, its begun QoS 2 message goes to no other member",
    statements: ["5.0/MQTT-4.8.2-5"],
    versions: ONLY_5,
    async run(c) {
      const chosen = await member(c, "chosen", 2);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "hello", qos: 2 });
      await chosen.expect("PUBLISH", { payload: "hello", qos: 2 });
      const other = await member(c, "other", 2);
      chosen.cut();
      await other.expectNothing(2 * c.quietMs);
    },
  },
  {
    name: "shared/refused-by-member",
    title: "a message that the chosen member refuses goes to no other member",
    statements: ["5.0/MQTT-4.8.2-6"],
    versions: ONLY_5,
    async run(c) {
      const chosen = await member(c, "chosen", 2);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "one", qos: 1 });
      await publisher.publish({ topic: c.topic(), payload: "two", qos: 2 });
      const one = await chosen.expect("PUBLISH", { payload: "one" });
      const two = await chosen.expect("PUBLISH", { payload: "two" });
      const other = await member(c, "other", 2);
      chosen.puback(one.packetId, 0x80);
      chosen.pubrec(two.packetId, 0x80);
      await chosen.ping();
      await other.expectNothing();
    },
  },
  {
    name: "shared/unsubscribe",
    title: "UNSUBSCRIBE from a shared filter ends this client's part in the group only",
    statements: ["5.0/MQTT-3.10.4-1"],
    versions: ONLY_5,
    async run(c) {
      const left = await member(c, "left", 1);
      const right = await member(c, "right", 1);
      const { reasonCodes } = await left.unsubscribe(shared(c));
      if (reasonCodes[0] !== 0) left.fail(`UNSUBACK says 0x${reasonCodes[0]?.toString(16)}`);
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let i = 0; i < 4; i++) await publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 });
      for (let i = 0; i < 4; i++) await right.receive({ payload: `${i}` });
      await left.expectNothing();
    },
  },
  {
    name: "shared/not-available",
    title: "a shared filter where there are none is refused",
    statements: ["5.0/U5-3.2.2.3.13b"],
    versions: ONLY_5,
    needs: { broker: { sharedSubscriptionAvailable: false } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.sharedSubscriptionAvailable !== 0) {
        client.fail("CONNACK does not say Shared Subscription Available 0");
      }
      client.send(packet(0x82, "00 01 00", text(shared(c)), "00"));
      const answer = await client.next();
      if (answer.name === "SUBACK") {
        const code = answer.reasonCodes[0] ?? 0;
        if (code < 0x80) client.fail("the filter was granted");
        if (code !== 0x9e) c.note(`SUBACK says 0x${code.toString(16)} instead of 0x9e`);
        return;
      }
      client.inbox.unshift(answer);
      await client.expectClose({ reasons: [0x9e] });
    },
  },
];
