/** Message and byte rates: who is too fast is read more slowly and loses nothing; who goes on for too long has to go. */

import { describe, expect, test } from "vitest";
import type { Accepted } from "#auth";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import type { BenchClient } from "../support/broker-bench.ts";
import { publishPacket } from "../support/raw-client.ts";
import { ALL_VERSIONS, LimitsBench } from "./limits-bench.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

function received(bench: LimitsBench): number {
  return bench.broker.metrics.publishReceived;
}

/** `count` messages in one write. */
function burst(
  client: BenchClient,
  count: number,
  payload = "",
  topicOf: (i: number) => string = () => "t",
): void {
  client.sayTogether(...Array.from({ length: count }, (_, i) => publishPacket(topicOf(i), payload)));
}

describe("a message rate", () => {
  test.each(ALL_VERSIONS)("slows down who is faster, in version %i, and loses nothing", (version) => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 10, rateGraceMs: 0 } });
    const receiver = bench.come("receiver", { address: "192.0.2.2" });
    receiver.sub("t");
    const sender = bench.come("sender", { version });
    for (let i = 0; i < 50; i++) sender.pub("t", `${i}`);
    // What it may make up at once, and the one that shows that it is too fast.
    expect(received(bench)).toBe(11);
    bench.pass(1);
    expect(received(bench)).toBeGreaterThanOrEqual(20);
    expect(received(bench)).toBeLessThanOrEqual(22);
    bench.pass(3.5);
    expect(receiver.texts).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
    expect(sender.closed).toBe(false);
    expect(bench.limitCounts).toEqual({ "message-rate": 1 });
    expect(bench.events[0]).toMatchObject({ limit: "message-rate", clientId: "sender" });
  });

  test("holds for messages that come in one piece, alike or not", () => {
    for (const topicOf of [() => "t", (i: number) => `t/${i % 3}`]) {
      const bench = new LimitsBench({ settings: { maximumMessageRate: 100 } });
      const sender = bench.come("sender");
      burst(sender, 500, "", topicOf);
      expect(received(bench)).toBe(101);
      bench.pass(2);
      expect(received(bench)).toBeGreaterThanOrEqual(295);
      expect(received(bench)).toBeLessThanOrEqual(305);
      bench.pass(2.2);
      expect(received(bench)).toBe(500);
    }
  });

  test("holds for QoS 1 and 2, whose flows stay whole", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 5, rateGraceMs: 0 } });
    const sender = bench.come("sender", { answers: true });
    for (let i = 0; i < 12; i++) sender.pub("t", "", { qos: i % 2 === 0 ? 1 : 2 });
    expect(received(bench)).toBe(6);
    bench.pass(3);
    expect(received(bench)).toBe(12);
    expect(sender.all(PacketType.PUBACK).length).toBe(6);
    expect(sender.all(PacketType.PUBCOMP).length).toBe(6);
  });

  test("leaves others alone, and what the client receives", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 5 } });
    const sender = bench.come("sender");
    sender.sub("other");
    for (let i = 0; i < 20; i++) sender.pub("t");
    const other = bench.come("other");
    for (let i = 0; i < 5; i++) other.pub("other");
    expect(sender.messages.length).toBe(5);
    expect(received(bench)).toBe(6 + 5);
  });

  test("is not felt by who keeps to it", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 10 } });
    const sender = bench.come("sender");
    for (let i = 0; i < 600; i++) {
      sender.pub("t");
      bench.pass(0.1);
    }
    burst(sender, 10);
    expect(received(bench)).toBe(610);
    expect(bench.limitCounts).toEqual({});
  });

  test("ends no keep-alive while the client is not read", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 1, rateGraceMs: 0 } });
    const sender = bench.come("sender", { keepAlive: 2 });
    for (let i = 0; i < 30; i++) sender.pub("t");
    bench.pass(20);
    expect(sender.closed).toBe(false);
    // After that its silence is its own.
    bench.pass(20);
    expect(sender.closed).toBe(true);
  });
});

describe("a client that goes on", () => {
  /** Keeps more waiting than it may send, for so long. */
  function push(
    bench: LimitsBench,
    client: BenchClient,
    seconds: number,
    each: (client: BenchClient) => void,
  ): void {
    for (let i = 0; i < seconds * 10 && !client.closed; i++) {
      each(client);
      bench.pass(0.1);
    }
  }

  test.each(ALL_VERSIONS)(
    "with too many messages is disconnected after the grace period, version %i",
    (version) => {
      const bench = new LimitsBench({ settings: { maximumMessageRate: 10, rateGraceMs: 5_000 } });
      const ended: string[] = [];
      bench.broker.on("clientDisconnected", ({ reason }) =>
        ended.push(`${reason.kind} ${reason.reasonCode}`),
      );
      const sender = bench.come("sender", { version });
      const good = bench.come("good", { version });
      push(bench, sender, 5, (client) => burst(client, 3));
      expect(sender.closed).toBe(false);
      push(bench, sender, 3, (client) => burst(client, 3));
      expect(sender.closed).toBe(true);
      expect(sender.last(PacketType.DISCONNECT)?.reasonCode).toBe(
        version === MQTT_5_0 ? ReasonCode.MESSAGE_RATE_TOO_HIGH : undefined,
      );
      expect(ended).toEqual([`rate-exceeded ${ReasonCode.MESSAGE_RATE_TOO_HIGH}`]);
      expect(good.ping().closed).toBe(false);
      expect(bench.limitCounts).toEqual({ "message-rate": 1, "rate-exceeded": 1 });
      expect(bench.broker.sizes.timers).toBe(0);
    },
  );

  test.each(ALL_VERSIONS)("with too many bytes is disconnected too, version %i", (version) => {
    const bench = new LimitsBench({ settings: { maximumByteRate: 1_000, rateGraceMs: 3_000 } });
    const sender = bench.come("sender", { version });
    push(bench, sender, 10, (client) => client.pub("t", "x".repeat(300)));
    expect(sender.closed).toBe(true);
    expect(sender.last(PacketType.DISCONNECT)?.reasonCode).toBe(
      version === MQTT_5_0 ? ReasonCode.QUOTA_EXCEEDED : undefined,
    );
    expect(bench.limitCounts).toEqual({ "byte-rate": 1, "rate-exceeded": 1 });
  });

  test("and has pauses of its own is only slowed down", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 10, rateGraceMs: 2_000 } });
    const sender = bench.come("sender");
    for (let i = 0; i < 20; i++) {
      burst(sender, 30);
      bench.pass(5);
    }
    expect(sender.closed).toBe(false);
    expect(received(bench)).toBe(600);
    expect(bench.limitCounts).toEqual({ "message-rate": 20 });
  });

  test("may go on for ever with a grace period of 0", () => {
    const bench = new LimitsBench({ settings: { maximumMessageRate: 10, rateGraceMs: 0 } });
    const sender = bench.come("sender");
    push(bench, sender, 100, (client) => burst(client, 2));
    expect(sender.closed).toBe(false);
    expect(received(bench)).toBeGreaterThan(990);
    expect(received(bench)).toBeLessThan(1_030);
  });
});

describe("a byte rate", () => {
  test("slows down who is faster, also within one large packet", () => {
    const bench = new LimitsBench({ settings: { maximumByteRate: 10_000, rateGraceMs: 0 } });
    const sender = bench.come("sender");
    sender.pub("t", "x".repeat(30_000));
    sender.pub("t", "y");
    expect(received(bench)).toBe(1);
    bench.pass(1.9);
    expect(received(bench)).toBe(1);
    bench.pass(0.2);
    expect(received(bench)).toBe(2);
    expect(bench.limitCounts).toEqual({ "byte-rate": 1 });
  });

  test("of a client that says goodbye behind what is too much leaves nothing behind", () => {
    const bench = new LimitsBench({ settings: { maximumByteRate: 100 } });
    const sender = bench.come("sender");
    sender.sayTogether(publishPacket("t", "x".repeat(3_000)), {
      type: PacketType.DISCONNECT,
      reasonCode: 0,
      properties: {},
    });
    expect(received(bench)).toBe(1);
    expect(bench.broker.sizes.timers).toBe(0);
  });

  test("of a client that goes meanwhile leaves nothing behind", () => {
    const bench = new LimitsBench({ settings: { maximumByteRate: 100 } });
    const sender = bench.come("sender");
    sender.pub("t", "x".repeat(3_000));
    sender.cut();
    bench.pass(60);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
  });
});

test("rates of a user stand in place of the listener's", () => {
  const accepted: Accepted = { outcome: "accepted", limits: { maximumMessageRate: 50 } };
  const bench = new LimitsBench({
    settings: { maximumMessageRate: 5 },
    gate: { authenticate: ({ userName }) => (userName === "vip" ? accepted : { outcome: "accepted" }) },
  });
  const vip = bench.come("vip", { userName: "vip", version: MQTT_3_1_1 });
  const plain = bench.come("plain", { userName: "plain", version: MQTT_3_1_1 });
  burst(vip, 40);
  burst(plain, 40);
  expect(received(bench)).toBe(40 + 6);
});
