/** Sections 3.3.2.3.4 and 3.1.2.11.5: topic aliases of 5.0, in both directions. */

import { type ConformanceCase, ONLY_5 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { packet, type Raw, text, twoBytes } from "../wire/bytes.ts";

/** The server's Topic Alias Maximum; without aliases the case can tell nothing. */
function aliasMaximum(c: ConformanceContext, publisher: RawPeer): number {
  const maximum = publisher.connack?.properties.topicAliasMaximum ?? 0;
  if (maximum === 0) c.notSupported("the broker takes no topic aliases");
  return maximum;
}

/** A QoS 0 PUBLISH with an alias. */
function aliased(topic: string, alias: number, payload: Raw): Uint8Array {
  return packet(0x30, text(topic), "03 23", twoBytes(alias), payload);
}

export const topicAliasCases: readonly ConformanceCase[] = [
  {
    name: "topic-alias/used",
    title: "every alias from 1 to the announced maximum stands for its topic, and can be set anew",
    statements: ["5.0/MQTT-3.3.2-12"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe(c.topic("#"));
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      const maximum = aliasMaximum(c, publisher);
      for (const alias of new Set([1, Math.ceil(maximum / 2), maximum])) {
        publisher.send(aliased(c.topic("a"), alias, "'set'"), aliased("", alias, "'used'"));
        await subscriber.expect("PUBLISH", { topic: c.topic("a"), payload: "set" });
        await subscriber.expect("PUBLISH", { topic: c.topic("a"), payload: "used" });
        publisher.send(aliased(c.topic("b"), alias, "'set'"), aliased("", alias, "'used'"));
        await subscriber.expect("PUBLISH", { topic: c.topic("b"), payload: "set" });
        await subscriber.expect("PUBLISH", { topic: c.topic("b"), payload: "used" });
      }
    },
  },
  {
    name: "topic-alias/not-forwarded",
    title: "the publisher's alias is not the subscriber's",
    statements: ["5.0/MQTT-3.1.2-27"],
    versions: ONLY_5,
    async run(c) {
      const subscriber = await c.connect({ clientId: c.clientId("sub") });
      await subscriber.subscribe(c.topic());
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      aliasMaximum(c, publisher);
      publisher.send(aliased(c.topic(), 1, "'one'"), aliased("", 1, "'two'"));
      for (const payload of ["one", "two"]) {
        const { properties } = await subscriber.expect("PUBLISH", { topic: c.topic(), payload });
        if (properties.topicAlias !== undefined) subscriber.fail("an alias though Topic Alias Maximum is 0");
      }
    },
  },
  {
    name: "topic-alias/to-subscriber",
    title: "aliases to a subscriber stay within its Topic Alias Maximum",
    statements: ["5.0/MQTT-3.1.2-26", "5.0/MQTT-3.3.2-8", "5.0/MQTT-3.3.2-11"],
    versions: ONLY_5,
    async run(c) {
      // The observer resolves aliases, and fails on 0, on one above the maximum and on one that stands for nothing.
      const subscriber = await c.connect({
        clientId: c.clientId("sub"),
        properties: { topicAliasMaximum: 2 },
      });
      await subscriber.subscribe(c.topic("+"));
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      for (let round = 0; round < 3; round++) {
        for (const below of ["a", "b", "c", "d", "e"]) {
          await publisher.publish({ topic: c.topic(below), payload: below, qos: 1 });
          await subscriber.expect("PUBLISH", { topic: c.topic(below), payload: below });
        }
      }
    },
  },
  {
    name: "topic-alias/0",
    title: "alias 0 is an error",
    statements: ["5.0/MQTT-3.3.2-8", "5.0/U5-3.3.4a"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      client.send(aliased(c.topic(), 0, ""));
      await client.expectClose({ reasons: [0x94] });
    },
  },
  {
    name: "topic-alias/above-maximum",
    title: "an alias above the announced maximum is an error",
    statements: ["5.0/MQTT-3.3.2-9", "5.0/U5-3.3.4a", "5.0/MQTT-3.2.2-17"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      const maximum = client.connack?.properties.topicAliasMaximum ?? 0;
      if (maximum === 65_535) c.inconclusive("there is no alias above the maximum");
      client.send(aliased(c.topic(), maximum + 1, ""));
      await client.expectClose({ reasons: [0x94] });
    },
  },
  {
    name: "topic-alias/none-allowed",
    title: "any alias is an error where the server takes none",
    statements: ["5.0/MQTT-3.2.2-18", "5.0/U5-3.3.4a"],
    versions: ONLY_5,
    needs: { broker: { topicAliasMaximum: 0 } },
    async run(c) {
      const client = await c.connect();
      if ((client.connack?.properties.topicAliasMaximum ?? 0) !== 0) client.fail("CONNACK announces aliases");
      client.send(aliased(c.topic(), 1, ""));
      await client.expectClose({ reasons: [0x94] });
    },
  },
  {
    name: "topic-alias/configured-maximum",
    title: "the configured maximum is announced and holds",
    statements: ["5.0/MQTT-3.3.2-12", "5.0/U5-3.3.4a"],
    versions: ONLY_5,
    needs: { broker: { topicAliasMaximum: 3 } },
    async run(c) {
      const client = await c.connect();
      if (client.connack?.properties.topicAliasMaximum !== 3) client.fail("CONNACK does not say 3");
      await client.subscribe(c.topic());
      client.send(aliased(c.topic(), 3, "'three'"));
      await client.expect("PUBLISH", { payload: "three" });
      client.send(aliased(c.topic(), 4, ""));
      await client.expectClose({ reasons: [0x94] });
    },
  },
  {
    name: "topic-alias/unknown",
    title: "an alias that stands for no topic is an error",
    statements: ["5.0/U5-3.3.4b"],
    versions: ONLY_5,
    async run(c) {
      const client = await c.connect();
      aliasMaximum(c, client);
      client.send(aliased("", 1, ""));
      await client.expectClose({ reasons: [0x82] });
    },
  },
  {
    name: "topic-alias/ends-with-connection",
    title: "an alias ends with its connection, also when the session goes on",
    statements: ["5.0/MQTT-3.3.2-7"],
    versions: ONLY_5,
    async run(c) {
      const clientId = c.clientId();
      const first = await c.connect({ clientId, name: "first", lasting: true });
      aliasMaximum(c, first);
      first.send(aliased(c.topic(), 1, ""));
      await first.ping();
      first.cut();
      const second = await c.connect({ clientId, name: "second", lasting: true });
      second.send(aliased("", 1, ""));
      await second.expectClose({ reasons: [0x82] });
    },
  },
];
