import { expect, test } from "vitest";
import { ServerNames } from "./server-names.ts";

test("a name finds what was added for it, or a wildcard for its first label", () => {
  const names = new ServerNames<string>();
  for (const [name, value] of [
    ["Broker.Example.org", "first"],
    ["*.example.org", "wildcard"],
    ["broker.example.org", "later"],
    ["localhost.", "local"],
  ] as const) {
    names.add(name, value);
  }
  const asked = [
    "broker.example.org",
    "BROKER.EXAMPLE.ORG.",
    "other.example.org",
    "a.b.example.org",
    "example.org",
    ".example.org",
    "localhost",
    "",
  ];
  expect(asked.map((name) => names.get(name))).toEqual([
    "first",
    "first",
    "wildcard",
    undefined,
    undefined,
    undefined,
    "local",
    undefined,
  ]);
});

test.each(["a", "a.b-c.example", "*.example.org", "localhost.", "under_score"])("%s is a name", (name) => {
  expect(ServerNames.isName(name)).toBe(true);
});

test.each(["", "*", "*.*.org", "a..b", "a b", "a.*", "https://a", "a:1"])("%j is none", (name) => {
  expect(ServerNames.isName(name)).toBe(false);
});
