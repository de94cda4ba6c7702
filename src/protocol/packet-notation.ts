/**
 * Packets written by hand, for the tests of this room: hex digits, with the three kinds of length left to the machine.
 *
 *     82 * 0001 [0b 05] 'a/b' 01
 *        │      │       └ text behind its two length bytes
 *        │      └ properties behind their length
 *        └ the remaining length
 */

import { concatBytes, InvariantError, utf8Encode } from "#base";
import { variableByteIntegerSize, writeVariableByteInteger } from "./variable-byte-integer.ts";

const tokens = /'([^']*)'|\[|\]|\*|([0-9a-f]{2})|\s+/giy;

/** The bytes of `notation`. */
export function packetBytes(notation: string): Uint8Array {
  const open: Uint8Array[][] = [[]];
  let header: Uint8Array[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < notation.length) {
    const token = tokens.exec(notation);
    if (token === null) throw new InvariantError(`no packet notation: ${notation}`);
    const [whole, text, byte] = token;
    const inner = open.at(-1) ?? [];
    if (whole === "*") {
      header = inner.splice(0);
    } else if (whole === "[") {
      open.push([]);
    } else if (whole === "]") {
      open.pop();
      open.at(-1)?.push(withLength(inner));
    } else if (byte !== undefined) {
      inner.push(Uint8Array.of(Number.parseInt(byte, 16)));
    } else if (text !== undefined) {
      const bytes = utf8Encode(text);
      inner.push(Uint8Array.of(bytes.length >>> 8, bytes.length), bytes);
    }
  }
  const body = open[0] ?? [];
  return header.length === 0 ? concatBytes(body) : concatBytes([...header, withLength(body)]);
}

function withLength(parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts);
  const length = new Uint8Array(variableByteIntegerSize(content.length));
  writeVariableByteInteger(length, 0, content.length);
  return concatBytes([length, content]);
}
