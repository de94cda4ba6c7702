/**
 * Cuts a stream of bytes into packets by their fixed headers and looks no further. What is no packet any more, or too large,
 * comes out as it is: `rest` gets it and everything behind it, so that no byte is ever lost.
 */

import { concatBytes } from "#base";
import { fixedHeaderSize, INCOMPLETE, NOT_AN_INTEGER, readVariableByteInteger } from "#protocol";

export interface PacketTaker {
  /** One whole packet. The bytes stay valid as long as the chunks do. */
  onWhole(bytes: Uint8Array): void;
  /** Bytes that cannot be cut. From now on all come here. */
  onRest(bytes: Uint8Array, why: "malformed" | "too-large"): void;
}

export class PacketStream {
  readonly #taker: PacketTaker;
  readonly #maximumBytes: number;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Of the packet that begins with what is kept; 0 while unknown. */
  #size = 0;
  #broken: "malformed" | "too-large" | undefined;

  constructor(taker: PacketTaker, maximumBytes: number) {
    this.#taker = taker;
    this.#maximumBytes = maximumBytes;
  }

  /** What has come of a packet that is not whole. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  push(chunk: Uint8Array): void {
    if (this.#broken !== undefined) {
      this.#taker.onRest(chunk, this.#broken);
      return;
    }
    // Pieces are joined once the packet is whole, or while not even its length is.
    if (this.#keptBytes > 0 && this.#size > this.#keptBytes + chunk.length) {
      this.#keep(chunk);
      return;
    }
    const bytes = this.#keptBytes === 0 ? chunk : concatBytes([...this.#kept, chunk]);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#size = 0;
    this.#cut(bytes);
  }

  #cut(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const length =
        at + 1 < bytes.length ? readVariableByteInteger(bytes, at + 1, bytes.length) : INCOMPLETE;
      if (length === INCOMPLETE) break;
      if (length === NOT_AN_INTEGER) return this.#break(bytes.subarray(at), "malformed");
      const size = fixedHeaderSize(length) + length;
      if (size > this.#maximumBytes) return this.#break(bytes.subarray(at), "too-large");
      if (at + size > bytes.length) {
        this.#size = size;
        break;
      }
      this.#taker.onWhole(bytes.subarray(at, at + size));
      at += size;
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at));
  }

  #keep(bytes: Uint8Array): void {
    // A copy: a small rest would hold on to its large chunk.
    this.#kept.push(bytes.slice());
    this.#keptBytes += bytes.length;
  }

  #break(rest: Uint8Array, why: "malformed" | "too-large"): void {
    this.#broken = why;
    this.#taker.onRest(rest, why);
  }
}
