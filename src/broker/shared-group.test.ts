import { describe, expect, test } from "vitest";
import { ReasonCode } from "#protocol";
import { Bench, type BenchClient } from "../../test/support/broker-bench.ts";

const RESUME = { cleanStart: false, expiry: 100 } as const;
const FILTER = "$share/g/t";

function scene(count: number, options: Parameters<Bench["connect"]>[1] = RESUME) {
  const bench = new Bench();
  const publisher = bench.connect("p");
  const members = Array.from({ length: count }, (_, i) => {
    const client = bench.connect(`m${i}`, options);
    client.sub(FILTER, { qos: 2 });
    return client;
  });
  return { bench, publisher, members: members as [BenchClient, BenchClient, BenchClient] };
}

describe("balance", () => {
  test("each message goes to one member, in turn", () => {
    const { publisher, members } = scene(3);
    for (let i = 0; i < 9; i++) publisher.pub("t", `${i}`, { qos: 1 });
    expect(members.map(({ texts }) => texts.length)).toEqual([3, 3, 3]);
    expect(new Set(members.flatMap(({ texts }) => texts)).size).toBe(9);
  });

  test("a member that cannot take more at present is passed over", () => {
    const { bench, publisher, members } = scene(2);
    const narrow = bench.connect("narrow", { properties: { receiveMaximum: 1 } });
    narrow.sub(FILTER, { qos: 1 });
    for (let i = 0; i < 9; i++) publisher.pub("t", `${i}`, { qos: 1 });
    expect(narrow.texts.length).toBe(1);
    expect(members[0].texts.length + members[1].texts.length).toBe(8);
  });

  test("groups, and direct subscriptions, are served each for themselves", () => {
    const { bench, publisher, members } = scene(2);
    const other = bench.connect("other");
    other.sub("$share/h/t");
    other.sub("t");
    members[0].sub("t");
    publisher.pub("t", "x", { qos: 1 });
    expect(other.texts).toEqual(["x", "x"]);
    expect(members[0].texts.length + members[1].texts.length).toBe(2);
  });

  test("each member gets its own QoS and identifier", () => {
    const { bench, publisher } = scene(0);
    const first = bench.connect("first");
    first.sub(FILTER, { qos: 0, identifier: 7 });
    const second = bench.connect("second");
    second.sub(FILTER, { qos: 1, identifier: 8 });
    publisher.pub("t", "1", { qos: 2 });
    publisher.pub("t", "2", { qos: 2 });
    expect([...first.news(), ...second.news()].filter((each) => each.startsWith("PUBLISH"))).toEqual([
      "PUBLISH t 1 q0 sub7",
      "PUBLISH t 2 q1 id1 sub8",
    ]);
  });

  test("members that come and go in the middle leave the turn whole", () => {
    const { bench, publisher, members } = scene(3);
    publisher.pub("t", "0", { qos: 1 });
    members[0].unsub(FILTER);
    publisher.pub("t", "1", { qos: 1 });
    publisher.pub("t", "2", { qos: 1 });
    expect(members.map(({ texts }) => texts)).toEqual([["0"], ["1"], ["2"]]);
    members[1].unsub(FILTER);
    members[2].unsub(FILTER);
    publisher.pub("t", "3", { qos: 1 });
    expect(bench.outcomes()).toEqual(["no-subscriber"]);
    expect(bench.broker.sizes.subscriptions).toBe(0);
  });
});

describe("members that are away", () => {
  test("get nothing while others are there", () => {
    const { publisher, members } = scene(2);
    members[0].cut();
    for (let i = 0; i < 4; i++) publisher.pub("t", `${i}`, { qos: 1 });
    expect(members[1].texts).toEqual(["0", "1", "2", "3"]);
  });

  test("keep messages when all are away", () => {
    const { bench, publisher, members } = scene(2);
    for (const member of members) member.cut();
    for (let i = 0; i < 4; i++) publisher.pub("t", `${i}`, { qos: 1 });
    const back = [bench.connect("m0", RESUME), bench.connect("m1", RESUME)];
    expect(back.flatMap(({ texts }) => texts).sort()).toEqual(["0", "1", "2", "3"]);
    expect(bench.outcomes()).toEqual([]);
  });
});

describe("a member goes with messages", () => {
  test("those that were not sent yet go to members that are there", () => {
    const { bench, publisher, members } = scene(1, { ...RESUME, properties: { receiveMaximum: 1 } });
    for (let i = 0; i < 3; i++) publisher.pub("t", `${i}`, { qos: 1 });
    const other = bench.connect("other");
    other.sub(FILTER, { qos: 1 });
    members[0].cut();
    expect(other.texts).toEqual(["1", "2"]);
    expect(bench.connect("m0", RESUME).texts).toEqual(["0"]); // it was begun
  });

  test("for good: unacknowledged QoS 1 goes to another, QoS 2 that was begun does not", () => {
    const { bench, publisher, members } = scene(1, {});
    publisher.pub("t", "one", { qos: 1 });
    publisher.pub("t", "two", { qos: 2 });
    publisher.pub("t", "taken", { qos: 2 });
    members[0].ack(5, 3);
    const other = bench.connect("other");
    other.sub(FILTER, { qos: 2 });
    members[0].cut();
    expect(other.news()).toEqual(["CONNACK 00", "SUBACK 1: 02", "PUBLISH t one q1 id1"]);
    expect(bench.outcomes()).toEqual(["session-ended m0"]);
  });

  test("and nobody is left: each has its outcome", () => {
    const { bench, publisher, members } = scene(1, {});
    publisher.pub("t", "1", { qos: 1 });
    publisher.pub("t", "2", { qos: 2 });
    members[0].cut();
    expect(bench.outcomes()).toEqual(["session-ended m0", "session-ended m0"]);
  });

  test("one that refuses a message discards it for all", () => {
    const { bench, publisher, members } = scene(2);
    publisher.pub("t", "x", { qos: 1 });
    members[0].ack(4, 1, ReasonCode.UNSPECIFIED_ERROR);
    members[0].cut();
    expect(members[1].texts).toEqual([]);
    expect(bench.outcomes()).toEqual(["receiver-refused m0"]);
  });

  test("in a chain: the last one gets what all before it left", () => {
    const { bench, publisher, members } = scene(3, { properties: { receiveMaximum: 10 } });
    for (let i = 0; i < 6; i++) publisher.pub("t", `${i}`, { qos: 1 });
    members[0].cut();
    members[1].cut();
    expect(new Set(members[2].texts)).toEqual(new Set(["0", "1", "2", "3", "4", "5"]));
    members[2].cut();
    expect(bench.counts).toEqual({ "session-ended": 6 });
  });
});
