import { describe, expect, it } from "vitest";
import { Timers } from "#base";
import { VirtualClock } from "#testing";
import { Turns } from "./turns.ts";

describe("Turns", () => {
  it("lets a connection go on when this turn is over, if nobody else is there", () => {
    const { turns, taker, clock } = takingTurns();
    turns.end(taker, 4_096, 4_096);
    expect(taker.turns).toBe(0);
    clock.runTurns();
    expect(taker.turns).toBe(1);
    expect(clock.now()).toBe(0);
  });

  it("lets a connection rest that has nearly everything while others have something", () => {
    const { turns, taker, clock } = takingTurns();
    turns.end(taker, 4_096, 4_100);
    clock.runTurns();
    expect(taker.turns).toBe(0);
    clock.advance(1);
    expect(taker.turns).toBe(0);
    clock.advance(1);
    expect(taker.turns).toBe(1);
  });

  it("lets nobody rest where several are eager", () => {
    const { turns, taker, clock } = takingTurns();
    turns.end(taker, 4_096, 2 * 4_096);
    clock.runTurns();
    expect(taker.turns).toBe(1);
  });

  it("gives all who wait their turn, each once", () => {
    const { turns, taker, clock } = takingTurns();
    const other = { turns: 0, takeTurn: () => other.turns++ };
    turns.end(taker, 4_096, 4_096);
    turns.end(other, 4_096, 8_192);
    clock.runTurns();
    clock.runTurns();
    expect([taker.turns, other.turns]).toEqual([1, 1]);
  });
});

function takingTurns() {
  const clock = new VirtualClock();
  const taker = { turns: 0, takeTurn: () => taker.turns++ };
  const metrics = { packetsReceived: 0, publishSent: 0 };
  return { clock, taker, turns: new Turns({ clock, timers: new Timers(clock), metrics }) };
}
