/**
 * So much work at once, so much more that waits, and the rest is turned away: what stands between a storm of logins and
 * whatever takes long to judge one. First come, first served.
 */

import { ConfigError, Ring } from "#base";

export interface WaitingRoomOptions {
  /** How many are worked on at once; at least 1. */
  readonly parallel: number;
  /** How many more wait; at least 0. */
  readonly mostWaiting: number;
}

export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #waiting = new Ring<() => void>();
  #working = 0;

  /** @throws ConfigError for numbers that let nobody in */
  constructor(options: WaitingRoomOptions) {
    const { parallel, mostWaiting } = options;
    if (!Number.isInteger(parallel) || parallel < 1) {
      throw new ConfigError("parallel", `${parallel} is not allowed; give a whole number from 1 on.`);
    }
    if (!Number.isInteger(mostWaiting) || mostWaiting < 0) {
      throw new ConfigError("mostWaiting", `${mostWaiting} is not allowed; give a whole number from 0 on.`);
    }
    this.#options = options;
  }

  get working(): number {
    return this.#working;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Does `work` when it is its turn, and settles as that does; undefined when the room is full. */
  enter<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#working < this.#options.parallel) return this.#work(work);
    if (this.#waiting.size >= this.#options.mostWaiting) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => void this.#work(work).then(resolve, reject));
    });
  }

  async #work<T>(work: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.#waiting.shift()?.();
    }
  }
}
