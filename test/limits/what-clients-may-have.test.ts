/** Client ids, packets, topics, subscriptions, queues and expiry: bounds of what one client may be, say and keep. */

import { describe, expect, test } from "vitest";
import type { Accepted, ClientLimits, Gate } from "#auth";
import { PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import type { BenchClient } from "../support/broker-bench.ts";
import { publishPacket } from "../support/raw-client.ts";
import { ALL_VERSIONS, LimitsBench } from "./limits-bench.ts";

const { MQTT_5_0 } = ProtocolVersion;

/** Each user has the limits that stand beside its name. */
function gateWith(users: Readonly<Record<string, ClientLimits>>): Gate {
  return {
    authenticate: ({ userName = "" }): Accepted => {
      const limits = users[userName];
      return limits === undefined ? { outcome: "accepted" } : { outcome: "accepted", limits };
    },
  };
}

function clientIds({ broker }: LimitsBench): string[] {
  return Array.from(broker.clients(), ({ clientId }) => clientId);
}

describe("client ids", () => {
  const settings = { maximumClientIdLength: 12, clientIdPattern: "[a-z]+-\\d+|dev", clientIdPrefix: "d" };

  test.each(ALL_VERSIONS)("that are not wanted are refused in version %i", (version) => {
    const bench = new LimitsBench({ settings });
    for (const clientId of ["d-1", "dev", "door-1234567"]) {
      expect(bench.come(clientId, { version }).connack?.reasonCode, clientId).toBe(0);
    }
    expect(bench.limitCounts).toEqual({});
    for (const clientId of ["e-1", "d-1 ", "dev-", "door-12345678", "xdev", "D-1"]) {
      const refused = bench.come(clientId, { version });
      expect(refused.connack?.reasonCode, clientId).toBe(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
      expect(refused.closed).toBe(true);
    }
    expect(bench.limitCounts).toEqual({ "client-id": 6 });
  });

  test("that the broker invents are exempt", () => {
    const bench = new LimitsBench({ settings });
    expect(bench.come("", { version: MQTT_5_0 }).connack?.reasonCode).toBe(0);
  });

  test("that it invents begin as wanted, by listener too", () => {
    const bench = new LimitsBench({ settings: { generatedClientIdPrefix: "dev:" } });
    bench.broker.setListener("public", { generatedClientIdPrefix: "" });
    const assigned = (listener: string) =>
      bench.come("", { version: MQTT_5_0, listener }).connack?.properties.assignedClientIdentifier;
    expect(assigned("")).toMatch(/^dev:[0-9a-f]{20}$/);
    expect(assigned("public")).toMatch(/^[0-9a-f]{20}$/);
    expect(new LimitsBench().come("").connack?.properties.assignedClientIdentifier).toMatch(/^auto-/);
  });

  test.each(ALL_VERSIONS)("may be taken from the user name, version %i", (version) => {
    const bench = new LimitsBench({ settings: { clientIdFromUserName: true } });
    expect(bench.come("whatever", { version, userName: "ann" }).connack?.reasonCode).toBe(0);
    expect(clientIds(bench)).toEqual(["ann"]);
    for (const userName of ["", undefined]) {
      const refused = bench.come("x", { version, ...(userName === undefined ? {} : { userName }) });
      expect(refused.connack?.reasonCode).toBe(ReasonCode.NOT_AUTHORIZED);
      expect(refused.closed).toBe(true);
    }
    // The same user again is the same client.
    expect(bench.come("other", { version, userName: "ann" }).closed).toBe(false);
    expect(clientIds(bench)).toEqual(["ann"]);
  });

  test("is the user name of the gate's choice, be it a certificate's, and the client is told what it was not sure of", () => {
    const bench = new LimitsBench({
      settings: { clientIdFromUserName: true, allowEmptyClientId: false },
      gate: { authenticate: () => ({ outcome: "accepted", userName: "by-certificate", clientId: "other" }) },
    });
    const client = bench.come("", { version: MQTT_5_0 });
    expect(client.connack?.properties.assignedClientIdentifier).toBe("by-certificate");
    expect(clientIds(bench)).toEqual(["by-certificate"]);
  });

  test.each(ALL_VERSIONS)("may have to be the user name, version %i", (version) => {
    const bench = new LimitsBench({ settings: { clientIdMustEqualUserName: true } });
    expect(bench.come("ann", { version, userName: "ann" }).connack?.reasonCode).toBe(0);
    for (const userName of ["bob", undefined]) {
      const refused = bench.come("x", { version, ...(userName === undefined ? {} : { userName }) });
      expect(refused.connack?.reasonCode).toBe(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID);
    }
  });

  test("are judged by what the gate makes of them where they have to be the user name", () => {
    const bench = new LimitsBench({
      settings: { clientIdMustEqualUserName: true },
      gate: { authenticate: ({ userName = "" }) => ({ outcome: "accepted", clientId: userName }) },
    });
    expect(bench.come("whatever", { userName: "ann" }).connack?.reasonCode).toBe(0);
  });
});

describe("topics", () => {
  test.each(ALL_VERSIONS)("that are too long or too deep are refused in version %i", (version) => {
    const bench = new LimitsBench({ settings: { maximumTopicBytes: 8, maximumTopicLevels: 3 } });
    const client = bench.come("c", { version });
    const receiver = bench.come("r", { version: MQTT_5_0 });
    receiver.sub("#");
    for (const topic of ["12345678", "a/b/c"]) client.pub(topic, "", { qos: 1 });
    for (const topic of ["123456789", "éééé1", "a/b/c/d"]) client.pub(topic, "", { qos: 1 });
    const refusal = version === MQTT_5_0 ? ReasonCode.TOPIC_NAME_INVALID : 0;
    expect(client.all(PacketType.PUBACK).map(({ reasonCode }) => reasonCode)).toEqual([
      0,
      0,
      refusal,
      refusal,
      refusal,
    ]);
    expect(receiver.messages.map(({ topicName }) => topicName)).toEqual(["12345678", "a/b/c"]);
    expect(client.sub("12345/78")).toBe(0);
    const invalid = version === MQTT_5_0 ? ReasonCode.TOPIC_FILTER_INVALID : 0x80;
    for (const filter of ["12345/789", "ééé/é", "a/b/c/#"]) expect(client.sub(filter), filter).toBe(invalid);
    expect(client.closed).toBe(false);
    expect(bench.limitCounts).toEqual({ topic: 6 });
    expect(bench.counts).toMatchObject({ "publish-refused": 3 });
  });

  test("of a will have the bounds of its client", () => {
    const bench = new LimitsBench({ gate: gateWith({ small: { maximumTopicBytes: 4 } }) });
    const receiver = bench.come("r");
    receiver.sub("#");
    for (const userName of ["small", "large"]) {
      bench.come(userName, { userName, will: { topicName: `will/${userName}` } }).cut();
    }
    expect(receiver.messages.map(({ topicName }) => topicName)).toEqual(["will/large"]);
    expect(bench.counts).toMatchObject({ "publish-refused": 1 });
  });
});

test.each(ALL_VERSIONS)(
  "packets of a listener that are too large end the connection, version %i",
  (version) => {
    const bench = new LimitsBench();
    bench.broker.setListener("public", { maximumPacketSize: 100 });
    const small = bench.come("small", { version, listener: "public" });
    const large = bench.come("large", { version, listener: "inner" });
    for (const client of [small, large]) client.pub("t", "x".repeat(60));
    expect(bench.limitCounts).toEqual({});
    for (const client of [small, large]) client.pub("t", "x".repeat(200));
    expect([small.closed, large.closed]).toEqual([true, false]);
    const isTold = version === MQTT_5_0;
    expect(small.connack?.properties.maximumPacketSize).toBe(isTold ? 100 : undefined);
    expect(small.last(PacketType.DISCONNECT)?.reasonCode).toBe(
      isTold ? ReasonCode.PACKET_TOO_LARGE : undefined,
    );
    expect(bench.limitCounts).toEqual({ "packet-size": 1 });
  },
);

test.each(ALL_VERSIONS)("subscriptions of a user are limited in version %i", (version) => {
  const bench = new LimitsBench({ gate: gateWith({ small: { maximumSubscriptions: 2 } }) });
  const small = bench.come("small", { version, userName: "small" });
  const other = bench.come("other", { version, userName: "other" });
  expect(["a", "b", "a"].map((filter) => small.sub(filter))).toEqual([0, 0, 0]);
  expect(small.sub("c")).toBe(version === MQTT_5_0 ? ReasonCode.QUOTA_EXCEEDED : 0x80);
  expect(["a", "b", "c"].map((filter) => other.sub(filter))).toEqual([0, 0, 0]);
  expect(bench.limitCounts).toEqual({ subscriptions: 1 });
});

test("sessions beyond their number are refused, and counted", () => {
  const bench = new LimitsBench({ settings: { maximumSessions: 1 } });
  bench.come("a");
  expect(bench.come("b").connack?.reasonCode).toBe(ReasonCode.QUOTA_EXCEEDED);
  expect(bench.limitCounts).toEqual({ sessions: 1 });
});

describe("a session of a user with limits of its own", () => {
  const gate = gateWith({
    small: { maximumQueuedMessages: 2, maximumInFlight: 1, maximumSessionExpiryInterval: 100 },
  });

  test("queues as many as its user may have, also while the client is away", () => {
    const bench = new LimitsBench({ gate });
    for (const userName of ["small", "large"]) {
      const client = bench.come(userName, { userName, expiry: 1_000 });
      client.sub("t", { qos: 1 });
      client.cut();
    }
    for (let i = 0; i < 5; i++) bench.come("p").pub("t", `${i}`, { qos: 1 });
    expect(bench.outcomes()).toEqual(["queue-full small", "queue-full small", "queue-full small"]);
    expect(bench.come("large", { userName: "large", cleanStart: false }).messages.length).toBe(5);
    const small = bench.come("small", { userName: "small", cleanStart: false, answers: false });
    expect(small.messages.length).toBe(1);
  });

  test("expires as early as its user's has to", () => {
    const bench = new LimitsBench({ gate });
    const client = bench.come("small", { userName: "small", expiry: 1_000 });
    expect(client.connack?.properties.sessionExpiryInterval).toBe(100);
  });

  test("is refused when the gate sets what cannot hold, and that is logged", () => {
    const limits = { maximumInFlight: 0, connectTimeoutMs: 5 };
    const bench = new LimitsBench({ gate: { authenticate: () => ({ outcome: "accepted", limits }) } });
    expect(bench.come("c").connack?.reasonCode).toBe(ReasonCode.SERVER_UNAVAILABLE);
    expect(bench.log.join()).toMatch(
      /^error The gate set a limit that cannot hold: .*maximumInFlight|connectTimeoutMs/,
    );
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
    expect(bench.broker.trackedByLimits).toBe(0);
  });
});

describe("payloads", () => {
  test.each(ALL_VERSIONS)(
    "that are too large are acknowledged or refused, not passed on, version %i",
    (version) => {
      const bench = new LimitsBench({ settings: { maximumPayloadBytes: 4 } });
      const reader = bench.come("r");
      reader.sub("#", { qos: 2 });
      const client = bench.come("p", { version });
      for (const qos of [0, 1, 2] as const) client.pub("t", "12345", { qos });
      const code = version === MQTT_5_0 ? ReasonCode.IMPLEMENTATION_SPECIFIC_ERROR : 0;
      expect([
        client.last(PacketType.PUBACK)?.reasonCode,
        client.last(PacketType.PUBREC)?.reasonCode,
      ]).toEqual([code, code]);
      expect([client.closed, reader.messages]).toEqual([false, []]);
      expect(bench.counts).toEqual({ "payload-too-large": 3 });
      expect(bench.limitCounts).toEqual({ "payload-size": 3 });
      for (const qos of [0, 1] as const) client.pub("t", "1234", { qos });
      expect(reader.messages).toHaveLength(2);
    },
  );

  test("are looked at one by one in a run of messages, in wills, and again after a change", () => {
    const bench = new LimitsBench({ settings: { maximumPayloadBytes: 4 } });
    const reader = bench.come("r", { version: ProtocolVersion.MQTT_3_1_1 });
    reader.sub("#");
    const will = { topicName: "w", payload: new Uint8Array(5) };
    const client = bench.come("p", { version: ProtocolVersion.MQTT_3_1_1, will });
    const burst = ["1", "22", "333333", "4444", "55555"].map((payload) => publishPacket("t", payload));
    client.sayTogether(...burst);
    expect(reader.messages.map(({ payload }) => payload.length)).toEqual([1, 2, 4]);
    client.cut();
    expect(bench.counts).toEqual({ "payload-too-large": 3 });
    bench.broker.changeSettings({ maximumPayloadBytes: 0 });
    bench.come("q").pub("t", "12345");
    expect(reader.messages).toHaveLength(4);
  });
});

test("bytes in flight are bounded by listener, but for one message", () => {
  const bench = new LimitsBench();
  bench.broker.setListener("slow", { maximumInFlightBytes: 100 });
  const inFlight = (client: BenchClient): number => client.messages.length;
  const slow = bench.come("slow", { listener: "slow" });
  const quick = bench.come("quick");
  for (const client of [slow, quick]) client.sub("t", { qos: 2 });
  const publisher = bench.come("p");
  publisher.pub("t", "x".repeat(1_000), { qos: 1 });
  for (let i = 0; i < 4; i++) publisher.pub("t", "x".repeat(60), { qos: 2 });
  expect([inFlight(slow), inFlight(quick)]).toEqual([1, 5]);
  slow.ack(PacketType.PUBACK, 1);
  expect(inFlight(slow)).toBe(3);
  slow.ack(PacketType.PUBREC, 2);
  expect(inFlight(slow)).toBe(4);
  slow.ack(PacketType.PUBCOMP, 2).ack(PacketType.PUBREC, 3).ack(PacketType.PUBREC, 4);
  expect(inFlight(slow)).toBe(5);
  expect(bench.counts).toEqual({});
});
