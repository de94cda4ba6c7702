/**
 * A cursor over the body of one packet that a client received. Every read checks its bounds.
 */

import type { Properties } from "../property.ts";
import { type ReasonCode } from "../reason-code.ts";
import { readVariableByteInteger, variableByteIntegerSize } from "../variable-byte-integer.ts";
import { MalformedPacketError, ProtocolError } from "../wire-error.ts";
import * as kinds from "./kinds.ts";
import * as reasons from "./reasons.ts";
import { mayServerSay, neverZero, propertyRows } from "./scope.ts";
import { isTopicName } from "./topics.ts";

/** Shared by all packets without properties. */
export const NONE: Properties = Object.freeze({});

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that cannot be a packet; by default because they end too early, or too late. */
export function malformed(statement = "MQTT-4.13.1-1"): MalformedPacketError {
  return new MalformedPacketError(`breaks ${statement}`, statement);
}

/** A packet that is not allowed. */
export function protocolError(statement: string, reasonCode?: ReasonCode): ProtocolError {
  return new ProtocolError(`breaks ${statement}`, statement, reasonCode);
}

export class LeanReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  readonly isVersion5: boolean;

  constructor(bytes: Uint8Array, start: number, end: number, isVersion5: boolean) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.isVersion5 = isVersion5;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves behind the next `count` bytes and returns where they begin. */
  skip(count: number): number {
    const start = this.at;
    this.at += count;
    if (this.at > this.end) throw malformed();
    return start;
  }

  byte(): number {
    return this.bytes[this.skip(1)] as number;
  }

  uint16(): number {
    return (this.byte() << 8) | this.byte();
  }

  variable(): number {
    const value = readVariableByteInteger(this.bytes, this.at, this.end);
    if (value < 0) throw malformed("MQTT-1.5.5-1");
    this.at += variableByteIntegerSize(value);
    return value;
  }

  /** A copy: the bytes below belong to the transport. */
  binary(): Uint8Array {
    const length = this.uint16();
    const start = this.skip(length);
    return this.bytes.slice(start, this.at);
  }

  text(): string {
    const length = this.uint16();
    return textOf(this.bytes, this.skip(length), this.at);
  }

  /** 1 to 65,535. */
  packetId(): number {
    const packetId = this.uint16();
    if (packetId === 0) throw protocolError("MQTT-2.2.1-4");
    return packetId;
  }

  reasonCode(scope: number): ReasonCode {
    const reasonCode = this.byte();
    if (!mayServerSay(reasonCode, scope)) throw protocolError("MQTT-4.13.1-1");
    return reasonCode as ReasonCode;
  }

  /** Properties behind their length [MQTT-2.2.2-1]; none in 3.x, and none of packets that end early. */
  properties(scope: number): Properties {
    if (!this.isVersion5) return NONE;
    const length = this.variable();
    if (length === 0) return NONE;
    const packetEnd = this.end;
    const start = this.skip(length);
    this.end = this.at;
    this.at = start;
    const properties: Properties = {};
    while (this.left > 0) this.#property(properties as Record<string, unknown>, scope);
    this.end = packetEnd;
    return properties;
  }

  /** Throws unless everything was read. */
  expectEnd(): void {
    if (this.left > 0) throw malformed();
  }

  #property(properties: Record<string, unknown>, scope: number): void {
    const [name, kind, scopes] = propertyRows[this.variable()] ?? ["", 0, 0];
    if ((scopes & scope) === 0) throw malformed("U5-2.2.2.2");
    const before = properties[name] as unknown[] | undefined;
    const value = this.#value(kind);
    if (kind === kinds.VARIABLES || kind === kinds.PAIRS) {
      if (value === 0) throw protocolError("U5-3.3.2.3.8");
      if (before === undefined) properties[name] = [value];
      else before.push(value);
      return;
    }
    if (before !== undefined) throw protocolError("U5-2.2.2.2");
    checkValue(name, value);
    properties[name] = value;
  }

  #value(kind: number): unknown {
    switch (kind) {
      case kinds.UINT16:
        return this.uint16();
      case kinds.UINT32:
        return this.uint16() * 0x1_0000 + this.uint16();
      case kinds.VARIABLES:
        return this.variable();
      case kinds.TEXT:
        return this.text();
      case kinds.BINARY:
        return this.binary();
      case kinds.PAIRS:
        return [this.text(), this.text()];
      default: {
        const byte = this.byte();
        if (byte > 1) throw protocolError("U5-2.2.2.2");
        return kind === kinds.BIT ? byte : byte === 1;
      }
    }
  }
}

/** The text in `bytes[start, end)`. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text: string;
  try {
    text = strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    throw malformed("MQTT-1.5.4-1");
  }
  if (text.includes("\0")) throw malformed("MQTT-1.5.4-2");
  return text;
}

/** The few properties that do not take every value of their kind. */
function checkValue(name: string, value: unknown): void {
  if (value === 0 && neverZero.includes(name)) {
    if (name === "topicAlias") throw protocolError("MQTT-3.3.2-8", reasons.TOPIC_ALIAS_INVALID);
    throw protocolError("U5-3.2.2.3");
  }
  if (name === "responseTopic" && !isTopicName(value as string)) {
    throw protocolError("MQTT-3.3.2-14");
  }
}
