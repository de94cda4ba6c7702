/** What happened in a simulation, line by line, and a number that two equal runs share. */

import { InvariantError } from "#base";

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class Trace {
  readonly #lines: string[] | undefined;
  readonly #now: () => number;
  #hash = FNV_OFFSET;
  /** The first thing that should not have happened. */
  failure: string | undefined;

  constructor(now: () => number, options: { readonly keepsLines: boolean }) {
    this.#now = now;
    this.#lines = options.keepsLines ? [] : undefined;
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  get hash(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  say(line: string): void {
    let hash = this.#hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), FNV_PRIME);
    this.#hash = Math.imul(hash ^ this.#now(), FNV_PRIME) >>> 0;
    this.#lines?.push(`${this.#now().toFixed(3).padStart(12)}  ${line}`);
  }

  /** An invariant is broken. The first one counts; what follows is seldom news. */
  fail(sentence: string): void {
    this.say(`BROKEN: ${sentence}`);
    this.failure ??= sentence;
  }

  /** Ends the run if an invariant is broken. */
  check(): void {
    if (this.failure !== undefined) throw new InvariantError(this.failure);
  }
}
