/** The fields of one chunk of a mosquitto.db, read in order. What does not fit is an error with its offset. */

import { utf8Decode } from "#base";
import {
  decodePublishProperties,
  isWireError,
  type PublishProperties,
  type Qos,
  readVariableByteInteger,
  utf8Problem,
  variableByteIntegerSize,
} from "#protocol";
import { MosquittoDatabaseError } from "./database.ts";

const HIGHEST_QOS = 2;

/** The whole file, and its name for errors. */
export interface DatabaseFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class Fields {
  readonly #file: DatabaseFile;
  readonly #view: DataView;
  readonly #end: number;
  /** Where the next field begins. */
  at: number;

  constructor(file: DatabaseFile, start: number, end: number) {
    this.#file = file;
    this.#view = new DataView(file.bytes.buffer, file.bytes.byteOffset, file.bytes.length);
    this.at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.at;
  }

  uint8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  /** Big-endian, as all lengths and packet identifiers are. */
  uint16(what: string): number {
    return this.#view.getUint16(this.#take(2, what));
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what));
  }

  /** In the order of mosquitto's machine, which is taken for little-endian. */
  id(what: string): bigint {
    return this.#view.getBigUint64(this.#take(8, what), true);
  }

  /** Seconds since 1970, in the order of mosquitto's machine. */
  time(what: string): number {
    const at = this.#take(8, what);
    const seconds = this.#view.getBigInt64(at, true);
    if (seconds < 0n || seconds > BigInt(Number.MAX_SAFE_INTEGER))
      throw this.fault(`${what} is ${seconds}`, at);
    return Number(seconds);
  }

  qos(what: string): Qos {
    const value = this.uint8(what);
    if (value > HIGHEST_QOS) throw this.fault(`${what} is ${value}`, this.at - 1);
    return value as Qos;
  }

  skip(count: number, what: string): void {
    this.#take(count, what);
  }

  /** A part of the file, not a copy. */
  bytes(count: number, what: string): Uint8Array {
    const at = this.#take(count, what);
    return this.#file.bytes.subarray(at, at + count);
  }

  text(count: number, what: string): string {
    const at = this.#take(count, what);
    const problem = utf8Problem(this.#file.bytes, at, at + count);
    if (problem !== undefined) throw this.fault(`${what} contains ${problem}`, at);
    return utf8Decode(this.#file.bytes, at, at + count);
  }

  /** What is left, as properties with their length in front; nothing is no properties. */
  properties(what: string): PublishProperties {
    if (this.left === 0) return {};
    const { at } = this;
    const length = readVariableByteInteger(this.#file.bytes, at, this.#end);
    const start = at + (length < 0 ? 0 : variableByteIntegerSize(length));
    if (length < 0 || start + length !== this.#end)
      throw this.fault(`the length of ${what} does not fit`, at);
    this.at = this.#end;
    try {
      return decodePublishProperties(this.#file.bytes, start, this.#end);
    } catch (error) {
      if (!isWireError(error)) throw error;
      throw this.fault(`${what} cannot be read: ${error.message}`, start);
    }
  }

  /** Nothing may be left. */
  end(what: string): void {
    if (this.left > 0) throw this.fault(`${what} has ${this.left} bytes too many`);
  }

  /** @param offset where; default here */
  fault(problem: string, offset: number = this.at): MosquittoDatabaseError {
    return new MosquittoDatabaseError(this.#file.name, offset, problem);
  }

  #take(count: number, what: string): number {
    const { at } = this;
    if (count > this.left) throw this.fault(`${what} is cut off`);
    this.at += count;
    return at;
  }
}
