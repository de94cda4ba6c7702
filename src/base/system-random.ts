/**
 * The machine's cryptographic random numbers; the one place that draws them. Runs in Node and in browsers.
 */

import type { Random } from "./random.ts";

/** `crypto.getRandomValues` gives at most this many bytes a call. */
const LARGEST_DRAW = 65536;

export function systemRandom(): Random {
  const word = new Uint32Array(1);
  return {
    below(bound) {
      crypto.getRandomValues(word);
      return Math.floor(((word[0] as number) / 0x1_0000_0000) * bound);
    },
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += LARGEST_DRAW)
        crypto.getRandomValues(bytes.subarray(at, at + LARGEST_DRAW));
      return bytes;
    },
  };
}
