/**
 * Whether something that happens again and again is worth another line: at most one a key and interval, and that one knows how
 * many were left out. Whoever attacks does not fill the disk with lines.
 */

import { BoundedTable } from "./bounded-table.ts";

interface Told {
  readonly at: number;
  unsaid: number;
}

export class Repetition {
  readonly #intervalMs: number;
  readonly #told: BoundedTable<Told>;

  /** @param keys most keys that are remembered */
  constructor(intervalMs: number, keys: number) {
    this.#intervalMs = intervalMs;
    this.#told = new BoundedTable(keys);
  }

  /** Undefined when nothing is to be said now; otherwise how often nothing was said since the last time. */
  tell(key: string, now: number): number | undefined {
    const told = this.#told.get(key);
    if (told !== undefined && now - told.at < this.#intervalMs) {
      told.unsaid++;
      return undefined;
    }
    this.#told.set(key, { at: now, unsaid: 0 });
    return told?.unsaid ?? 0;
  }
}
