/**
 * Messages for a subscriber inside the program. They are handed over after the turn in which they came, so that a listener
 * may publish, subscribe or throw without being in the middle of somebody's delivery.
 */

import { type Clock, Ring } from "#base";
import type { Message } from "./message.ts";

interface Arrived {
  readonly message: Message;
  readonly isRetained: boolean;
}

export class LocalInbox {
  readonly #clock: Clock;
  readonly #take: (message: Message, retain: boolean) => void;
  readonly #arrived = new Ring<Arrived>();
  #isClosed = false;
  #isScheduled = false;

  constructor(clock: Clock, take: (message: Message, retain: boolean) => void) {
    this.#clock = clock;
    this.#take = take;
  }

  /** @param isRetained it comes because of the new subscription */
  push(message: Message, isRetained: boolean): void {
    this.#arrived.push({ message: message.keep(), isRetained });
    this.#schedule();
  }

  /** Nothing more is handed over. */
  close(): void {
    this.#isClosed = true;
    this.#arrived.clear();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#arrived.size === 0) return;
    this.#isScheduled = true;
    this.#clock.afterTurn(() => this.#drain());
  }

  #drain(): void {
    this.#isScheduled = false;
    // What listeners publish meanwhile waits for the next turn.
    for (let left = this.#arrived.size; left > 0 && !this.#isClosed; left--) {
      const { message, isRetained } = this.#arrived.shift() as Arrived;
      this.#take(message, isRetained || message.retain);
    }
    this.#schedule();
  }
}
