/** Limits of connections, by listener, address and user: reached, said as the version can, and nobody else is affected. */

import { describe, expect, test } from "vitest";
import { ProtocolVersion } from "#protocol";
import { ALL_VERSIONS, LimitsBench, type Whence } from "./limits-bench.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

describe("connections", () => {
  test("in all: one more is closed without a byte", () => {
    const bench = new LimitsBench({ settings: { maximumConnections: 2 } });
    const good = [bench.come("a"), bench.come("b", { address: "192.0.2.2" })];
    expect(bench.limitCounts).toEqual({});
    const late = bench.come("c", { address: "192.0.2.3" });
    expect([late.closed, late.packets]).toEqual([true, []]);
    expect(bench.events).toEqual([
      { limit: "connections", listener: "", clientId: "", address: "192.0.2.3" },
    ]);
    expect(bench.limitCounts).toEqual({ connections: 1 });
    expect(bench.log.length).toBe(1);
    good[0]?.disconnect();
    expect(bench.come("c").connack?.reasonCode).toBe(0);
    expect(good[1]?.closed).toBe(false);
  });

  test("of a listener leave room on the others", () => {
    const bench = new LimitsBench();
    bench.broker.setListener("public", { maximumConnectionsPerListener: 2 });
    for (const id of ["a", "b"]) bench.come(id, { listener: "public" });
    expect(bench.come("c", { listener: "public" }).closed).toBe(true);
    expect(bench.come("d", { listener: "inner" }).connack?.reasonCode).toBe(0);
    expect(bench.limitCounts).toEqual({ "connections-per-listener": 1 });
  });

  test("of an address, or of a network of IPv6", () => {
    const bench = new LimitsBench({ settings: { maximumConnectionsPerAddress: 2 } });
    const first = bench.come("a", { address: "2001:db8::1" });
    bench.come("b", { address: "2001:db8::2" });
    expect(bench.come("c", { address: "2001:db8::3" }).closed).toBe(true);
    expect(bench.come("d", { address: "2001:db8:0:1::1" }).connack?.reasonCode).toBe(0);
    expect(bench.reached()).toEqual(["connections-per-address"]);
    first.cut();
    expect(bench.come("c", { address: "2001:db8::3" }).connack?.reasonCode).toBe(0);
  });

  test("of trusted addresses and without an address have no such limit", () => {
    const bench = new LimitsBench({
      settings: { maximumConnectionsPerAddress: 1, trustedAddresses: ["10.0.0.0/8"] },
    });
    for (let i = 0; i < 5; i++) {
      expect(bench.come(`t${i}`, { address: "10.1.2.3" }).connack?.reasonCode).toBe(0);
      expect(bench.connect(`m${i}`).connack?.reasonCode).toBe(0);
    }
    expect(bench.limitCounts).toEqual({});
  });

  test("without a CONNECT are bounded for each address, and those that are connected do not count", () => {
    const bench = new LimitsBench({ settings: { maximumPendingConnectionsPerAddress: 3 } });
    for (let i = 0; i < 10; i++) bench.come(`c${i}`);
    const silent = [1, 2, 3, 4, 5].map(() => bench.knock());
    expect(silent.map(({ closed }) => closed)).toEqual([false, false, false, true, true]);
    expect(bench.knock({ address: "192.0.2.9" }).closed).toBe(false);
    expect(bench.limitCounts).toEqual({ "pending-connections-per-address": 2 });
    bench.pass(11);
    expect(silent.every(({ closed }) => closed)).toBe(true);
    expect(bench.broker.sizes.clients).toBe(10);
    expect(bench.knock().closed).toBe(false);
  });

  test("that are refused by the thousand are a line now and then, with their number", () => {
    const bench = new LimitsBench({ settings: { maximumConnections: 1 } });
    bench.come("a");
    for (let i = 0; i < 1_000; i++) {
      bench.knock();
      bench.pass(0.015);
    }
    const sentence = "warn A connection was refused: all that the broker may have are in use.";
    expect(bench.log).toEqual([sentence, `${sentence} 666 more since the last such line.`]);
    expect(bench.limitCounts).toEqual({ connections: 1_000 });
  });

  test("that were refused stand in $SYS", () => {
    const bench = new LimitsBench({ settings: { maximumConnections: 2, sysIntervalSeconds: 1 } });
    const watcher = bench.come("a");
    watcher.sub("$SYS/broker/limits/#");
    bench.come("b");
    for (let i = 0; i < 3; i++) bench.come("c");
    bench.pass(1);
    const told = watcher.messages.map(({ topicName }) => topicName);
    expect(told).toEqual(["$SYS/broker/limits/connections"]);
    expect(watcher.texts).toEqual(["3"]);
  });

  test("leave no row behind", () => {
    const bench = new LimitsBench({ settings: { maximumConnectionsPerAddress: 5 } });
    const clients = Array.from({ length: 50 }, (_, i) =>
      bench.come(`c${i}`, { address: `192.0.2.${i}`, userName: `u${i}` }),
    );
    expect(bench.broker.trackedByLimits).toBe(100);
    for (const client of clients) client.cut();
    bench.knock({ address: "192.0.2.200" }).cut();
    bench.knock({ address: "192.0.2.201" });
    bench.pass(15);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
    expect(bench.broker.trackedByLimits).toBe(0);
  });
});

describe("connections of a user", () => {
  const answers = new Map([
    [MQTT_3_1, undefined],
    [MQTT_3_1_1, undefined],
    [MQTT_5_0, 0x97],
  ]);

  test.each(ALL_VERSIONS)("are limited in version %i", (version) => {
    const bench = new LimitsBench({ settings: { maximumConnectionsPerUser: 2 } });
    const of = (userName: string): Whence => ({ version, userName });
    const first = bench.come("a", of("ann"));
    bench.come("b", of("ann"));
    const third = bench.come("c", of("ann"));
    expect([third.connack?.reasonCode, third.closed]).toEqual([answers.get(version), true]);
    expect(bench.come("d", of("bob")).connack?.reasonCode).toBe(0);
    expect(bench.come("e", { version }).connack?.reasonCode).toBe(0);
    expect(bench.reached()).toEqual(["connections-per-user"]);
    // One that takes its own place over needs no other.
    expect(bench.come("a", of("ann")).connack?.reasonCode).toBe(0);
    expect(first.closed).toBe(true);
    expect(bench.come("c", of("ann")).closed).toBe(true);
  });
});

describe("CONNECTs a second", () => {
  const answers = new Map([
    [MQTT_3_1, 3],
    [MQTT_3_1_1, 3],
    [MQTT_5_0, 0x9f],
  ]);

  test.each(ALL_VERSIONS)("of a listener are limited in version %i", (version) => {
    const bench = new LimitsBench();
    bench.broker.setListener("public", { maximumConnectRate: 3 });
    const codes = Array.from({ length: 5 }, (_, i) => {
      const client = bench.come(`c${i}`, { version, listener: "public", address: `192.0.2.${i}` });
      return version === MQTT_5_0 ? client.connack?.reasonCode : returnCodeOf(client.connack?.reasonCode);
    });
    expect(codes).toEqual([0, 0, 0, answers.get(version), answers.get(version)]);
    expect(bench.come("x", { version, listener: "inner" }).connack?.reasonCode).toBe(0);
    bench.pass(1);
    expect(bench.come("c9", { version, listener: "public" }).connack?.reasonCode).toBe(0);
    expect(bench.limitCounts).toEqual({ "connect-rate": 2 });
  });

  test.each(ALL_VERSIONS)("of an address are limited in version %i", (version) => {
    const bench = new LimitsBench({ settings: { maximumConnectRatePerAddress: 2 } });
    const from = (address: string) => (i: number) => bench.come(`${address} ${i}`, { version, address });
    const codes = [1, 2, 3].map(from("192.0.2.1")).map(({ connack }) => connack?.reasonCode);
    expect(codes.slice(0, 2)).toEqual([0, 0]);
    expect(version === MQTT_5_0 ? codes[2] : returnCodeOf(codes[2])).toBe(answers.get(version));
    expect([1, 2].map(from("192.0.2.2")).map(({ connack }) => connack?.reasonCode)).toEqual([0, 0]);
    expect(bench.reached()).toEqual(["connect-rate-per-address"]);
  });

  test("from more addresses than are remembered cost no more than those rows", () => {
    const bench = new LimitsBench({
      settings: { maximumConnectRatePerAddress: 2, maximumTrackedAddresses: 50 },
    });
    for (let i = 0; i < 1_000; i++) bench.come("c", { address: `10.0.${i >> 8}.${i & 255}` }).cut();
    expect(bench.broker.trackedByLimits).toBe(50);
  });
});

/** 3.x clients see a return code; the test's framer gives what it means. */
function returnCodeOf(meaning: number | undefined): number | undefined {
  return meaning === undefined
    ? undefined
    : new Map([
        [0, 0],
        [0x88, 3],
        [0x86, 4],
        [0x87, 5],
        [0x85, 2],
      ]).get(meaning);
}
