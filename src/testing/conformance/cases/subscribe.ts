/** Sections 3.8 and 3.9: SUBSCRIBE and its acknowledgement. */

import { ALL, type ConformanceCase, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import { packet, text } from "../wire/bytes.ts";
import { subscribe } from "../wire/write.ts";
import { expectErrors } from "./support.ts";

/** The empty properties of a SUBSCRIBE or UNSUBSCRIBE. */
function noProperties(c: ConformanceContext): string {
  return c.version === 5 ? "00" : "";
}

export const subscribeCases: readonly ConformanceCase[] = [
  {
    name: "subscribe/suback",
    title: "SUBSCRIBE is answered by SUBACK with its packet identifier and the granted QoS",
    statements: [
      "3.1.1/MQTT-2.3.1-7",
      "3.1.1/MQTT-3.8.4-1",
      "3.1.1/MQTT-3.8.4-2",
      "3.1.1/MQTT-3.9.3-2",
      "5.0/MQTT-2.2.1-6",
      "5.0/MQTT-3.8.4-1",
      "5.0/MQTT-3.8.4-2",
      "5.0/MQTT-3.8.4-7",
      "5.0/MQTT-3.9.3-2",
    ],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      for (const [index, packetId] of [1, 256, 0xffff].entries()) {
        client.send(subscribe(c.version, packetId, [{ filter: c.topic(), qos: index }]));
        await client.expect("SUBACK", { packetId, reasonCodes: [index] });
      }
    },
  },
  {
    name: "subscribe/several-filters",
    title: "several filters are answered by one SUBACK with one code each, in their order",
    statements: [
      "3.1.1/MQTT-3.8.4-4",
      "3.1.1/MQTT-3.8.4-5",
      "3.1.1/MQTT-3.9.3-1",
      "5.0/MQTT-3.8.4-5",
      "5.0/MQTT-3.8.4-6",
      "5.0/MQTT-3.9.3-1",
    ],
    versions: ALL,
    async run(c) {
      const client = await c.connect();
      const filters = ["a", "b", "c", "a"].map((below, index) => ({
        filter: c.topic(below),
        qos: [2, 0, 1, 1][index] ?? 0,
      }));
      client.send(subscribe(c.version, 9, filters));
      await client.expect("SUBACK", { packetId: 9, reasonCodes: [2, 0, 1, 1] });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const below of ["a", "b", "c"])
        await publisher.publish({ topic: c.topic(below), payload: below, qos: 2 });
      // The second subscription to `a` has replaced the first.
      await client.receive({ payload: "a", qos: 1 });
      await client.receive({ payload: "b", qos: 0 });
      await client.receive({ payload: "c", qos: 1 });
      await client.expectNothing();
    },
  },
  {
    name: "subscribe/granted-qos",
    title: "a message is delivered at the lower of its own and the granted QoS",
    statements: ["3.1.1/MQTT-3.8.4-6", "5.0/MQTT-3.8.4-8"],
    versions: ALL,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const granted of [0, 1, 2]) {
        const subscriber = await c.connect({ clientId: c.clientId("sub") });
        const { reasonCodes } = await subscriber.subscribe({ filter: c.topic(), qos: granted });
        if (reasonCodes[0] !== granted) c.inconclusive("the server grants less than was asked for");
        for (const published of [0, 1, 2]) {
          await publisher.publish({ topic: c.topic(), payload: `${published}`, qos: published });
          await subscriber.receive({ payload: `${published}`, qos: Math.min(published, granted) });
        }
        await subscriber.disconnect();
      }
    },
  },
  {
    name: "subscribe/replaced",
    title: "subscribing to the same filter again replaces the subscription",
    statements: ["3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-3"],
    versions: ALL,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const qos of [1, 0, 2]) {
        await subscriber.subscribe({ filter: c.topic(), qos });
        await publisher.publish({ topic: c.topic(), payload: `${qos}`, qos: 2 });
        await subscriber.receive({ payload: `${qos}`, qos });
        await subscriber.expectNothing();
      }
    },
  },
  {
    name: "subscribe/replaced-without-gap",
    title: "no message is lost while a subscription is replaced",
    statements: ["3.1.1/MQTT-3.8.4-3", "5.0/MQTT-3.8.4-4"],
    versions: SINCE_3_1_1,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe({ filter: c.topic(), qos: 0 });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let i = 0; i < 20; i++) {
        await Promise.all([
          publisher.publish({ topic: c.topic(), payload: `${i}`, qos: 1 }),
          subscriber.subscribe({ filter: c.topic(), qos: 0 }),
        ]);
      }
      for (let i = 0; i < 20; i++) await subscriber.expect("PUBLISH", { payload: `${i}` });
      await subscriber.expectNothing();
    },
  },
  {
    name: "subscribe/options-replaced",
    title: "the options of a subscription are replaced with it",
    statements: ["5.0/MQTT-3.8.4-3"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), noLocal: true });
      await client.publish({ topic: c.topic(), payload: "hidden", qos: 1 });
      await client.expectNothing();
      await client.subscribe({ filter: c.topic(), noLocal: false });
      await client.publish({ topic: c.topic(), payload: "shown", qos: 1 });
      await client.expect("PUBLISH", { payload: "shown" });
    },
  },
  {
    name: "subscribe/empty",
    title: "SUBSCRIBE without a filter is an error",
    statements: ["3.1.1/MQTT-3.8.3-3", "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-3.8.3-2", "5.0/U5-3.8.3a"],
    versions: SINCE_3_1_1,
    run: (c) => expectErrors(c, [0x82], [packet(0x82, "00 01", noProperties(c))]),
  },
  {
    name: "subscribe/qos-3",
    title: "a requested QoS of 3 is an error",
    statements: ["3.1.1/MQTT-3.8.3-4", "5.0/U5-3.8.3b"],
    versions: SINCE_3_1_1,
    run: (c) => expectErrors(c, [0x82], [packet(0x82, "00 01", noProperties(c), text(c.topic()), "03")]),
  },
  {
    name: "subscribe/reserved-option-bits",
    title: "reserved bits of the subscription options have to be 0",
    statements: ["3.1.1/MQTT-3.8.3-4", "5.0/MQTT-3.8.3-5"],
    versions: SINCE_3_1_1,
    async run(c) {
      const bits = c.version === 5 ? ["40", "80"] : ["04", "08", "10", "20", "40", "80"];
      const packets = bits.map((options) => packet(0x82, "00 01", noProperties(c), text(c.topic()), options));
      await expectErrors(c, [0x81], packets);
    },
  },
  {
    name: "subscribe/retain-handling-3",
    title: "Retain Handling 3 is an error",
    statements: ["5.0/U5-3.8.3c"],
    versions: ONLY_5,
    run: (c) => expectErrors(c, [0x82], [packet(0x82, "00 01 00", text(c.topic()), "30")]),
  },
  {
    name: "subscribe/packet-id-0",
    title: "packet identifier 0 is an error in SUBSCRIBE and UNSUBSCRIBE",
    statements: ["3.1.1/MQTT-2.3.1-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      for (const bytes of [
        packet(0x82, "00 00", noProperties(c), text(c.topic()), "00"),
        packet(0xa2, "00 00", noProperties(c), text(c.topic())),
      ]) {
        const client = await c.connect();
        client.send(bytes);
        await client.expectClose({ reasons: [0x81, 0x82] });
      }
    },
  },
  {
    name: "subscribe/truncated",
    title: "a filter that runs past the packet, or lacks its options, is malformed",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81],
        [
          packet(0x82, "00 01", noProperties(c), "00 05 'a' 00"),
          packet(0x82, "00 01", noProperties(c), text(c.topic())),
          packet(0x82, "00 01", noProperties(c), text(c.topic()), "00 00"),
        ],
      ),
  },
  {
    name: "subscribe/no-local",
    title: "No Local hides the client's own messages, and only those",
    statements: ["5.0/MQTT-3.8.3-3"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic(), qos: 1, noLocal: true });
      await client.publish({ topic: c.topic(), payload: "own", qos: 1 });
      await client.expectNothing();
      const other = await c.connect({ clientId: c.clientId("other") });
      await other.publish({ topic: c.topic(), payload: "other", qos: 1 });
      await client.receive({ payload: "other" });
    },
  },
  {
    name: "subscribe/no-local-by-client-id",
    title: "No Local goes by the client id, so also after a reconnect",
    statements: ["5.0/MQTT-3.8.3-3"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId();
      const first = await c.connect({ clientId, name: "first", lasting: true });
      await first.subscribe({ filter: c.topic(), qos: 1, noLocal: true });
      await first.disconnect();
      const second = await c.connect({ clientId, name: "second", lasting: true });
      await second.publish({ topic: c.topic(), payload: "own", qos: 1 });
      await second.expectNothing();
    },
  },
  {
    name: "subscribe/identifier",
    title: "a message carries the Subscription Identifier of the subscription that it comes through",
    statements: ["5.0/MQTT-3.3.4-3"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (const identifier of [1, 127, 128, 268_435_455]) {
        await client.subscribe({ filter: c.topic() }, { subscriptionIdentifier: [identifier] });
        await publisher.publish({ topic: c.topic(), payload: "hello", qos: 1 });
        await client.expect("PUBLISH", { properties: { subscriptionIdentifier: [identifier] } });
      }
      await client.subscribe({ filter: c.topic() });
      await publisher.publish({ topic: c.topic(), payload: "hello", qos: 1 });
      const { properties } = await client.expect("PUBLISH");
      if (properties.subscriptionIdentifier !== undefined)
        client.fail("an identifier that the subscription has no more");
    },
  },
  {
    name: "subscribe/identifiers-of-overlapping",
    title: "overlapping subscriptions: one copy with all identifiers, or one copy with its own for each",
    statements: ["5.0/MQTT-3.3.4-3", "5.0/MQTT-3.3.4-4", "5.0/MQTT-3.3.4-5"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      await client.subscribe({ filter: c.topic("#") }, { subscriptionIdentifier: [1] });
      await client.subscribe({ filter: c.topic("a") }, { subscriptionIdentifier: [2] });
      await client.subscribe({ filter: c.topic("+") });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic("a"), payload: "hello", qos: 1 });
      const first = await client.expect("PUBLISH", { payload: "hello" });
      await c.wait(c.quietMs);
      const copies = [
        first,
        ...client.inbox.splice(0).map((each) => (each.name === "PUBLISH" ? each : first)),
      ];
      const identifiers = copies.map((copy) =>
        [...(copy.properties.subscriptionIdentifier ?? [])].toSorted((a, b) => a - b),
      );
      if (copies.length === 1) {
        if (identifiers[0]?.join() !== "1,2")
          client.fail(`one copy with identifiers ${identifiers[0]?.join()}`);
      } else {
        const listed = identifiers.map((each) => each.join()).sort();
        if (listed.join(" ").trim() !== "1 2") client.fail(`copies with identifiers ${listed.join(" and ")}`);
      }
    },
  },
  {
    name: "subscribe/identifier-with-retained",
    title: "a retained message carries the Subscription Identifier too",
    statements: ["5.0/MQTT-3.3.4-3"],
    versions: ONLY_5,
    async run(c) {
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "kept", qos: 1, retain: true });
      const client = await c.connect();
      await client.subscribe({ filter: c.topic() }, { subscriptionIdentifier: [42] });
      await client.expect("PUBLISH", { retain: true, properties: { subscriptionIdentifier: [42] } });
    },
  },
  {
    name: "subscribe/identifier-survives",
    title: "the Subscription Identifier is part of the session",
    statements: ["5.0/MQTT-3.3.4-3", "5.0/MQTT-3.1.2-5"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId();
      const first = await c.connect({ clientId, name: "first", lasting: true });
      await first.subscribe({ filter: c.topic(), qos: 1 }, { subscriptionIdentifier: [7] });
      await first.disconnect();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publisher.publish({ topic: c.topic(), payload: "stored", qos: 1 });
      const second = await c.connect({ clientId, name: "second", lasting: true });
      await second.receive({ payload: "stored", properties: { subscriptionIdentifier: [7] } });
      await publisher.publish({ topic: c.topic(), payload: "live", qos: 1 });
      await second.receive({ payload: "live", properties: { subscriptionIdentifier: [7] } });
    },
  },
  {
    name: "subscribe/identifier-0",
    title: "Subscription Identifier 0, or two of them, is an error",
    statements: ["5.0/U5-3.8.2.1.2"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x82],
        [
          packet(0x82, "00 01 02 0b 00", text(c.topic()), "00"),
          packet(0x82, "00 01 04 0b 01 0b 02", text(c.topic()), "00"),
        ],
      ),
  },
  {
    name: "subscribe/identifiers-not-available",
    title: "a Subscription Identifier where there are none is an error",
    statements: ["5.0/U5-3.2.2.3.12b"],
    versions: ONLY_5,
    needs: { broker: { subscriptionIdentifierAvailable: false } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.subscriptionIdentifierAvailable !== 0) {
        client.fail("CONNACK does not say Subscription Identifier Available 0");
      }
      client.send(packet(0x82, "00 01 02 0b 01", text(c.topic()), "00"));
      await client.expectClose({ reasons: [0xa1] });
    },
  },
  {
    name: "subscribe/wildcards-not-available",
    title: "a filter with wildcards where there are none is refused",
    statements: ["3.1.1/MQTT-3.8.3-2", "5.0/U5-3.2.2.3.11b"],
    versions: SINCE_3_1_1,
    needs: { broker: { wildcardSubscriptionAvailable: false } },
    async run(c) {
      const client = await c.connect();
      if (c.version === 5 && client.connack?.properties.wildcardSubscriptionAvailable !== 0) {
        client.fail("CONNACK does not say Wildcard Subscription Available 0");
      }
      await client.subscribe(c.topic());
      client.send(subscribe(c.version, 99, [{ filter: c.topic("#") }]));
      const packetOrClose = await client.next();
      if (packetOrClose.name === "SUBACK") {
        const code = packetOrClose.reasonCodes[0] ?? 0;
        if (code < 0x80) client.fail("the filter was granted");
        if (c.version === 5 && code !== 0xa2) c.note(`SUBACK says 0x${code.toString(16)} instead of 0xa2`);
      } else {
        client.inbox.unshift(packetOrClose);
        await client.expectClose({ reasons: [0xa2] });
      }
    },
  },
  {
    name: "subscribe/one-filter-refused",
    title: "SUBACK comes even when a filter is refused",
    statements: [
      "3.1.1/MQTT-3.8.4-1",
      "3.1.1/MQTT-3.8.4-5",
      "3.1.1/MQTT-3.9.3-1",
      "3.1.1/MQTT-3.9.3-2",
      "5.0/MQTT-3.8.4-7",
      "5.0/MQTT-3.9.3-1",
    ],
    versions: SINCE_3_1_1,
    needs: { broker: { wildcardSubscriptionAvailable: false } },
    async run(c) {
      const client = await c.connect();
      const filters = [
        { filter: c.topic("a"), qos: 1 },
        { filter: c.topic("+") },
        { filter: c.topic("b"), qos: 2 },
      ];
      client.send(subscribe(c.version, 4, filters));
      const suback = await client.expect("SUBACK", { packetId: 4 });
      const codes = suback.reasonCodes.map((code) => (code >= 0x80 ? "refused" : code));
      if (codes.join() !== "1,refused,2") client.fail(`the codes are ${codes.join()}`);
    },
  },
];
