/** Failed logins get slower answers and lead to a ban, of an address or a client id; nobody else notices. */

import { describe, expect, test } from "vitest";
import type { Gate } from "#auth";
import { utf8Decode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { ALL_VERSIONS, LimitsBench } from "./limits-bench.ts";

const { MQTT_5_0 } = ProtocolVersion;

/** Lets in whoever says `right`; whoever says `busy` meets a gate that cannot tell. */
const gate: Gate = {
  authenticate: ({ password }) => {
    const said = password === undefined ? "" : utf8Decode(password);
    if (said === "right") return { outcome: "accepted" };
    const reasonCode = said === "busy" ? ReasonCode.SERVER_UNAVAILABLE : ReasonCode.BAD_USER_NAME_OR_PASSWORD;
    return { outcome: "refused", reasonCode };
  },
};

function benchWith(
  settings: NonNullable<ConstructorParameters<typeof LimitsBench>[0]>["settings"] = {},
): LimitsBench {
  return new LimitsBench({ gate, settings });
}

const bad = { userName: "u", password: "wrong" };
const right = { userName: "u", password: "right" };

describe("a refusal", () => {
  test.each(ALL_VERSIONS)("is held back twice as long each time in version %i", (version) => {
    const bench = benchWith();
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      const client = bench.come(`c${i}`, { ...bad, version });
      let waited = 0;
      while (client.connack === undefined) {
        bench.pass(0.05);
        waited += 50;
      }
      waits.push(waited);
      expect(client.connack.reasonCode).toBe(ReasonCode.BAD_USER_NAME_OR_PASSWORD);
      expect(client.closed).toBe(true);
    }
    expect(waits).toEqual([0, 100, 200, 400, 800]);
    expect(bench.limitCounts).toEqual({ "failed-logins": 4 });
    const other = bench.come("x", { ...bad, version, address: "192.0.2.2" });
    expect(other.closed).toBe(true);
  });

  test("is not held back when the gate could not tell, or the address is trusted", () => {
    const bench = benchWith({ trustedAddresses: ["10.0.0.0/8"] });
    for (let i = 0; i < 200; i++) {
      expect(bench.come("a", { password: "busy", userName: "u" }).closed).toBe(true);
      expect(bench.come("b", { ...bad, address: "10.0.0.1" }).closed).toBe(true);
    }
    expect(bench.limitCounts).toEqual({});
    expect(bench.broker.bans()).toEqual([]);
  });

  test("is not read on for, and nothing is left of a client that goes meanwhile", () => {
    const bench = benchWith();
    bench.come("c", bad);
    const waiting = bench.come("c", bad);
    waiting.ping();
    waiting.cut();
    bench.pass(20);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
    expect(waiting.packets).toEqual([]);
  });

  test("of a gate that takes its time is held back too, for longer than the gate may take", async () => {
    const bench = new LimitsBench({
      gate: { authenticate: async (login) => await gate.authenticate(login) },
      settings: { failedLoginDelayMs: 5_000, decisionTimeoutMs: 1_000 },
    });
    const clients = [bench.come("c", bad), bench.come("c", bad)];
    await bench.settle();
    expect(clients.map(({ closed }) => closed)).toEqual([true, false]);
    bench.pass(4.9);
    expect(clients[1]?.closed).toBe(false);
    bench.pass(0.2);
    expect(clients[1]?.connack?.reasonCode).toBe(ReasonCode.BAD_USER_NAME_OR_PASSWORD);
    bench.pass(5);
    expect(bench.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
  });

  test("beyond those that may wait is sent at once", () => {
    const bench = benchWith({ maximumDelayedRefusals: 2 });
    const clients = [0, 1, 2, 3, 4].map(() => bench.come("c", bad));
    expect(clients.map(({ closed }) => closed)).toEqual([true, false, false, true, true]);
    bench.pass(10);
    expect(clients.every(({ closed }) => closed)).toBe(true);
    // Those that have been sent leave room.
    expect(bench.come("c", bad).closed).toBe(false);
  });

  test("after a success is as quick as the first", () => {
    const bench = benchWith();
    bench.come("c", bad);
    bench.come("c", bad);
    bench.pass(1);
    bench.come("c", right);
    expect(bench.come("c2", bad).closed).toBe(true);
  });
});

test("who has a password does not try those of others between two logins of their own", () => {
  const bench = benchWith({ maximumFailedLogins: 5, failedLoginDelayMs: 0 });
  const mallory = { userName: "mallory", password: "right" };
  for (let i = 0; i < 6; i++) {
    bench.come("c", bad);
    bench.come("c", mallory).cut();
  }
  expect(bench.broker.bans()).toMatchObject([{ kind: "address", subject: "192.0.2.1", failures: 6 }]);
});

test("a login that says a name which the gate replaces clears nothing in that name", () => {
  const replacing: Gate = {
    authenticate: (login) =>
      login.clientId === "certified"
        ? { outcome: "accepted", userName: "mallory" }
        : gate.authenticate(login),
  };
  const settings = { maximumFailedLogins: 5, failedLoginDelayMs: 0 };
  const bench = new LimitsBench({ gate: replacing, settings });
  for (let i = 0; i < 6; i++) {
    bench.come("c", bad);
    bench.come("certified", bad).cut();
  }
  expect(bench.broker.bans()).toMatchObject([{ kind: "address", failures: 6 }]);
});

describe("a ban of an address", () => {
  const settings = { maximumFailedLogins: 5, failedLoginDelayMs: 0 };

  test.each(ALL_VERSIONS)("keeps it out for a while in version %i, and nobody else", (version) => {
    const bench = benchWith(settings);
    const banned: string[] = [];
    bench.broker.on("banned", ({ kind, subject }) => banned.push(`${kind} ${subject}`));
    const inside = bench.come("inside", { ...right, version });
    const early = bench.knock({ version });
    for (let i = 0; i < 6; i++) expect(bench.come(`c${i}`, { ...bad, version }).connack).toBeDefined();
    expect(banned).toEqual(["address 192.0.2.1"]);
    // Not a byte is read of those that come now, whatever they would say.
    const refused = bench.come("good", { ...right, version });
    expect([refused.closed, refused.connack]).toEqual([true, undefined]);
    // Who was there before the ban is told, as its version can say it.
    early.connect({ clientId: "early" });
    bench.run();
    const meaning = version === MQTT_5_0 ? ReasonCode.BANNED : ReasonCode.NOT_AUTHORIZED;
    expect(early.connack?.reasonCode).toBe(meaning);
    expect(inside.ping().closed).toBe(false);
    expect(bench.come("far", { ...right, version, address: "192.0.2.2" }).connack?.reasonCode).toBe(0);
    expect(bench.limitCounts).toEqual({ "banned-address": 2 });
    bench.pass(601);
    expect(bench.come("good", { ...right, version }).connack?.reasonCode).toBe(0);
  });

  test("is listed, and can be lifted by any address of its network", () => {
    const bench = benchWith(settings);
    for (let i = 0; i < 6; i++) bench.come(`c${i}`, { ...bad, address: `2001:db8::${i}` });
    bench.pass(60);
    const subject = "2001:db8:0:0::/64";
    expect(bench.broker.bans()).toEqual([{ kind: "address", subject, failures: 6, forMs: 540_000 }]);
    expect(bench.broker.lift("192.0.2.9")).toBe(false);
    expect(bench.broker.lift("2001:db8::abc")).toBe(true);
    expect(bench.broker.bans()).toEqual([]);
    expect(bench.come("c", { ...right, address: "2001:db8::1" }).connack?.reasonCode).toBe(0);
    for (let i = 0; i < 6; i++) bench.come(`c${i}`, { ...bad, address: "2001:db8::1" });
    expect(bench.broker.lift(subject)).toBe(true);
  });
});

describe("a ban of a client id", () => {
  test.each(ALL_VERSIONS)("answers as version %i can, and leaves other client ids alone", (version) => {
    const bench = benchWith({ maximumFailedLoginsPerClientId: 5, failedLoginDelayMs: 0 });
    for (let i = 0; i < 6; i++) bench.come("victim", { ...bad, version, address: `192.0.2.${i}` });
    expect(bench.broker.bans()).toMatchObject([{ kind: "client-id", subject: "victim" }]);
    const meaning = version === MQTT_5_0 ? ReasonCode.BANNED : ReasonCode.NOT_AUTHORIZED;
    expect(bench.come("victim", { ...right, version, address: "192.0.2.99" }).connack?.reasonCode).toBe(
      meaning,
    );
    expect(bench.come("other", { ...right, version, address: "192.0.2.1" }).connack?.reasonCode).toBe(0);
    expect(bench.limitCounts).toEqual({ "banned-client-id": 1 });
    expect(bench.broker.lift("victim")).toBe(true);
    expect(bench.come("victim", { ...right, version }).connack?.reasonCode).toBe(0);
  });
});

test("ten thousand bad logins from as many addresses say a few lines and fill bounded tables", () => {
  const bench = benchWith({ maximumTrackedAddresses: 100, failedLoginDelayMs: 0 });
  for (let i = 0; i < 10_000; i++) {
    bench.come(`c${i}`, { ...bad, address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` });
    bench.clock.advance(1);
  }
  expect(bench.broker.sizes).toMatchObject({ connections: 0, sessions: 0 });
  expect(bench.broker.trackedByLimits).toBeLessThanOrEqual(200);
  expect(bench.log.length).toBeLessThan(10);
  expect(bench.come("good", { ...right, address: "192.0.2.77" }).connack?.reasonCode).toBe(0);
});
