/**
 * Payloads of Sparkplug B: the fields of its Protocol Buffers schema by name, with the values of metrics by their data type. A
 * payload that is no Protobuf, such as the JSON of STATE, is shown as `pretty` shows it.
 */

import { pretty } from "./pretty.ts";
import { type ProtobufField, readProtobuf, WireType } from "./protobuf-reader.ts";
import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

export const sparkplug: ValueFormat = (payload, paint) => {
  if (payload[0] === 0x7b || payload.length === 0) return pretty(payload, paint);
  return valueText(shown(payloadShape, readProtobuf(payload)), paint);
};

type Read = (field: ProtobufField) => unknown;

/** Fields by number; those with `many` may come several times. */
type Shape = Readonly<Record<number, { readonly name: string; readonly read: Read; readonly many?: true }>>;

const dataTypes = [
  "Unknown",
  "Int8",
  "Int16",
  "Int32",
  "Int64",
  "UInt8",
  "UInt16",
  "UInt32",
  "UInt64",
  "Float",
  "Double",
  "Boolean",
  "String",
  "DateTime",
  "Text",
  "UUID",
  "DataSet",
  "Bytes",
  "File",
  "Template",
  "PropertySet",
  "PropertySetList",
];

const signedBits: Readonly<Record<string, number>> = { Int8: 8, Int16: 16, Int32: 32, Int64: 64 };

const unsigned: Read = ({ varint }) => (varint <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(varint) : varint);
const truth: Read = ({ varint }) => varint !== 0n;
const textOf: Read = ({ bytes }) => new TextDecoder().decode(bytes);
const raw: Read = ({ bytes }) => bytes.slice();
const float: Read = ({ bytes }) => viewOf(bytes).getFloat32(0, true);
const double: Read = ({ bytes }) => viewOf(bytes).getFloat64(0, true);
const time: Read = ({ varint }) => (varint < 8_640_000_000_000_000n ? new Date(Number(varint)) : varint);
const dataType: Read = ({ varint }) => dataTypes[Number(varint)] ?? Number(varint);
const message =
  (shape: () => Shape): Read =>
  ({ bytes }) =>
    shown(shape(), readProtobuf(bytes));

const values: Shape = {
  1: { name: "value", read: unsigned },
  2: { name: "value", read: unsigned },
  3: { name: "value", read: float },
  4: { name: "value", read: double },
  5: { name: "value", read: truth },
  6: { name: "value", read: textOf },
};

const rowShape: Shape = { 1: { name: "elements", read: message(() => values), many: true } };

const dataSetShape: Shape = {
  1: { name: "num_of_columns", read: unsigned },
  2: { name: "columns", read: textOf, many: true },
  3: { name: "types", read: dataType, many: true },
  4: { name: "rows", read: message(() => rowShape), many: true },
};

const propertyShape: Shape = {
  1: { name: "type", read: dataType },
  2: { name: "is_null", read: truth },
  3: { name: "value", read: unsigned },
  4: { name: "value", read: unsigned },
  5: { name: "value", read: float },
  6: { name: "value", read: double },
  7: { name: "value", read: truth },
  8: { name: "value", read: textOf },
  9: { name: "value", read: message(() => propertySetShape) },
};

const propertySetShape: Shape = {
  1: { name: "keys", read: textOf, many: true },
  2: { name: "values", read: message(() => propertyShape), many: true },
};

const templateShape: Shape = {
  1: { name: "version", read: textOf },
  2: { name: "metrics", read: message(() => metricShape), many: true },
  4: { name: "template_ref", read: textOf },
  5: { name: "is_definition", read: truth },
};

const metricShape: Shape = {
  1: { name: "name", read: textOf },
  2: { name: "alias", read: unsigned },
  3: { name: "timestamp", read: time },
  4: { name: "datatype", read: dataType },
  5: { name: "is_historical", read: truth },
  6: { name: "is_transient", read: truth },
  7: { name: "is_null", read: truth },
  9: { name: "properties", read: message(() => propertySetShape) },
  10: { name: "value", read: unsigned },
  11: { name: "value", read: unsigned },
  12: { name: "value", read: float },
  13: { name: "value", read: double },
  14: { name: "value", read: truth },
  15: { name: "value", read: textOf },
  16: { name: "value", read: raw },
  17: { name: "value", read: message(() => dataSetShape) },
  18: { name: "value", read: message(() => templateShape) },
};

const payloadShape: Shape = {
  1: { name: "timestamp", read: time },
  2: { name: "metrics", read: message(() => metricShape), many: true },
  3: { name: "seq", read: unsigned },
  4: { name: "uuid", read: textOf },
  5: { name: "body", read: raw },
};

function shown(shape: Shape, fields: readonly ProtobufField[]): Map<string, unknown> {
  const members = new Map<string, unknown>();
  for (const field of fields) {
    const known = shape[field.number];
    if (known === undefined)
      members.set(`field ${field.number}`, field.type === WireType.VARINT ? field.varint : field.bytes);
    else if (known.many === true) {
      const items = (members.get(known.name) as unknown[] | undefined) ?? [];
      members.set(known.name, [...items, known.read(field)]);
    } else members.set(known.name, known.read(field));
  }
  const value = members.get("value");
  const type = members.get("datatype");
  // Signed numbers travel as unsigned ones, times as milliseconds.
  if (typeof value === "number" || typeof value === "bigint") members.set("value", typed(value, type));
  return members;
}

function typed(value: number | bigint, type: unknown): unknown {
  if (type === "DateTime") return new Date(Number(value));
  const bits = signedBits[String(type)];
  if (bits === undefined) return value;
  const signed = BigInt.asIntN(bits, BigInt(value));
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
