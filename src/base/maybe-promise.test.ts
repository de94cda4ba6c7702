import { expect, test } from "vitest";
import { isPromise, type MaybePromise } from "./maybe-promise.ts";

test("what has a then is waited for, everything else is a value", () => {
  for (const promise of [
    Promise.resolve(1),
    (async () => 1)(),
    new (class extends Promise<number> {})((resolve) => resolve(1)),
  ]) {
    expect(isPromise(promise as MaybePromise<unknown>)).toBe(true);
  }
  for (const value of [undefined, null, 0, "then", true, {}, [], () => undefined]) {
    expect(isPromise(value as MaybePromise<unknown>)).toBe(false);
  }
});
