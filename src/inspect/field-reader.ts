/**
 * A cursor over one packet that turns bytes into fields and never fails: what is wrong becomes a problem, and what is not
 * there ends the reading of this packet by a `StopReading`, which its caller catches.
 *
 *     start                at            end                  limit
 *       | … fields so far … | … to read … | … next packet …    |  the input has no more
 *
 * Problems are noted in the order in which `#protocol` would meet them. Values that are merely not allowed do not stop the
 * reading: the fields behind them are still where they are.
 */

import { utf8Decode } from "#base";
import { INCOMPLETE, type ProtocolVersion, readVariableByteInteger, utf8Problem } from "#protocol";
import type { BitRange, Field, Problem, Sender } from "./field.ts";
import { GENERAL_RULE, type Rule, statementOf } from "./statement.ts";
import { count, quoted } from "./value-text.ts";

/** A field while it is built. */
export interface OpenField extends Field {
  name: string;
  length: number;
  raw: Uint8Array;
  value?: string;
  note?: string;
  children?: OpenField[];
}

export interface NumberField {
  readonly field: OpenField;
  readonly number: number;
}

export interface TextField {
  /** The bytes of the text; its two length bytes are a field of their own. */
  readonly field: OpenField;
  readonly text: string;
}

/** Ends the reading of one packet; never leaves this room. */
export class StopReading extends Error {
  override readonly name = "StopReading";
}

/** Where a problem is. */
type Place = Pick<Field, "name" | "offset" | "length">;

const MALFORMED_PACKET = 0x81;
const PROTOCOL_ERROR = 0x82;

export class FieldReader {
  readonly bytes: Uint8Array;
  /** Of the packet's first byte. */
  readonly start: number;
  /** Behind the last byte of the input. */
  readonly limit: number;
  readonly sender: Sender;
  /** Undefined until CONNECT has told it. */
  version: ProtocolVersion | undefined;
  at: number;
  /** Where the packet ends by its Remaining Length, or the properties by theirs. Before that is read, nowhere. */
  end: number = Number.POSITIVE_INFINITY;
  /** What `end` is the end of, for sentences. */
  block = "packet";
  /** Whether something could not be read because the input ends before the packet. */
  isIncomplete = false;
  readonly fields: OpenField[] = [];
  readonly problems: Problem[] = [];
  #siblings: OpenField[] = this.fields;

  constructor(
    bytes: Uint8Array,
    start: number,
    limit: number,
    version: ProtocolVersion | undefined,
    sender: Sender,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.at = start;
    this.limit = limit;
    this.version = version;
    this.sender = sender;
  }

  /** Bytes up to `end`, be they there or not. */
  get left(): number {
    return this.end - this.at;
  }

  get isVersion5(): boolean {
    return this.version === 5;
  }

  malformed(place: Place, reason: string, rule: Rule = GENERAL_RULE): void {
    this.#note("malformed-packet", place, reason, rule, MALFORMED_PACKET);
  }

  protocolError(place: Place, reason: string, rule: Rule, reasonCode = PROTOCOL_ERROR): void {
    this.#note("protocol-error", place, reason, rule, reasonCode);
  }

  #note(kind: Problem["kind"], place: Place, reason: string, rule: Rule, reasonCode: number): void {
    this.problems.push({
      kind,
      field: place.name,
      offset: place.offset,
      packetOffset: place.offset - this.start,
      length: place.length,
      reason,
      statement: statementOf(rule, this.version),
      reasonCode,
    });
  }

  /** The place behind everything read so far, for what should stand there. */
  here(name: string): Place {
    return { name, offset: this.at, length: 0 };
  }

  /** Whatever `read` reads becomes children of one field. It holds what was read also when the reading stops. */
  group<T>(name: string, read: (group: OpenField) => T): T {
    const group = this.#open(name);
    const outer = this.#siblings;
    this.#siblings = group.children = [];
    try {
      return read(group);
    } finally {
      this.#siblings = outer;
      group.length = this.at - group.offset;
      group.raw = this.bytes.subarray(group.offset, this.at);
      if (group.length === 0) outer.splice(outer.indexOf(group), 1);
    }
  }

  /** `length` bytes that are known to be there. */
  take(name: string, length: number, value?: string): OpenField {
    const field = this.#open(name);
    field.length = length;
    field.raw = this.bytes.subarray(this.at, this.at + length);
    if (value !== undefined) field.value = value;
    this.at += length;
    return field;
  }

  byte(name: string, rule?: Rule): NumberField {
    return this.#number(name, 1, rule);
  }

  uint16(name: string, rule?: Rule): NumberField {
    return this.#number(name, 2, rule);
  }

  uint32(name: string, rule?: Rule): NumberField {
    return this.#number(name, 4, rule);
  }

  #number(name: string, size: number, rule: Rule | undefined): NumberField {
    this.#need(name, size, rule);
    const number = this.bytes
      .subarray(this.at, this.at + size)
      .reduce((value, byte) => value * 256 + byte, 0);
    return { field: this.take(name, size, String(number)), number };
  }

  /** `cutOff` is for an integer that does not end before the packet does, `padded` for one that is too long. */
  variableByteInteger(name: string, cutOff?: Rule, padded: Rule = "MQTT-1.5.5-1"): NumberField {
    const { at, bytes } = this;
    const end = Math.min(this.end, this.limit);
    const number = readVariableByteInteger(bytes, at, end);
    if (number >= 0) {
      let length = 1;
      while ((bytes[at + length - 1] as number) > 0x7f) length++;
      return { field: this.take(name, length, String(number)), number };
    }
    if (number === INCOMPLETE) this.#need(name, end - at + 1, cutOff);
    return this.#paddedInteger(name, padded);
  }

  /** Longer than it need be, which still has a value, or longer than four bytes, which has none. */
  #paddedInteger(name: string, rule: Rule): NumberField {
    let length = 1;
    while (length < 4 && (this.bytes[this.at + length - 1] as number) > 0x7f) length++;
    const raw = this.bytes.subarray(this.at, this.at + length);
    const isEnded = (raw[length - 1] as number) < 0x80;
    const number = raw.reduce((value, byte, index) => value + (byte & 0x7f) * 128 ** index, 0);
    const field = this.take(name, length, isEnded ? String(number) : "no number");
    this.malformed(
      field,
      isEnded
        ? `${name} takes ${count(length, "byte")} for ${number}; only the shortest form is allowed.`
        : `${name} goes on after four bytes (the highest bit of the fourth is set); four are the most.`,
      rule,
    );
    if (!isEnded) throw new StopReading();
    return { field, number };
  }

  /** Two length bytes, and the bytes that they announce. */
  binary(name: string, rule?: Rule): OpenField {
    const { field: length, number } = this.uint16(`${name} Length`, rule);
    return this.prefixed(name, length, number, rule);
  }

  /** The `size` bytes that the field `length` announces. */
  prefixed(name: string, length: OpenField, size: number, rule?: Rule): OpenField {
    this.#needPrefixed(name, length, size, rule);
    return this.take(name, size);
  }

  /** UTF-8 text behind its two length bytes. What is wrong with the text is told at once, or later by `checkText`. */
  text(name: string, rule?: Rule): TextField {
    const read = this.unjudgedText(name, rule);
    this.checkText(read.field);
    return read;
  }

  unjudgedText(name: string, rule?: Rule): TextField {
    const field = this.binary(name, rule);
    const text = utf8Decode(field.raw);
    field.value = quoted(text);
    const { raw } = field;
    if (utf8Problem(raw, 0, raw.length) === undefined) {
      const strict = utf8Problem(raw, 0, raw.length, { rejectControlCharacters: true });
      if (strict !== undefined) field.note = `contains ${strict}, which a receiver may refuse`;
    }
    return { field, text };
  }

  /** Returns whether the text is one. */
  checkText({ name, offset, raw }: OpenField): boolean {
    const problem = utf8Problem(raw, 0, raw.length);
    if (problem === undefined) return true;
    const { at, length } = firstBadCharacter(raw);
    const place = { name, offset: offset + at, length };
    const isNull = problem === "U+0000";
    const reason = isNull
      ? `${name} contains U+0000 at its byte ${at}; a text may not.`
      : `${name} is no UTF-8 from its byte ${at} on: ${hexBytes(raw.subarray(at, at + 4))}.`;
    const rule: Rule = isNull ? ["MQTT-1.5.4-2", "MQTT-1.5.3-2"] : ["MQTT-1.5.4-1", "MQTT-1.5.3-1"];
    this.malformed(place, reason, rule);
    return false;
  }

  /** A Packet Identifier; 0 is none. `rule` forbids it. */
  packetId(rule: Rule): NumberField {
    const read = this.uint16("Packet Identifier");
    if (read.number === 0) {
      this.protocolError(read.field, "Packet Identifier is 0; it is 1 to 65535.", rule);
    }
    return read;
  }

  /** Adds a part of the byte `field`. */
  bits(
    field: OpenField,
    name: string,
    { highest, lowest }: BitRange,
    words?: (bits: number) => string,
  ): number {
    const bits = ((field.raw[0] as number) >> lowest) & ((1 << (highest - lowest + 1)) - 1);
    field.children ??= [];
    field.children.push({
      name,
      offset: field.offset,
      length: 1,
      raw: field.raw,
      bits: { highest, lowest },
      value: words === undefined ? String(bits) : words(bits),
    });
    return bits;
  }

  /** Judges that everything was read. Of a packet that is not whole that cannot be said yet. */
  expectEnd(rule: Rule = GENERAL_RULE): void {
    const { left } = this;
    if (left === 0) return;
    const fits = this.at - this.start - this.#headerLength();
    const present = Math.min(left, this.limit - this.at);
    if (present < left) this.isIncomplete = true;
    if (present === 0) return;
    const field = this.take("Left over", present, count(left, "byte"));
    if (present === left) {
      const many = `${count(left, "byte")} too many: by its fields the packet ends here`;
      this.malformed(field, `${many}, and Remaining Length would be ${fits}.`, rule);
    }
  }

  #headerLength(): number {
    return this.fields[0]?.length ?? 0;
  }

  #open(name: string): OpenField {
    const field: OpenField = { name, offset: this.at, length: 0, raw: this.bytes.subarray(this.at, this.at) };
    this.#siblings.push(field);
    return field;
  }

  #need(name: string, size: number, rule: Rule | undefined): void {
    const { left } = this;
    const present = Math.min(left, this.limit - this.at);
    if (size <= present) return;
    const field = this.take(name, present, present === 0 ? "missing" : "cut off");
    if (size > left) {
      const what = left === 0 ? `${name} is missing` : `${name} is cut off`;
      const has = `the ${this.block} has ${left === 0 ? "none" : left} left`;
      this.malformed(field, `${what}: it takes ${count(size, "byte")}, and ${has}.`, rule);
    } else this.isIncomplete = true;
    throw new StopReading();
  }

  #needPrefixed(name: string, length: OpenField, size: number, rule: Rule | undefined): void {
    const present = Math.min(this.left, this.limit - this.at);
    if (size <= present) return;
    const { left } = this;
    const field = this.take(name, present);
    if (present > 0) field.value = `the first ${present} of ${size} bytes`;
    if (size > left) {
      this.malformed(
        length,
        `${length.name} says ${size}, but the ${this.block} has ${count(left, "byte")} left: ${size - left} too few.`,
        rule,
      );
    } else this.isIncomplete = true;
    throw new StopReading();
  }
}

function hexBytes(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** The first character of `bytes` that no text may contain. There is one. */
function firstBadCharacter(bytes: Uint8Array): { at: number; length: number } {
  let at = 0;
  for (;;) {
    const lead = bytes[at] as number;
    const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const next = Math.min(at + size, bytes.length);
    if (next === at || utf8Problem(bytes, at, next) !== undefined) return { at, length: next - at };
    at = next;
  }
}
