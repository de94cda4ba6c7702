/** Tells when nothing has gone through a lazy bridge for a while, and nothing waits to. */

import type { Clock } from "#base";

export interface IdleWatchPorts {
  /** Whether something waits to go through. */
  isBusy(): boolean;
  /** The watch is over. */
  onIdle(): void;
}

export class IdleWatch {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #ports: IdleWatchPorts;
  #lastTrafficMs = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, timeoutMs: number, ports: IdleWatchPorts) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#ports = ports;
  }

  start(): void {
    this.onTraffic();
    this.#schedule();
  }

  stop(): void {
    this.#cancel?.();
  }

  onTraffic(): void {
    this.#lastTrafficMs = this.#clock.now();
  }

  #schedule(): void {
    const leftMs = Math.max(this.#lastTrafficMs + this.#timeoutMs - this.#clock.now(), 1);
    this.#cancel = this.#clock.schedule(leftMs, () => {
      const isIdle = this.#clock.now() - this.#lastTrafficMs >= this.#timeoutMs;
      if (isIdle && !this.#ports.isBusy()) this.#ports.onIdle();
      else this.#schedule();
    });
  }
}
