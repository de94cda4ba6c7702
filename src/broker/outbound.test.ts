/** What goes to one client: the aliases it is taught, and what becomes of messages that it does not read. */

import { describe, expect, test } from "vitest";
import { Bench } from "../../test/support/broker-bench.ts";
import { RESUME, scene } from "../../test/support/session-scene.ts";

describe("topic aliases towards the client", () => {
  test("are given to the first topics and kept for the connection", () => {
    const { publisher, bench } = scene();
    const client = bench.connect("aliased", { properties: { topicAliasMaximum: 2 } });
    client.sub("#", { qos: 1 });
    for (const topic of ["a", "b", "c", "a", "b", "c"]) publisher.pub(topic, topic);
    expect(client.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      ["a", 1],
      ["b", 2],
      ["c", undefined],
      ["", 1],
      ["", 2],
      ["c", undefined],
    ]);
    client.cut();
  });

  test("are taught anew on every connection, for what is sent again too", () => {
    const { publisher, bench } = scene();
    const aliased = { ...RESUME, properties: { topicAliasMaximum: 1 } };
    const client = bench.connect("aliased", aliased);
    client.sub("#", { qos: 1 });
    publisher.pub("a", "1", { qos: 1 });
    publisher.pub("a", "2", { qos: 1 });
    client.cut();
    const second = bench.connect("aliased", aliased);
    expect(second.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      ["a", 1],
      ["", 1],
    ]);
  });

  test("stay away where the packet would then be too long", () => {
    const { publisher, bench } = scene();
    const topic = "t".repeat(40);
    const length = 2 + 2 + 40 + 1 + 10;
    const client = bench.connect("aliased", {
      properties: { topicAliasMaximum: 5, maximumPacketSize: length },
    });
    client.sub("#");
    publisher.pub(topic, "x".repeat(10));
    publisher.pub(topic, "x".repeat(5));
    publisher.pub(topic, "x".repeat(11));
    expect(client.messages.map(({ topicName, properties }) => [topicName, properties.topicAlias])).toEqual([
      [topic, undefined],
      [topic, 1],
    ]);
    // The third would fit with its alias; without it, it does not.
    expect(bench.counts["packet-too-large"] ?? 0).toBeLessThanOrEqual(1);
  });

  test("never exceed what the broker is told to use", () => {
    const bench = new Bench({ settings: { topicAliasMaximumOutbound: 0 } });
    const client = bench.connect("aliased", { properties: { topicAliasMaximum: 5 } });
    client.sub("#");
    bench.connect("p").pub("a", "");
    expect(client.messages[0]?.properties.topicAlias).toBeUndefined();
  });
});

describe("a client that does not read", () => {
  const stalled = (settings = {}) => {
    const { bench, client, publisher } = scene({}, { maximumOutputBytes: 65_536, ...settings }, 1);
    client.pipe.pauseReading();
    const flood = (qos: 0 | 1, count: number): void => {
      for (let i = 0; i < count; i++) publisher.pub("t", new Uint8Array(10_000), { qos });
    };
    return { bench, client, flood };
  };

  test("loses QoS 0 beyond its output, each with its outcome", () => {
    const { bench, client, flood } = stalled();
    flood(0, 30);
    client.pipe.resumeReading();
    bench.run();
    const lost = bench.counts["receiver-slow"] ?? 0;
    expect(lost).toBeGreaterThan(0);
    expect(client.messages.length + lost).toBe(30);
  });

  test("gets QoS 1 in full once it reads again", () => {
    const { bench, client, flood } = stalled();
    flood(1, 300);
    client.pipe.resumeReading();
    bench.run();
    expect(bench.outcomes()).toEqual([]);
    expect(client.messages.length).toBe(300);
  });

  test("costs nobody else anything", () => {
    const { bench, flood } = stalled();
    const other = bench.connect("other");
    other.sub("#");
    flood(0, 50);
    expect(other.messages.length).toBe(50);
  });
});
