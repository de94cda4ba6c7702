/** Retained messages that were sent to a session that is kept are messages in flight like others: a crash does not end them. */

import { describe, expect, test } from "vitest";
import { utf8Decode } from "#base";
import { PacketType } from "#protocol";
import type { BenchClient } from "../../test/support/broker-bench.ts";
import { DurableBench } from "../../test/support/durable-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";

const durable = { cleanStart: false, expiry: 1000 };

async function subscribed(qos: 1 | 2): Promise<DurableBench> {
  const bench = await new DurableBench().start();
  const publisher = bench.connect("pub");
  publisher.say(publishPacket("r/1", "kept", { qos, packetId: 1, retain: true }));
  await bench.settle();
  const subscriber = bench.connect("sub", durable);
  await bench.settle();
  subscriber.sub("r/#", { qos });
  await bench.settle();
  expect(subscriber.news()).toEqual([
    "CONNACK 00",
    `SUBACK 1: 0${qos}`,
    `PUBLISH r/1 kept q${qos} id1 retain`,
  ]);
  return bench;
}

for (const qos of [1, 2] as const) {
  test(`one that was not acknowledged comes again under its identifier (QoS ${qos})`, async () => {
    const bench = await subscribed(qos);
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    expect(again.news()).toEqual(["CONNACK 00 present", `PUBLISH r/1 kept q${qos} id1 dup retain`]);
  });
}

test("its QoS 2 identifier is not given to another message before the client has let go of it", async () => {
  const bench = await subscribed(2);
  await bench.restart();
  const again = bench.connect("sub", durable);
  await bench.settle();
  again.news();
  const publisher = bench.connect("pub");
  publisher.say(publishPacket("r/2", "new", { qos: 2, packetId: 1 }));
  await bench.settle();
  expect(again.news()).toEqual(["PUBLISH r/2 new q2 id2"]);
});

test("one that was acknowledged does not come again, and is still retained", async () => {
  const bench = await subscribed(1);
  const subscriber = bench.connect("sub", durable);
  await bench.settle();
  subscriber.say({ type: PacketType.PUBACK, packetId: 1, reasonCode: 0, properties: {} });
  await bench.settle();
  await bench.restart();
  const again = bench.connect("sub", durable);
  await bench.settle();
  expect(again.news()).toEqual(["CONNACK 00 present"]);
  again.sub("r/1", { qos: 1 });
  await bench.settle();
  expect(again.news()).toEqual(["SUBACK 1: 01", "PUBLISH r/1 kept q1 id1 retain"]);
});

describe("the rest of what a new subscription matched", () => {
  const all = Array.from({ length: 100 }, (_, i) => `r/${i} m${i}`);
  const allTopics = Array.from({ length: 100 }, (_, i) => `r/${i}`).toSorted();

  /** A hundred retained messages, and a subscriber that has taken forty of them. */
  async function halfway(qos: 1 | 2): Promise<{ bench: DurableBench; subscriber: BenchClient }> {
    const bench = await new DurableBench({ maximumInFlight: 5 }).start();
    const publisher = bench.connect("pub");
    for (const [i, line] of all.entries()) {
      const [topic = "", text = ""] = line.split(" ");
      publisher.say(publishPacket(topic, text, { qos, packetId: i + 1, retain: true }));
    }
    await bench.settle();
    if (qos === 2) {
      for (const i of all.keys())
        publisher.say({ type: PacketType.PUBREL, packetId: i + 1, reasonCode: 0, properties: {} });
      await bench.settle();
    }
    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    subscriber.sub("r/#", { qos, identifier: 7 });
    await bench.settle();
    await answer(bench, subscriber, 40);
    return { bench, subscriber };
  }

  /** Acknowledges what comes, to its end, until `most` messages are done or no more come. */
  async function answer(bench: DurableBench, client: BenchClient, most: number): Promise<string[]> {
    const done: string[] = [];
    let at = 0;
    for (let idle = 0; done.length < most && idle < 3; ) {
      const before = at;
      for (; at < client.packets.length && done.length < most; at++) {
        const packet = client.packets[at];
        if (packet?.type === PacketType.PUBLISH && packet.qos > 0) {
          const { topicName, payload, packetId } = packet;
          done.push(`${topicName} ${utf8Decode(payload)}`);
          client.ack(packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packetId);
        } else if (packet?.type === PacketType.PUBREL) client.ack(PacketType.PUBCOMP, packet.packetId);
      }
      idle = at === before ? idle + 1 : 0;
      await bench.settle();
    }
    return done;
  }

  const topicsOf = ({ messages }: BenchClient): string[] => messages.map(({ topicName }) => topicName);

  for (const kind of ["power", "process"] as const) {
    test(`comes after a crash, QoS 1 (${kind})`, async () => {
      const { bench, subscriber } = await halfway(1);
      await bench.restart(kind);
      const again = bench.connect("sub", durable);
      await bench.settle();
      await answer(bench, again, 1000);
      expect(new Set([...topicsOf(subscriber), ...topicsOf(again)]).size).toBe(100);
      expect(again.messages.every(({ properties }) => properties.subscriptionIdentifiers?.[0] === 7)).toBe(
        true,
      );
    });

    test(`comes after a crash, QoS 2 once (${kind})`, async () => {
      const { bench, subscriber } = await halfway(2);
      const before = topicsOf(subscriber);
      await bench.restart(kind);
      const again = bench.connect("sub", durable);
      await bench.settle();
      await answer(bench, again, 20);
      await bench.restart(kind);
      const last = bench.connect("sub", durable);
      await bench.settle();
      await answer(bench, last, 1000);
      const isNew = ({ dup }: { dup: boolean }): boolean => !dup;
      const later = [...again.messages, ...last.messages].filter(isNew).map(({ topicName }) => topicName);
      expect([...before, ...later].toSorted()).toEqual(allTopics);
    });
  }

  test("leaves nothing behind: what noted it goes, and a later restart sends nothing again", async () => {
    const { bench, subscriber } = await halfway(2);
    await answer(bench, subscriber, 1000);
    // The session, its subscription, and two records for each retained message.
    expect(bench.journal.stats().records).toBe(2 + 2 * 100);
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    expect(again.news()).toEqual(["CONNACK 00 present"]);
  });

  test("is not sent again when it was replaced or removed, or stored after the subscription", async () => {
    const { bench, subscriber } = await halfway(1);
    const publisher = bench.connect("pub2");
    publisher.say(publishPacket("r/99", "new", { qos: 1, packetId: 1, retain: true }));
    publisher.say(publishPacket("r/98", "", { qos: 1, packetId: 2, retain: true }));
    publisher.say(publishPacket("r/new", "new", { qos: 1, packetId: 3, retain: true }));
    await bench.settle();
    subscriber.cut();
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    await answer(bench, again, 1000);
    const late = again.messages
      .filter(({ topicName }) => ["r/99", "r/98", "r/new"].includes(topicName))
      .map(
        ({ topicName, payload, retain }) => `${topicName} ${utf8Decode(payload)}${retain ? " retain" : ""}`,
      );
    expect(late).toEqual(["r/99 new", "r/98 ", "r/new new"]);
  });

  test("comes after the connection broke", async () => {
    const { bench, subscriber } = await halfway(2);
    subscriber.cut();
    await bench.settle();
    const again = bench.connect("sub", durable);
    await bench.settle();
    await answer(bench, again, 1000);
    const topics = [...subscriber.messages, ...again.messages].filter(({ dup }) => !dup);
    expect(new Set(topics.map(({ topicName }) => topicName)).size).toBe(100);
    expect(topics).toHaveLength(100);
  });

  test("is given up by UNSUBSCRIBE and by the end of the session", async () => {
    const { bench, subscriber } = await halfway(2);
    subscriber.unsub("r/#");
    await bench.settle();
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    expect(again.messages.every(({ dup }) => dup)).toBe(true);
    again.sub("r/#", { qos: 2 });
    await bench.settle();
    again.cut();
    const clean = bench.connect("sub", { cleanStart: true, expiry: 0 });
    await bench.settle();
    clean.disconnect();
    await bench.settle();
    expect(bench.journal.stats().records).toBe(2 * 100);
  });

  test("goes on under a subscription that is made again without asking for it", async () => {
    const { bench, subscriber } = await halfway(2);
    subscriber.sub("r/#", { qos: 2, retainHandling: 1 });
    await bench.settle();
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    await answer(bench, again, 1000);
    const topics = [...subscriber.messages, ...again.messages].filter(({ dup }) => !dup);
    expect(topics.map(({ topicName }) => topicName).toSorted()).toEqual(allTopics);
  });

  test("begins anew with a subscription that asks for it again", async () => {
    const { bench, subscriber } = await halfway(2);
    subscriber.sub("r/#", { qos: 2 });
    await bench.settle();
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    await answer(bench, again, 1000);
    const topics = [...subscriber.messages, ...again.messages].filter(({ dup }) => !dup);
    const count = new Map<string, number>();
    for (const { topicName } of topics) count.set(topicName, (count.get(topicName) ?? 0) + 1);
    expect(count.size).toBe(100);
    expect(Math.max(...count.values())).toBe(2);
    expect(bench.journal.stats().records).toBe(2 + 2 * 100);
  });
});
