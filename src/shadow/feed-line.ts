/**
 * The one line in which all clients' packets go to Martlet: in the order in which they came. While Martlet thinks about a CONNECT or
 * a SUBSCRIBE, the others wait behind it; the old broker has long answered it, and what came after that answer must not overtake it.
 *
 * Before a goodbye it rests, so that Martlet has answered everything before it, as the old broker has.
 *
 * Promises to wait for no answer longer than a second, and to keep no more than its limit: then it goes on without waiting.
 */

import { type Clock, Ring } from "#base";

/** What is to be done when its turn comes. */
interface Waiting {
  readonly bytes: number;
  readonly run: () => void;
}

const LONGEST_HOLD_MS = 1_000;
/** From a packet that goes in to the packets that come out for it, through the pipes of both clients, and some more. */
const TURNS_OF_REST = 8;

export class FeedLine {
  readonly #clock: Clock;
  readonly #maximumBytes: number;
  readonly #onOverflow: () => void;
  readonly #waiting = new Ring<Waiting>();
  readonly #holds = new Set<() => void>();
  #waitingBytes = 0;
  #isRunning = false;

  constructor(clock: Clock, maximumBytes: number, onOverflow: () => void) {
    this.#clock = clock;
    this.#maximumBytes = maximumBytes;
    this.#onOverflow = onOverflow;
  }

  /** Runs it when all before it have run and nothing holds the line; mostly at once. */
  push(bytes: number, run: () => void): void {
    this.#waiting.push({ bytes, run });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > this.#maximumBytes && this.#holds.size > 0) {
      this.#onOverflow();
      for (const release of this.#holds) release();
    }
    this.#run();
  }

  /** Holds the line until the returned function is called; call it any number of times. */
  hold(): () => void {
    const release = (): void => {
      cancel();
      if (this.#holds.delete(release)) this.#run();
    };
    const cancel = this.#clock.schedule(LONGEST_HOLD_MS, release);
    this.#holds.add(release);
    return release;
  }

  /** What is pushed from now on waits until Martlet has answered what was pushed before. */
  rest(): void {
    this.push(0, () => {
      const release = this.hold();
      let turns = 0;
      const turn = (): void => {
        if (++turns === TURNS_OF_REST) release();
        else this.#clock.afterTurn(turn);
      };
      this.#clock.afterTurn(turn);
    });
  }

  /** Lets go of everything. */
  close(): void {
    this.#waiting.clear();
    for (const release of this.#holds) release();
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#holds.size === 0) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        this.#waitingBytes -= next.bytes;
        next.run();
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
