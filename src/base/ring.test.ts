// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Ring } from "./ring.ts";

type Step = readonly ["push" | "removeAt", number] | readonly ["shift" | "clear"];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant("push" as const), fc.nat()) },
  { weight: 4, arbitrary: fc.constant(["shift"] as const) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("removeAt" as const), fc.nat(40)) },
  { weight: 1, arbitrary: fc.constant(["clear"] as const) },
);

/** Does the same to both and compares what they answer. */
function apply(ring: Ring<number>, model: number[], step: Step): void {
  switch (step[0]) {
    case "push":
      ring.push(step[1]);
      model.push(step[1]);
      return;
    case "shift":
      expect(ring.shift()).toBe(model.shift());
      return;
    case "removeAt":
      expect(ring.removeAt(step[1])).toBe(model.splice(step[1], 1)[0]);
      return;
    case "clear":
      ring.clear();
      model.length = 0;
  }
}

describe("ring", () => {
  test("does what an array does", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        for (const each of steps) {
          apply(ring, model, each);
          expect(ring.size).toBe(model.length);
          expect(ring.peek()).toBe(model[0]);
          expect(ring.at(model.length)).toBeUndefined();
          expect([...ring]).toEqual(model);
          expect(model.map((_, index) => ring.at(index))).toEqual(model);
        }
      }),
    );
  });

  test("keeps its order when it grows around the end of its array", () => {
    const ring = new Ring<number>();
    for (let i = 0; i < 8; i++) ring.push(i);
    for (let i = 0; i < 5; i++) expect(ring.shift()).toBe(i);
    for (let i = 8; i < 100; i++) ring.push(i);
    expect([...ring]).toEqual(Array.from({ length: 95 }, (_, i) => i + 5));
  });

  test("holds undefined like any other item", () => {
    const ring = new Ring<number | undefined>();
    ring.push(undefined);
    ring.push(1);
    expect(ring.size).toBe(2);
    expect(ring.shift()).toBeUndefined();
    expect(ring.shift()).toBe(1);
    expect(ring.size).toBe(0);
  });

  test("an empty one answers undefined to everything", () => {
    const ring = new Ring<number>();
    expect([ring.size, ring.peek(), ring.shift(), ring.at(0), ring.removeAt(0)]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
