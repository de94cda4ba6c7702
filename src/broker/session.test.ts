/** What a session owes its client: order, quotas and resumption. */

import { describe, expect, test } from "vitest";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { Bench } from "../../test/support/broker-bench.ts";
import { RESUME, scene } from "../../test/support/session-scene.ts";

const { MQTT_3_1_1 } = ProtocolVersion;
const PUBACK = 4;
const PUBREC = 5;
const PUBREL = 6;
const PUBCOMP = 7;

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

test("the limit of subscriptions does not count one that is replaced", () => {
  const bench = new Bench({ settings: { maximumSubscriptions: 2 } });
  const client = bench.connect("c");
  expect([client.sub("a"), client.sub("b"), client.sub("c"), client.sub("b", { qos: 1 })]).toEqual([
    0, 0, 0x97, 1,
  ]);
  client.unsub("a");
  expect(client.sub("c")).toBe(0);
});
