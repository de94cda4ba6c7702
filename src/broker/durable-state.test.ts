/** What is acknowledged is there after a crash, and nothing comes twice that must not. */

import { describe, expect, test } from "vitest";
import { PacketType, ProtocolVersion } from "#protocol";
import { DurableBench } from "../../test/support/durable-bench.ts";
import { publishPacket } from "../../test/support/raw-client.ts";

const durable = { cleanStart: false, expiry: 1000 };

/** A bench with a subscriber that has gone. */
async function away(...filters: readonly [string, object?][]): Promise<DurableBench> {
  const bench = await new DurableBench().start();
  const subscriber = bench.connect("sub", durable);
  await bench.settle();
  for (const [filter, options] of filters) subscriber.sub(filter, { qos: 2, ...options });
  await bench.settle();
  subscriber.cut();
  bench.run();
  await bench.settle();
  return bench;
}

describe("acknowledgements", () => {
  test("wait for the disk when something is owed, and leave in their order", async () => {
    const bench = await away(["t"]);
    const publisher = bench.connect("pub");
    publisher.news();
    publisher.sayTogether(
      publishPacket("t", "1", { qos: 1, packetId: 1 }),
      publishPacket("nobody", "2", { qos: 1, packetId: 2 }),
      publishPacket("t", "3", { qos: 2, packetId: 3 }),
    );
    expect(publisher.news()).toEqual([]);
    await bench.settle();
    expect(publisher.news()).toEqual(["PUBACK id1 00", "PUBACK id2 10", "PUBREC id3 00"]);
  });

  test("do not wait when nothing is", async () => {
    const bench = await new DurableBench().start();
    const receiver = bench.connect("clean");
    receiver.sub("t", { qos: 2 });
    const publisher = bench.connect("pub");
    publisher.news();
    publisher.say(publishPacket("t", "1", { qos: 1, packetId: 1 }));
    expect(publisher.news()).toEqual(["PUBACK id1 00"]);
    expect(bench.journal.stats().records).toBe(0);
  });

  test("of CONNECT, SUBSCRIBE and UNSUBSCRIBE of a session that is kept wait too", async () => {
    const bench = await new DurableBench().start();
    const client = bench.connect("kept", durable);
    expect(client.news()).toEqual([]);
    await bench.settle();
    expect(client.news()).toEqual(["CONNACK 00"]);
    client.sub("a");
    expect(client.news()).toEqual([]);
    await bench.settle();
    expect(client.news()).toEqual(["SUBACK 1: 00"]);
  });

  test("of one client do not wait for the writes of another that came later", async () => {
    const bench = await away(["t"]);
    const [first, second] = [bench.connect("first"), bench.connect("second")];
    first.news();
    first.say(publishPacket("t", "1", { qos: 1, packetId: 1 }));
    for (let i = 1; first.news().length === 0; i++) {
      expect(i).toBeLessThan(50);
      second.say(publishPacket("t", `s${i}`, { qos: 1, packetId: i }));
      await bench.step();
    }
  });
});

describe("after a crash", () => {
  for (const kind of ["power", "process"] as const) {
    test(`a session is there with its subscriptions and what is queued, in order (${kind})`, async () => {
      const bench = await away(["a/+", { identifier: 7 }], ["b", { retainAsPublished: true }]);
      const publisher = bench.connect("pub");
      for (const [index, topic] of ["a/1", "b", "a/2", "c"].entries())
        publisher.say(
          publishPacket(topic, `m${index}`, { qos: index % 2 === 0 ? 1 : 2, packetId: index + 1 }),
        );
      await bench.settle();
      await bench.restart(kind);
      expect(bench.broker.sizes).toMatchObject({ sessions: 1, subscriptions: 2 });
      const subscriber = bench.connect("sub", durable);
      await bench.settle();
      expect(subscriber.news()).toEqual([
        "CONNACK 00 present",
        "PUBLISH a/1 m0 q1 id1 sub7",
        "PUBLISH b m1 q2 id2",
        "PUBLISH a/2 m2 q1 id3 sub7",
      ]);
    });
  }

  test("retained messages are there, those that were removed are not", async () => {
    const bench = await new DurableBench().start();
    const publisher = bench.connect("pub");
    const put = (topic: string, text: string, packetId: number): void =>
      void publisher.say(publishPacket(topic, text, { qos: 1, packetId, retain: true }));
    put("kept", "old", 1);
    put("kept", "new", 2);
    put("gone", "x", 3);
    put("gone", "", 4);
    await bench.settle();
    await bench.restart();
    const reader = bench.connect("reader");
    reader.sub("#", { qos: 1 });
    await bench.settle();
    expect(reader.news()).toEqual(["CONNACK 00", "SUBACK 1: 01", "PUBLISH kept new q1 id1 retain"]);
  });

  test("QoS 2 goes on where it was, on both sides", async () => {
    const bench = await away(["t"]);
    const publisher = bench.connect("pub", durable);
    await bench.settle();
    publisher.say(publishPacket("t", "once", { qos: 2, packetId: 9 }));
    await bench.settle();
    await bench.restart();

    // The publisher has not heard PUBREC, or forgot it: it asks again, and nobody gets the message again.
    const again = bench.connect("pub", durable);
    again.say(publishPacket("t", "once", { qos: 2, packetId: 9, dup: true }));
    await bench.settle();
    expect(again.news()).toEqual(["CONNACK 00 present", "PUBREC id9 00"]);
    again.say({ type: PacketType.PUBREL, packetId: 9, reasonCode: 0, properties: {} });
    await bench.settle();
    expect(again.news()).toEqual(["PUBCOMP id9 00"]);

    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    expect(subscriber.news()).toEqual(["CONNACK 00 present", "PUBLISH t once q2 id1"]);
    subscriber.say({ type: PacketType.PUBREC, packetId: 1, reasonCode: 0, properties: {} });
    await bench.settle();
    expect(subscriber.news()).toEqual(["PUBREL id1 00"]);
    await bench.restart();
    const later = bench.connect("sub", durable);
    await bench.settle();
    expect(later.news()).toEqual(["CONNACK 00 present", "PUBREL id1 00"]);
    later.say({ type: PacketType.PUBCOMP, packetId: 1, reasonCode: 0, properties: {} });
    await bench.settle();
    await bench.restart();
    const last = bench.connect("sub", durable);
    await bench.settle();
    expect(last.news()).toEqual(["CONNACK 00 present"]);
  });

  test("a message that was sent and not acknowledged comes again under its identifier", async () => {
    const bench = await new DurableBench().start();
    const subscriber = bench.connect("sub", durable);
    subscriber.sub("t", { qos: 1 });
    await bench.settle();
    subscriber.news();
    const publisher = bench.connect("pub");
    publisher.sayTogether(
      publishPacket("t", "1", { qos: 1, packetId: 1 }),
      publishPacket("t", "2", { qos: 1, packetId: 2 }),
    );
    await bench.settle();
    expect(subscriber.news()).toEqual(["PUBLISH t 1 q1 id1", "PUBLISH t 2 q1 id2"]);
    subscriber.say({ type: PacketType.PUBACK, packetId: 1, reasonCode: 0, properties: {} });
    await bench.settle();
    await bench.restart();
    const again = bench.connect("sub", durable);
    await bench.settle();
    expect(again.news()).toEqual(["CONNACK 00 present", "PUBLISH t 2 q1 id2 dup"]);
  });

  test("the will of a client that was connected is published, with its delay", async () => {
    const bench = await away(["wills"]);
    bench.connect("soon", { ...durable, will: { topicName: "wills", qos: 1 } });
    bench.connect("late", {
      ...durable,
      will: { topicName: "wills", qos: 1, properties: { willDelayInterval: 30 } },
    });
    await bench.settle();
    await bench.restart();
    await bench.settle();
    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    expect(subscriber.news()).toEqual(["CONNACK 00 present", "PUBLISH wills w q1 id1"]);
    bench.clock.advance(30_000);
    await bench.settle();
    expect(subscriber.news()).toEqual(["PUBLISH wills w q1 id2"]);
  });

  test("sessions and messages have expired while nothing ran", async () => {
    const bench = await away(["t"]);
    bench.connect("brief", { cleanStart: false, expiry: 5 });
    const publisher = bench.connect("pub");
    publisher.say(
      publishPacket("t", "short", { qos: 1, packetId: 1, properties: { messageExpiryInterval: 5 } }),
    );
    publisher.say(publishPacket("t", "long", { qos: 1, packetId: 2 }));
    await bench.settle();
    for (const client of [publisher]) client.cut();
    await bench.stop();
    bench.clock.advance(20_000);
    await bench.start();
    expect(Array.from(bench.broker.clients(), ({ clientId }) => clientId)).toEqual(["sub"]);
    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    expect(subscriber.news()).toEqual(["CONNACK 00 present", "PUBLISH t long q1 id1"]);
    expect(bench.broker.undelivered["message-expired"]).toBe(1);
  });
});

describe("what is over", () => {
  test("leaves nothing in the store", async () => {
    const bench = await away(["#"]);
    const publisher = bench.connect("pub", durable);
    await bench.settle();
    for (let i = 1; i <= 30; i++) {
      publisher.say(
        publishPacket(`t/${i % 3}`, `m${i}`, {
          qos: ((i % 2) + 1) as 1 | 2,
          packetId: i,
          retain: i % 5 === 0,
        }),
      );
    }
    await bench.settle();
    for (let i = 0; i < 3; i++) publisher.say(publishPacket(`t/${i}`, "", { qos: 0, retain: true }));
    publisher.say({ type: PacketType.DISCONNECT, reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
    bench.connect("sub", { cleanStart: true });
    await bench.settle();
    expect(bench.broker.undelivered["session-ended"]).toBe(30);
    expect(bench.journal.stats().records).toBe(0);
  });

  test("after a restart in the middle of it, too", async () => {
    const bench = await away(["#"]);
    const publisher = bench.connect("pub");
    for (let i = 1; i <= 30; i++) publisher.say(publishPacket("t", `m${i}`, { qos: 1, packetId: i }));
    await bench.settle();
    const again = bench.connect("sub", { cleanStart: true });
    for (let i = 0; again.connack === undefined; i++) {
      expect(i).toBeLessThan(50);
      await bench.step();
    }
    await bench.restart();
    await bench.settle();
    expect(bench.broker.sizes.sessions).toBe(0);
    expect(bench.journal.stats().records).toBe(0);
  });
});

describe("a disk that is full", () => {
  test("keeps acknowledgements back, refuses what would have to be stored, and comes back by itself", async () => {
    const bench = await away(["t"]);
    const reader = bench.connect("reader");
    reader.sub("live");
    const publisher = bench.connect("pub");
    const old = bench.connect("old", { version: ProtocolVersion.MQTT_3_1_1 });
    publisher.news();
    old.news();
    reader.news();
    bench.disk.decide = ({ kind }) => (kind === "write" ? "full" : undefined);
    publisher.say(publishPacket("t", "1", { qos: 1, packetId: 1 }));
    await bench.settle();
    expect(publisher.news()).toEqual([]);
    const late = bench.connect("late");
    late.news();
    late.say(publishPacket("t", "2", { qos: 1, packetId: 2 }));
    old.say(publishPacket("t", "3", { qos: 1, packetId: 3 }));
    late.say(publishPacket("live", "still", { qos: 0 }));
    await bench.settle();
    expect(late.news()).toEqual(["PUBACK id2 97"]);
    expect(old.news()).toEqual([]);
    expect(reader.news()).toEqual(["PUBLISH live still q0"]);
    expect(bench.log.some((line) => line.startsWith("error Nothing can be stored"))).toBe(true);

    bench.disk.decide = undefined;
    for (let i = 0; i < 120; i++) await bench.settle();
    expect(publisher.news()).toEqual(["PUBACK id1 00"]);
    expect(old.news()).toEqual(["PUBACK id3 00"]);
    await bench.restart();
    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    expect(subscriber.news()).toEqual(["CONNACK 00 present", "PUBLISH t 1 q1 id1", "PUBLISH t 3 q1 id2"]);
  });
});

describe("a disk that cannot be read for a while", () => {
  test("is asked again for what waits, though nothing else happens to the client", async () => {
    const bench = await away(["t"]);
    const publisher = bench.connect("pub");
    publisher.say(publishPacket("t", "1", { qos: 1, packetId: 1 }));
    await bench.settle();
    await bench.restart();
    bench.disk.decide = ({ kind }) => (kind === "read" ? "failed" : undefined);
    const subscriber = bench.connect("sub", durable);
    await bench.settle();
    expect(subscriber.news()).toEqual(["CONNACK 00 present"]);
    expect(bench.log.some((line) => line.startsWith("error A queued message could not be read"))).toBe(true);
    bench.disk.decide = undefined;
    for (let i = 0; i < 20; i++) await bench.settle();
    expect(subscriber.news()).toEqual(["PUBLISH t 1 q1 id1"]);
  });
});
