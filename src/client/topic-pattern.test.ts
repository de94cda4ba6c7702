import { expect, it } from "vitest";
import { topicPattern } from "./topic-pattern.ts";

it.each([
  ["a/b", "a/b", "a/b", {}],
  ["a/+/#", "a/+/#", "a/1/2", {}],
  ["a/{x}/b/{y}", "a/+/b/+", "a/1/b/2", { x: "1", y: "2" }],
  ["{all...}", "#", "a/b/c", { all: "a/b/c" }],
  ["a/{rest...}", "a/#", "a", { rest: "" }],
  ["$share/g/a/{x}", "$share/g/a/+", "a/1", { x: "1" }],
  ["a/x{y}", "a/x{y}", "a/x{y}", {}],
])("%s", (pattern, topicFilter, topicName, parameters) => {
  const parsed = topicPattern(pattern);
  expect(parsed.topicFilter).toBe(topicFilter);
  expect(parsed.parametersOf(topicName)).toEqual(parameters);
});
