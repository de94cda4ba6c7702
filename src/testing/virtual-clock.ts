/**
 * A clock that a test moves. Time stands still until `advance`; what was left for the end of the turn waits for
 * `runTurns`. Everything happens in one order, so a run repeats exactly.
 */

import { type Clock, InvariantError } from "#base";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly ring: () => void;
}

/** More turns than this without a pause is a loop that never ends. */
const MOST_TURNS = 10_000_000;

/** 2026-01-01T00:00:00Z, so that wall-clock results are readable and repeat. */
const START_EPOCH_MS = 1_767_225_600_000;

export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #alarms: Alarm[] = [];
  #turns: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  epochMs(): number {
    return START_EPOCH_MS + this.#now;
  }

  schedule(delayMs: number, ring: () => void): () => void {
    const alarm: Alarm = { atMs: this.#now + Math.max(0, delayMs), order: this.#order++, ring };
    this.#alarms.push(alarm);
    return () => {
      const index = this.#alarms.indexOf(alarm);
      if (index >= 0) this.#alarms.splice(index, 1);
    };
  }

  afterTurn(run: () => void): void {
    this.#turns.push(run);
  }

  /** Whether `runTurns` has something to do. */
  get busy(): boolean {
    return this.#turns.length > 0;
  }

  /** When the next alarm rings, on the `now` scale; undefined when none is set. */
  get nextAlarm(): number | undefined {
    return this.#first()?.atMs;
  }

  /** Runs ends of turns until none is left. Time does not move. */
  runTurns(): void {
    for (let turn = 0; this.#turns.length > 0; turn++) {
      if (turn > MOST_TURNS) throw new InvariantError("The turns of a virtual clock never end.");
      const run = this.#turns;
      this.#turns = [];
      for (const each of run) each();
    }
  }

  /** Moves time on by `ms`, ringing every alarm on the way at its own time. */
  advance(ms: number): void {
    const target = this.#now + ms;
    this.runTurns();
    for (let next = this.#first(); next !== undefined && next.atMs <= target; next = this.#first()) {
      this.#alarms.splice(this.#alarms.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.atMs);
      next.ring();
      this.runTurns();
    }
    this.#now = target;
  }

  #first(): Alarm | undefined {
    let first: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (
        first === undefined ||
        alarm.atMs < first.atMs ||
        (alarm.atMs === first.atMs && alarm.order < first.order)
      ) {
        first = alarm;
      }
    }
    return first;
  }
}
