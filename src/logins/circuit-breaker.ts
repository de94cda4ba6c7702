/**
 * Leaves a service alone that does not work: after so many failures in a row nothing is asked for a while, then one question at
 * a time tries whether it works again.
 *
 *     closed ──failures in a row──▶ open ──after a while──▶ half-open ──the trial works──▶ closed
 *                                    ▲                          │
 *                                    └──────the trial fails─────┘
 */

import { type Clock, ConfigError } from "#base";

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Failures in a row that open it; at least 1. */
  readonly failuresToOpen: number;
  readonly openMs: number;
  /** For the log; `reason` is the last failure's. */
  readonly onChange?: (state: "open" | "closed", reason: string) => void;
}

/** Permission to ask once; `settle` has to follow. */
export interface CircuitPass {
  readonly isTrial: boolean;
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  /** When the next trial may be made; undefined while closed. */
  #trialAtMs: number | undefined;
  #isTrying = false;

  /** @throws ConfigError for numbers that make no sense */
  constructor(options: CircuitBreakerOptions) {
    if (!Number.isInteger(options.failuresToOpen) || options.failuresToOpen < 1) {
      throw new ConfigError("failuresToOpen", "give a whole number from 1 on.");
    }
    if (!(options.openMs >= 0)) throw new ConfigError("openMs", "give milliseconds from 0 on.");
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#trialAtMs !== undefined;
  }

  /** Whether `pass` would let somebody ask now. */
  get letsPass(): boolean {
    if (this.#trialAtMs === undefined) return true;
    return !this.#isTrying && this.#options.clock.now() >= this.#trialAtMs;
  }

  /** Undefined when the service is to be left alone. */
  pass(): CircuitPass | undefined {
    if (!this.letsPass) return undefined;
    if (!this.isOpen) return { isTrial: false };
    this.#isTrying = true;
    return { isTrial: true };
  }

  /** How it went; `failure` says what was wrong. Answers to what was asked before it opened do not close it. */
  settle({ isTrial }: CircuitPass, failure?: string): void {
    if (isTrial) this.#isTrying = false;
    else if (this.isOpen) return;
    if (failure === undefined) {
      this.#failures = 0;
      this.#trialAtMs = undefined;
      if (isTrial) this.#options.onChange?.("closed", "");
      return;
    }
    this.#failures++;
    if (!isTrial && this.#failures < this.#options.failuresToOpen) return;
    this.#trialAtMs = this.#options.clock.now() + this.#options.openMs;
    if (!isTrial) this.#options.onChange?.("open", failure);
  }
}
