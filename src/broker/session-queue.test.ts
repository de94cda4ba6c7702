/** What waits in a session: how much may, how long, and that nothing stops its way out. */

import { describe, expect, test } from "vitest";
import type { Gate, Permission } from "#auth";
import { Bench } from "../../test/support/broker-bench.ts";
import { RESUME, scene } from "../../test/support/session-scene.ts";

const PUBACK = 4;

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
});

test("retained messages of a new subscription do not wait for what the gate thinks of those of an old one", async () => {
  const answers: ((permission: Permission) => void)[] = [];
  let thinks = false;
  const gate: Gate = {
    authenticate: () => ({ outcome: "accepted" }),
    mayPublish: () => !thinks || new Promise((resolve) => answers.push(resolve)),
  };
  const bench = new Bench({ gate, settings: { checkRetainedSource: true } });
  bench.connect("p").pub("t", "x", { retain: true });
  const client = bench.connect("c", { keepAlive: 10 });
  thinks = true;
  client.sub("t");
  bench.pass(10);
  client.unsub("t");
  bench.pass(10); // the empty queue is given back when the keep-alive is looked at
  client.sub("t");
  for (const answer of answers.splice(0)) answer(true);
  await bench.settle();
  for (const answer of answers.splice(0)) answer(true);
  await bench.settle();
  expect(client.texts).toEqual(["x"]);
});
