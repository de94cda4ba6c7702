/**
 * Hex as people have it: digits in any spelling, arrays and strings of programming languages, logs of devices, and dumps
 * with offsets and a column of characters (`hex-dump.ts`).
 *
 *     10 74 00 04     0x10, 0x74     10:74:00:04     1074 0004     \x10\x74     { 0x10, 0x74 };     b"\x10t\x00\x04"
 *
 * Comments (`//`, `/* *\/`, `#`) and log prefixes are passed over. What is no hex is refused with its place: nothing is guessed.
 */

import { concatBytes, utf8Encode } from "#base";
import { readHexDump } from "./hex-dump.ts";

/** The bytes that a text holds, or the first place where it holds none. */
export type HexReading =
  | {
      readonly kind: "bytes";
      /** One, or one for each dump in the text. */
      readonly blocks: readonly Uint8Array[];
    }
  | { readonly kind: "no-hex"; readonly line: number; readonly column: number; readonly reason: string };

/**
 * Reads `text` as hex.
 *
 * @example readHex("0xC0, 0x00") // { kind: "bytes", blocks: [Uint8Array.of(0xc0, 0)] }
 * @example readHex("c0 0g") // { kind: "no-hex", line: 1, column: 4, reason: '"0g" is no hex.' }
 */
export function readHex(text: string): HexReading {
  const plain = withoutLogPrefixes(text.replace(/^\ufeff/, ""));
  const blocks = readHexDump(plain);
  if (blocks !== undefined) return { kind: "bytes", blocks };
  return readStrings(plain) ?? readDigits(withoutComments(plain));
}

// Colours, and what ESP-IDF writes in front of a line: `I (309) mqtt: `.
// oxlint-disable-next-line no-control-regex
const colour = /\u001b\[[0-9;]*m/g;
const logPrefix = /^[EWIDV] \(\d+\) [^:\n]*: /gm;

function withoutLogPrefixes(text: string): string {
  return text.replace(colour, "").replace(logPrefix, blanks);
}

function withoutComments(text: string): string {
  return text
    .replace(/\/\*.*?\*\//gs, blanks)
    .replace(/(\/\/|#).*/g, blanks)
    .replace(/\s\|.*/g, blanks);
}

/** As many blanks, so that everything keeps its place. */
function blanks(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

const stringLiteral = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'/g;

/** String literals with escapes, as C, Python and others print bytes; undefined when the text is no such. */
function readStrings(text: string): HexReading | undefined {
  const literals = [...text.matchAll(stringLiteral)].map(([, double, single]) => double ?? single ?? "");
  if (!literals.some((literal) => literal.includes("\\"))) return undefined;
  return { kind: "bytes", blocks: [concatBytes(literals.map(unescaped))] };
}

const controlEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  e: 27,
};

/** The bytes of a literal: escapes of one byte, and everything else in UTF-8. */
function unescaped(literal: string): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [, hex, octal, other, plain] of literal.matchAll(
    /\\x([0-9a-fA-F]{2})|\\([0-7]{1,3})|\\(.)|([^\\]+)/gsu,
  )) {
    if (hex !== undefined) parts.push(Uint8Array.of(Number.parseInt(hex, 16)));
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else if (other !== undefined) {
      const control = controlEscapes[other];
      parts.push(control === undefined ? utf8Encode(other) : Uint8Array.of(control));
    } else if (plain !== undefined) parts.push(utf8Encode(plain));
  }
  return concatBytes(parts);
}

/** Digits in tokens, separated by anything that is usual between bytes. */
function readDigits(text: string): HexReading {
  const [start, end] = arrayRange(text);
  const parts: Uint8Array[] = [];
  for (const match of text.slice(start, end).matchAll(/[^\s,;:_|-]+/g)) {
    const at = start + match.index;
    const found = tokenBytes(match[0]);
    if (typeof found === "string") return refusal(text, at, found);
    parts.push(found);
  }
  if (parts.length === 0) return refusal(text, 0, "There are no hex digits.");
  return { kind: "bytes", blocks: [concatBytes(parts)] };
}

/** What stands between the braces of an array, or all of it. */
function arrayRange(text: string): [start: number, end: number] {
  for (const [open, close] of [
    ["{", "}"],
    ["[", "]"],
    ["<Buffer", ">"],
  ] as const) {
    const start = text.indexOf(open);
    const end = text.lastIndexOf(close);
    if (start >= 0 && end > start) return [start + open.length, end];
  }
  return [0, text.length];
}

/** The bytes of one token, or a sentence. */
function tokenBytes(token: string): Uint8Array | string {
  const bare = token.replace(/\\x|0x(?=[0-9a-f])/gi, " ").trim();
  const isPrefixed = bare.length < token.length;
  const words = bare.replace(/^([0-9a-f]{2})h$/i, "$1").split(" ");
  const digits = words.map((word) => (isPrefixed && word.length === 1 ? `0${word}` : word)).join("");
  if (!/^[0-9a-f]+$/i.test(digits)) return `"${shortened(token)}" is no hex.`;
  if (digits.length % 2 === 1) {
    const what = `"${shortened(token)}" has ${digits.length} ${digits.length === 1 ? "digit" : "digits"}; a byte has two.`;
    return /^\d{1,3}$/.test(digits) && Number(digits) < 256
      ? `${what} Decimal ${Number(digits)} is ${Number(digits).toString(16).padStart(2, "0")} in hex.`
      : what;
  }
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function shortened(token: string): string {
  return token.length > 24 ? `${token.slice(0, 24)}...` : token;
}

function refusal(text: string, at: number, reason: string): HexReading {
  const before = text.slice(0, at).split("\n");
  return { kind: "no-hex", line: before.length, column: (before.at(-1) as string).length + 1, reason };
}
