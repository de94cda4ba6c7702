/**
 * UTF-8 well-formedness (RFC 3629) as MQTT wants it: no overlong forms, no surrogates, nothing above U+10FFFF, no U+0000,
 * and on request no control characters and non-characters. Looks at bytes where they lie and allocates nothing. HOT: once
 * per string property; topics are checked once per topic.
 */

import { malformed, type Statement } from "./statement.ts";
import type { ProtocolVersion } from "./version.ts";
import type { MalformedPacketError } from "./wire-error.ts";

/** What a receiver may refuse beyond what it must. One object is shared by all connections of a listener. */
export interface TextRules {
  /** Refuse U+0001 to U+001F, U+007F to U+009F and the 66 non-characters (U5-1.5.4). Default: accept. */
  readonly rejectControlCharacters?: boolean | undefined;
}

/** In words that end "contains …". */
export type Utf8Problem = "ill-formed UTF-8" | "U+0000" | "a control character or non-character";

const ACCEPT_ALL: TextRules = {};

/** What is wrong with the text in `bytes[start, end)`, if anything. */
export function utf8Problem(
  bytes: Uint8Array,
  start: number,
  end: number,
  rules: TextRules = ACCEPT_ALL,
): Utf8Problem | undefined {
  const isStrict = rules.rejectControlCharacters === true;
  const lowest = isStrict ? 0x20 : 0x01;
  const highest = isStrict ? 0x7e : 0x7f;
  let at = start;
  for (; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < lowest || byte > highest) return problemFrom(bytes, at, end, isStrict);
  }
  return undefined;
}

/** Goes on from the first byte that is not plain ASCII, code point by code point. */
function problemFrom(
  bytes: Uint8Array,
  start: number,
  end: number,
  isStrict: boolean,
): Utf8Problem | undefined {
  let at = start;
  while (at < end) {
    const lead = bytes[at++] as number;
    let point = lead;
    if (lead > 0x7f) {
      const following = lead < 0xc2 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : 0;
      if (following === 0 || end - at < following) return "ill-formed UTF-8";
      point = lead & (0x3f >> following);
      for (let left = following; left > 0; left--) {
        const byte = bytes[at++] as number;
        if ((byte & 0xc0) !== 0x80) return "ill-formed UTF-8";
        point = (point << 6) | (byte & 0x3f);
      }
      const isOverlong = (following === 2 && point < 0x800) || (following === 3 && point < 0x1_0000);
      const isSurrogate = point >= 0xd800 && point <= 0xdfff;
      if (isOverlong || isSurrogate || point > 0x10_ffff) return "ill-formed UTF-8";
    }
    if (point === 0) return "U+0000";
    if (isStrict && isControlOrNonCharacter(point)) return "a control character or non-character";
  }
  return undefined;
}

function isControlOrNonCharacter(point: number): boolean {
  if (point < 0x20 || (point >= 0x7f && point <= 0x9f)) return true;
  return (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;
}

const statements: Readonly<Record<Utf8Problem, Statement>> = {
  "ill-formed UTF-8": ["MQTT-1.5.4-1", "MQTT-1.5.3-1"],
  "U+0000": ["MQTT-1.5.4-2", "MQTT-1.5.3-2"],
  "a control character or non-character": ["U5-1.5.4", "MQTT-1.5.3-1"],
};

/** The error for `problem`, found in the field that `what` names. */
export function utf8Error(
  version: ProtocolVersion | undefined,
  what: string,
  problem: Utf8Problem,
): MalformedPacketError {
  return malformed(version, `${what} contains ${problem}`, statements[problem]);
}
