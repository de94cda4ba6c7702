/**
 * Bytes: the few operations on `Uint8Array` that every room needs.
 *
 * Runs in browsers too, so nothing here knows `Buffer`. HOT: `copyBytes`, `bytesEqual` and `hashBytes` run per message;
 * their thresholds come from `npm run bench:micro`.
 */

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);

/** Below this many bytes a plain loop beats the call into the engine's `set`. */
const LOOP_LIMIT = 40;

const encoder = new TextEncoder();
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Copies `source[start, end)` to `target` at `at` and returns the offset behind the copy. The ranges must not overlap. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start;
  if (length > LOOP_LIMIT) {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at);
  } else {
    for (let i = 0; i < length; i++) target[at + i] = source[start + i] as number;
  }
  return at + length;
}

/** Whether `a[aStart, aStart + length)` and `b[bStart, bStart + length)` hold the same bytes. */
export function rangesEqual(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && rangesEqual(a, 0, b, 0, a.length);
}

/** A 32-bit hash (FNV-1a over the bytes, then mixed) of `bytes[start, end)`; for tables in memory, never for security. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * The same bytes as a mere `Uint8Array`. The slice of a `Buffer` is a view and no copy, and code that meets both classes is
 * slower with each.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array
    ? bytes
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The UTF-8 bytes of `text`; lone surrogates become U+FFFD, as everywhere on the web platform. */
export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of well-formed UTF-8 in `bytes[start, end)`. The caller has validated it; a BOM is kept. */
export function utf8Decode(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  if (end - start <= LOOP_LIMIT) {
    let text = "";
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte > 0x7f) return lenientDecoder.decode(bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return lenientDecoder.decode(bytes.subarray(start, end));
}

/** `10 0c 00 04` for people and logs; at most `limit` bytes are shown. */
export function toHex(bytes: Uint8Array, limit = 64): string {
  let text = "";
  const shown = Math.min(bytes.length, limit);
  for (let i = 0; i < shown; i++) {
    text += (i === 0 ? "" : " ") + (bytes[i] as number).toString(16).padStart(2, "0");
  }
  return bytes.length > limit ? `${text} … (${bytes.length} bytes)` : text;
}
