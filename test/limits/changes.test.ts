/** Settings of listeners, and changes while the broker runs: who feels them, and when. */

import { describe, expect, test } from "vitest";
import type { ClientLimits } from "#auth";
import { ConfigError } from "#base";
import { type BrokerSettings, settingTraits } from "#broker";
import { PacketType, ReasonCode } from "#protocol";
import { LimitsBench } from "./limits-bench.ts";

describe("a change that holds at once", () => {
  test("is felt by clients that are connected, and back again", () => {
    const bench = new LimitsBench();
    const client = bench.come("c");
    for (const filter of ["a", "b"]) expect(client.sub(filter)).toBe(0);
    bench.broker.changeSettings({ maximumSubscriptions: 2, maximumTopicBytes: 10 });
    expect(client.sub("c")).toBe(ReasonCode.QUOTA_EXCEEDED);
    expect(client.sub("a-filter-of-many-bytes")).toBe(ReasonCode.TOPIC_FILTER_INVALID);
    bench.broker.changeSettings({ maximumSubscriptions: undefined });
    expect(client.sub("c")).toBe(0);
    expect(client.sub("a-filter-of-many-bytes")).toBe(ReasonCode.TOPIC_FILTER_INVALID);
  });

  test("sets rates for who is connected, changes them and takes them away", () => {
    const bench = new LimitsBench();
    const { metrics } = bench.broker;
    const client = bench.come("c");
    const send = (count: number): number => {
      const before = metrics.publishReceived;
      for (let i = 0; i < count; i++) client.pub("t");
      return metrics.publishReceived - before;
    };
    expect(send(100)).toBe(100);
    bench.broker.changeSettings({ maximumMessageRate: 5 });
    expect(send(20)).toBe(6);
    bench.broker.changeSettings({ maximumMessageRate: 1_000 });
    bench.pass(1);
    expect(metrics.publishReceived).toBe(120);
    expect(send(500)).toBe(500);
    bench.broker.changeSettings({ maximumMessageRate: 0 });
    expect(send(5_000)).toBe(5_000);
  });

  test("is felt by sessions whose client is away, and by retained messages", () => {
    const bench = new LimitsBench();
    bench.come("away", { expiry: 100 }).sub("t", { qos: 1 });
    bench.broker.disconnect("away");
    bench.broker.changeSettings({ maximumQueuedMessages: 1, maximumRetainedMessages: 1 });
    const client = bench.come("p");
    for (let i = 0; i < 3; i++) client.pub("t", `${i}`, { qos: 1 });
    for (const topic of ["r/1", "r/2"]) client.pub(topic, "x", { retain: true });
    expect(bench.counts).toMatchObject({ "queue-full": 2, "retained-full": 1 });
  });

  test("of bans and tables holds for those to come", () => {
    const bench = new LimitsBench({
      gate: { authenticate: () => ({ outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED }) },
      settings: { maximumFailedLogins: 0, failedLoginDelayMs: 0 },
    });
    for (let i = 0; i < 20; i++) bench.come(`c${i}`);
    expect(bench.broker.bans()).toEqual([]);
    bench.broker.changeSettings({ maximumFailedLogins: 5, banMs: 1_000 });
    bench.come("c");
    expect(bench.broker.bans()).toMatchObject([{ subject: "192.0.2.1", forMs: 1_000 }]);
    bench.broker.changeSettings({ maximumTrackedAddresses: 1 });
    expect(bench.broker.trackedByLimits).toBeLessThanOrEqual(4);
  });
});

test("a change for new connections leaves alone those that were told otherwise", () => {
  const bench = new LimitsBench();
  const old = bench.come("old");
  bench.broker.changeSettings({ maximumQos: 0, maximumPacketSize: 100, maximumMessageRate: 1_000 });
  const young = bench.come("young");
  expect(young.connack?.properties).toMatchObject({ maximumQos: 0, maximumPacketSize: 100 });
  old.pub("t", "x".repeat(200), { qos: 1 });
  expect(old.closed).toBe(false);
  young.pub("t", "", { qos: 1 });
  expect(young.closed).toBe(true);
  const large = bench.come("large");
  large.pub("t", "x".repeat(200));
  expect(large.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PACKET_TOO_LARGE);
  // A later change does not forget what the old one was told.
  bench.broker.changeSettings({ maximumSubscriptions: 5 });
  old.pub("t", "x".repeat(200), { qos: 1 });
  expect(old.closed).toBe(false);
});

describe("a change that cannot be", () => {
  test.each([
    [{ rejectControlCharacters: true }, "rejectControlCharacters"],
    [{ sysIntervalSeconds: 5 }, "sysIntervalSeconds"],
    [{ maximumMessageRate: -1 }, "maximumMessageRate"],
    [{ trustedAddresses: ["10.0.0.0/33"] }, "trustedAddresses"],
    [{ clientIdPattern: "(" }, "clientIdPattern"],
  ] as const)("%j changes nothing at all", (changes, name) => {
    const bench = new LimitsBench();
    const before = bench.broker.settings;
    const both = { maximumSubscriptions: 1, ...changes };
    expect(() => bench.broker.changeSettings(both)).toThrow(ConfigError);
    expect(() => bench.broker.changeSettings(both)).toThrow(name);
    expect(bench.broker.settings).toBe(before);
  });

  test("a restart's setting may be said again as it is", () => {
    const bench = new LimitsBench();
    bench.broker.changeSettings({ rejectControlCharacters: false, maximumSubscriptions: 3 });
    expect(bench.broker.settings.maximumSubscriptions).toBe(3);
  });
});

describe("a listener", () => {
  test("has its own settings, which stay through changes of the broker's", () => {
    const bench = new LimitsBench();
    bench.broker.setListener("public", { maximumSubscriptions: 1, maximumQos: 1 });
    bench.broker.changeSettings({ maximumTopicBytes: 5, maximumSubscriptions: 3 });
    const inner = bench.come("inner", { listener: "inner" });
    const outer = bench.come("outer", { listener: "public" });
    expect(["a", "b", "c", "d"].map((filter) => inner.sub(filter))).toEqual([0, 0, 0, 0x97]);
    expect(["a", "b"].map((filter) => outer.sub(filter))).toEqual([0, 0x97]);
    expect(outer.connack?.properties.maximumQos).toBe(1);
    expect(outer.sub("123456")).toBe(ReasonCode.TOPIC_FILTER_INVALID);
    bench.broker.setListener("public", {});
    expect(outer.sub("b")).toBe(0);
  });

  test.each([
    [{ maximumSessions: 5 }, "maximumSessions"],
    [{ trustedAddresses: [] }, "trustedAddresses"],
    [{ maximumQos: 3 }, "maximumQos"],
    [{ noSuchSetting: 3 }, "noSuchSetting"],
  ])("cannot have %j", (overrides, name) => {
    const bench = new LimitsBench();
    const setListener = (): void => bench.broker.setListener("public", overrides as Partial<BrokerSettings>);
    expect(setListener).toThrow(ConfigError);
    expect(setListener).toThrow(name);
  });
});

test("every setting says for whom it is and when it changes", () => {
  expect(Object.keys(settingTraits).toSorted()).toEqual(
    Object.keys(new LimitsBench().broker.settings).toSorted(),
  );
});

test("the gate can set exactly what may differ by client", () => {
  const limits = {
    maximumPacketSize: 100,
    maximumQos: 1,
    retainAvailable: false,
    receiveMaximum: 1,
    maximumInFlight: 1,
    maximumQueuedMessages: 1,
    maximumQueuedBytes: 1,
    queueOverflow: "drop-oldest",
    maximumOutputBytes: 65_536,
    maximumConnectionsPerUser: 1,
    maximumMessageRate: 1,
    maximumByteRate: 1,
    rateBurstMs: 100,
    rateGraceMs: 1,
    maximumSubscriptions: 1,
    maximumTopicLevels: 1,
    maximumTopicBytes: 1,
    maximumSessionExpiryInterval: 1,
  } as const satisfies Required<ClientLimits>;
  const names = Object.entries(settingTraits).flatMap(([name, [scope]]) =>
    scope === "client" ? [name] : [],
  );
  expect(Object.keys(limits).toSorted()).toEqual(names.toSorted());
  const bench = new LimitsBench({ gate: { authenticate: () => ({ outcome: "accepted", limits }) } });
  const client = bench.come("c", { expiry: 50 });
  expect(client.connack?.properties).toMatchObject({
    maximumPacketSize: 100,
    maximumQos: 1,
    retainAvailable: false,
    receiveMaximum: 1,
    sessionExpiryInterval: 1,
  });
  client.pub("t", "x".repeat(200));
  expect(client.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.PACKET_TOO_LARGE);
});
