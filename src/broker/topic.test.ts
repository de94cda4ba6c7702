import { describe, expect, test } from "vitest";
import { hashBytes, utf8Encode } from "#base";
import { MalformedPacketError, ProtocolError, ProtocolVersion } from "#protocol";
import { type Topic, TopicTable } from "./topic.ts";

const { MQTT_5_0 } = ProtocolVersion;
const table = (): TopicTable => new TopicTable({ rejectControlCharacters: false });

function resolve(topics: TopicTable, name: string): Topic {
  const bytes = utf8Encode(`xx${name}yy`);
  return topics.resolve(bytes, 2, bytes.length - 2, MQTT_5_0);
}

describe("Topic", () => {
  test.each([
    ["a", 1, false],
    ["a/b/c", 3, false],
    ["/", 2, false],
    ["/a/", 3, false],
    ["é/☃/b", 3, false],
    ["$SYS", 1, true],
    ["$SYS/broker/uptime", 3, true],
    ["$SYSTEM/a", 2, false],
    ["$sys/a", 2, false],
    ["a/$SYS", 2, false],
  ])("%s", (name, levels, isSystem) => {
    const topic = resolve(table(), name);
    expect(topic).toMatchObject({ name, levels, isSystem });
    const root = utf8Encode(name.split("/")[0] as string);
    expect(topic.rootHash).toBe(hashBytes(root, 0, root.length));
  });

  test("owns its bytes", () => {
    const bytes = utf8Encode("a/b");
    const topic = table().resolve(bytes, 0, 3, MQTT_5_0);
    bytes.fill(0x7a);
    expect(topic.name).toBe("a/b");
  });
});

describe("TopicTable", () => {
  test("gives the same topic for the same bytes, wherever they lie", () => {
    const topics = table();
    expect(resolve(topics, "a/b")).toBe(resolve(topics, "a/b"));
    expect(topics.of("a/b", MQTT_5_0)).toBe(resolve(topics, "a/b"));
    expect(resolve(topics, "a/bc")).not.toBe(resolve(topics, "a/b"));
  });

  test("tells topics with one hash apart", () => {
    const pair = ["t/eunb", "t/10pe0"];
    const topics = table();
    const [first, second] = pair.map((name) => resolve(topics, name)) as [Topic, Topic];
    expect(first.hash).toBe(second.hash);
    expect([first.name, second.name]).toEqual(pair);
    for (const name of pair) expect(resolve(topics, name).name).toBe(name);
  });

  test("finds all topics of a table that had to grow", () => {
    const topics = table();
    const all = Array.from({ length: 5000 }, (_, i) => resolve(topics, `grow/${i}`));
    for (const [i, topic] of all.entries()) expect(resolve(topics, `grow/${i}`)).toBe(topic);
  });

  test("forgets what two generations did not ask for, and keeps what they did", () => {
    const topics = table();
    const idle = resolve(topics, "idle");
    const busy = resolve(topics, "busy");
    const found = new Set<Topic>();
    for (let i = 0; i < 3 * 65_536; i++) {
      resolve(topics, `flood/${i}`);
      if (i % 1000 === 0) found.add(resolve(topics, "busy"));
    }
    expect([...found]).toEqual([busy]);
    expect(resolve(topics, "idle")).not.toBe(idle);
    expect(idle.name).toBe("idle"); // a forgotten one goes on working
  });

  test.each([
    ["a/+/b", ProtocolError],
    ["#", ProtocolError],
    ["a\0", MalformedPacketError],
    ["", ProtocolError],
  ])("refuses %j", (name, kind) => {
    expect(() => resolve(table(), name)).toThrow(kind);
  });

  test("refuses what is not UTF-8, and then every time", () => {
    const topics = table();
    for (let i = 0; i < 2; i++) {
      expect(() => topics.resolve(new Uint8Array([0x61, 0xc0, 0x80]), 0, 3, MQTT_5_0)).toThrow(
        MalformedPacketError,
      );
    }
  });

  test("refuses control characters where it is told to", () => {
    expect(() => resolve(new TopicTable({ rejectControlCharacters: true }), "a\u0007")).toThrow(
      MalformedPacketError,
    );
    expect(resolve(table(), "a\u0007").name).toBe("a\u0007");
  });
});
