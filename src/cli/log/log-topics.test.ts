import { expect, it } from "vitest";
import { nextTurn } from "../../../test/support/next-turn.ts";
import { LogTopics, type PublishLine } from "./log-topics.ts";
import type { LogType } from "./log-type.ts";

/** Lines that are published, as `topic qos payload`. */
function topics(onPublish: (topics: LogTopics) => void = () => undefined): {
  readonly lines: LogTopics;
  readonly published: string[];
} {
  const published: string[] = [];
  const publish: PublishLine = async ({ topicName, payload, qos }) => {
    published.push(`${topicName} ${qos} ${payload}`);
    onPublish(lines);
    await Promise.resolve();
  };
  const lines = new LogTopics(() => publish);
  return { lines, published };
}

function entry(type: LogType, text: string, about?: string): Parameters<LogTopics["write"]>[0] {
  return { type, text, line: `1: ${text}`, about };
}

it("publishes each line by its type, after the turn in which it came", async () => {
  const { lines, published } = topics();
  const types = ["error", "warning", "notice", "information", "debug", "subscribe", "unsubscribe"] as const;
  for (const type of types) lines.write(entry(type, type));
  expect(published).toEqual([]);
  await nextTurn();
  expect(published).toEqual([
    "$SYS/broker/log/E 2 1: error",
    "$SYS/broker/log/W 2 1: warning",
    "$SYS/broker/log/N 2 1: notice",
    "$SYS/broker/log/I 2 1: information",
    "$SYS/broker/log/D 0 1: debug",
    "$SYS/broker/log/M/subscribe 0 1: subscribe",
    "$SYS/broker/log/M/unsubscribe 0 1: unsubscribe",
  ]);
});

it("what publishing makes to tell is not published, and what comes later is", async () => {
  const { lines, published } = topics((each) => each.write(entry("error", "a rule could not be read")));
  lines.write(entry("notice", "first"));
  await nextTurn();
  lines.write(entry("notice", "second"));
  await nextTurn();
  expect(published).toEqual(["$SYS/broker/log/N 2 1: first", "$SYS/broker/log/N 2 1: second"]);
});

it("lines about its own messages are not published, whenever they come", async () => {
  const { lines, published } = topics();
  lines.write(entry("debug", "Sending PUBLISH", "$SYS/broker/log/D"));
  lines.write(entry("debug", "Sending PUBLISH", "a/b"));
  await nextTurn();
  expect(published).toEqual(["$SYS/broker/log/D 0 1: Sending PUBLISH"]);
});

it("goes on after a message that was refused", async () => {
  const published: string[] = [];
  const lines = new LogTopics(() => ({ payload }) => {
    published.push(payload);
    return Promise.reject(new TypeError("refused"));
  });
  lines.write(entry("notice", "first"));
  lines.write(entry("notice", "second"));
  await nextTurn();
  expect(published).toEqual(["1: first", "1: second"]);
});
