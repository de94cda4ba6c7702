/**
 * The machine's cryptographic random numbers; the one place that draws them. Runs in Node and in browsers.
 */

import type { Random } from "./random.ts";

/** `crypto.getRandomValues` gives at most this many bytes a call. */
const LARGEST_DRAW = 65536;

/** A whole number from 0 up to, not including, `bound`; a page that needs no more loads no more. */
export function systemBelow(bound: number): number {
  const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.floor((word / 0x1_0000_0000) * bound);
}

export function systemRandom(): Random {
  return {
    below: systemBelow,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += LARGEST_DRAW)
        crypto.getRandomValues(bytes.subarray(at, at + LARGEST_DRAW));
      return bytes;
    },
  };
}
