/**
 * Names in certificates, as Node writes them down: subjects with one part a line, and alternative names in a row. Both come
 * from whoever asked for the certificate, so nothing is cut at a character that may stand inside a value.
 */

import { utf8Decode, utf8Encode } from "#base";

/** One `name=value`, without the backslashes of its text. */
export interface NamePart {
  /** As OpenSSL abbreviates it, such as `CN`, or digits with dots. */
  readonly type: string;
  readonly value: string;
}

const BACKSLASH = 0x5c;

/**
 * The parts in the order of the certificate, which is the root first; parts that share a line there (`OU=a + OU=b`) are in one
 * list here. Undefined for what Node would not write.
 */
export function parseSubject(subject: string): readonly (readonly NamePart[])[] | undefined {
  if (subject === "") return [];
  const lines: NamePart[][] = [];
  for (const line of subject.split("\n")) {
    const parts: NamePart[] = [];
    for (const text of splitUnescaped(line, " + ")) {
      const equals = text.indexOf("=");
      const value = equals < 1 ? undefined : unescaped(text.slice(equals + 1));
      if (value === undefined) return undefined;
      parts.push({ type: text.slice(0, equals), value });
    }
    lines.push(parts);
  }
  return lines;
}

/** All values of one type, such as `CN`. */
export function valuesOf(lines: readonly (readonly NamePart[])[], type: string): string[] {
  return lines.flatMap((parts) => parts.filter((part) => part.type === type).map(({ value }) => value));
}

/**
 * The whole as RFC 2253 has it and mosquitto's `use_subject_as_username`: the last part first, commas between, what is not
 * ASCII as bytes in hex.
 *
 * @example formatSubject(parseSubject("O=Example, Ltd\nCN=sensor-1")) // "CN=sensor-1,O=Example\\, Ltd"
 */
export function formatSubject(lines: readonly (readonly NamePart[])[]): string {
  const format = ({ type, value }: NamePart): string => `${type}=${escaped(value)}`;
  return lines
    .toReversed()
    .map((parts) => parts.toReversed().map(format).join("+"))
    .join(",");
}

/** The separator counts where no backslash stands before its plus sign or space. */
function splitUnescaped(line: string, separator: string): string[] {
  const found: string[] = [];
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    if (line.charCodeAt(at) === BACKSLASH) at++;
    else if (line.startsWith(separator, at)) {
      found.push(line.slice(start, at));
      start = at + separator.length;
      at = start - 1;
    }
  }
  found.push(line.slice(start));
  return found;
}

/** Undefined for a backslash with nothing behind it. */
function unescaped(text: string): string | undefined {
  if (!text.includes("\\")) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) !== BACKSLASH) {
      const character = String.fromCodePoint(text.codePointAt(at) as number);
      bytes.push(...utf8Encode(character));
      at += character.length;
      continue;
    }
    const hex = /^[0-9A-Fa-f]{2}/.exec(text.slice(at + 1, at + 3))?.[0];
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += 3;
    } else if (at + 1 < text.length) {
      bytes.push(...utf8Encode(text.charAt(at + 1)));
      at += 2;
    } else return undefined;
  }
  return utf8Decode(Uint8Array.from(bytes));
}

function escaped(value: string): string {
  const bytes = utf8Encode(value);
  let text = "";
  for (const [index, byte] of bytes.entries()) {
    const character = String.fromCharCode(byte);
    const isAtEdge =
      (character === " " && (index === 0 || index === bytes.length - 1)) ||
      (character === "#" && index === 0);
    if (byte < 0x20 || byte > 0x7e) text += `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    else text += isAtEdge || ',+"\\<>;'.includes(character) ? `\\${character}` : character;
  }
  return text;
}

/** One alternative name, such as `DNS` and `sensor-1.example.org`. */
export interface AlternativeName {
  /** `DNS`, `IP Address`, `URI`, `email`, `othername` … */
  readonly type: string;
  readonly value: string;
}

/** Values that could be taken for something else stand in quotes, as JSON. Undefined for what Node would not write. */
export function parseAlternativeNames(text: string): readonly AlternativeName[] | undefined {
  const found: AlternativeName[] = [];
  let rest = text;
  while (rest !== "") {
    const match = /^([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?:, |$)/.exec(rest);
    if (match === null) return undefined;
    const [whole, type = "", quoted, plain = ""] = match;
    const value = quoted === undefined ? plain : unquoted(quoted);
    if (value === undefined) return undefined;
    found.push({ type, value });
    rest = rest.slice(whole.length);
  }
  return found;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}
