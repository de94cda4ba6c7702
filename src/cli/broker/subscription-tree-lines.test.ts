import { expect, it } from "vitest";
import { subscriptionTreeLines } from "./subscription-tree-lines.ts";

const clients = [
  { clientId: "one", subscriptions: ["a/b", "a/#", "a//c"] },
  { clientId: "two", subscriptions: ["a/b", "$share/group/a/b"] },
];

it("shows each level once, with the clients of the filters that end there", () => {
  expect(subscriptionTreeLines(clients, 100)).toEqual([
    "a",
    "  b (one, two)",
    "  # (one)",
    "  ",
    "    c (one)",
    "$share",
    "  group",
    "    a",
    "      b (two)",
  ]);
});

it("ends at its limit, and says so", () => {
  expect(subscriptionTreeLines(clients, 2)).toEqual(["a", "  b (one, two)", "... and more"]);
  expect(subscriptionTreeLines([], 2)).toEqual([]);
});
