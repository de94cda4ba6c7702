/**
 * Values that come one after the other, for whoever iterates over them: what nobody has asked for yet waits in a line, and
 * who has asked waits for what comes.
 */

import { Line } from "./line.ts";

type Result<Item> = IteratorResult<Item, undefined>;

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

export class Feed<Item> implements AsyncIterableIterator<Item, undefined> {
  /** @internal */
  readonly waiting = new Line<Item>();
  readonly #waiters: ((result: Result<Item> | Promise<Result<Item>>) => void)[] = [];
  #isEnded = false;
  #error: unknown;

  /** Nothing more comes; what waits may still be read. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next value; after the last one the error, if there is one, and then the end. */
  next(): Promise<Result<Item>> {
    const value = this.waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isEnded) return this.#last();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Leaving the loop. */
  return(): Promise<Result<Item>> {
    this.finish(undefined);
    return Promise.resolve(DONE);
  }

  /** @internal */
  supply(value: Item): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.waiting.push(value);
    else waiter({ done: false, value });
  }

  /** @internal Nothing more comes. All who wait hear of an error. */
  finish(error: unknown): void {
    this.#isEnded = true;
    this.#error = error;
    for (const resolve of this.#waiters.splice(0)) {
      this.#error = error;
      resolve(this.#last());
    }
  }

  #last(): Promise<Result<Item>> {
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error as Error);
  }
}
