/**
 * All deadlines of one broker in one binary heap, driven by one alarm of its clock.
 *
 * A `Timer` is a small object that its owner keeps and re-arms; it has a target instead of a closure, so that a hundred
 * thousand idle connections hold no function each. Keep-alive does not move its timer per packet: the owner stamps the
 * time and re-arms when the timer fires early. Equal deadlines fire in the order in which they were armed, so that a
 * simulation repeats exactly.
 */

import type { Clock } from "./clock.ts";

export interface TimerTarget {
  /** `timer` has fired and is disarmed; it may be armed again from here. */
  onTimer(timer: Timer): void;
}

const DISARMED = -1;

export class Timer {
  readonly target: TimerTarget;
  /** On the clock's `now` scale; valid while armed. */
  deadline = 0;
  /** @internal place in the heap */
  index = DISARMED;
  /** @internal ties are broken by the order of arming */
  order = 0;

  constructor(target: TimerTarget) {
    this.target = target;
  }

  get armed(): boolean {
    return this.index !== DISARMED;
  }
}

/** The alarm rings less than this late, in exchange for far fewer system timers; a clock of whole milliseconds is never late. */
const SLACK_MS = 1;

export class Timers {
  readonly #clock: Clock;
  readonly #heap: Timer[] = [];
  #order = 0;
  #alarmAt = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;
  readonly #ring = (): void => this.#fireDue();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Arms `timer`, or moves it if it was armed, to fire `delayMs` from now. */
  arm(timer: Timer, delayMs: number): void {
    timer.deadline = this.#clock.now() + delayMs;
    timer.order = ++this.#order;
    if (timer.index === DISARMED) {
      timer.index = this.#heap.length;
      this.#heap.push(timer);
      this.#rise(timer);
    } else {
      this.#rise(timer);
      this.#sink(timer);
    }
    this.#setAlarm();
  }

  disarm(timer: Timer): void {
    const index = timer.index;
    if (index === DISARMED) return;
    timer.index = DISARMED;
    const last = this.#heap.pop() as Timer;
    if (last === timer) return;
    last.index = index;
    this.#heap[index] = last;
    this.#rise(last);
    this.#sink(last);
  }

  /** Disarms everything; for the end of the broker. */
  clear(): void {
    for (const timer of this.#heap) timer.index = DISARMED;
    this.#heap.length = 0;
    this.#cancelAlarm?.();
    this.#cancelAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }

  #fireDue(): void {
    this.#cancelAlarm = undefined;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    try {
      for (let first = this.#heap[0]; first !== undefined && first.deadline <= now; first = this.#heap[0]) {
        this.disarm(first);
        first.target.onTimer(first);
      }
    } finally {
      this.#setAlarm(); // a target that throws does not stop the others' clocks
    }
  }

  /** One alarm for the earliest deadline; it is only moved forward, a stale one finds nothing due. */
  #setAlarm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.deadline > this.#alarmAt - SLACK_MS) return;
    this.#cancelAlarm?.();
    this.#alarmAt = first.deadline;
    this.#cancelAlarm = this.#clock.schedule(Math.max(0, first.deadline - this.#clock.now()), this.#ring);
  }

  #rise(timer: Timer): void {
    const heap = this.#heap;
    let index = timer.index;
    while (index > 0) {
      const parent = heap[(index - 1) >> 1] as Timer;
      if (!isBefore(timer, parent)) break;
      heap[index] = parent;
      parent.index = index;
      index = (index - 1) >> 1;
    }
    heap[index] = timer;
    timer.index = index;
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let index = timer.index;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++;
      const least = heap[child] as Timer;
      if (!isBefore(least, timer)) break;
      heap[index] = least;
      least.index = index;
      index = child;
    }
    heap[index] = timer;
    timer.index = index;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
