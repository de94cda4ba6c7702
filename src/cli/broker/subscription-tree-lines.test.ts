import { expect, it } from "vitest";
import { subscriptionTreeLines } from "./subscription-tree-lines.ts";

const subscriptions = [
  { clientId: "one", topicFilter: "a/b", qos: 0 },
  { clientId: "one", topicFilter: "a/#", qos: 1 },
  { clientId: "one", topicFilter: "a//c", qos: 1 },
  { clientId: "two", topicFilter: "a/b", qos: 2 },
  { clientId: "two", topicFilter: "$share/group/a/b", qos: 1 },
] as const;

it("shows each level once, with the clients of the filters that end there, and their QoS", () => {
  expect(subscriptionTreeLines(subscriptions, 100)).toEqual([
    "a",
    "  b (one, 0) (two, 2)",
    "  # (one, 1)",
    "  ",
    "    c (one, 1)",
    "$share",
    "  group",
    "    a",
    "      b (two, 1)",
  ]);
});

it("ends at its limit, and says so", () => {
  expect(subscriptionTreeLines(subscriptions, 2)).toEqual(["a", "  b (one, 0) (two, 2)", "... and more"]);
  expect(subscriptionTreeLines([], 2)).toEqual([]);
});
