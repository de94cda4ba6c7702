import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "#base";
import { NO_EXPIRY } from "#protocol";
import { Message, NEVER } from "./message.ts";
import { Topic } from "./topic.ts";

const topic = Topic.of(utf8Encode("t"), 1);
const other = Topic.of(utf8Encode("other"), 2);

function inChunk(text: string): { chunk: Uint8Array; message: Message } {
  const chunk = utf8Encode(`##${text}##`);
  return { chunk, message: new Message(topic, chunk, 2, chunk.length - 2, 1, true) };
}

const textOf = (message: Message): string => utf8Decode(message.payload);

describe("keep", () => {
  test.each([0, 1, 100, 4096, 4097, 70_000])("%i bytes outlive their chunk", (length) => {
    const text = "x".repeat(length);
    const { chunk, message } = inChunk(text);
    message.properties = new Uint8Array([1, 2]);
    message.expiresAt = 99;
    message.publisherId = "p";
    const kept = message.keep();
    chunk.fill(0);
    expect(textOf(kept)).toBe(text);
    expect(kept).toMatchObject({ topic, qos: 1, retain: true, expiresAt: 99, publisherId: "p" });
    expect(kept.properties).toEqual(new Uint8Array([1, 2]));
  });

  test("is the same object for all who ask", () => {
    const { message } = inChunk("a");
    const kept = message.keep();
    expect(message.keep()).toBe(kept);
    expect(kept.keep()).toBe(kept);
  });

  test("is not touched when the original is used again", () => {
    const { message } = inChunk("first");
    message.properties = new Uint8Array([7]);
    message.expiresAt = 5;
    const first = message.keep();
    const chunk = utf8Encode("second");
    message.reuse(other, chunk, 0, 6, 0, false);
    expect(message.expiresAt).toBe(NEVER);
    expect(message.properties.length).toBe(0);
    const second = message.keep();
    chunk.fill(0);
    expect(second).not.toBe(first);
    expect([textOf(first), first.topic, first.qos, first.retain, first.expiresAt]).toEqual([
      "first",
      topic,
      1,
      true,
      5,
    ]);
    expect([textOf(second), second.topic, second.qos, second.retain]).toEqual(["second", other, 0, false]);
  });

  test("many share slabs without touching each other", () => {
    const kept: Message[] = [];
    for (let i = 0; i < 500; i++) kept.push(inChunk(`${i}`.repeat(1 + (i % 700))).message.keep());
    for (const [i, message] of kept.entries()) expect(textOf(message)).toBe(`${i}`.repeat(1 + (i % 700)));
  });
});

describe("settle", () => {
  test("gives the kept form bytes of its own", () => {
    const { chunk, message } = inChunk("small");
    const kept = message.keep();
    const held = kept.payload;
    expect(kept.bytes.length).toBeGreaterThan(5);
    const settled = message.settle();
    expect(settled).toBe(kept);
    expect(settled.bytes.length).toBe(5);
    chunk.fill(0);
    expect(textOf(settled)).toBe("small");
    expect(utf8Decode(held)).toBe("small"); // who read it before goes on reading
    expect(settled.settle().bytes).toBe(settled.bytes);
  });

  test("does not change what counts against limits", () => {
    const { message } = inChunk("payload");
    message.properties = new Uint8Array(3);
    const before = message.sizeBytes;
    expect(before).toBe(7 + 3 + 1);
    expect(message.keep().sizeBytes).toBe(before);
    expect(message.settle().sizeBytes).toBe(before);
  });

  test("leaves a message alone that owns its payload", () => {
    const payload = utf8Encode("own");
    const message = Message.of(topic, payload, 0, false);
    expect(message.settle()).toBe(message);
    expect(message.bytes).toBe(payload);
  });
});

test("withPayload changes nothing but the payload", () => {
  const { message } = inChunk("before");
  message.properties = new Uint8Array([1]);
  message.expiresAt = 10;
  message.publisherId = "p";
  const changed = message.withPayload(utf8Encode("after"));
  expect(textOf(changed)).toBe("after");
  expect(textOf(message)).toBe("before");
  expect(changed).toMatchObject({ topic, qos: 1, retain: true, expiresAt: 10, publisherId: "p" });
  expect(changed.keep()).toBe(changed);
});

test("remainingExpiry counts whole seconds down, and never below 0", () => {
  const { message } = inChunk("x");
  expect(message.remainingExpiry(0)).toBe(NO_EXPIRY);
  message.expiresAt = 10_000;
  expect([0, 1, 9_000, 9_001, 9_999, 10_000, 12_000].map((now) => message.remainingExpiry(now))).toEqual([
    10, 10, 1, 1, 1, 0, 0,
  ]);
});
