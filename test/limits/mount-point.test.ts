/** Clients of a listener with a mount point: what they say, what others see of it, and what they get. */

import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { publishPacket } from "../support/raw-client.ts";
import { ALL_VERSIONS, LimitsBench, type Whence } from "./limits-bench.ts";

const MOUNTED = { listener: "site" } as const;
const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

function scene(options: ConstructorParameters<typeof LimitsBench>[0] = {}) {
  const bench = new LimitsBench(options);
  bench.broker.setListener("site", { mountPoint: "site-a/" });
  const inside = (clientId: string, whence: Whence = {}) => bench.come(clientId, { ...whence, ...MOUNTED });
  return { bench, inside };
}

const topicsOf = (client: { readonly messages: readonly { readonly topicName: string }[] }): string[] =>
  client.messages.map(({ topicName }) => topicName);

describe.each(ALL_VERSIONS)("version %i", (version) => {
  test.each([0, 1, 2] as const)("topics are mounted on the way in and bare on the way out, QoS %i", (qos) => {
    const { bench, inside } = scene();
    const client = inside("c", { version });
    const other = bench.come("o", { version });
    other.sub("#", { qos: 2 });
    client.sub("door/+", { qos: 2 });
    const publisher = inside("p", { version });
    publisher.pub("door/1", "x", { qos });
    publisher.pub("door/1", "y", { qos });
    publisher.pub("gate", "z", { qos });
    expect(topicsOf(client)).toEqual(["door/1", "door/1"]);
    expect(topicsOf(other)).toEqual(["site-a/door/1", "site-a/door/1", "site-a/gate"]);
    bench.come("q", { version }).pub("site-a/door/2", "", { qos });
    expect(topicsOf(client).at(-1)).toBe("door/2");
  });

  test("messages that come together are told apart by their topics", () => {
    const { bench, inside } = scene();
    const [client, other] = [inside("c", { version }), bench.come("o", { version })];
    for (const each of [client, other]) each.sub("#");
    const burst = ["a", "a", "b", "a"].map((name) => publishPacket(name, "x"));
    inside("p", { version }).sayTogether(...burst);
    expect(topicsOf(client)).toEqual(["a", "a", "b", "a"]);
    expect(topicsOf(other)).toEqual(["site-a/a", "site-a/a", "site-a/b", "site-a/a"]);
    bench
      .come("q", { version })
      .sayTogether(...["site-a/a", "site-a/a"].map((name) => publishPacket(name, "y")));
    expect(topicsOf(client).slice(4)).toEqual(["a", "a"]);
  });

  test("nothing outside is there for the client, $SYS included", () => {
    const { bench, inside } = scene();
    const client = inside("c", { version });
    for (const filter of ["#", "$SYS/#", "../#"]) client.sub(filter);
    const other = bench.come("o", { version });
    for (const topicName of ["door", "site-b/door", "site-a", "$SYS/x"]) other.pub(topicName);
    expect(client.messages).toEqual([]);
    client.pub("$SYS/x");
    expect(topicsOf(client)).toEqual(["$SYS/x"]); // a topic like any other, once
  });
});

test("retained messages are kept under whole names, and removed by mounted ones", () => {
  const { bench, inside } = scene();
  const client = inside("c");
  client.pub("state", "on", { retain: true });
  const other = bench.come("o");
  other.sub("site-a/state");
  expect(topicsOf(other)).toEqual(["site-a/state"]);
  client.sub("state");
  expect(client.messages[0]).toMatchObject({ topicName: "state", retain: true });
  client.pub("state", "", { retain: true });
  const late = bench.come("late");
  late.sub("#");
  expect(late.messages).toEqual([]);
});

test("wills are mounted", () => {
  const { bench, inside } = scene();
  const other = bench.come("o");
  other.sub("#");
  inside("c", { will: { topicName: "gone" } }).cut();
  expect(topicsOf(other)).toEqual(["site-a/gone"]);
});

test("shared subscriptions are mounted behind their names", () => {
  const { bench, inside } = scene();
  const client = inside("c");
  expect(client.sub("$share/g/door/+")).toBe(0);
  bench.come("o").pub("site-a/door/1");
  expect(topicsOf(client)).toEqual(["door/1"]);
  expect(client.unsub("$share/g/door/+")).toBe(0);
  bench.come("p").pub("site-a/door/1");
  expect(client.messages).toHaveLength(1);
});

test("UNSUBSCRIBE means the client's own filters", () => {
  const { inside } = scene();
  const client = inside("c");
  client.sub("door");
  expect(client.unsub("site-a/door")).toBe(ReasonCode.NO_SUBSCRIPTION_EXISTED);
  expect(client.unsub("door")).toBe(0);
});

test("aliases work both ways", () => {
  const { bench, inside } = scene();
  const client = inside("c", { properties: { topicAliasMaximum: 5 } });
  client.sub("door");
  const publisher = inside("p");
  publisher.pub("door", "1", { properties: { topicAlias: 1 } });
  publisher.pub("", "2", { properties: { topicAlias: 1 } });
  expect(client.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
    ["door", 1],
    ["", 1],
  ]);
  expect(bench.counts).toEqual({});
});

test("rules and hooks see whole topics", () => {
  const asked: string[] = [];
  const note = (kind: string) => (_client: unknown, topic: string) => asked.push(`${kind} ${topic}`) > 0;
  const gate: Gate = {
    authenticate: () => ({ outcome: "accepted" }),
    mayPublish: note("publish"),
    maySubscribe: note("subscribe"),
    mayUnsubscribe: note("unsubscribe"),
    mayReceive: note("receive"),
  };
  const { bench, inside } = scene({ gate });
  bench.broker.hooks.add("publish", ({ topicName }) => void asked.push(`hook ${topicName}`));
  const client = inside("c");
  client.sub("$share/g/t");
  client.pub("t");
  client.unsub("$share/g/t");
  expect(new Set(asked)).toEqual(
    new Set([
      "subscribe site-a/t",
      "publish site-a/t",
      "hook site-a/t",
      "receive site-a/t",
      "unsubscribe site-a/t",
    ]),
  );
});

test("packets are measured by what the client gets", () => {
  const { bench, inside } = scene();
  bench.broker.setListener("site", { mountPoint: `${"m".repeat(500)}/` });
  const client = inside("c", { properties: { maximumPacketSize: 40 } });
  client.sub("t");
  inside("p").pub("t", "x".repeat(30));
  expect(client.messages).toHaveLength(1);
  inside("q").pub("t", "x".repeat(40));
  expect(bench.counts).toEqual({ "packet-too-large": 1 });
});

test("a name that would be too long with its mount point is refused", () => {
  const { bench, inside } = scene();
  const other = bench.come("o");
  other.sub("#");
  const client = inside("c");
  client.pub("t".repeat(65_530), "", { qos: 1 });
  expect(client.last(PacketType.PUBACK)?.reasonCode).toBe(ReasonCode.TOPIC_NAME_INVALID);
  expect(other.messages).toEqual([]);
});

describe("a session", () => {
  const RESUME = { cleanStart: false, expiry: 100 } as const;

  test.each([MQTT_3_1_1, MQTT_5_0])("keeps its mounted filters, version %i", (version) => {
    const { bench, inside } = scene();
    const client = inside("c", { ...RESUME, version });
    client.sub("t", { qos: 1 });
    client.cut();
    bench.come("p").pub("site-a/t", "", { qos: 1 });
    const back = inside("c", { ...RESUME, version });
    expect(topicsOf(back)).toEqual(["t"]);
  });

  test("that comes back elsewhere gets whole names, and never a name that is not its own", () => {
    const { bench, inside } = scene();
    bench.broker.setListener("other", { mountPoint: "site-b/" });
    const client = inside("c", RESUME);
    client.sub("t", { qos: 1 });
    bench.come("p").pub("site-a/t", "in flight", { qos: 1 });
    client.cut();
    bench.come("q").pub("site-a/t", "queued", { qos: 1 });
    const elsewhere = bench.come("c", { ...RESUME, listener: "other" });
    expect(elsewhere.messages).toEqual([]);
    expect(bench.counts).toEqual({ "receiver-not-permitted": 2 });
    elsewhere.cut();
    bench.come("r").pub("site-a/t", "again", { qos: 1 });
    expect(topicsOf(bench.come("c", RESUME))).toEqual(["site-a/t"]);
  });
});

test("a change of the mount point holds for those who come later", () => {
  const { bench, inside } = scene();
  const old = inside("old");
  bench.broker.setListener("site", {});
  const other = bench.come("o");
  other.sub("#");
  old.pub("t");
  inside("young").pub("t");
  expect(topicsOf(other)).toEqual(["site-a/t", "t"]);
});

test.each(["", "a/+/b", "#", "$SYS/", "a\u0000"])("%j is no mount point", (mountPoint) => {
  const { bench } = scene();
  expect(() => bench.broker.setListener("site", { mountPoint })).toThrow("mountPoint");
});
