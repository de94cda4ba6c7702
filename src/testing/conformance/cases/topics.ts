/** Section 4.7: topic names and filters, and how they match. */

import { ALL, type ConformanceCase, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import type { RawPeer } from "../peer.ts";
import { packet, text, twoBytes } from "../wire/bytes.ts";
import { publish, subscribe } from "../wire/write.ts";

/** Publishes to each topic and checks that exactly `expected` come through `filter`. */
async function expectMatches(
  c: ConformanceContext,
  filter: string,
  topics: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const subscriber = await c.connect({ clientId: c.clientId("sub") });
  await subscriber.subscribe({ filter, qos: 0 });
  const publisher = await c.connect({ clientId: c.clientId("pub") });
  for (const topic of topics) await publisher.publish({ topic, payload: topic, qos: 1 });
  for (const topic of expected) await subscriber.expect("PUBLISH", { topic, payload: topic });
  await subscriber.ping();
  await subscriber.expectNothing(c.quietMs / 3);
  await subscriber.disconnect();
  await publisher.disconnect();
}

/** The filter has to be refused, by SUBACK or by closing the connection. */
async function expectInvalidFilter(c: ConformanceContext, filter: string): Promise<void> {
  const client = await c.connect();
  client.send(subscribe(c.version, 3, [{ filter }]));
  const answer = await client.nextOrClosed();
  if (answer?.name === "SUBACK") {
    const code = answer.reasonCodes[0] ?? 0;
    if (code < 0x80) client.fail(`"${filter}" was granted`);
    if (c.version === 5 && code !== 0x8f) c.note(`SUBACK says 0x${code.toString(16)} instead of 0x8f`);
    return;
  }
  if (answer !== undefined) client.inbox.unshift(answer);
  await client.expectClose({ reasons: [0x81, 0x82, 0x8f] });
}

/** A message below a topic that begins with `$`, then one below a plain one. */
async function publishDollarAndPlain(c: ConformanceContext, publisher: RawPeer): Promise<void> {
  publisher.send(publish(c.version, { topic: `$conformance/${c.topic()}`, payload: "dollar" }));
  publisher.send(publish(c.version, { topic: `x/${c.topic()}`, payload: "plain" }));
  // A server may also close the connection of a client that publishes to `$`.
  await c.wait(c.quietMs / 3);
  if (!publisher.closed) return;
  const again = await c.connect({ clientId: c.clientId("pub") });
  again.send(publish(c.version, { topic: `x/${c.topic()}`, payload: "plain" }));
}

export const topicCases: readonly ConformanceCase[] = [
  {
    name: "topics/multi-level-wildcard",
    title: "# matches the parent and any number of levels below it",
    statements: ["3.1.1/MQTT-4.7.1-2", "3.1.1/MQTT-3.3.2-3", "5.0/MQTT-4.7.1-1", "5.0/MQTT-3.3.2-3"],
    versions: ALL,
    run: (c) => {
      const topics = ["a", "a/b", "a/b/c", "a/", "ab", "b", "b/a"].map((below) => c.topic(below));
      return expectMatches(c, c.topic("a/#"), topics, topics.slice(0, 4));
    },
  },
  {
    name: "topics/single-level-wildcard",
    title: "+ matches exactly one level, an empty one too",
    statements: ["3.1.1/MQTT-4.7.1-3", "3.1.1/MQTT-3.3.2-3", "5.0/MQTT-4.7.1-2", "5.0/MQTT-3.3.2-3"],
    versions: ALL,
    async run(c) {
      const topics = ["a", "a/b", "a/", "a/b/c", "b"].map((below) => c.topic(below));
      await expectMatches(c, c.topic("a/+"), topics, topics.slice(1, 3));
      await expectMatches(c, c.topic("+"), topics, [c.topic("a"), c.topic("b")]);
      await expectMatches(c, c.topic("+/b"), topics, [c.topic("a/b")]);
    },
  },
  {
    name: "topics/wildcards-mixed",
    title: "+ and # work together, at any level",
    statements: ["3.1.1/MQTT-4.7.1-3", "3.1.1/MQTT-4.7.1-2", "5.0/MQTT-4.7.1-1", "5.0/MQTT-4.7.1-2"],
    versions: ALL,
    async run(c) {
      const topics = ["a/b", "a/b/c", "a/c", "a//c"].map((below) => c.topic(below));
      await expectMatches(c, c.topic("+/b/#"), topics, topics.slice(0, 2));
      await expectMatches(c, c.topic("+/+/c"), topics, [c.topic("a/b/c"), c.topic("a//c")]);
      await expectMatches(c, `+/${c.topic("+/b").slice("conformance/".length)}`, topics, [c.topic("a/b")]);
    },
  },
  {
    name: "topics/leading-slash",
    title: "a leading slash makes a level of its own",
    statements: ["3.1.1/MQTT-3.3.2-3", "5.0/MQTT-3.3.2-3"],
    versions: ALL,
    async run(c) {
      const topics = [`/${c.topic()}`, c.topic(), `${c.topic()}/`];
      await expectMatches(c, `/${c.topic()}`, topics, topics.slice(0, 1));
      await expectMatches(c, `+/${c.topic()}`, topics, topics.slice(0, 1));
      await expectMatches(c, c.topic(), topics, topics.slice(1, 2));
    },
  },
  {
    name: "topics/invalid-filters",
    title: "filters with misplaced wildcards are refused",
    statements: ["3.1.1/MQTT-4.7.1-2", "3.1.1/MQTT-4.7.1-3", "5.0/MQTT-4.7.1-1", "5.0/MQTT-4.7.1-2"],
    versions: SINCE_3_1_1,
    async run(c) {
      for (const end of ["a#", "a/#/b", "#/a", "a+", "+a", "a/+b/c", "##", "++", "a/b+/c"]) {
        await expectInvalidFilter(c, `conformance/${end}`);
      }
    },
  },
  {
    name: "topics/empty-filter",
    title: "a filter has at least one character",
    statements: ["3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1"],
    versions: SINCE_3_1_1,
    run: (c) => expectInvalidFilter(c, ""),
  },
  {
    name: "topics/empty-name",
    title: "a topic name has at least one character",
    statements: ["3.1.1/MQTT-4.7.3-1", "5.0/MQTT-4.7.3-1", "5.0/U5-3.3.2.1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const client = await c.connect();
      client.send(c.version === 5 ? "30 03 00 00 00" : "30 02 00 00");
      await client.expectClose({ reasons: [0x82] });
    },
  },
  {
    name: "topics/wildcard-in-name",
    title: "a topic name has no wildcards",
    statements: ["3.1.1/MQTT-3.3.2-2", "3.1.1/MQTT-4.7.1-1", "5.0/MQTT-3.3.2-2", "5.0/MQTT-4.7.0-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("#"));
      for (const end of ["/+", "/#", "+"]) {
        const client = await c.connect();
        client.send(publish(c.version, { topic: `${c.topic()}${end}`, payload: "no", qos: 1, packetId: 4 }));
        const answer = await client.nextOrClosed();
        if (c.version === 5 && answer?.name === "PUBACK" && answer.reasonCode === 0x90) continue;
        if (answer !== undefined) client.inbox.unshift(answer);
        await client.expectClose({ reasons: [0x81, 0x82, 0x90] });
      }
      await watcher.expectNothing();
    },
  },
  {
    name: "topics/will-topic-with-wildcard",
    title: "a will topic with wildcards is not published",
    statements: ["3.1.1/MQTT-4.7.1-1", "5.0/MQTT-4.7.0-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const watcher = await c.connect({ clientId: c.clientId("watch") });
      await watcher.subscribe(c.topic("#"));
      const client = await c.startConnect({ will: { topic: c.topic("a/+"), payload: "'no'" } });
      await client.expectClose({ reasons: [0x81, 0x82, 0x90], returnCodes: [1, 2, 3, 4, 5] });
      await watcher.expectNothing();
    },
  },
  {
    name: "topics/dollar",
    title: "a leading + does not match topics that begin with $",
    statements: ["3.1.1/MQTT-4.7.2-1", "5.0/MQTT-4.7.2-1"],
    versions: ALL,
    async run(c) {
      const wild = await c.connect({ clientId: c.clientId("wild") });
      await wild.subscribe([{ filter: `+/${c.topic()}` }, { filter: `+/${c.topic("#")}` }]);
      const exact = await c.connect({ clientId: c.clientId("exact") });
      await exact.subscribe({ filter: `$conformance/${c.topic()}` });
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishDollarAndPlain(c, publisher);
      await wild.take("PUBLISH", { payload: "plain" });
      await c.wait(c.quietMs);
      for (const each of wild.inbox) {
        if (each.name === "PUBLISH" && each.topic.startsWith("$"))
          wild.fail(`a wildcard matched ${each.topic}`);
      }
      const seen = exact.inbox.some((each) => each.name === "PUBLISH" && each.payload === "dollar");
      if (!seen) c.inconclusive("the server does not let clients publish to $ topics");
    },
  },
  {
    name: "topics/dollar-and-hash",
    title: "# does not match topics that begin with $",
    statements: ["3.1.1/MQTT-4.7.2-1", "5.0/MQTT-4.7.2-1"],
    versions: ALL,
    async run(c) {
      const wild = await c.connect({ clientId: c.clientId("wild") });
      await wild.subscribe("#");
      // Everybody's messages come through `#`, and not all of them are this case's to judge.
      wild.readNothing();
      const publisher = await c.connect({ clientId: c.clientId("pub") });
      await publishDollarAndPlain(c, publisher);
      await c.wait(c.quietMs);
      const received = new TextDecoder("latin1").decode(wild.unreadBytes);
      if (received.includes(`$conformance/${c.topic()}`)) wild.fail("# matched a topic that begins with $");
      if (!received.includes(`x/${c.topic()}`)) wild.fail("# did not match a plain topic");
    },
  },
  {
    name: "topics/nul",
    title: "names and filters with U+0000 close the connection",
    statements: ["3.1.1/MQTT-4.7.3-2", "3.1.1/MQTT-1.5.3-2", "5.0/MQTT-4.7.3-2", "5.0/MQTT-1.5.4-2"],
    versions: SINCE_3_1_1,
    async run(c) {
      for (const bytes of [
        publish(c.version, { topic: "a\0b" }),
        subscribe(c.version, 1, [{ filter: "a\0b" }]),
        packet(0xa2, "00 01", c.version === 5 ? "00" : "", text("a\0b")),
      ]) {
        const client = await c.connect();
        client.send(bytes);
        await client.expectClose({ reasons: [0x81, 0x8f, 0x90] });
      }
    },
  },
  {
    name: "topics/longest",
    title: "topic names and filters may be 65,535 bytes long",
    statements: ["3.1.1/MQTT-4.7.3-3", "5.0/MQTT-4.7.3-3"],
    versions: SINCE_3_1_1,
    async run(c) {
      const topic = `${c.topic()}/`.padEnd(65_535, "x");
      const client = await c.connect();
      client.send(subscribe(c.version, 1, [{ filter: topic }]));
      const suback = await client.expect("SUBACK", { packetId: 1 });
      // A server may have reasons to refuse so long a filter, as long as it reads it.
      if ((suback.reasonCodes[0] ?? 0) >= 0x80) c.inconclusive("the server refuses the filter");
      client.send(publish(c.version, { topic, payload: "long" }));
      await client.expect("PUBLISH", { topic, payload: "long" });
    },
  },
  {
    name: "topics/not-normalised",
    title: "characters are compared as they are: case, spaces and Unicode forms count",
    statements: ["3.1.1/MQTT-4.7.3-4", "5.0/MQTT-4.7.3-4"],
    versions: ALL,
    async run(c) {
      const composed = c.topic("caf\u00e9");
      const decomposed = c.topic("cafe\u0301");
      await expectMatches(c, composed, [decomposed, composed], [composed]);
      const [lower, upper, space] = [c.topic("abc"), c.topic("ABC"), c.topic("abc ")];
      await expectMatches(c, upper, [lower, upper, space], [upper]);
      await expectMatches(c, space, [lower, upper, space], [space]);
    },
  },
  {
    name: "topics/byte-order-mark",
    title: "EF BB BF is a character of the topic and stays",
    statements: ["3.1.1/MQTT-1.5.3-3", "5.0/MQTT-1.5.4-3"],
    versions: SINCE_3_1_1,
    async run(c) {
      const marked = `\ufeff${c.topic()}`;
      await expectMatches(c, marked, [c.topic(), marked], [marked]);
      const inside = c.topic("\ufeffx");
      await expectMatches(c, inside, [c.topic("x"), inside], [inside]);
    },
  },
  {
    name: "topics/supplementary-planes",
    title: "characters of four bytes are legal",
    statements: ["3.1.1/MQTT-1.5.3-1", "5.0/MQTT-1.5.4-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectMatches(c, c.topic("A\u{2a6d4}"), [c.topic("A"), c.topic("A\u{2a6d4}")], [c.topic("A\u{2a6d4}")]),
  },
  {
    name: "topics/ill-formed",
    title: "names and filters that are not UTF-8 close the connection",
    statements: [
      "3.1.1/MQTT-1.5.3-1",
      "3.1.1/MQTT-3.3.2-1",
      "3.1.1/MQTT-3.8.3-1",
      "3.1.1/MQTT-3.10.3-1",
      "5.0/MQTT-1.5.4-1",
      "5.0/MQTT-3.3.2-1",
      "5.0/MQTT-3.8.3-1",
      "5.0/MQTT-3.10.3-1",
    ],
    versions: SINCE_3_1_1,
    async run(c) {
      const properties = c.version === 5 ? "00" : "";
      for (const bad of ["c0 80", "ed a0 80", "ff", "f4 90 80 80", "e2 82", "80"]) {
        const field = [twoBytes(bad.split(" ").length), bad];
        for (const bytes of [
          packet(0x30, field, properties),
          packet(0x82, "00 01", properties, field, "00"),
          packet(0xa2, "00 01", properties, field),
        ]) {
          const client = await c.connect();
          client.send(bytes);
          await client.expectClose({ reasons: [0x81, 0x8f, 0x90] });
        }
      }
    },
  },
];
