/** Values in words, for people: texts in quotes, bytes in hex, seconds with what they amount to. */

import { toHex, utf8Decode } from "#base";
import { utf8Problem } from "#protocol";

// Control characters, line and paragraph separators, changes of direction: nothing that could drive a terminal.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"\\]/g;

const shortEscapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  '"': '\\"',
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** `text` in quotes, with escapes for what could not be seen or could do harm. */
export function quoted(text: string): string {
  const escaped = text.replace(unsafe, (character) => {
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    const hex = character.charCodeAt(0).toString(16);
    return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

/** `0x0a` */
export function hexNumber(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** `1 byte`, `3 bytes` */
export function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}

/** Bytes that may be text: in quotes if they are, else in hex. */
export function textOrHex(bytes: Uint8Array): string {
  if (bytes.length === 0) return "empty";
  return isPlainText(bytes) ? quoted(utf8Decode(bytes)) : toHex(bytes, bytes.length);
}

/** Whether `bytes` are well-formed text without control characters other than line ends and tabs. */
export function isPlainText(bytes: Uint8Array): boolean {
  if (utf8Problem(bytes, 0, bytes.length) !== undefined) return false;
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
];

/** `3600 s (1 hour)`; the remark only where it is a round number. */
export function seconds(value: number): string {
  for (const [size, name] of units) {
    if (value >= size && value % size === 0) return `${value} s (${count(value / size, name)})`;
  }
  return `${value} s`;
}
