/**
 * Chance, as a port, for the same reason as the clock: a run is replayed from its seed.
 */

export interface Random {
  /** A whole number from 0 up to, not including, `bound` (1 to 2^32). */
  below(bound: number): number;
  /** `length` random bytes. */
  bytes(length: number): Uint8Array;
}

/** Repeatable random numbers (mulberry32) for simulations and tests; never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    below: (bound) => Math.floor((next() / 0x1_0000_0000) * bound),
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = next() & 0xff;
      return bytes;
    },
  };
}
