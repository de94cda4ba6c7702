/**
 * Packets in words, for people who read a trace. Both directions, and lenient: what cannot be read is said to be so, and
 * nothing is judged. What is right and wrong is `read.ts`'s and the cases' business.
 */

import { toHex } from "#base";
import type { ProtocolVersion } from "#protocol";
import { type PropertyKind, properties as propertyTable } from "./properties.ts";

/** Longer texts and payloads are cut. */
const LONGEST_TEXT = 60;
/** Lines for one write; more packets than this are counted. */
const MOST_PACKETS = 8;

class Unreadable extends Error {
  override readonly name = "Unreadable";
}

/** The packets that `bytes` holds, a line each. */
export function dissect(bytes: Uint8Array, version: ProtocolVersion): string[] {
  const lines: string[] = [];
  if (bytes.length < 2) return lines;
  let at = 0;
  while (at < bytes.length && lines.length < MOST_PACKETS) {
    const [headerLength, remaining] = fixedHeader(bytes, at);
    if (headerLength === undefined || remaining === undefined) return [...lines, "no whole fixed header"];
    const end = at + headerLength + remaining;
    const cursor = new Cursor(bytes.subarray(at + headerLength, Math.min(end, bytes.length)), version);
    const line = body(bytes[at] as number, cursor);
    lines.push(end > bytes.length ? `${line}; ${end - bytes.length} bytes are missing` : line);
    at = end;
  }
  if (at < bytes.length) lines.push(`... and ${bytes.length - at} more bytes`);
  return lines;
}

function fixedHeader(bytes: Uint8Array, at: number): [headerLength?: number, remaining?: number] {
  let remaining = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return [];
    remaining += (byte & 0x7f) * 128 ** (i - 1);
    if ((byte & 0x80) === 0) return [i + 1, remaining];
  }
  return [];
}

class Cursor {
  readonly bytes: Uint8Array;
  version: ProtocolVersion;
  at = 0;

  constructor(bytes: Uint8Array, version: ProtocolVersion) {
    this.bytes = bytes;
    this.version = version;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new Unreadable();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  number(size: number): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  variable(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.number(1);
      value += (byte & 0x7f) * 128 ** i;
      if ((byte & 0x80) === 0) return value;
    }
    throw new Unreadable();
  }

  binary(): Uint8Array {
    return this.take(this.number(2));
  }

  text(): string {
    return quoted(this.binary());
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// What could move a terminal's cursor or hide what is there.
// oxlint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text in quotes, or hex where it is none. */
function quoted(bytes: Uint8Array): string {
  try {
    const whole = utf8.decode(bytes);
    const short = whole.length > LONGEST_TEXT ? `${whole.slice(0, LONGEST_TEXT)}...` : whole;
    return JSON.stringify(short).replace(
      unsafe,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  } catch {
    return `[${toHex(bytes, LONGEST_TEXT / 3)}]`;
  }
}

function code(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

function body(first: number, cursor: Cursor): string {
  const parts: string[] = [];
  try {
    describe(first, cursor, parts);
    if (cursor.left > 0) parts.push(`${cursor.left} bytes left over`);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    parts.push("the rest cannot be read");
  }
  return parts.length === 0 ? "no fields" : parts.join(", ");
}

function describe(first: number, cursor: Cursor, parts: string[]): void {
  const flags = first & 0x0f;
  switch (first >> 4) {
    case 1:
      return connect(cursor, parts);
    case 2: {
      if ((cursor.number(1) & 1) !== 0) parts.push("session present");
      parts.push(`${cursor.version === 5 ? "reason" : "return"} code ${code(cursor.number(1))}`);
      return properties(cursor, parts);
    }
    case 3: {
      const qos = (flags >> 1) & 3;
      parts.push(`topic ${cursor.text()}`, `QoS ${qos}`);
      if ((flags & 8) !== 0) parts.push("DUP");
      if ((flags & 1) !== 0) parts.push("RETAIN");
      if (qos > 0) parts.push(`packet id ${cursor.number(2)}`);
      properties(cursor, parts);
      const payload = cursor.take(cursor.left);
      parts.push(payload.length === 0 ? "no payload" : `payload ${quoted(payload)}`);
      return;
    }
    case 4:
    case 5:
    case 6:
    case 7: {
      parts.push(`packet id ${cursor.number(2)}`);
      if (cursor.version === 5 && cursor.left > 0) parts.push(`reason code ${code(cursor.number(1))}`);
      if (cursor.left > 0) properties(cursor, parts);
      return;
    }
    case 8: {
      parts.push(`packet id ${cursor.number(2)}`);
      properties(cursor, parts);
      while (cursor.left > 0) parts.push(`filter ${cursor.text()} options ${code(cursor.number(1))}`);
      return;
    }
    case 9:
    case 11: {
      parts.push(`packet id ${cursor.number(2)}`);
      properties(cursor, parts);
      if (cursor.left > 0) parts.push(`codes ${toHex(cursor.take(cursor.left), LONGEST_TEXT / 3)}`);
      return;
    }
    case 10: {
      parts.push(`packet id ${cursor.number(2)}`);
      properties(cursor, parts);
      while (cursor.left > 0) parts.push(`filter ${cursor.text()}`);
      return;
    }
    case 14:
    case 15: {
      if (cursor.left > 0) parts.push(`reason code ${code(cursor.number(1))}`);
      if (cursor.left > 0) properties(cursor, parts);
      return;
    }
    default:
  }
}

const versionNames: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

function connect(cursor: Cursor, parts: string[]): void {
  const name = cursor.text();
  const level = cursor.number(1);
  const isKnown = name === '"MQTT"' || name === '"MQIsdp"';
  parts.push(
    isKnown && level in versionNames ? `MQTT ${versionNames[level]}` : `protocol ${name} level ${level}`,
  );
  // The packet itself says how it is to be read.
  if (level === 3 || level === 4 || level === 5) cursor.version = level;
  const flags = cursor.number(1);
  const keepAlive = cursor.number(2);
  const connectProperties: string[] = [];
  properties(cursor, connectProperties);
  parts.push(`client id ${cursor.text()}`);
  if ((flags & 0x02) !== 0) parts.push(cursor.version === 5 ? "clean start" : "clean session");
  if ((flags & 0x01) !== 0) parts.push("reserved flag");
  parts.push(`keep alive ${keepAlive}`, ...connectProperties);
  if ((flags & 0x04) !== 0) {
    const willProperties: string[] = [];
    properties(cursor, willProperties);
    const retain = (flags & 0x20) === 0 ? "" : " RETAIN";
    const qos = (flags >> 3) & 3;
    parts.push(`will topic ${cursor.text()} QoS ${qos}${retain} payload ${quoted(cursor.binary())}`);
    parts.push(...willProperties.map((each) => `will ${each}`));
  }
  if ((flags & 0x80) !== 0) parts.push(`user name ${cursor.text()}`);
  // Its length would be a hint; its content even more so.
  if ((flags & 0x40) !== 0) {
    cursor.binary();
    parts.push("a password");
  }
}

function properties(cursor: Cursor, parts: string[]): void {
  if (cursor.version !== 5) return;
  const end = cursor.variable() + cursor.at;
  if (end > cursor.bytes.length) throw new Unreadable();
  while (cursor.at < end) {
    const id = cursor.variable();
    const row = propertyTable.find((each) => each.id === id);
    if (row === undefined) {
      parts.push(`unknown property ${code(id)}`);
      cursor.at = end;
      return;
    }
    parts.push(`${words(row.name)} ${value(cursor, row.kind)}`);
  }
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function value(cursor: Cursor, kind: PropertyKind): string {
  switch (kind) {
    case "byte":
      return String(cursor.number(1));
    case "two":
      return String(cursor.number(2));
    case "four":
      return String(cursor.number(4));
    case "variable":
      return String(cursor.variable());
    case "text":
      return cursor.text();
    case "binary":
      return `[${toHex(cursor.binary(), LONGEST_TEXT / 3)}]`;
    case "pair":
      return `${cursor.text()}: ${cursor.text()}`;
  }
}
