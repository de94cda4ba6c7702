/**
 * A cursor over the body of one packet, for all packets but PUBLISH. Every read checks its bounds and throws a wire error
 * that carries the statement in force.
 */

import { utf8Decode } from "#base";
import type { Side } from "../fixed-header.ts";
import type { ReasonCode } from "../reason-code.ts";
import { GENERAL_STATEMENT, malformed, protocolError, type Statement } from "../statement.ts";
import { type TextRules, utf8Error, utf8Problem } from "../utf8.ts";
import {
  INCOMPLETE,
  NOT_AN_INTEGER,
  readVariableByteInteger,
  variableByteIntegerSize,
} from "../variable-byte-integer.ts";
import { ProtocolVersion } from "../version.ts";
import type { MalformedPacketError, ProtocolError } from "../wire-error.ts";

/** What the decoder has to know beside the bytes and the version. */
export interface DecodeOptions extends TextRules {
  /** Who reads the packet. */
  readonly side: Side;
}

/** See the file's head. A class so that all packets' decoders share one shape. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly options: DecodeOptions;
  at: number;
  end: number;
  /** Undefined until CONNECT has told it. */
  version: ProtocolVersion | undefined;

  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    version: ProtocolVersion | undefined,
    options: DecodeOptions,
  ) {
    this.bytes = bytes;
    this.options = options;
    this.at = start;
    this.end = end;
    this.version = version;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.end - this.at;
  }

  get isVersion5(): boolean {
    return this.version === ProtocolVersion.MQTT_5_0;
  }

  malformed(message: string, statement?: Statement): MalformedPacketError {
    return malformed(this.version, message, statement);
  }

  protocolError(message: string, statement: Statement, reasonCode?: ReasonCode): ProtocolError {
    return protocolError(this.version, message, statement, reasonCode);
  }

  byte(what: string, statement?: Statement): number {
    this.#need(1, what, statement);
    return this.bytes[this.at++] as number;
  }

  uint16(what: string, statement?: Statement): number {
    this.#need(2, what, statement);
    const { bytes, at } = this;
    this.at += 2;
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  }

  uint32(what: string, statement?: Statement): number {
    return this.uint16(what, statement) * 0x1_0000 + this.uint16(what, statement);
  }

  /** `statement` is for an integer that is cut off. */
  variableByteInteger(what: string, statement?: Statement): number {
    const value = readVariableByteInteger(this.bytes, this.at, this.end);
    if (value === INCOMPLETE) throw this.malformed(`${what} is cut off`, statement);
    if (value === NOT_AN_INTEGER) throw this.malformed(`${what} is not in its shortest form`, "MQTT-1.5.5-1");
    this.at += variableByteIntegerSize(value);
    return value;
  }

  /** The offset of a length-prefixed field's content; `at` is moved behind the field. */
  #skipPrefixed(what: string, statement?: Statement): number {
    const length = this.uint16(what, statement);
    this.#need(length, what, statement);
    const start = this.at;
    this.at += length;
    return start;
  }

  text(what: string, statement?: Statement): string {
    const start = this.#skipPrefixed(what, statement);
    const problem = utf8Problem(this.bytes, start, this.at, this.options);
    if (problem !== undefined) throw utf8Error(this.version, what, problem);
    return utf8Decode(this.bytes, start, this.at);
  }

  /** A copy: the bytes below belong to the transport. */
  binary(what: string, statement?: Statement): Uint8Array {
    const start = this.#skipPrefixed(what, statement);
    return this.bytes.slice(start, this.at);
  }

  /** A Packet Identifier; 0 is none. `statement` forbids it. */
  packetId(statement: Statement): number {
    const packetId = this.uint16("the packet identifier");
    if (packetId === 0) throw this.protocolError("packet identifier 0", statement);
    return packetId;
  }

  /** A reason code out of `allowed`; another one violates `statement`. */
  reasonCode(allowed: ReadonlySet<number>, statement: Statement): ReasonCode {
    const code = this.byte("the reason code");
    if (!allowed.has(code))
      throw this.protocolError(`reason code 0x${code.toString(16)} is not allowed here`, statement);
    return code as ReasonCode;
  }

  /** Throws unless everything was read. */
  expectEnd(statement: Statement = GENERAL_STATEMENT): void {
    if (this.left > 0) throw this.malformed(`${this.left} bytes too many`, statement);
  }

  #need(count: number, what: string, statement: Statement | undefined): void {
    if (this.end - this.at < count) throw this.malformed(`${what} is cut off`, statement);
  }
}
