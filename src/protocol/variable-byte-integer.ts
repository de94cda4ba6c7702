/**
 * Variable Byte Integer: seven bits a byte, least significant first, at most four bytes, always the shortest form
 * [MQTT-1.5.5-1]. Padded remaining lengths are refused in 3.x too, where nobody needs them. HOT.
 *
 *     321 = 2 * 128 + 65   →   c1 02        (bit 7: more follows)
 */

/** The largest value: four bytes of seven bits. */
export const LARGEST_VARIABLE_BYTE_INTEGER = 268_435_455;

/** `readVariableByteInteger`: the bytes end before the integer does. */
export const INCOMPLETE = -1;

/** `readVariableByteInteger`: more than four bytes, or more than needed. */
export const NOT_AN_INTEGER = -2;

/**
 * The integer that begins at `bytes[at]`, or `INCOMPLETE`, or `NOT_AN_INTEGER`. As only the shortest form is accepted,
 * `variableByteIntegerSize` of the result is the number of bytes it took.
 */
export function readVariableByteInteger(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    if (at + i >= end) return INCOMPLETE;
    const byte = bytes[at + i] as number;
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return byte === 0 && i > 0 ? NOT_AN_INTEGER : value;
  }
  return NOT_AN_INTEGER;
}

/** How many bytes `value` takes: 1 to 4. */
export function variableByteIntegerSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Writes `value` at `target[at]` and returns the offset behind it. */
export function writeVariableByteInteger(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest > 0x7f) {
    target[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  target[next++] = rest;
  return next;
}
