/** What a session owes its client: order, quotas, resumption, limits and expiry. */

import { describe, expect, test } from "vitest";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { Bench, type BenchClient, type ConnectOptions } from "../../test/support/broker-bench.ts";

const { MQTT_3_1_1 } = ProtocolVersion;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;

const RESUME = { cleanStart: false, expiry: 600 } as const;

/** A bench with `p`, who publishes, and `c`, who subscribed to `#` with `qos`. */
function scene(options: ConnectOptions = {}, settings = {}, qos: 0 | 1 | 2 = 2) {
  const bench = new Bench({ settings });
  const publisher = bench.connect("p");
  const client = bench.connect("c", { ...RESUME, ...options });
  client.sub("#", { qos });
  client.news();
  const publish = (...payloads: string[]): void => {
    for (const payload of payloads)
      publisher.pub("t", payload.slice(1), { qos: Number(payload[0]) as 0 | 1 | 2 });
  };
  const back = (more: ConnectOptions = {}): BenchClient => bench.connect("c", { ...RESUME, ...more });
  return { bench, publisher, client, publish, back };
}

describe("resumption", () => {
  test("sends what is unacknowledged again, with DUP, in its first order and with its packet identifiers", () => {
    const { client, publish, back } = scene();
    publish("1a", "2b", "1c", "0d", "2e");
    expect(client.news()).toEqual([
      "PUBLISH t a q1 id1",
      "PUBLISH t b q2 id2",
      "PUBLISH t c q1 id3",
      "PUBLISH t d q0",
      "PUBLISH t e q2 id4",
    ]);
    client.ack(PUBACK, 1);
    client.cut();
    publish("1f");
    expect(back().news()).toEqual([
      "CONNACK 00 present",
      "PUBLISH t b q2 id2 dup",
      "PUBLISH t c q1 id3 dup",
      "PUBLISH t e q2 id4 dup",
      "PUBLISH t f q1 id5",
    ]);
  });

  test("sends PUBREL again for what was received, and never the PUBLISH", () => {
    const { client, publish, back } = scene();
    publish("2a", "2b", "2c");
    client.ack(PUBREC, 3).ack(PUBREC, 1);
    client.news();
    client.cut();
    const second = back();
    expect(second.news()).toEqual([
      "CONNACK 00 present",
      "PUBLISH t b q2 id2 dup",
      "PUBREL id3 00",
      "PUBREL id1 00",
    ]);
    second.ack(PUBCOMP, 1);
    second.cut();
    expect(back().news()).toEqual(["CONNACK 00 present", "PUBLISH t b q2 id2 dup", "PUBREL id3 00"]);
  });

  test("with a smaller Receive Maximum sends no more than that at a time, in order", () => {
    const { client, publish, back } = scene();
    publish("1a", "1b", "2c", "1d");
    client.cut();
    const second = back({ properties: { receiveMaximum: 2 } });
    publish("1e");
    expect(second.news()).toEqual(["CONNACK 00 present", "PUBLISH t a q1 id1 dup", "PUBLISH t b q1 id2 dup"]);
    second.ack(PUBACK, 2);
    expect(second.news()).toEqual(["PUBLISH t c q2 id3 dup"]);
    second.ack(PUBREC, 3);
    expect(second.news()).toEqual(["PUBREL id3 00"]); // PUBREC does not free the quota
    second.ack(PUBCOMP, 3);
    expect(second.news()).toEqual(["PUBLISH t d q1 id4 dup"]);
    second.ack(PUBACK, 1).ack(PUBACK, 4);
    expect(second.news()).toEqual(["PUBLISH t e q1 id5"]);
  });

  test("an acknowledgement of the earlier connection counts for what was not sent again yet", () => {
    const { client, publish, back } = scene();
    publish("1a", "1b", "1c");
    client.cut();
    const second = back({ properties: { receiveMaximum: 1 } });
    second.ack(PUBACK, 2);
    expect(second.news()).toEqual(["CONNACK 00 present", "PUBLISH t a q1 id1 dup"]);
    second.ack(PUBACK, 1);
    expect(second.news()).toEqual(["PUBLISH t c q1 id3 dup"]);
  });

  test("with a smaller Maximum Packet Size gives up what does not fit, with its outcome", () => {
    const { bench, client, publish, back } = scene();
    publish("1short", `1${"l".repeat(100)}`, `2${"l".repeat(100)}`, "1end");
    client.cut();
    publish(`1${"q".repeat(100)}`, "1queued");
    const second = back({ properties: { maximumPacketSize: 60 } });
    expect(second.news()).toEqual([
      "CONNACK 00 present",
      "PUBLISH t short q1 id1 dup",
      "PUBLISH t end q1 id4 dup",
      "PUBLISH t queued q1 id5",
    ]);
    expect(bench.outcomes()).toEqual(["packet-too-large c", "packet-too-large c", "packet-too-large c"]);
    for (const id of [1, 4, 5]) second.ack(PUBACK, id);
    expect([...bench.broker.clients()].find(({ clientId }) => clientId === "c")).toMatchObject({
      inFlight: 0,
      queuedMessages: 0,
    });
  });

  test("goes on in 3.1.1 where 5.0 stopped, and the other way round", () => {
    const { client, publish, back } = scene();
    publish("1a");
    client.cut();
    const second = back({ version: MQTT_3_1_1 });
    expect(second.news()).toEqual(["CONNACK 00 present", "PUBLISH t a q1 id1 dup"]);
    second.cut();
    expect(back().news()).toEqual(["CONNACK 00 present", "PUBLISH t a q1 id1 dup"]);
  });

  test("by take-over is the same as after an absence", () => {
    const { client, publish, back } = scene();
    publish("1a", "1b");
    const second = back();
    expect(client.closed).toBe(true);
    expect(second.news()).toEqual(["CONNACK 00 present", "PUBLISH t a q1 id1 dup", "PUBLISH t b q1 id2 dup"]);
  });

  test("a packet identifier that is held for long is passed over, round after round", () => {
    const { client, publish } = scene({ properties: { receiveMaximum: 2 } });
    publish("1held");
    const used = new Set<number>();
    for (let i = 0; i < 70_000; i++) {
      publish("1x");
      const { packetId } = client.messages.at(-1) as { packetId: number };
      used.add(packetId);
      client.packets.length = 0;
      client.ack(PUBACK, packetId);
    }
    // Those that share a slot of the ring with the held one are passed over too, but none is lost for ever.
    expect([used.has(0), used.has(1), used.size > 50_000]).toEqual([false, false, true]);
    client.ack(PUBACK, 1);
    expect(client.closed).toBe(false);
  });

  test("packet identifiers in flight are never given out twice, however often it happens", () => {
    const { client, publish, back } = scene({ properties: { receiveMaximum: 3 } });
    let current = client;
    for (let round = 0; round < 30; round++) {
      publish("1x", "2y");
      const first = current.messages[0];
      if (first !== undefined) current.ack(first.qos === 1 ? PUBACK : PUBREC, first.packetId);
      current.cut();
      current = back({ properties: { receiveMaximum: 3 } });
      const ids = current.messages.map(({ packetId }) => packetId);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});

describe("order", () => {
  test("holds over every QoS while something waits, online and away", () => {
    const { client, publish, back } = scene({ properties: { receiveMaximum: 1 } }, { queueQos0: true });
    publish("1a", "0b", "1c", "0d");
    expect(client.texts).toEqual(["a", "b"]); // nothing waits before b
    client.ack(PUBACK, 1);
    expect(client.texts).toEqual(["a", "b", "c", "d"]);
    client.cut();
    publish("0e", "1f");
    const second = back({ properties: { receiveMaximum: 1 } });
    publish("0g");
    expect(second.texts).toEqual(["c", "e"]);
    second.ack(PUBACK, 2);
    expect(second.texts).toEqual(["c", "e", "f", "g"]);
  });

  test("a message that comes while something is sent again goes behind it", () => {
    const { client, publish, back } = scene();
    publish("1a", "1b");
    client.cut();
    const second = back({ properties: { receiveMaximum: 1 } });
    publish("0c", "1d");
    expect(second.texts).toEqual(["a"]);
    second.ack(PUBACK, 1);
    expect(second.texts).toEqual(["a", "b", "c"]);
    second.ack(PUBACK, 2);
    expect(second.texts).toEqual(["a", "b", "c", "d"]);
  });
});

describe("Receive Maximum", () => {
  test("of the client: PUBACK, PUBCOMP and a refusing PUBREC make room, PUBREC does not", () => {
    const { client, publish } = scene({ properties: { receiveMaximum: 2 } });
    publish("1a", "2b", "2c", "2d", "1e");
    expect(client.news()).toEqual(["PUBLISH t a q1 id1", "PUBLISH t b q2 id2"]);
    client.ack(PUBREC, 2);
    expect(client.news()).toEqual(["PUBREL id2 00"]);
    client.ack(PUBACK, 1);
    expect(client.news()).toEqual(["PUBLISH t c q2 id3"]);
    client.ack(PUBCOMP, 2);
    expect(client.news()).toEqual(["PUBLISH t d q2 id4"]);
    client.ack(PUBREC, 3, ReasonCode.QUOTA_EXCEEDED);
    expect(client.news()).toEqual(["PUBLISH t e q1 id5"]);
  });

  test("does not hold back QoS 0 when nothing waits", () => {
    const { client, publish } = scene({ properties: { receiveMaximum: 1 } });
    publish("1a", "0b");
    expect(client.texts).toEqual(["a", "b"]);
  });

  test("of the broker: one more than that ends the connection", () => {
    const { bench, publisher } = scene({}, { receiveMaximum: 2 });
    publisher.news();
    publisher.pub("x", "", { qos: 2 });
    publisher.pub("x", "", { qos: 2 });
    publisher.pub("x", "", { qos: 1 }); // answered at once, but it would be the third
    expect(publisher.news()).toEqual(["PUBREC id1 00", "PUBREC id2 00", "DISCONNECT 93"]);
    expect(bench.log).toEqual([]);
  });

  test("of the broker: PUBCOMP makes room again, and a repeated PUBLISH takes none", () => {
    const { publisher } = scene({}, { receiveMaximum: 1 });
    publisher.news();
    for (let round = 0; round < 3; round++) {
      publisher.pub("x", "", { qos: 2, packetId: 7 });
      publisher.pub("x", "", { qos: 2, packetId: 7, dup: true });
      publisher.ack(PUBREL, 7);
      publisher.pub("x", "", { qos: 1, packetId: 8 });
    }
    expect(publisher.closed).toBe(false);
    expect(publisher.news().filter((each) => each.startsWith("PUBCOMP"))).toHaveLength(3);
  });

  test("of the broker: a resumed QoS 2 exchange may be repeated within the new quota", () => {
    const bench = new Bench({ settings: { receiveMaximum: 1 } });
    const first = bench.connect("p", RESUME);
    first.pub("x", "", { qos: 2, packetId: 7 });
    first.cut();
    const second = bench.connect("p", RESUME);
    second.pub("x", "", { qos: 2, packetId: 7, dup: true });
    second.ack(PUBREL, 7);
    second.pub("x", "", { qos: 2, packetId: 8 });
    expect(second.news()).toEqual(["CONNACK 00 present", "PUBREC id7 00", "PUBCOMP id7 00", "PUBREC id8 10"]);
  });
});

describe("QoS 2 from the client", () => {
  test("is delivered once, however often it is sent before PUBREL, over connections too", () => {
    const { bench, client, publisher } = scene();
    publisher.disconnect();
    const first = bench.connect("q", RESUME);
    first.pub("t", "once", { qos: 2, packetId: 5 });
    first.pub("t", "once", { qos: 2, packetId: 5, dup: true });
    first.cut();
    const second = bench.connect("q", RESUME);
    second.pub("t", "once", { qos: 2, packetId: 5, dup: true });
    expect(client.texts).toEqual(["once"]);
    second.ack(PUBREL, 5).ack(PUBREL, 5);
    expect(second.news()).toEqual([
      "CONNACK 00 present",
      "PUBREC id5 00",
      "PUBCOMP id5 00",
      "PUBCOMP id5 92",
    ]);
    second.pub("t", "again", { qos: 2, packetId: 5 });
    expect(client.texts).toEqual(["once", "again"]);
  });

  test("of a session that is gone is new again", () => {
    const { bench, client } = scene();
    const first = bench.connect("q", RESUME);
    first.pub("t", "1", { qos: 2, packetId: 5 });
    first.cut();
    const second = bench.connect("q", { cleanStart: true });
    second.pub("t", "2", { qos: 2, packetId: 5 });
    expect(client.texts).toEqual(["1", "2"]);
  });
});

describe("acknowledgements that fit nothing", () => {
  test("are let pass, with the codes 5.0 has for them", () => {
    const { client } = scene();
    client.ack(PUBACK, 99).ack(PUBCOMP, 99).ack(PUBREC, 99).ack(PUBREL, 99);
    client.ack(PUBREC, 99, ReasonCode.UNSPECIFIED_ERROR);
    expect(client.news()).toEqual(["PUBREL id99 92", "PUBCOMP id99 92"]);
    expect(client.closed).toBe(false);
  });

  test("end the connection where they are of the wrong kind", () => {
    for (const [qos, type] of [
      [2, PUBACK],
      [1, PUBREC],
    ] as const) {
      const { client, publish } = scene();
      publish(`${qos}a`);
      client.ack(type, 1);
      expect(client.news()).toEqual([`PUBLISH t a q${qos} id1`, "DISCONNECT 82"]);
    }
  });
});

describe("message expiry", () => {
  const expiring = (seconds: number) => ({ properties: { messageExpiryInterval: seconds }, qos: 1 as const });

  test("counts down while the message waits, and then takes it away", () => {
    const { bench, client, publisher, back } = scene();
    client.cut();
    publisher.pub("t", "short", expiring(10));
    publisher.pub("t", "long", expiring(100));
    publisher.pub("t", "for ever", { qos: 1 });
    bench.pass(30);
    const second = back();
    expect(second.texts).toEqual(["long", "for ever"]);
    expect(second.messages.map(({ properties }) => properties.messageExpiryInterval)).toEqual([
      70,
      undefined,
    ]);
    expect(bench.outcomes()).toEqual(["message-expired c"]);
  });

  test("is over at its very millisecond", () => {
    for (const [ms, isThere] of [
      [9_999, true],
      [10_000, false],
    ] as const) {
      const { bench, client, publisher, back } = scene();
      client.cut();
      publisher.pub("t", "x", expiring(10));
      bench.clock.advance(ms);
      expect(back().texts).toEqual(isThere ? ["x"] : []);
    }
  });

  test("does not take away what was sent before and is sent again", () => {
    const { bench, client, publisher, back } = scene();
    publisher.pub("t", "x", expiring(10));
    client.cut();
    bench.pass(20);
    expect(back().news()).toEqual(["CONNACK 00 present", "PUBLISH t x q1 id1 dup"]);
  });

  test("holds for what waits for the quota", () => {
    const { bench, client, publisher } = scene({ properties: { receiveMaximum: 1 } });
    publisher.pub("t", "first", { qos: 1 });
    publisher.pub("t", "late", expiring(10));
    bench.pass(11);
    client.ack(PUBACK, 1);
    expect(client.texts).toEqual(["first"]);
    expect(bench.outcomes()).toEqual(["message-expired c"]);
  });

  test("holds for retained messages, which are swept", () => {
    const { bench, publisher } = scene();
    publisher.pub("r", "x", { ...expiring(30), retain: true });
    bench.pass(10);
    const early = bench.connect("early");
    early.sub("r");
    expect(early.messages[0]?.properties.messageExpiryInterval).toBe(20);
    bench.pass(30);
    const late = bench.connect("late");
    late.sub("r");
    expect(late.texts).toEqual([]);
    bench.pass(60);
    expect(bench.broker.sizes.retained).toBe(0);
  });

  test("holds for a message that moves to another member of a shared subscription", () => {
    const bench = new Bench();
    const publisher = bench.connect("p");
    const leaving = bench.connect("leaving", { ...RESUME, properties: { receiveMaximum: 1 } });
    leaving.sub("$share/g/t", { qos: 1 });
    publisher.pub("t", "first", { qos: 1 });
    publisher.pub("t", "old", expiring(10));
    const staying = bench.connect("staying");
    staying.sub("$share/g/t", { qos: 1 });
    bench.pass(20);
    leaving.cut();
    expect(staying.texts).toEqual([]);
    expect(bench.outcomes()).toEqual(["message-expired leaving"]);
  });
});

describe("topic aliases towards the client", () => {
  test("are given to the first topics and kept for the connection", () => {
    const { publisher, bench } = scene();
    const client = bench.connect("aliased", { properties: { topicAliasMaximum: 2 } });
    client.sub("#", { qos: 1 });
    for (const topic of ["a", "b", "c", "a", "b", "c"]) publisher.pub(topic, topic);
    expect(client.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", undefined],
      ["", 1],
      ["", 2],
      ["c", undefined],
    ]);
    client.cut();
  });

  test("are taught anew on every connection, for what is sent again too", () => {
    const { publisher, bench } = scene();
    const aliased = { ...RESUME, properties: { topicAliasMaximum: 1 } };
    const client = bench.connect("aliased", aliased);
    client.sub("#", { qos: 1 });
    publisher.pub("a", "1", { qos: 1 });
    publisher.pub("a", "2", { qos: 1 });
    client.cut();
    const second = bench.connect("aliased", aliased);
    expect(second.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      ["a", 1],
      ["", 1],
    ]);
  });

  test("stay away where the packet would then be too long", () => {
    const { publisher, bench } = scene();
    const topic = "t".repeat(40);
    const length = 2 + 2 + 40 + 1 + 10;
    const client = bench.connect("aliased", {
      properties: { topicAliasMaximum: 5, maximumPacketSize: length },
    });
    client.sub("#");
    publisher.pub(topic, "x".repeat(10));
    publisher.pub(topic, "x".repeat(5));
    publisher.pub(topic, "x".repeat(11));
    expect(client.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      [topic, undefined],
      [topic, 1],
    ]);
    // The third would fit with its alias; without it, it does not.
    expect(bench.counts["packet-too-large"] ?? 0).toBeLessThanOrEqual(1);
  });

  test("never exceed what the broker is told to use", () => {
    const bench = new Bench({ settings: { topicAliasMaximumOutbound: 0 } });
    const client = bench.connect("aliased", { properties: { topicAliasMaximum: 5 } });
    client.sub("#");
    bench.connect("p").pub("a", "");
    expect(client.messages[0]?.properties.topicAlias).toBeUndefined();
  });
});

describe("limits of one session", () => {
  const counting = (queueOverflow: "refuse-newest" | "drop-oldest") => {
    const { bench, client, publish, back } = scene({}, { maximumQueuedMessages: 2, queueOverflow });
    client.cut();
    publish("1a", "1b", "1c");
    expect(bench.outcomes()).toEqual(["queue-full c"]);
    return back().texts;
  };

  test("refuse the newest message, or drop the oldest", () => {
    expect(counting("refuse-newest")).toEqual(["a", "b"]);
    expect(counting("drop-oldest")).toEqual(["b", "c"]);
  });

  test("count bytes too", () => {
    const { bench, client, publish, back } = scene({}, { maximumQueuedBytes: 250 });
    client.cut();
    publish(`1${"a".repeat(100)}`, `1${"b".repeat(100)}`, `1${"c".repeat(100)}`, "1d");
    expect(bench.outcomes()).toEqual(["queue-full c"]);
    expect(back().texts.map((text) => text[0])).toEqual(["a", "b", "d"]);
  });

  test("do not touch messages in flight", () => {
    const { bench, client, publish } = scene({}, { maximumQueuedMessages: 0, maximumInFlight: 2 });
    publish("1a", "1b", "1c");
    expect(client.texts).toEqual(["a", "b"]);
    expect(bench.outcomes()).toEqual(["queue-full c"]);
  });

  test("count subscriptions, but not one that is replaced", () => {
    const bench = new Bench({ settings: { maximumSubscriptions: 2 } });
    const client = bench.connect("c");
    expect([client.sub("a"), client.sub("b"), client.sub("c"), client.sub("b", { qos: 1 })]).toEqual([
      0, 0, 0x97, 1,
    ]);
    client.unsub("a");
    expect(client.sub("c")).toBe(0);
  });
});

describe("a client that does not read", () => {
  const stalled = (settings = {}) => {
    const { bench, client, publisher } = scene({}, { maximumOutputBytes: 65_536, ...settings }, 1);
    client.pipe.pauseReading();
    const flood = (qos: 0 | 1, count: number): void => {
      for (let i = 0; i < count; i++) publisher.pub("t", new Uint8Array(10_000), { qos });
    };
    return { bench, client, flood };
  };

  test("loses QoS 0 beyond its output, each with its outcome", () => {
    const { bench, client, flood } = stalled();
    flood(0, 30);
    client.pipe.resumeReading();
    bench.run();
    const lost = bench.counts["receiver-slow"] ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(client.messages.length + lost).toBe(30);
  });

  test("gets QoS 1 in full once it reads again", () => {
    const { bench, client, flood } = stalled();
    flood(1, 300);
    client.pipe.resumeReading();
    bench.run();
    expect(bench.outcomes()).toEqual([]);
    expect(client.messages.length).toBe(300);
  });

  test("costs nobody else anything", () => {
    const { bench, flood } = stalled();
    const other = bench.connect("other");
    other.sub("#");
    flood(0, 50);
    expect(other.messages.length).toBe(50);
  });
});
