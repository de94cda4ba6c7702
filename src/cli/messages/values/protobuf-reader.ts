/**
 * The wire format of Protocol Buffers without a schema: field numbers, wire types and what they carry. Groups are not read; no
 * schema of today has them.
 */

export const WireType = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;
export type WireType = (typeof WireType)[keyof typeof WireType];

export interface ProtobufField {
  readonly number: number;
  readonly type: WireType;
  /** Of `VARINT`. */
  readonly varint: bigint;
  /** Of all others, as they lie there. */
  readonly bytes: Uint8Array;
}

/** @throws RangeError for what cannot be a message */
export function readProtobuf(bytes: Uint8Array): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError("Protobuf is cut off");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("Protobuf with a number that is too long");
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw new RangeError("Protobuf is cut off");
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const number = Math.floor(key / 8);
    const type = (key % 8) as WireType;
    if (number === 0 || number > 0x1fff_ffff)
      throw new RangeError("Protobuf with a field number that is not allowed");
    const none = new Uint8Array(0);
    if (type === WireType.VARINT) fields.push({ number, type, varint: varint(), bytes: none });
    else if (type === WireType.FIXED64) fields.push({ number, type, varint: 0n, bytes: take(8) });
    else if (type === WireType.FIXED32) fields.push({ number, type, varint: 0n, bytes: take(4) });
    else if (type === WireType.BYTES)
      fields.push({ number, type, varint: 0n, bytes: take(Number(varint())) });
    else throw new RangeError(`Protobuf with wire type ${key % 8}`);
  }
  return fields;
}
