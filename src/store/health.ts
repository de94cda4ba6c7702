/** Whether the disk is in trouble, and who is told: once when it begins, once when it is over. */

import { describeError } from "#base";
import type { StoreError } from "./errors.ts";

/** `write`: batches cannot be written. `space`: there is no room prepared for more. `content`: cleaning met damage. */
export type TroubleCause = "write" | "space" | "content";

export interface HealthListener {
  onTrouble(error: StoreError): void;
  onRecovered(): void;
}

export class Health {
  readonly #listener: HealthListener;
  readonly #causes = new Set<TroubleCause>();
  lastError: string | undefined;

  constructor(listener: HealthListener) {
    this.#listener = listener;
  }

  /** Damaged content is told, and does not keep the store from working. */
  get isGood(): boolean {
    return !this.#causes.has("write") && !this.#causes.has("space");
  }

  report(cause: TroubleCause, error: StoreError): void {
    this.lastError = error.message;
    const isNew = this.isGood && !this.#causes.has(cause);
    this.#causes.add(cause);
    if (isNew) this.#listener.onTrouble(error);
  }

  /** Trouble with work in the background that nobody waits for. */
  note(error: unknown): void {
    this.lastError = describeError(error);
  }

  resolve(cause: TroubleCause): void {
    const wasGood = this.isGood;
    if (this.#causes.delete(cause) && !wasGood && this.isGood) this.#listener.onRecovered();
  }
}
