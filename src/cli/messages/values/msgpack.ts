/** Payloads that are MessagePack: all its types; extensions but time are shown as their number and bytes. */

import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

const DEEPEST = 64;
const TIMESTAMP = -1;

export const msgpack: ValueFormat = (payload, paint) => {
  const reader = new MessagePackReader(payload);
  const value = reader.value(0);
  if (reader.at !== payload.length) throw new RangeError("MessagePack with surplus bytes");
  return valueText(value, paint);
};

class MessagePackReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new RangeError("MessagePack too deep");
    const first = this.#unsigned(1);
    if (first < 0x80) return first;
    if (first < 0x90) return this.#map(first & 0x0f, depth);
    if (first < 0xa0) return this.#array(first & 0x0f, depth);
    if (first < 0xc0) return this.#text(first & 0x1f);
    if (first >= 0xe0) return first - 0x100;
    return this.#typed(first, depth);
  }

  #typed(first: number, depth: number): unknown {
    switch (first) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return first === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(1 << (first - 0xc4)));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (first - 0xc7)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (first - 0xcc));
      case 0xcf:
        return exact(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return exact(this.#view.getBigInt64(this.#skip(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (first - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (first - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (first - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (first - 0xde)), depth);
      default:
        throw new RangeError("MessagePack with a byte that it does not use");
    }
  }

  #array(count: number, depth: number): unknown[] {
    // Each item has at least one byte.
    if (count > this.#bytes.length - this.at) throw new RangeError("MessagePack is cut off");
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  #map(count: number, depth: number): Map<unknown, unknown> {
    const items = this.#array(2 * count, depth);
    return new Map(Array.from({ length: count }, (_, index) => [items[2 * index], items[2 * index + 1]]));
  }

  #text(length: number): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.#take(length));
  }

  #extension(length: number): unknown {
    const type = this.#view.getInt8(this.#skip(1));
    const data = this.#take(length);
    if (type !== TIMESTAMP) return { extension: type, data };
    const view = new DataView(data.buffer, data.byteOffset, length);
    if (length === 4) return new Date(view.getUint32(0) * 1000);
    if (length === 12) return new Date(Number(view.getBigInt64(4)) * 1000 + view.getUint32(0) / 1e6);
    const packed = view.getBigUint64(0);
    return new Date(Number(packed & 0x3_ffff_ffffn) * 1000 + Number(packed >> 34n) / 1e6);
  }

  #unsigned(size: number): number {
    const start = this.#skip(size);
    let value = 0;
    for (let i = start; i < start + size; i++) value = value * 256 + (this.#bytes[i] as number);
    return value;
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.slice(start, this.at);
  }

  #skip(count: number): number {
    const start = this.at;
    if (count > this.#bytes.length - start) throw new RangeError("MessagePack is cut off");
    this.at = start + count;
    return start;
  }
}

function exact(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value;
}
