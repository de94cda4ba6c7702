import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { ProtocolVersion, topicMatches } from "#protocol";
import { Message } from "./message.ts";
import { RetainedMessages } from "./retained.ts";
import { TopicTable } from "./topic.ts";

const topics = new TopicTable({ rejectControlCharacters: false });
const LIMITS = { maximumRetainedMessages: 1000, maximumRetainedBytes: 1_000_000 };

function message(topicName: string, payload: string, expiresAt = Number.POSITIVE_INFINITY): Message {
  const topic = topics.of(topicName, ProtocolVersion.MQTT_5_0);
  const made = Message.of(topic, utf8Encode(payload), 0, true);
  made.expiresAt = expiresAt;
  return made;
}

const read = (retained: RetainedMessages, filter: string): string[] =>
  [...retained.cursor(filter.split("/"))].map((each) => each.topic.name).sort();

const level = fc.constantFrom("a", "b", "", "$x");
const topicName = fc
  .array(level, { minLength: 1, maxLength: 3 })
  .map((levels) => levels.join("/"))
  .filter((name) => name !== "");
const filter = fc
  .tuple(
    fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 3 }),
    fc.constantFrom("#", "+", "a", "b", ""),
  )
  .map(([levels, last]) => [...levels, last].join("/"))
  .filter((each) => each !== "");

/** What is and what has to be are the same. */
function agree(actual: unknown, wanted: unknown): void {
  expect(actual).toEqual(wanted);
}

describe("the tree is a map by topic", () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant("store" as const),
        topicName,
        size: fc.nat(40),
        ttl: fc.nat(9),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("remove" as const), topicName }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("sweep" as const) }) },
  );

  test("under stores, removals, expiry and limits", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 50 }),
        fc.array(filter, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(3, 1000),
        fc.constantFrom(60, 100_000),
        (steps, filters, maximumRetainedMessages, maximumRetainedBytes) => {
          const retained = new RetainedMessages({ maximumRetainedMessages, maximumRetainedBytes });
          const naive = new Map<string, Message>();
          const bytes = (): number => [...naive.values()].reduce((sum, each) => sum + each.sizeBytes, 0);
          for (const [now, each] of steps.entries()) {
            if (each.type === "sweep") {
              retained.sweep(now, 1000);
              for (const [name, held] of naive) if (held.expiresAt <= now) naive.delete(name);
            } else if (each.type === "remove") {
              agree(retained.store(message(each.topicName, "")), true);
              naive.delete(each.topicName);
            } else {
              const made = message(each.topicName, "x".repeat(each.size), now + each.ttl);
              naive.delete(each.topicName);
              const fits =
                each.size === 0 ||
                (naive.size < maximumRetainedMessages && bytes() + made.sizeBytes <= maximumRetainedBytes);
              agree(retained.store(made), fits);
              if (fits && each.size > 0) naive.set(each.topicName, made);
            }
            expect([retained.count, retained.sizeBytes]).toEqual([naive.size, bytes()]);
            for (const wanted of filters) {
              expect(read(retained, wanted)).toEqual(
                [...naive.keys()].filter((name) => topicMatches(wanted, name)).sort(),
              );
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a cursor gives what was there when it began and was neither removed nor replaced before it was read", () => {
    fc.assert(
      fc.property(
        fc.array(topicName, { maxLength: 15 }),
        filter,
        fc.array(fc.oneof(step, fc.record({ type: fc.constant("read" as const) })), { maxLength: 40 }),
        (first, wanted, steps) => {
          const retained = new RetainedMessages(LIMITS);
          for (const name of first) retained.store(message(name, "first"));
          const due = new Set([...first].filter((name) => topicMatches(wanted, name)));
          const cursor = retained.cursor(wanted.split("/"));
          const got: string[] = [];
          const readOne = (): boolean => {
            const next = cursor.next();
            if (next.done === true) return false;
            const name = next.value.topic.name;
            expect(due.delete(name)).toBe(true); // due, and once only
            got.push(name);
            return true;
          };
          for (const each of steps) {
            if (each.type === "read") readOne();
            else if (each.type === "remove") {
              retained.store(message(each.topicName, ""));
              due.delete(each.topicName);
            } else if (each.type === "store") {
              retained.store(message(each.topicName, "x".repeat(each.size)));
              due.delete(each.topicName);
            }
          }
          while (readOne());
          expect([...due]).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("limits", () => {
  test("a replacement is always possible when the count is reached", () => {
    const retained = new RetainedMessages({ ...LIMITS, maximumRetainedMessages: 1 });
    expect(retained.store(message("a", "1"))).toBe(true);
    expect(retained.store(message("b", "1"))).toBe(false);
    expect(retained.store(message("a", "2"))).toBe(true);
    expect([retained.count, read(retained, "#")]).toEqual([1, ["a"]]);
  });

  test("a replacement that does not fit leaves nothing behind", () => {
    const retained = new RetainedMessages({ ...LIMITS, maximumRetainedBytes: 10 });
    expect(retained.store(message("a", "12345"))).toBe(true);
    expect(retained.store(message("a", "1234567890"))).toBe(false);
    expect([retained.count, retained.sizeBytes, read(retained, "#")]).toEqual([0, 0, []]);
  });

  test("nothing at all is kept when the maximum is 0", () => {
    const retained = new RetainedMessages({ ...LIMITS, maximumRetainedMessages: 0 });
    expect(retained.store(message("a", "1"))).toBe(false);
    expect(retained.store(message("a", ""))).toBe(true);
  });
});

test("a sweep reaches topics of any depth that a name can have", () => {
  const retained = new RetainedMessages(LIMITS);
  const deep = "/".repeat(65_000);
  retained.store(message(deep, "x", 5));
  retained.sweep(10, 1000);
  expect(retained.count).toBe(0);
});

test("a cursor reaches topics of any depth that a name can have", () => {
  const retained = new RetainedMessages(LIMITS);
  const deep = "/".repeat(65_000);
  retained.store(message(deep, "x"));
  expect(read(retained, "#")).toEqual([deep]);
});
