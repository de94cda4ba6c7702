/**
 * Remembers for a while who has just proved what, so that a device that comes back is not judged at full price: an Argon2id
 * hash takes tens of milliseconds of a core, and ten thousand devices that lost their connection at once come back together.
 *
 * What was proved (a password, a whole request) is kept as an HMAC under a key that this process invents and never tells; a
 * copy of the memory is worth no more than one of the CONNECTs that pass through it. Only successes are remembered. Bounded:
 * the oldest entry makes room.
 */

import type { ScramHashing } from "#auth";
import { type Clock, ConfigError, type Random, sameSecret } from "#base";

export interface FastPassOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly hashing: ScramHashing;
  /** How long after the full judgement. 0 remembers nothing. */
  readonly validForMs: number;
  readonly mostEntries: number;
}

interface Entry<T> {
  readonly proof: Uint8Array;
  readonly untilMs: number;
  readonly value: T;
}

const KEY_BYTES = 32;

export class FastPass<T> {
  readonly #options: FastPassOptions;
  readonly #key: Uint8Array;
  /** In the order of their ends, as all are valid for the same time at most. */
  readonly #entries = new Map<string, Entry<T>>();

  constructor(options: FastPassOptions) {
    if (!(options.validForMs >= 0)) throw new ConfigError("cacheMs", "give milliseconds from 0 on.");
    this.#options = options;
    this.#key = options.random.bytes(KEY_BYTES);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The HMAC by which `proved` is remembered. */
  proofOf(proved: Uint8Array): Uint8Array {
    return this.#options.hashing.hmac("sha256", this.#key, proved);
  }

  /** What was remembered under `name` with this proof, unless its time is over. */
  find(name: string, proof: Uint8Array): T | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (this.#options.clock.now() >= entry.untilMs) {
      this.#entries.delete(name);
      return undefined;
    }
    return sameSecret(entry.proof, proof) ? entry.value : undefined;
  }

  /** Remembers one entry for each `name`, for `withinMs` at most. */
  remember(name: string, proof: Uint8Array, value: T, withinMs: number = Number.POSITIVE_INFINITY): void {
    const { clock, validForMs, mostEntries } = this.#options;
    const lifetimeMs = Math.min(validForMs, withinMs);
    this.#entries.delete(name);
    if (!(lifetimeMs > 0) || mostEntries < 1) return;
    if (this.#entries.size >= mostEntries) {
      const [oldest = ""] = this.#entries.keys();
      this.#entries.delete(oldest);
    }
    this.#entries.set(name, { proof, untilMs: clock.now() + lifetimeMs, value });
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  forgetAll(): void {
    this.#entries.clear();
  }
}
