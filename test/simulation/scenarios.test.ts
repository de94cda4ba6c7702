/**
 * Races that brokers have lost, by name, each as a script: played at every rest between the steps that matters, and with every
 * invariant of the simulation watching. What each of them was about is in the title.
 */

import { describe, expect, test } from "vitest";
import type { SimulationResult, Step } from "#testing";
import { simulate } from "#testing";
import { interruptedBacklog } from "./retained-script.ts";

const connect = {
  do: "connect",
  version: 5,
  cleanStart: false,
  expirySeconds: 3600,
  receiveMaximum: 10,
  keepAliveSeconds: 0,
} as const;
const publish = {
  do: "publish",
  retain: false,
  clears: false,
  expirySeconds: undefined,
  sizeBytes: 0,
  count: 1,
} as const;
/** Long enough for everything to be written and answered. */
const rest = { restMs: 60 } as const;

/** Milliseconds between two steps of a race. */
const GAPS = [0, 1, 2, 3, 4, 5, 7, 9, 14];
const SEEDS = [1, 2, 3];

/** Plays the script with all gaps; returns the results, and fails with the trace of the first that breaks. */
async function race(script: (gapMs: number) => readonly Step[]): Promise<SimulationResult[]> {
  const results: SimulationResult[] = [];
  for (const gapMs of GAPS) {
    for (const seed of SEEDS) {
      const settings = { maximumQueuedMessages: 50, maximumInFlight: 5, receiveMaximum: 20 } as const;
      const result = await simulate({ seed, script: script(gapMs), settings, trace: true });
      expect(result.failure === undefined ? "" : result.lines.join("\n")).toBe("");
      results.push(result);
    }
  }
  return results;
}

/** How often `line` was said in a run. */
function count({ lines }: SimulationResult, line: RegExp): number {
  return lines.filter((each) => line.test(each)).length;
}

describe("takeover", () => {
  test.each([0, 3600])("publishes the will once, with a session expiry of %d", async (expirySeconds) => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 2, ...rest },
      {
        ...connect,
        client: 1,
        expirySeconds,
        will: { topic: "a", qos: 2, retain: false, delaySeconds: 0 },
        ...rest,
      },
      { ...connect, client: 1, expirySeconds, restMs: gapMs },
      { ...connect, client: 1, expirySeconds, ...rest },
    ]);
    for (const result of results) expect(count(result, /c0 < PUBLISH a q2 id1 #0/)).toBe(1);
  });

  test("keeps a delayed will back when the client is there again", async () => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 1, ...rest },
      { ...connect, client: 1, will: { topic: "a", qos: 1, retain: false, delaySeconds: 2 }, ...rest },
      { do: "cut", client: 1, restMs: 1990 + gapMs },
      { ...connect, client: 1, ...rest },
      { do: "pass", ms: 10_000 },
    ]);
    const published = results.map((result) => count(result, /c0 < PUBLISH a /));
    expect(new Set(published)).toEqual(new Set([0, 1]));
  });

  test("does not hand over a session that has ended", async () => {
    const results = await race((gapMs) => [
      { ...connect, client: 1, expirySeconds: 2, ...rest },
      { do: "cut", client: 1, restMs: 1992 + gapMs },
      { ...connect, client: 1, expirySeconds: 2, ...rest },
    ]);
    const present = results.map((result) => count(result, /c1 < CONNACK 0 present/));
    expect(new Set(present)).toEqual(new Set([0, 1]));
  });

  test("never locks a client out, however often and however fast it comes", async () => {
    await race((gapMs) => [
      ...Array.from(
        { length: 12 },
        (_, i) => ({ ...connect, client: 1, cleanStart: i % 3 === 0, restMs: gapMs }) as const,
      ),
      { do: "crash", kind: "power", downMs: 5, restMs: gapMs },
      ...Array.from({ length: 6 }, () => ({ ...connect, client: 1, restMs: gapMs }) as const),
    ]);
  });

  test("in the middle of QoS 2 loses and doubles nothing", async () => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 2, ...rest },
      { do: "hold", client: 0 },
      { ...publish, client: 1, topic: "a", qos: 2, count: 4, restMs: gapMs },
      { do: "answer", client: 0, count: 2, restMs: gapMs },
      { ...connect, client: 0, restMs: gapMs },
      { ...connect, client: 1, restMs: gapMs },
      { ...connect, client: 0, ...rest },
    ]);
    for (const result of results) expect(result.deliveries).toBe(4);
  });
});

describe("order", () => {
  test("holds between what waited and what comes while it is delivered", async () => {
    await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 1, ...rest },
      { do: "cut", client: 0 },
      { ...publish, client: 1, topic: "a", qos: 1, count: 8, ...rest },
      { ...connect, client: 0, receiveMaximum: 2, restMs: gapMs },
      { ...publish, client: 1, topic: "a", qos: 1, count: 4, restMs: gapMs },
      { ...publish, client: 1, topic: "a", qos: 2, count: 4, ...rest },
    ]);
  });
});

describe("a crash", () => {
  test.each(["power", "process"] as const)(
    "of kind %s loses nothing acknowledged and doubles no QoS 2",
    async (kind) => {
      const results = await race((gapMs) => [
        { do: "subscribe", client: 0, filter: "a", qos: 2, ...rest },
        { ...publish, client: 1, topic: "a", qos: 2, count: 5, restMs: gapMs },
        { do: "crash", kind, downMs: 10, restMs: gapMs },
        { ...connect, client: 0, restMs: gapMs },
        { ...connect, client: 1, restMs: gapMs },
        { do: "crash", kind, downMs: 10 },
        { ...connect, client: 1, ...rest },
      ]);
      for (const result of results) expect(result.deliveries).toBeLessThanOrEqual(5);
    },
  );

  test("while a session expires and its will is due", async () => {
    await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 2, ...rest },
      {
        ...connect,
        client: 1,
        expirySeconds: 2,
        will: { topic: "a", qos: 2, retain: false, delaySeconds: 20 },
        ...rest,
      },
      { do: "cut", client: 1, restMs: 1995 + gapMs },
      { do: "crash", kind: "power", downMs: gapMs, restMs: gapMs },
      { ...connect, client: 1, expirySeconds: 2, ...rest },
    ]);
  });
});

describe("retained messages that a new subscription matched", () => {
  const interruptions: readonly Step[] = [
    { do: "crash", kind: "power", downMs: 5 },
    { do: "crash", kind: "process", downMs: 5 },
    { do: "restart", downMs: 5 },
    { do: "cut", client: 0 },
  ];
  for (const qos of [1, 2] as const) {
    test.each(interruptions)(`come all at QoS ${qos}, with a $do in the middle`, async (interruption) => {
      const results = await race((gapMs) => interruptedBacklog(qos, interruption, gapMs));
      for (const result of results) {
        for (let topic = 1; topic <= 8; topic++)
          expect(count(result, new RegExp(`c0 < PUBLISH r/${topic} `))).toBeGreaterThan(0);
      }
    });
  }
});

describe("others", () => {
  test("a retained message and a subscription at the same time", async () => {
    await race((gapMs) => [
      { ...connect, client: 0 },
      { ...connect, client: 1, ...rest },
      { ...publish, client: 1, topic: "a", qos: 1, retain: true, restMs: gapMs },
      { do: "subscribe", client: 0, filter: "a", qos: 1, restMs: gapMs },
      { ...publish, client: 1, topic: "a", qos: 1, retain: true, restMs: gapMs },
      { ...publish, client: 1, topic: "a", qos: 1, retain: true, clears: true, ...rest },
    ]);
  });

  test("a shared subscription is handed over when a member goes for good", async () => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "$share/g/s/#", qos: 1, ...rest },
      { do: "subscribe", client: 2, filter: "$share/g/s/#", qos: 1, ...rest },
      { do: "hold", client: 0 },
      { ...publish, client: 1, topic: "s", qos: 1, count: 6, ...rest },
      { do: "disconnect", client: 0, reasonCode: 0, expirySeconds: 0, restMs: gapMs },
      { do: "pass", ms: 100 },
    ]);
    for (const result of results) expect(count(result, /c2 < PUBLISH s /)).toBe(6);
  });

  test("a reader that takes nothing costs only its own queue", async () => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 1, ...rest },
      { do: "subscribe", client: 2, filter: "a", qos: 1, ...rest },
      { do: "stall", client: 0 },
      ...Array.from(
        { length: 20 },
        () => ({ ...publish, client: 1, topic: "a", qos: 1, count: 4, restMs: gapMs + 5 }) as const,
      ),
      { do: "pass", ms: 1000 },
    ]);
    for (const result of results) {
      expect(count(result, /c2 < PUBLISH a q1/)).toBe(80);
      expect(count(result, /c0 does not get a of c1: queue-full/)).toBeGreaterThan(0);
    }
  });

  test("a disk that is full for a while", async () => {
    const results = await race((gapMs) => [
      { do: "subscribe", client: 0, filter: "a", qos: 2, ...rest },
      { ...connect, client: 1, ...rest },
      { do: "trouble", fault: "full", oneIn: 1, ms: 3_000 },
      { ...publish, client: 1, topic: "a", qos: 1, count: 3, restMs: gapMs },
      { ...publish, client: 1, topic: "a", qos: 2, count: 3, restMs: gapMs },
      { do: "pass", ms: 10_000 },
      { ...publish, client: 1, topic: "a", qos: 1, count: 3, ...rest },
    ]);
    for (const result of results) expect(result.deliveries).toBeGreaterThanOrEqual(3);
  });
});
