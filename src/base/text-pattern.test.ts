import { expect, test } from "vitest";
import { TextPattern } from "./text-pattern.ts";

test.each([
  ["abc", "abc", true],
  ["abc", "abcd", false],
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["*", "anything/at all", true],
  ["sensor-*", "sensor-1", true],
  ["sensor-*", "sensor-", true],
  ["sensor-*", "xsensor-1", false],
  ["*.example.org", "a.example.org", true],
  ["*.example.org", "a.example.org.evil", false],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["a*b*c", "a-b-c", true],
  ["a*b*c", "a-c-b", false],
  ["a*bc*c", "abc", false],
  ["a*bc*c", "abcc", true],
  ["*a*b*", "xxbxxa", false],
  ["**", "x", true],
  ["a.c", "abc", false],
  ["[a]*", "[a]b", true],
  ["Abc", "abc", false],
])("%s and %s: %s", (pattern, text, expected) => {
  expect(new TextPattern(pattern).matches(text)).toBe(expected);
});

test("many stars in a long text end", () => {
  expect(new TextPattern(`${"*a".repeat(1000)}*b`).matches("a".repeat(100_000))).toBe(false);
});
