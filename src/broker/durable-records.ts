/**
 * What the broker's records in the store look like. Numbers are big-endian, ids of other records take six bytes, the last
 * text or bytes of a record go to its end. `message-records.ts`, `delivery-record.ts` and `session-records.ts` write and read them.
 *
 *     session       expiry interval 4 | disconnected at 8 (epoch ms; 0 while connected) | client id
 *     subscription  session 6 | options 1 | identifier 4 | topic filter
 *     message       flags 1 | [expires at 8] | topic 2 + … | properties 4 + … | publisher 2 + … | [source 2 + … (user name 2 + … | listener)] | payload
 *     delivery      session 6 | message 6 | flags 1 | packet id 2 | size 4 | identifiers 4 each
 *     received      session 6 | packet id 2                          a QoS 2 identifier of the client, until PUBREL
 *     retained      message 6                                        keeps the message as its topic's retained one
 *     sent          subscription 6 | messages 6 each                 retained ones at QoS 2, as long as it is owed others
 *     will          session 6 | flags 1 | version 1 | delay 4 | expiry 4 | user name 2 + … | [listener 2 + …] | topic 2 + … | properties 4 + … | payload
 */

import { copyBytes, utf8Decode, utf8Encode } from "#base";

/** The numbers are in journals on people's disks: they are never given another meaning. */
export const RecordKind = {
  SESSION: 1,
  SUBSCRIPTION: 2,
  MESSAGE: 3,
  DELIVERY: 4,
  RECEIVED: 5,
  RETAINED: 6,
  WILL: 7,
  SENT: 8,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

/** In the flags of messages, deliveries and wills, and in the options of subscriptions. */
export const QOS = 0x03;
/** In the flags of messages and wills, as the next. */
export const RETAIN = 0x04;
export const HAS_EXPIRY = 0x08;

/** Bytes of the id of another record. */
export const ID_SIZE = 6;

const FIRST_CAPACITY = 256;
const TWO_32 = 0x1_0000_0000;

/** Puts a record together, in one buffer that is used again. */
export class RecordWriter {
  bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  length = 0;
  #view = new DataView(this.bytes.buffer);

  begin(): this {
    this.length = 0;
    return this;
  }

  uint8(value: number): this {
    const at = this.#advance(1);
    this.bytes[at] = value;
    return this;
  }

  uint16(value: number): this {
    const at = this.#advance(2);
    this.#view.setUint16(at, value);
    return this;
  }

  uint32(value: number): this {
    const at = this.#advance(4);
    this.#view.setUint32(at, value);
    return this;
  }

  id(id: number): this {
    writeId(this.bytes, this.#advance(ID_SIZE), id);
    return this;
  }

  float64(value: number): this {
    const at = this.#advance(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  raw(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    const at = this.#advance(end - start);
    copyBytes(this.bytes, at, bytes, start, end);
    return this;
  }

  /** With its length in two bytes. */
  text(text: string): this {
    const bytes = utf8Encode(text);
    return this.uint16(bytes.length).raw(bytes);
  }

  #advance(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      copyBytes(grown, 0, this.bytes, 0, at);
      this.bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Takes a record apart, in the order in which it was put together. */
export class RecordReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = start;
    this.#end = end;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  id(): number {
    return readId(this.#bytes, this.#advance(ID_SIZE));
  }

  float64(): number {
    return this.#view.getFloat64(this.#advance(8));
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const at = this.#advance(count);
    return Uint8Array.prototype.slice.call(this.#bytes, at, at + count);
  }

  text(): string {
    const count = this.uint16();
    const at = this.#advance(count);
    return utf8Decode(this.#bytes, at, at + count);
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.raw(this.#end - this.at);
  }

  restText(): string {
    const at = this.#advance(this.#end - this.at);
    return utf8Decode(this.#bytes, at, this.#end);
  }

  #advance(count: number): number {
    const at = this.at;
    this.at += count;
    return at;
  }
}

export function writeId(bytes: Uint8Array, at: number, id: number): number {
  const high = Math.floor(id / TWO_32);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  return writeUint32(bytes, at + 2, id);
}

export function readId(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at) * TWO_32 + readUint32(bytes, at + 2);
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at) * 0x1_0000 + readUint16(bytes, at + 2);
}

/** Writes the low 32 bits of `value`. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}
