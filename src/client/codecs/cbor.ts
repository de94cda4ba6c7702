/**
 * Payloads that are CBOR (RFC 8949): JSON's values and bytes, shorter and without escapes.
 *
 * Writes null, booleans, numbers, bigints of 64 bits, texts, Uint8Array, arrays, and objects and Maps with text keys; reads
 * these in definite and indefinite length, skips tags, and refuses what is cut off, surplus or too deep.
 */

import { concatBytes, utf8Encode } from "#base";
import type { PayloadCodec } from "../payload-codec.ts";
import { text } from "./text.ts";

const DEEPEST = 64;
const BREAK = Symbol("break");

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const TAG = 6;
const INDEFINITE = 31;

/** Values as CBOR; what comes is not checked against `Value`, unless `check` throws for what is none. */
export function cbor<Value = unknown>(
  check: (value: unknown) => Value = (value) => value as Value,
): PayloadCodec<Value> {
  return {
    contentType: "application/cbor",
    encode(value) {
      const parts: Uint8Array[] = [];
      write(parts, value, 0);
      return concatBytes(parts);
    },
    decode(payload) {
      const reader = new CborReader(payload);
      const value = reader.value(0);
      if (reader.at !== payload.length || value === BREAK) throw new RangeError("CBOR with surplus bytes");
      return check(value);
    },
  };
}

function write(parts: Uint8Array[], value: unknown, depth: number): void {
  if (depth > DEEPEST) throw new RangeError("A value too deep for CBOR");
  switch (typeof value) {
    case "boolean":
      parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
      return;
    case "undefined":
      parts.push(Uint8Array.of(0xf7));
      return;
    case "string": {
      const bytes = utf8Encode(value);
      parts.push(head(TEXT, bytes.length), bytes);
      return;
    }
    case "bigint":
      if (BigInt.asIntN(65, value) !== value) throw new RangeError("A bigint of more than 64 bits");
      parts.push(value < 0n ? head64(NEGATIVE, -1n - value) : head64(UNSIGNED, value));
      return;
    case "number":
      parts.push(numberBytes(value));
      return;
    case "object":
      writeObject(parts, value, depth);
      return;
    default:
      throw new TypeError("CBOR has no words for this value");
  }
}

function writeObject(parts: Uint8Array[], value: object | null, depth: number): void {
  if (value === null) {
    parts.push(Uint8Array.of(0xf6));
  } else if (value instanceof Uint8Array) {
    parts.push(head(BYTES, value.length), value);
  } else if (Array.isArray(value)) {
    parts.push(head(ARRAY, value.length));
    for (const item of value) write(parts, item, depth + 1);
  } else {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    parts.push(head(MAP, entries.length));
    for (const [key, item] of entries) {
      write(parts, String(key), depth + 1);
      write(parts, item, depth + 1);
    }
  }
}

function numberBytes(value: number): Uint8Array {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return value < 0 ? head(NEGATIVE, -1 - value) : head(UNSIGNED, value);
  }
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

/** The first bytes of an item: its kind and a number, in the shortest form. */
function head(kind: number, value: number): Uint8Array {
  if (value > 0xffff_ffff) return head64(kind, BigInt(value));
  const size = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x1_0000 ? 2 : 4;
  const bytes = new Uint8Array(1 + size);
  bytes[0] = (kind << 5) | (size === 0 ? value : 23 + Math.log2(size) + 1);
  for (let i = size, rest = value; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest & 0xff;
  return bytes;
}

function head64(kind: number, value: bigint): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (kind << 5) | 27;
  new DataView(bytes.buffer).setBigUint64(1, value);
  return bytes;
}

class CborReader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw new RangeError("CBOR too deep");
    const first = this.#bytes[this.#skip(1)] as number;
    const kind = first >> 5;
    const info = first & 0x1f;
    if (kind === 7) return this.#simple(info);
    if (info === INDEFINITE) return this.#indefinite(kind, depth);
    const length = this.#number(info);
    switch (kind) {
      case UNSIGNED:
        return length;
      case NEGATIVE:
        return typeof length === "bigint" ? -1n - length : -1 - length;
      case BYTES:
        return this.#take(length).slice();
      case TEXT:
        return text.decode(this.#take(length), "");
      case ARRAY:
        return this.#items(Number(length), depth);
      case MAP:
        return toObject(this.#items(Number(length) * 2, depth));
      default:
        return this.value(depth + 1);
    }
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
      case 21:
        return info === 21;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        return halfFloat(this.#view.getUint16(this.#skip(2)));
      case 26:
        return this.#view.getFloat32(this.#skip(4));
      case 27:
        return this.#view.getFloat64(this.#skip(8));
      case INDEFINITE:
        return BREAK;
      default:
        throw new RangeError(`CBOR with simple value ${info}`);
    }
  }

  #number(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.#view.getUint8(this.#skip(1));
    if (info === 25) return this.#view.getUint16(this.#skip(2));
    if (info === 26) return this.#view.getUint32(this.#skip(4));
    if (info !== 27) throw new RangeError("CBOR with a reserved length");
    const large = this.#view.getBigUint64(this.#skip(8));
    return large <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(large) : large;
  }

  #indefinite(kind: number, depth: number): unknown {
    if (kind === UNSIGNED || kind === NEGATIVE || kind === TAG) throw new RangeError("CBOR without an end");
    const items: unknown[] = [];
    for (let item = this.value(depth + 1); item !== BREAK; item = this.value(depth + 1)) items.push(item);
    if (kind === ARRAY) return items;
    if (kind === MAP) return toObject(items);
    if (kind === TEXT && items.every((item) => typeof item === "string")) return items.join("");
    if (kind === BYTES && items.every((item) => item instanceof Uint8Array)) return concatBytes(items);
    throw new RangeError("CBOR pieces of another kind");
  }

  #items(count: number, depth: number): unknown[] {
    // Each item has at least one byte.
    if (count > this.#bytes.length - this.at) throw new RangeError("CBOR is cut off");
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const item = this.value(depth + 1);
      if (item === BREAK) throw new RangeError("CBOR with a break at the wrong place");
      items.push(item);
    }
    return items;
  }

  #take(length: number | bigint): Uint8Array {
    const start = this.#skip(Number(length));
    return this.#bytes.subarray(start, this.at);
  }

  /** Moves on by `count` bytes and returns where they begin. */
  #skip(count: number): number {
    const start = this.at;
    if (count > this.#bytes.length - start) throw new RangeError("CBOR is cut off");
    this.at = start + count;
    return start;
  }
}

function toObject(items: readonly unknown[]): Record<string, unknown> {
  if (items.length % 2 !== 0) throw new RangeError("CBOR key without a value");
  const pairs: [string, unknown][] = [];
  for (let i = 0; i < items.length; i += 2) pairs.push([String(items[i]), items[i + 1]]);
  return Object.fromEntries(pairs);
}

function halfFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
