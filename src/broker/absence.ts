/** One absence of a client from its session: when its will is due, and when the session has waited long enough. */

import { Timer, type Timers, type TimerTarget } from "#base";
import type { Session, SessionHost } from "./session.ts";

export class Absence implements TimerTarget {
  readonly #session: Session;
  readonly #host: SessionHost;
  #willTimer: Timer | undefined = undefined;
  #expiryTimer: Timer | undefined = undefined;

  constructor(session: Session, host: SessionHost) {
    this.#session = session;
    this.#host = host;
  }

  awaitWill(timers: Timers, delayMs: number): void {
    this.#willTimer ??= new Timer(this);
    timers.arm(this.#willTimer, delayMs);
  }

  awaitExpiry(timers: Timers, delayMs: number): void {
    this.#expiryTimer ??= new Timer(this);
    timers.arm(this.#expiryTimer, delayMs);
  }

  /** Nothing is due any more. */
  end(timers: Timers): void {
    if (this.#willTimer !== undefined) timers.disarm(this.#willTimer);
    if (this.#expiryTimer !== undefined) timers.disarm(this.#expiryTimer);
  }

  onTimer(timer: Timer): void {
    this.#host.onSessionTimer(this.#session, timer === this.#willTimer ? "will" : "expiry");
  }
}
