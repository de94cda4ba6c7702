// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "#testing";
import { Timer, Timers } from "./timers.ts";

const DAY_MS = 24 * 3600 * 1000;

function setUp() {
  const clock = new VirtualClock();
  return { clock, timers: new Timers(clock) };
}

/** A timer that notes its name and the time when it fires. */
function noting(name: string, clock: VirtualClock, fired: string[], then?: () => void): Timer {
  return new Timer({
    onTimer() {
      fired.push(`${name} at ${clock.now()}`);
      then?.();
    },
  });
}

describe("timers", () => {
  test("fire as a naive list of deadlines says", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("arm" as const), timer: fc.nat(19), delayMs: fc.nat(50) }),
      fc.record({ kind: fc.constant("disarm" as const), timer: fc.nat(19) }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const { clock, timers } = setUp();
        const fired: number[] = [];
        const all = Array.from(
          { length: 20 },
          (_, name) => new Timer({ onTimer: () => void fired.push(name) }),
        );
        let order = 0;
        let now = 0;
        let model: { name: number; deadline: number; order: number }[] = [];
        for (const each of steps) {
          if (each.kind === "advance") {
            clock.advance(each.ms);
            now += each.ms;
            const due = model.filter(({ deadline }) => deadline <= now);
            due.sort((a, b) => a.deadline - b.deadline || a.order - b.order);
            model = model.filter(({ deadline }) => deadline > now);
            expect(fired.splice(0)).toEqual(due.map(({ name }) => name));
          } else {
            const timer = all[each.timer] as Timer;
            model = model.filter(({ name }) => name !== each.timer);
            if (each.kind === "arm") {
              timers.arm(timer, each.delayMs);
              model.push({ name: each.timer, deadline: now + each.delayMs, order: order++ });
            } else timers.disarm(timer);
          }
          expect(timers.size).toBe(model.length);
          expect(all.map(({ armed }) => armed)).toEqual(
            all.map((_, index) => model.some(({ name }) => name === index)),
          );
        }
      }),
    );
  });

  test("equal deadlines fire in the order of arming, also when armed again", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map((name) => noting(name, clock, fired)) as [Timer, Timer, Timer];
    timers.arm(a, 10);
    timers.arm(b, 10);
    timers.arm(c, 10);
    timers.arm(a, 10);
    clock.advance(10);
    expect(fired).toEqual(["b at 10", "c at 10", "a at 10"]);
  });

  test("one that is disarmed or moved while another fires does not fire", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const b = noting("b", clock, fired);
    const c = noting("c", clock, fired);
    const a = noting("a", clock, fired, () => {
      timers.disarm(b);
      timers.arm(c, 5);
    });
    for (const timer of [a, b, c]) timers.arm(timer, 10);
    clock.advance(10);
    expect(fired).toEqual(["a at 10"]);
    expect([a.armed, b.armed, c.armed]).toEqual([false, false, true]);
    clock.advance(5);
    expect(fired).toEqual(["a at 10", "c at 15"]);
    expect(timers.size).toBe(0);
  });

  test("one may arm itself again from its callback", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const timer: Timer = noting("t", clock, fired, () => {
      if (fired.length < 3) timers.arm(timer, 100);
    });
    timers.arm(timer, 100);
    clock.advance(1000);
    expect(fired).toEqual(["t at 100", "t at 200", "t at 300"]);
  });

  test("an earlier deadline moves the alarm forward, a later one does not lose it", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const [late, early] = [noting("late", clock, fired), noting("early", clock, fired)];
    timers.arm(late, 1000);
    timers.arm(early, 10);
    timers.arm(early, 2000);
    clock.advance(3000);
    expect(fired).toEqual(["late at 1000", "early at 2000"]);
  });

  test("one millisecond earlier is earlier", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const timer = noting("t", clock, fired);
    timers.arm(timer, 49);
    clock.advance(9);
    timers.arm(timer, 39);
    clock.advance(39);
    expect(fired).toEqual(["t at 48"]);
  });

  test("delays longer than a system timer can hold are kept", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    timers.arm(noting("t", clock, fired), 60 * DAY_MS);
    clock.advance(60 * DAY_MS - 1);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([`t at ${60 * DAY_MS}`]);
  });

  test("a clock that rings too early is asked again", () => {
    // The system's clock rings after 24.8 days at the latest, whatever was asked for.
    const clock = new VirtualClock();
    const impatient = {
      now: () => clock.now(),
      epochMs: () => clock.epochMs(),
      schedule: (delayMs: number, ring: () => void) => clock.schedule(Math.min(delayMs, DAY_MS), ring),
      afterTurn: (run: () => void) => clock.afterTurn(run),
    };
    const timers = new Timers(impatient);
    const fired: string[] = [];
    timers.arm(noting("t", clock, fired), 30 * DAY_MS);
    clock.advance(30 * DAY_MS - 1);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([`t at ${30 * DAY_MS}`]);
  });

  test("clear disarms everything and leaves no alarm", () => {
    const { clock, timers } = setUp();
    const fired: string[] = [];
    const timer = noting("t", clock, fired);
    timers.arm(timer, 10);
    timers.clear();
    expect([timer.armed, timers.size, clock.nextAlarm]).toEqual([false, 0, undefined]);
    clock.advance(100);
    expect(fired).toEqual([]);
    timers.arm(timer, 10);
    clock.advance(10);
    expect(fired).toEqual(["t at 110"]);
  });

  test("disarming twice, or what was never armed, does nothing", () => {
    const { timers, clock } = setUp();
    const timer = noting("t", clock, []);
    timers.disarm(timer);
    timers.arm(timer, 1);
    timers.disarm(timer);
    timers.disarm(timer);
    expect(timers.size).toBe(0);
  });
});
