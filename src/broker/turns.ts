/**
 * Whose turn it is among connections that have more to be read than one turn allows.
 *
 * A connection that has had its turn goes on when all others have had theirs. One that has nearly all of the broker's time while
 * others are there rests for a moment: the machine is theirs then, and it loses nothing but speed beyond millions of messages a
 * second. Where several are as eager, or nobody else is there, none rests.
 */

import { Timer, type TimerTarget } from "#base";
import type { Metrics } from "./metrics.ts";

/** Whoever takes turns. */
export interface TurnTaker {
  /** It may go on; may be called after its end. */
  takeTurn(): void;
}

export interface TurnSurroundings {
  readonly clock: { afterTurn(run: () => void): void };
  readonly timers: { arm(timer: Timer, delayMs: number): void };
  readonly metrics: Readonly<Pick<Metrics, "packetsReceived" | "publishSent">>;
}

/** Others are there, and have less than this part of what the one has that rests. */
const OTHERS_PART = 1 / 8;
const REST_MS = 2;

export class Turns implements TimerTarget {
  readonly #surroundings: TurnSurroundings;
  readonly #timer: Timer = new Timer(this);
  #waiting: TurnTaker[] = [];
  #resting: TurnTaker[] = [];
  readonly #onTurnOver = (): void => {
    const all = this.#waiting;
    this.#waiting = [];
    for (const each of all) each.takeTurn();
  };

  constructor(surroundings: TurnSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Packets in and messages out, of all connections since the broker is there. */
  get handled(): number {
    const { packetsReceived, publishSent } = this.#surroundings.metrics;
    return packetsReceived + publishSent;
  }

  /** The turn of `taker` is over: since the one before it had `own` of the `all` that was handled. */
  end(taker: TurnTaker, own: number, all: number): void {
    const others = all - own;
    if (others > 0 && others < own * OTHERS_PART) {
      if (this.#resting.push(taker) === 1) this.#surroundings.timers.arm(this.#timer, REST_MS);
    } else if (this.#waiting.push(taker) === 1) this.#surroundings.clock.afterTurn(this.#onTurnOver);
  }

  onTimer(): void {
    const all = this.#resting;
    this.#resting = [];
    for (const each of all) each.takeTurn();
  }
}
