/**
 * A growing buffer for one packet, for all packets but PUBLISH. The body is written first; `finish` puts the fixed header in
 * front of it. Refuses with InvalidPacketError what the wire cannot carry.
 *
 *     [ room for the fixed header: 5 | body … | free ]
 */

import { utf8Encode } from "#base";
import { fixedHeaderSize } from "../fixed-header.ts";
import { LARGEST_REMAINING_LENGTH } from "../packet.ts";
import {
  LARGEST_VARIABLE_BYTE_INTEGER,
  variableByteIntegerSize,
  writeVariableByteInteger,
} from "../variable-byte-integer.ts";
import { InvalidPacketError } from "../wire-error.ts";

const HEADER_ROOM = 5;
const FIRST_CAPACITY = 128;
/** A buffer that has grown beyond this for one packet is not kept for the next. */
const LARGEST_KEPT = 64 * 1024;
/** What two length bytes can say. */
const LONGEST_FIELD = 0xffff;

/** `what` names the field in the messages of InvalidPacketError. */
export class Writer {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #at = HEADER_ROOM;

  /** Begins another packet in the same buffer. */
  begin(): void {
    this.#at = HEADER_ROOM;
    if (this.#bytes.length > LARGEST_KEPT) this.#bytes = new Uint8Array(FIRST_CAPACITY);
  }

  byte(value: number): void {
    const at = this.#advance(1);
    this.#bytes[at] = value;
  }

  uint16(value: number, what: string): void {
    checkInteger(value, 0xffff, what);
    const at = this.#advance(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
  }

  uint32(value: number, what: string): void {
    checkInteger(value, 0xffff_ffff, what);
    this.uint16(value >>> 16, what);
    this.uint16(value & 0xffff, what);
  }

  variableByteInteger(value: number, what: string): void {
    checkInteger(value, LARGEST_VARIABLE_BYTE_INTEGER, what);
    const at = this.#advance(variableByteIntegerSize(value));
    writeVariableByteInteger(this.#bytes, at, value);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length);
    this.#bytes.set(bytes, at);
  }

  binary(bytes: Uint8Array, what: string): void {
    if (bytes.length > LONGEST_FIELD)
      throw new InvalidPacketError(`${what} is longer than ${LONGEST_FIELD} bytes`);
    this.uint16(bytes.length, what);
    this.raw(bytes);
  }

  text(text: string, what: string): void {
    this.binary(encodeText(text, what), what);
  }

  /** A Packet Identifier: 1 to 65,535 [MQTT-2.2.1-3] [MQTT-2.2.1-4]. */
  packetId(packetId: number): void {
    checkPacketId(packetId);
    this.uint16(packetId, "the packet identifier");
  }

  reasonCode(reasonCode: number, allowed: ReadonlySet<number>): void {
    if (!allowed.has(reasonCode)) {
      throw new InvalidPacketError(`reason code 0x${reasonCode.toString(16)} is not for this packet`);
    }
    this.byte(reasonCode);
  }

  /** A copy of the body alone. */
  body(): Uint8Array {
    return this.#bytes.slice(HEADER_ROOM, this.#at);
  }

  /** The packet: `firstByte`, the length of what was written, and that. */
  finish(firstByte: number): Uint8Array {
    const remainingLength = this.#at - HEADER_ROOM;
    checkRemainingLength(remainingLength);
    const start = HEADER_ROOM - fixedHeaderSize(remainingLength);
    this.#bytes[start] = firstByte;
    writeVariableByteInteger(this.#bytes, start + 1, remainingLength);
    return this.#bytes.slice(start, this.#at);
  }

  /** Makes room for `count` bytes and returns where they go. */
  #advance(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#at, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}

/** The UTF-8 bytes of `text` [MQTT-1.5.4-1] [MQTT-1.5.4-2], at most 65,535 [MQTT-4.7.3-3]. */
export function encodeText(text: string, what: string): Uint8Array {
  if (!text.isWellFormed()) throw new InvalidPacketError(`${what} has a lone surrogate`);
  if (text.includes("\0")) throw new InvalidPacketError(`${what} has a U+0000`);
  const bytes = utf8Encode(text);
  if (bytes.length > LONGEST_FIELD)
    throw new InvalidPacketError(`${what} is longer than ${LONGEST_FIELD} bytes`);
  return bytes;
}

/** Throws unless `packetId` is 1 to 65,535. */
export function checkPacketId(packetId: number): void {
  if (packetId === 0) throw new InvalidPacketError("packet identifier 0");
  checkInteger(packetId, 0xffff, "the packet identifier");
}

/** Throws when the length is above 268,435,455. */
export function checkRemainingLength(remainingLength: number): void {
  if (remainingLength > LARGEST_REMAINING_LENGTH) {
    throw new InvalidPacketError(`a packet of ${remainingLength} bytes is longer than the protocol can say`);
  }
}

function checkInteger(value: number, largest: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > largest) {
    throw new InvalidPacketError(`${what} is ${value}, not a whole number up to ${largest}`);
  }
}
