/**
 * Payloads that are Protocol Buffers, without their schema: each field's number, wire type and value. Whether bytes are a text,
 * a message or just bytes is a guess, in that order.
 */

import type { Paint } from "../paint.ts";
import { type ProtobufField, readProtobuf, WireType } from "./protobuf-reader.ts";
import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

const DEEPEST = 16;

export const protobuf: ValueFormat = (payload, paint) => lines(readProtobuf(payload), paint, "").join("\n");

function lines(fields: readonly ProtobufField[], paint: Paint, indent: string): string[] {
  return fields.flatMap((field) => fieldLines(field, paint, indent));
}

function fieldLines(field: ProtobufField, paint: Paint, indent: string): string[] {
  const { number, type, varint, bytes } = field;
  const head = (wire: string): string => `${indent}${paint("key", String(number))} ${paint("quiet", wire)} `;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (type) {
    case WireType.VARINT: {
      const signed = BigInt.asIntN(64, varint);
      const shown = valueText(varint, paint);
      return [head("varint") + (signed < 0n ? `${shown} ${paint("quiet", `or ${signed}`)}` : shown)];
    }
    case WireType.FIXED64: {
      const whole = paint("quiet", `or ${view.getBigInt64(0, true)}`);
      return [`${head("64-bit")}${valueText(view.getFloat64(0, true), paint)} ${whole}`];
    }
    case WireType.FIXED32: {
      const whole = paint("quiet", `or ${view.getInt32(0, true)}`);
      return [`${head("32-bit")}${valueText(view.getFloat32(0, true), paint)} ${whole}`];
    }
    case WireType.BYTES: {
      const text = textOf(bytes);
      if (text !== undefined) return [head("bytes") + valueText(text, paint)];
      const inner = indent.length < 2 * DEEPEST ? messageOf(bytes) : undefined;
      if (inner === undefined) return [head("bytes") + valueText(bytes, paint)];
      return [`${head("message")}{`, ...lines(inner, paint, `${indent}  `), `${indent}}`];
    }
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /^[\t\n\r\x20-\x7e\u00a0-\uffff]*$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(bytes: Uint8Array): ProtobufField[] | undefined {
  try {
    return readProtobuf(bytes);
  } catch {
    return undefined;
  }
}
