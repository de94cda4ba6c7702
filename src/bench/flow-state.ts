/**
 * What the publishers and subscribers of one flow share: counters, who may send, and what has to be written at the end of
 * the turn. HOT: typed arrays by number, so that a delivery touches no object of its publisher.
 *
 *     delivered, acknowledged ─▶ wake(publisher) ─▶ ready ─▶ end of the turn: all ready ones fill, all outboxes flush
 */

import { Histogram } from "./histogram.ts";
import type { Outbox } from "./outbox.ts";
import type { Counter } from "./tally.ts";

/** Ticks are tenths of a microsecond, 32 bits of them: they wrap after seven minutes, and differences stay right. */
const TICKS_PER_MS = 10_000;

/** A moment on the clock that all ticks of this process come from. */
function ticksNow(): number {
  return ticksOf(performance.now());
}

/** `ms` of `performance.now()` as ticks. */
export function ticksOf(ms: number): number {
  return Math.floor(ms * TICKS_PER_MS) >>> 0;
}

/** Microseconds of `ticks`. */
export function microseconds(ticks: number): number {
  return ticks / (TICKS_PER_MS / 1000);
}

/** Whose latency is counted: nobody's, everybody's, that of messages that were due before the end of the measured time. */
const CountLatency = { OFF: 0, ON: 1, ENDED: 2 } as const;

/** From here on a publisher does not wait for the end of the turn; when many may send, each may send little. */
const EAGER_BYTES = 1024;
const MOST_EAGER = 4;

/** What a turn does with a publisher that may send. */
export interface Filler {
  /** What it may send now. */
  readonly sendableBytes: number;
  /** Sends what it may; returns whether it could go on right away. */
  fill(): boolean;
}

export class FlowState {
  readonly publishers: number;
  readonly payloadTag: number;
  readonly payloadBytes: number;
  readonly tally: Counter;

  /** Receivers of a message to topics of each class; see `Publisher`. */
  readonly fanOut: Int32Array;
  /** The largest of `fanOut`, for windows. */
  largestFanOut = 0;
  /** Deliveries that are under way, by publisher. */
  readonly outstanding: Int32Array;

  published = 0;
  /** Deliveries that all published messages should lead to. */
  expected = 0;
  received = 0;
  acknowledged = 0;
  unexpected = 0;
  /** Publishers send when they are woken, as long as this is set. */
  running = false;
  /** When something last came. */
  lastProgressMs = 0;

  /** The time of the present chunk or turn, in ticks. */
  now = 0;
  readonly histogram = new Histogram();
  #countLatency: (typeof CountLatency)[keyof typeof CountLatency] = CountLatency.OFF;
  #latencyEnd = 0;

  #fillers: readonly Filler[] = [];
  /** 1 for a publisher that waits to be woken. */
  readonly #waiting: Uint8Array;
  #ready: Int32Array;
  #readyBefore: Int32Array;
  #readyCount = 0;
  #outboxes: Outbox[] = [];
  #outboxesBefore: Outbox[] = [];
  #isTurnAsked = false;
  readonly #turn = (): void => this.#endTurn();

  constructor(shape: {
    readonly publishers: number;
    readonly classes: number;
    readonly payloadTag: number;
    readonly payloadBytes: number;
    readonly tally: Counter;
  }) {
    this.publishers = shape.publishers;
    this.payloadTag = shape.payloadTag;
    this.payloadBytes = shape.payloadBytes;
    this.tally = shape.tally;
    this.fanOut = new Int32Array(shape.classes);
    this.outstanding = new Int32Array(shape.publishers);
    this.#waiting = new Uint8Array(shape.publishers).fill(1);
    this.#ready = new Int32Array(shape.publishers);
    this.#readyBefore = new Int32Array(shape.publishers);
  }

  /** The publishers, by number. */
  set fillers(fillers: readonly Filler[]) {
    this.#fillers = fillers;
  }

  /** A chunk came: what it holds is stamped with one time. */
  stamp(): void {
    const nowMs = performance.now();
    this.now = ticksOf(nowMs);
    this.lastProgressMs = nowMs;
  }

  /**
   * The chunk is handled. Who may send much does so at once and not at the end of the turn: otherwise broker and load
   * take turns, each idle while the other works.
   */
  endChunk(): void {
    if (this.#readyCount === 0 || this.#readyCount > MOST_EAGER) return;
    const first = this.#fillers[this.#ready[0] as number] as Filler;
    if (first.sendableBytes >= EAGER_BYTES) this.#fillReady();
  }

  /** A subscriber got a message. `stream` is receiver times publishers plus publisher. */
  deliver(stream: number, publisher: number, sequence: number, dueTicks: number): void {
    this.received++;
    this.tally.count(stream, sequence);
    const counts = this.#countLatency;
    if (
      counts !== CountLatency.OFF &&
      (counts === CountLatency.ON || ((this.#latencyEnd - dueTicks) | 0) > 0)
    )
      this.histogram.record((this.now - dueTicks) >>> 0);
    this.outstanding[publisher] = (this.outstanding[publisher] as number) - 1;
    if (this.#waiting[publisher] === 1) this.wake(publisher);
  }

  /** Lets a publisher send at the end of the turn. */
  wake(publisher: number): void {
    if (!this.running || this.#waiting[publisher] !== 1) return;
    this.#waiting[publisher] = 0;
    this.#ready[this.#readyCount++] = publisher;
    this.#askTurn();
  }

  wakeAll(): void {
    for (let publisher = 0; publisher < this.publishers; publisher++) this.wake(publisher);
  }

  /** @internal of `Outbox` */
  ask(outbox: Outbox): void {
    this.#outboxes.push(outbox);
    this.#askTurn();
  }

  /** Counts the latency of what comes from now on. */
  startLatency(): void {
    this.histogram.clear();
    this.#countLatency = CountLatency.ON;
  }

  /**
   * From now on only that of messages which should have been here by now: leaving out what a stalled broker delivers
   * afterwards would flatter it.
   */
  stopLatency(): void {
    this.#latencyEnd = ticksNow();
    this.#countLatency = CountLatency.ENDED;
  }

  #askTurn(): void {
    if (this.#isTurnAsked) return;
    this.#isTurnAsked = true;
    setImmediate(this.#turn);
  }

  #endTurn(): void {
    this.#isTurnAsked = false;
    this.#fillReady();
    const outboxes = this.#outboxes;
    this.#outboxes = this.#outboxesBefore;
    this.#outboxesBefore = outboxes;
    for (let i = 0; i < outboxes.length; i++) (outboxes[i] as Outbox).flush();
    outboxes.length = 0;
  }

  #fillReady(): void {
    const ready = this.#ready;
    const count = this.#readyCount;
    this.#ready = this.#readyBefore;
    this.#readyBefore = ready;
    this.#readyCount = 0;
    if (!this.running || count === 0) {
      for (let i = 0; i < count; i++) this.#waiting[ready[i] as number] = 1;
      return;
    }
    this.now = ticksNow();
    for (let i = 0; i < count; i++) {
      const publisher = ready[i] as number;
      this.#waiting[publisher] = 1;
      if ((this.#fillers[publisher] as Filler).fill()) this.wake(publisher);
    }
  }
}
