import { describe, expect, test } from "vitest";
import type { PublishPacket } from "#protocol";
import { publishPacket } from "../../test/support/raw-client.ts";
import { type Delivery, deliveryOf, deliveryText } from "./delivery.ts";
import { DeliveryComparison } from "./delivery-comparison.ts";

const WINDOW_MS = 100;

function delivery(text: string, atMs: number, changes: Partial<PublishPacket> = {}): Delivery {
  const packet = publishPacket("t", text, changes);
  return deliveryOf(packet, packet.topicName, atMs);
}

function comparison(isOrdered = true) {
  const told: string[] = [];
  const alone: string[] = [];
  const sink = {
    onDifference: (kind: string) => void told.push(kind),
    onPair: () => undefined,
    onAlone: (side: string) => void alone.push(side),
  };
  return { told, alone, compared: new DeliveryComparison({ windowMs: WINDOW_MS, sink, isOrdered }) };
}

/** `o1 m1 o2`: what the old broker and Martlet send, a millisecond apart. */
function played(script: string, isOrdered = true): string[] {
  const { told, compared } = comparison(isOrdered);
  for (const [at, word] of script.split(" ").entries())
    compared.add(word.startsWith("o") ? "old" : "martlet", delivery(word.slice(1), at));
  compared.expire(1_000, { mayBeEarly: false });
  expect(compared.pending).toBe(0);
  expect(compared.pendingBytes).toBe(0);
  return told;
}

test.each([
  ["o1 m1 o2 m2", []],
  ["m1 m2 m3 o1 o2 o3", []],
  ["o1 o1 m1 m1", []],
  ["o1 o2 m2 m1", ["order"]],
  ["m2 o1 m1 o2", ["order"]],
  ["o1 o2 o3 m3 m2 m1", ["order", "order"]],
  ["o1 o2 m2", ["missing-delivery"]],
  ["o1 m1 m2", ["extra-delivery"]],
  ["o1 m1 m1", ["duplicate-delivery"]],
  ["o1 o2 o3 m1 mx m3", ["payload"]],
  ["o1 ox my m1", ["payload"]],
])("%s: %j", (script, kinds) => {
  expect(played(script)).toEqual(kinds);
});

test("in a group the order does not count", () => {
  expect(played("o1 o2 m2 m1", false)).toEqual([]);
  expect(played("o1 o2 m2", false)).toEqual(["missing-delivery"]);
});

test("order counts within a topic only", () => {
  const { told, compared } = comparison();
  compared.add("old", delivery("1", 0, { topicName: "a" }));
  compared.add("old", delivery("2", 0, { topicName: "b" }));
  compared.add("martlet", delivery("2", 0, { topicName: "b" }));
  compared.add("martlet", delivery("1", 0, { topicName: "a" }));
  expect(told).toEqual([]);
});

describe("one message that is not the same", () => {
  test.each([
    ["qos", { qos: 1, packetId: 4 }],
    ["retain", { retain: true }],
    ["properties", { properties: { contentType: "text" } }],
    ["properties", { properties: { userProperties: [["a", "b"]] } }],
    ["properties", { properties: { messageExpiryInterval: 5 } }],
  ] as const)("%s: %j", (kind, changes) => {
    const { told, compared } = comparison();
    compared.add("old", delivery("x", 0));
    compared.add("martlet", delivery("x", 1, changes));
    expect(told).toEqual([]);
    compared.expire(1_000, { mayBeEarly: false });
    expect(told).toEqual([kind]);
  });

  test("not: seconds of expiry, an alias, an id, DUP", () => {
    const { told, compared } = comparison();
    compared.add("old", delivery("x", 0, { qos: 1, packetId: 1, properties: { messageExpiryInterval: 5 } }));
    const properties = { messageExpiryInterval: 4, topicAlias: 2 };
    compared.add("martlet", delivery("x", 1, { qos: 1, packetId: 9, dup: true, properties }));
    expect([told, compared.pending]).toEqual([[], 0]);
  });

  test("a later message is none of them", () => {
    const { told, compared } = comparison();
    compared.add("old", delivery("1", 0));
    compared.add("martlet", delivery("2", 95));
    compared.expire(101, { mayBeEarly: false });
    expect(told).toEqual(["missing-delivery"]);
  });
});

test("nothing is told within the window, and Martlet may be early for a client that is stuck", () => {
  const { told, compared } = comparison();
  compared.add("martlet", delivery("1", 0));
  compared.expire(99, { mayBeEarly: false });
  compared.expire(1_000, { mayBeEarly: true });
  expect(told).toEqual([]);
  compared.add("old", delivery("1", 1_001));
  expect([told, compared.pairs, compared.pending]).toEqual([[], 1, 0]);
});

test("when the client leaves, what came too late is undecided", () => {
  const { told, alone, compared } = comparison();
  compared.add("old", delivery("before", 10));
  compared.add("old", delivery("after", 50, { topicName: "u" }));
  compared.add("martlet", delivery("late", 40, { topicName: "v" }));
  expect(compared.settle(60, 50)).toBe(2);
  expect(told).toEqual(["missing-delivery"]);
  expect(alone.toSorted()).toEqual(["martlet", "old", "old"]);
  expect(compared.pending).toBe(0);
});

test("a retained one has names of its own", () => {
  const { told, compared } = comparison();
  compared.add("old", delivery("x", 0, { retain: true }));
  compared.add("martlet", delivery("x", 0, { retain: true, topicName: "u" }));
  compared.expire(1_000, { mayBeEarly: false });
  expect(told).toEqual(["missing-retained", "extra-retained"]);
});

test("in words", () => {
  const changes = { qos: 1, packetId: 3, retain: true, properties: { contentType: "a" } } as const;
  expect(deliveryText(delivery("x", 0, changes))).toBe(
    'PUBLISH "t", QoS 1, id 3, retain, 1 bytes, sha256 2d711642b726b044, content-type "a"',
  );
});
