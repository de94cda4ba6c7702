/**
 * How cases write bytes: hex with quoted ASCII (`"00 04 'MQTT' 05"`), raw bytes, or lists of both.
 *
 * The kit does not use Martlet's own codec: an error that writing and reading share would hide itself. Everything in
 * `wire/` is written from the standard a second time, for checking instead of for speed.
 */

import { concatBytes, utf8Encode } from "#base";
import { CaseError } from "../failure.ts";

/** Hex with quoted ASCII, bytes, or several of them one after the other. */
export type Raw = string | Uint8Array | readonly Raw[];

export function raw(source: Raw): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (typeof source !== "string") return concatBytes(source.map(raw));
  const bytes: number[] = [];
  for (const [word, quoted] of source.matchAll(/'([^']*)'|\S+/g)) {
    if (quoted !== undefined) bytes.push(...utf8Encode(quoted));
    else if (/^(?:[0-9a-fA-F]{2})+$/.test(word)) {
      for (let i = 0; i < word.length; i += 2) bytes.push(Number.parseInt(word.slice(i, i + 2), 16));
    } else throw new CaseError(`"${word}" in "${source}" is neither hex nor quoted text`);
  }
  return Uint8Array.from(bytes);
}

/** A Variable Byte Integer in its shortest form. */
export function variableByteInteger(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

export function twoBytes(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

export function fourBytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

/** Binary Data, or a UTF-8 Encoded String of whatever bytes: a two-byte length and the bytes. */
export function binary(content: Uint8Array): Uint8Array {
  return concatBytes([twoBytes(content.length), content]);
}

/** A UTF-8 Encoded String. */
export function text(content: string): Uint8Array {
  return binary(utf8Encode(content));
}

/** A Control Packet: its first byte, the remaining length, and the rest. */
export function packet(firstByte: number, ...rest: readonly Raw[]): Uint8Array {
  const body = raw(rest);
  return concatBytes([Uint8Array.of(firstByte), variableByteInteger(body.length), body]);
}
