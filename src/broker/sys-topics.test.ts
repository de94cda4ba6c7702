import { describe, expect, test } from "vitest";
import { utf8Decode } from "#base";
import { Bench, type BenchClient } from "../../test/support/broker-bench.ts";
import { undeliveredKinds } from "./outcome.ts";

const ROOT = "$SYS/broker/";

function latest(client: BenchClient): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { topicName, payload } of client.messages)
    values[topicName.slice(ROOT.length)] = utf8Decode(payload);
  return values;
}

const watched = (settings = {}) => {
  const bench = new Bench({ settings: { sysIntervalSeconds: 10, ...settings }, version: "martlet 1.2.3" });
  const watcher = bench.connect("watcher");
  watcher.sub(`${ROOT}#`, { qos: 0 });
  return { bench, watcher };
};

test("has the names that users of Mosquitto know, retained, from the start", () => {
  const { watcher } = watched();
  expect(watcher.messages.every(({ retain }) => retain)).toBe(true);
  expect(Object.keys(latest(watcher)).sort()).toEqual(
    [
      "version",
      "uptime",
      ...["total", "connected", "active", "disconnected", "inactive", "maximum", "expired"].map(
        (each) => `clients/${each}`,
      ),
      "connections/socket/count",
      "messages/received",
      "messages/sent",
      "messages/stored",
      "store/mode",
      "store/messages/count",
      "store/messages/bytes",
      "retained messages/count",
      "subscriptions/count",
      "shared_subscriptions/count",
      "publish/messages/received",
      "publish/messages/sent",
      "publish/messages/dropped",
      "publish/bytes/received",
      "publish/bytes/sent",
      "bytes/received",
      "bytes/sent",
      "packet/out/bytes",
      ...Object.keys(undeliveredKinds).map((kind) => `publish/undelivered/${kind}`),
    ].sort(),
  );
  expect(latest(watcher)).toMatchObject({ version: "martlet 1.2.3", uptime: "0 seconds" });
});

test("tells what the process holds, and the most it has held, where somebody knows", () => {
  let held = 100;
  const bench = new Bench({ settings: { sysIntervalSeconds: 10 }, memoryBytes: () => held });
  const watcher = bench.connect("watcher");
  watcher.sub(`${ROOT}heap/#`, { qos: 0 });
  expect(latest(watcher)).toEqual({ "heap/current": "100", "heap/maximum": "100" });
  held = 300;
  bench.pass(10);
  held = 200;
  bench.pass(10);
  expect(latest(watcher)).toEqual({ "heap/current": "200", "heap/maximum": "300" });
});

test("says what has changed, every interval, and nothing else", () => {
  const { bench, watcher } = watched();
  bench.pass(10); // the watcher itself is a change
  watcher.news();
  bench.pass(9);
  expect(watcher.news()).toEqual([]);
  bench.pass(1);
  const said = watcher.news();
  expect(said).toContain(`PUBLISH ${ROOT}uptime 20 seconds q0`);
  expect(said.some((each) => each.includes("version"))).toBe(false);
  expect(said.some((each) => each.includes("clients/connected"))).toBe(false);
});

test("agrees with the broker's own figures", () => {
  const { bench, watcher } = watched();
  const client = bench.connect("c", { cleanStart: false, expiry: 15 });
  client.sub("a/#");
  client.sub("$share/g/b");
  const publisher = bench.connect("p");
  publisher.pub("a", "12345", { retain: true });
  publisher.pub("nobody");
  client.cut();
  publisher.pub("a", "lost");
  bench.pass(10);
  const values = latest(watcher);
  expect(values).toMatchObject({
    "clients/total": "3",
    "clients/connected": "2",
    "clients/disconnected": "1",
    "clients/maximum": "3",
    "subscriptions/count": "3",
    "shared_subscriptions/count": "1",
    "publish/messages/received": "3",
    "publish/messages/dropped": "1",
    "publish/undelivered/no-subscriber": "1",
    "publish/undelivered/receiver-offline": "1",
    "publish/bytes/received": "9",
  });
  bench.pass(10);
  expect(latest(watcher)).toMatchObject({
    "clients/total": "2",
    "clients/expired": "1",
    "subscriptions/count": "1",
  });
});

describe("load averages", () => {
  const averages = (values: Record<string, string>): number[] =>
    ["1min", "5min", "15min"].map((each) => Number(values[`load/publish/received/${each}`]));

  test("approach the rate per minute, and forget it again", () => {
    const { bench, watcher } = watched();
    const publisher = bench.connect("p");
    for (let i = 0; i < 360; i++) {
      publisher.pub("t");
      bench.pass(10);
    }
    const before = averages(latest(watcher));
    for (const average of before) expect(average).toBeGreaterThan(5.8);
    for (const average of before) expect(average).toBeLessThanOrEqual(6.01);
    bench.pass(300);
    const after = averages(latest(watcher));
    for (const [index, minutes] of [1, 5, 15].entries()) {
      expect(after[index]).toBeCloseTo((before[index] as number) * Math.exp(-5 / minutes), 1);
    }
  });

  test("begin with the share of what the first interval says", () => {
    const { bench, watcher } = watched();
    const publisher = bench.connect("p");
    for (let i = 0; i < 10; i++) publisher.pub("t");
    bench.pass(10);
    const expected = [1, 5, 15].map((minutes) => 60 * (1 - Math.exp(-10 / (60 * minutes))));
    for (const [index, average] of averages(latest(watcher)).entries()) {
      expect(average).toBeCloseTo(expected[index] as number, 1);
    }
  });
});

test("0 switches it off, and then nothing is kept and no timer runs", () => {
  const bench = new Bench();
  const watcher = bench.connect("watcher");
  watcher.sub("$SYS/#");
  bench.pass(100);
  expect(watcher.messages).toEqual([]);
  expect(bench.broker.sizes).toMatchObject({ retained: 0, timers: 0 });
});

test("its own messages are no outcome, and # does not match them", () => {
  const bench = new Bench({ settings: { sysIntervalSeconds: 1 } });
  const client = bench.connect("c");
  client.sub("#");
  client.sub("+/broker/uptime");
  bench.pass(100);
  expect(client.messages).toEqual([]);
  expect(bench.counts).toEqual({});
});

test("does not use up the limit of retained messages", () => {
  const { bench } = watched({ maximumRetainedMessages: 1 });
  const publisher = bench.connect("p");
  publisher.pub("mine", "x", { retain: true });
  const reader = bench.connect("reader");
  reader.sub("mine");
  expect(reader.texts).toEqual(["x"]);
  expect(bench.counts["retained-full"]).toBeUndefined();
});
