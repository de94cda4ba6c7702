import { describe, expect, test } from "vitest";
import type { Identity } from "#auth";
import { FilterIndex, type FilterIndexOptions, namePlaceholders } from "./filter-index.ts";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };

function identity(clientId: string, userName?: string): Identity {
  return { clientId, userName, address, listener: "", certificate: undefined, claims: undefined };
}

const client = identity("c1", "u1");

function indexOf(filters: readonly string[], options: FilterIndexOptions = {}): FilterIndex {
  const index = new FilterIndex({ placeholders: namePlaceholders, ...options });
  for (const [order, filter] of filters.entries()) index.add(filter, order);
  return index;
}

const covers = (filter: string, text: string, who = client): boolean =>
  indexOf([filter]).first(who, text) === 0;
const overlaps = (filter: string, text: string, who = client): boolean => {
  const found: number[] = [];
  indexOf([filter]).overlapping(who, text, found);
  return found.length > 0;
};

describe("topic names", () => {
  test.each([
    ["a/b", "a/b", true],
    ["a/b", "a/b/", false],
    ["a/", "a/", true],
    ["a/+", "a/", true],
    ["/", "/", true],
    ["+/+", "/", true],
    ["+", "/", false],
    ["a/#", "a", true],
    ["a/#", "a/b/c", true],
    ["a/#", "ab", false],
    ["#", "a/b", true],
    ["#", "$SYS/a", false],
    ["+/a", "$SYS/a", false],
    ["$SYS/#", "$SYS/a", true],
    ["a/#", "a/$x", true],
    ["a/+", "a/$x", true],
    ["c/%c", "c/c1", true],
    ["c/%c", "c/c2", false],
    ["%u/%c/#", "u1/c1/x/y", true],
    ["c/%c1", "c/%c1", true],
    ["c/%c1", "c/c11", false],
  ])("%s and %s: %s", (filter, name, expected) => {
    expect(covers(filter, name)).toBe(expected);
    expect(overlaps(filter, name)).toBe(expected);
  });

  test("the lowest order of all that match, whatever their shape", () => {
    const index = indexOf(["x", "a/#", "a/+", "+/b", "a/b", "#"]);
    expect(index.first(client, "a/b")).toBe(1);
    expect(index.first(client, "q/b")).toBe(3);
    expect(index.first(client, "q")).toBe(5);
    const all: number[] = [];
    index.covering(client, "a/b", all);
    expect(new Set(all)).toEqual(new Set([1, 2, 3, 4, 5]));
  });
});

describe("placeholders", () => {
  test("who has no user name has no place of a user", () => {
    expect(covers("u/%u", "u/", identity("c1"))).toBe(false);
    expect(covers("u/%u", "u/undefined", identity("c1"))).toBe(false);
    expect(overlaps("u/%u", "u/+", identity("c1"))).toBe(false);
  });

  test("a name is never more than one level, and never a wildcard", () => {
    expect(covers("c/%c", "c/a/b", identity("a/b"))).toBe(false);
    expect(covers("c/%c/#", "c/a/b/x", identity("a/b"))).toBe(false);
    expect(covers("c/%c", "c/+", identity("+"))).toBe(false);
    expect(covers("c/%c", "c/#", identity("#"))).toBe(false);
    expect(covers("c/%c", "c/x", identity("+"))).toBe(false);
  });

  test("an entry that begins with a name does not open topics that begin with $", () => {
    expect(covers("%u/a", "$SYS/a", identity("c", "$SYS"))).toBe(false);
  });
});

describe("filters", () => {
  test.each([
    // filter of the rule, filter that is asked for, covered, overlapping
    ["a/#", "a/#", true, true],
    ["a/#", "a/+", true, true],
    ["a/#", "a", true, true],
    ["a/#", "a/b/+", true, true],
    ["a/+", "a/#", false, true],
    ["a/+", "a/+", true, true],
    ["a/b", "a/+", false, true],
    ["a/b", "a/#", false, true],
    ["a/b", "+/b", false, true],
    ["a/b", "+/c", false, false],
    ["a/b/c", "#", false, true],
    ["a/b/c", "a/+", false, false],
    ["a/b/#", "a/+", false, true],
    ["a", "a/#", false, true],
    ["+", "#", false, true],
    ["+/b", "a/+", false, true],
    ["#", "#", true, true],
    ["#", "+", true, true],
    ["#", "$SYS/#", false, false],
    ["$SYS/#", "#", false, false],
    ["$SYS/a", "+/a", false, false],
    ["$SYS/#", "$SYS/+", true, true],
    ["c/%c/#", "c/c1/+", true, true],
    ["c/%c/#", "c/+/x", false, true],
    ["c/%c/#", "c/#", false, true],
    ["c/%c/x", "c/c2/#", false, false],
  ])("%s against %s: covers %s, overlaps %s", (filter, asked, covered, overlapping) => {
    expect(covers(filter, asked)).toBe(covered);
    expect(overlaps(filter, asked)).toBe(overlapping);
  });

  test("where $ is ordinary, wildcards stand for everything", () => {
    const ordinary = { dollarIsOrdinary: true };
    expect(indexOf(["#"], ordinary).first(client, "$SYS/#")).toBe(0);
    expect(indexOf(["+/a"], ordinary).first(client, "$SYS/a")).toBe(0);
  });
});
