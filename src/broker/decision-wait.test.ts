/** One channel waits for a gate or a hook; everything behind it waits too, and everybody else goes on. */

import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { PacketType, ReasonCode } from "#protocol";
import { Bench, connectPacket } from "../../test/support/broker-bench.ts";
import { publishPacket, subscribePacket } from "../../test/support/raw-client.ts";

/** Answers that the test gives when it wants to, in the order of the questions. */
class Answers<T> {
  readonly #waiting: ((answer: T) => void)[] = [];

  ask(): Promise<T> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  give(answer: T): void {
    (this.#waiting.shift() as (answer: T) => void)(answer);
  }

  get asked(): number {
    return this.#waiting.length;
  }
}

const accepting = (more: Partial<Gate>): Gate => ({ authenticate: () => ({ outcome: "accepted" }), ...more });
const PING = { type: PacketType.PINGREQ } as const;

describe("CONNECT", () => {
  test("waits for the gate, and what was sent behind it waits too", async () => {
    const answers = new Answers<{ outcome: "accepted" }>();
    const bench = new Bench({ gate: { authenticate: () => answers.ask() } });
    const client = bench.pipe();
    client.sayTogether(connectPacket("c"), subscribePacket(1, "t"), PING);
    await bench.settle();
    expect(client.news()).toEqual([]);
    answers.give({ outcome: "accepted" });
    await bench.settle();
    expect(client.news()).toEqual(["CONNACK 00", "SUBACK 1: 00", "PINGRESP"]);
  });

  test("waits for the gate and then for a hook, and what was sent behind it still waits", async () => {
    const gate = new Answers<{ outcome: "accepted" }>();
    const hook = new Answers<undefined>();
    const bench = new Bench({ gate: { authenticate: () => gate.ask() } });
    bench.broker.hooks.add("connect", () => hook.ask());
    const client = bench.pipe();
    client.sayTogether(connectPacket("c"), subscribePacket(1, "t"), PING);
    gate.give({ outcome: "accepted" });
    await bench.settle();
    expect(client.news()).toEqual([]);
    expect(client.closed).toBe(false);
    hook.give(undefined);
    await bench.settle();
    expect(client.news()).toEqual(["CONNACK 00", "SUBACK 1: 00", "PINGRESP"]);
  });

  test("of a client that has gone meanwhile is forgotten", async () => {
    const answers = new Answers<{ outcome: "accepted" }>();
    const bench = new Bench({ gate: { authenticate: () => answers.ask() } });
    const client = bench.connect("c");
    client.cut();
    answers.give({ outcome: "accepted" });
    await bench.settle();
    expect(bench.broker.sizes).toMatchObject({ connections: 0, clients: 0, sessions: 0, timers: 0 });
  });
});

describe("SUBSCRIBE", () => {
  test("of several filters is answered as a whole, before anything behind it", async () => {
    const answers = new Answers<boolean>();
    const bench = new Bench({ gate: accepting({ maySubscribe: () => answers.ask() }) });
    const client = bench.connect("c");
    client.sayTogether(subscribePacket(1, ["a", "b", "c"]), PING);
    await bench.settle();
    for (const answer of [true, false, true]) {
      expect(client.all(PacketType.PINGRESP)).toEqual([]);
      expect(answers.asked).toBe(1);
      answers.give(answer);
      await bench.settle();
    }
    expect(client.news()).toEqual(["CONNACK 00", "SUBACK 1: 00 87 00", "PINGRESP"]);
  });

  test("two of them are answered in their order", async () => {
    const answers = new Answers<boolean>();
    const bench = new Bench({ gate: accepting({ maySubscribe: () => answers.ask() }) });
    const client = bench.connect("c");
    client.sayTogether(subscribePacket(1, ["a", "b"]), subscribePacket(2, ["c"]));
    await bench.settle();
    for (let i = 0; i < 3; i++) {
      answers.give(true);
      await bench.settle();
    }
    expect(client.news()).toEqual(["CONNACK 00", "SUBACK 1: 00 00", "SUBACK 2: 00"]);
  });
});

describe("PUBLISH", () => {
  const waiting = () => {
    const answers = new Answers<undefined | { refused: ReasonCode }>();
    const bench = new Bench();
    bench.broker.hooks.add("publish", ({ client }) =>
      client?.clientId === "slow" ? answers.ask() : undefined,
    );
    const receiver = bench.connect("receiver");
    receiver.sub("#", { qos: 2 });
    return { answers, bench, receiver };
  };

  test("waits, one after the other, and others pass", async () => {
    const { answers, bench, receiver } = waiting();
    const slow = bench.connect("slow");
    slow.sayTogether(
      publishPacket("t", "1", { qos: 1, packetId: 1 }),
      publishPacket("t", "2"),
      publishPacket("t", "3", { qos: 2, packetId: 3 }),
    );
    bench.connect("fast").pub("t", "fast");
    await bench.settle();
    expect(receiver.texts).toEqual(["fast"]);
    answers.give(undefined);
    await bench.settle();
    answers.give({ refused: ReasonCode.QUOTA_EXCEEDED });
    await bench.settle();
    answers.give(undefined);
    await bench.settle();
    expect(receiver.texts).toEqual(["fast", "1", "3"]);
    expect(slow.news()).toEqual(["CONNACK 00", "PUBACK id1 00", "PUBREC id3 00"]);
    expect(bench.outcomes()).toEqual(["publish-refused"]);
  });

  test("of a client that has gone meanwhile is finished, and the next connection's quota is its own", async () => {
    const { answers, bench, receiver } = waiting();
    const resume = { cleanStart: false, expiry: 100 };
    const bench2 = bench.connect("slow", resume);
    bench2.pub("t", "1", { qos: 1 });
    bench2.cut();
    const second = bench.connect("slow", resume);
    answers.give(undefined);
    await bench.settle();
    expect(receiver.texts).toEqual(["1"]);
    expect(second.news()).toEqual(["CONNACK 00 present"]);
  });

  test("an answer that comes after the connection has gone does not widen the next one's Receive Maximum", async () => {
    const { answers, bench } = waiting();
    const limited = new Bench({ settings: { receiveMaximum: 1 } });
    limited.broker.hooks.add("publish", ({ topicName }) =>
      topicName === "wait" ? answers.ask() : undefined,
    );
    const resume = { cleanStart: false, expiry: 100 };
    const first = limited.connect("c", resume);
    first.pub("wait", "", { qos: 1 });
    first.cut();
    const second = limited.connect("c", resume);
    answers.give(undefined);
    await limited.settle();
    second.pub("t", "", { qos: 2, packetId: 10 });
    second.pub("t", "", { qos: 2, packetId: 11 });
    expect(second.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.RECEIVE_MAXIMUM_EXCEEDED);
    expect(bench.log).toEqual([]);
  });

  test("a QoS 2 message that is sent again while it is judged is not acknowledged before it is judged", async () => {
    const { answers, bench, receiver } = waiting();
    const resume = { cleanStart: false, expiry: 100 };
    const first = bench.connect("slow", resume);
    first.pub("t", "x", { qos: 2, packetId: 5 });
    first.cut();
    const second = bench.connect("slow", resume);
    second.pub("t", "x", { qos: 2, packetId: 5, dup: true });
    answers.give({ refused: ReasonCode.QUOTA_EXCEEDED });
    await bench.settle();
    if (answers.asked > 0) answers.give({ refused: ReasonCode.QUOTA_EXCEEDED });
    await bench.settle();
    expect(receiver.texts).toEqual([]);
    // Nobody got it, so the client must not be told that it was taken.
    expect(second.news().filter((each) => each === "PUBREC id5 00")).toEqual([]);
  });

  test("that waits for longer than the Keep Alive is not the client's silence", async () => {
    const { answers, bench } = waiting();
    const client = bench.connect("slow", { keepAlive: 10 });
    client.pub("t", "", { qos: 1 });
    for (let second = 0; second < 30; second++) {
      if (second % 8 === 0) client.ping();
      bench.pass(1);
    }
    expect(client.closed).toBe(false);
    answers.give(undefined);
    await bench.settle();
    bench.pass(1);
    expect(client.closed).toBe(false);
    expect(client.all(PacketType.PUBACK).length).toBe(1);
  });

  test("whose hook makes a message that no packet can carry is refused, and nothing else", () => {
    const bench = new Bench();
    const receiver = bench.connect("receiver");
    receiver.sub("#", { qos: 1 });
    bench.broker.hooks.add("publish", (draft) => {
      if (draft.topicName === "long") draft.topicName = "x".repeat(70_000);
      if (draft.topicName === "bad") draft.properties = { contentType: "y".repeat(70_000) };
    });
    const client = bench.connect("c");
    client.pub("long", "", { qos: 1 });
    client.pub("bad", "", { qos: 1 });
    client.pub("good", "good", { qos: 1 });
    expect(receiver.texts).toEqual(["good"]);
    expect(client.closed).toBe(false);
    expect(client.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode >= 0x80)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

test("a connect hook that asks for what CONNACK cannot say ends that connection and spoils no counter", () => {
  const bench = new Bench();
  bench.broker.hooks.add("connect", (draft) => {
    draft.keepAliveSeconds = 100_000;
  });
  const client = bench.connect("c");
  expect(client.closed).toBe(true);
  expect(bench.broker.sizes).toMatchObject({ connections: 0, clients: 0, sessions: 0 });
});
