import { expect, test } from "vitest";
import { Repetition } from "./repetition.ts";

test("says each thing once an interval, and how often it was left out", () => {
  const repetition = new Repetition(10, 4);
  expect(repetition.tell("a", 0)).toBe(0);
  expect(repetition.tell("a", 1)).toBeUndefined();
  expect(repetition.tell("b", 1)).toBe(0);
  expect(repetition.tell("a", 9)).toBeUndefined();
  expect(repetition.tell("a", 10)).toBe(2);
  expect(repetition.tell("a", 19)).toBeUndefined();
  expect(repetition.tell("a", 20)).toBe(1);
});
