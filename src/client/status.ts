/**
 * What a client is doing, as a value and as a stream of values.
 */

import { Ring } from "#base";
import type { ConnackPacket, ProtocolVersion } from "#protocol";

/** Match on `state`. */
export type ClientStatus =
  | { readonly state: "connecting"; readonly url: string; readonly attempt: number }
  | {
      readonly state: "connected";
      readonly url: string;
      readonly version: ProtocolVersion;
      /** The broker still had the session. */
      readonly sessionPresent: boolean;
      readonly connack: ConnackPacket;
    }
  | { readonly state: "waiting"; readonly delayMs: number; readonly attempt: number; readonly error: Error }
  | {
      readonly state: "closed";
      /** Undefined after `close`. */
      readonly error: Error | undefined;
    };

/** A reader that falls further behind than this misses the oldest. */
const MOST_WAITING = 64;

type Waiter = (result: IteratorResult<ClientStatus, undefined>) => void;

class StatusReader implements AsyncIterableIterator<ClientStatus, undefined> {
  readonly #readers: Set<StatusReader>;
  readonly #waiting = new Ring<ClientStatus>();
  readonly #waiters = new Ring<Waiter>();
  #isEnded = false;

  constructor(readers: Set<StatusReader>) {
    this.#readers = readers;
  }

  push(status: ClientStatus): void {
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter({ done: false, value: status });
    else this.#waiting.push(status);
    if (this.#waiting.size > MOST_WAITING) this.#waiting.shift();
    if (status.state === "closed") this.#end();
  }

  next(): Promise<IteratorResult<ClientStatus, undefined>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  async return(): Promise<IteratorResult<ClientStatus, undefined>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(): void {
    this.#isEnded = true;
    this.#readers.delete(this);
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter({ done: true, value: undefined });
    }
  }
}

export class StatusBoard {
  current: ClientStatus = { state: "closed", error: undefined };
  readonly #readers = new Set<StatusReader>();

  set(status: ClientStatus): void {
    this.current = status;
    for (const reader of this.#readers) reader.push(status);
  }

  /** Begins with the present status and ends after `closed`. */
  read(): AsyncIterableIterator<ClientStatus, undefined> {
    const reader = new StatusReader(this.#readers);
    this.#readers.add(reader);
    reader.push(this.current);
    return reader;
  }
}
