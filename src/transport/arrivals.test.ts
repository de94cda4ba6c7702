import { describe, expect, test } from "vitest";
import { VirtualClock } from "#testing";
import { type ArrivalOptions, ArrivalStep, Arrivals } from "./arrivals.ts";

const origin = { remoteAddress: "192.0.2.7", remotePort: 50_000 };

function arrivalsOf(options: ArrivalOptions = {}) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const dropped: string[] = [];
  const arrivals = new Arrivals(options, clock, ({ message }) => said.push(message));
  const add = (name: string, step: ArrivalStep = ArrivalStep.TLS_HANDSHAKE) =>
    arrivals.add(step, origin, () => dropped.push(name));
  return { clock, said, dropped, arrivals, add };
}

describe("what takes too long is dropped", () => {
  test("each in its time, and it is said at which step", () => {
    const { clock, said, dropped, arrivals, add } = arrivalsOf({ handshakeTimeoutMs: 5_000 });
    add("first", ArrivalStep.PROXY_HEADER);
    clock.advance(3_000);
    add("second");
    const third = add("third");
    clock.advance(1_999);
    expect(dropped).toEqual([]);
    clock.advance(1);
    expect(dropped).toEqual(["first"]);
    if (third !== undefined) arrivals.remove(third);
    clock.advance(3_000);
    expect(dropped).toEqual(["first", "second"]);
    expect(arrivals.size).toBe(0);
    expect(said).toEqual([
      "Reading the PROXY header of 192.0.2.7 port 50000 failed: it took too long",
      "The TLS handshake with 192.0.2.7 port 50000 failed: it took too long",
    ]);
  });

  test("after ten seconds, unless told otherwise", () => {
    const { clock, dropped, add } = arrivalsOf();
    add("it");
    clock.advance(9_999);
    expect(dropped).toEqual([]);
    clock.advance(1);
    expect(dropped).toEqual(["it"]);
  });
});

test("too many are dropped at once, until others are through", () => {
  const { said, dropped, arrivals, add } = arrivalsOf({ maxUnfinished: 2 });
  const first = add("first");
  add("second");
  expect(add("third")).toBeUndefined();
  expect(dropped).toEqual(["third"]);
  expect(said).toEqual(["A connection was dropped: 2 have not finished their handshake, the most allowed"]);
  if (first !== undefined) arrivals.remove(first);
  expect(add("fourth")).toBeDefined();
});

test("a flood of failures is one line a second, with their number", () => {
  const { clock, said, arrivals, add } = arrivalsOf();
  const failNext = (): void => {
    const arrival = add("it");
    if (arrival !== undefined) arrivals.fail(arrival, "wrong version number");
  };
  for (let i = 0; i < 1_000; i++) failNext();
  clock.advance(999);
  failNext();
  clock.advance(1);
  failNext();
  clock.advance(1_000);
  failNext();
  const sentence = "The TLS handshake with 192.0.2.7 port 50000 failed: wrong version number";
  expect(said).toEqual([sentence, `${sentence} (and 1000 more since the last report)`, sentence]);
});

test("one fails once, and says nothing when the listener drops it", () => {
  const { said, dropped, arrivals, add } = arrivalsOf();
  const first = add("first");
  const second = add("second");
  if (first === undefined || second === undefined) throw new TypeError("nothing was added");
  arrivals.fail(first, "no reason");
  arrivals.fail(first, "another reason");
  arrivals.dropAll();
  arrivals.fail(second, "it was dropped");
  expect(dropped).toEqual(["first", "second"]);
  expect(said).toHaveLength(1);
});
