/**
 * Finds packets in what a broker sends, where they lie: no object for a message or an acknowledgement. HOT.
 *
 * Packets arrive in any pieces; one that is not whole is kept and completed. It looks no deeper than the fixed header and
 * the acknowledgements' identifier: what a packet holds is for its sink.
 */

import { copyBytes, EMPTY_BYTES } from "#base";
import { PacketType } from "#protocol";

/** Who takes the packets. The bytes are valid during the call only. */
export interface PacketSink {
  /** PUBLISH: its variable header begins at `body`. */
  onPublish(bytes: Uint8Array, firstByte: number, body: number, end: number): void;
  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  onAcknowledgement(type: number, packetId: number, reasonCode: number): void;
  /** Any other packet, whole; the bytes are the sink's. */
  onPacket(bytes: Uint8Array): void;
  /** What comes is not MQTT, or longer than anything the load asks for. Nothing more is scanned. */
  onNonsense(reason: string): void;
}

const SMALLEST_BUFFER = 256;
/** The fixed header is not whole. */
const UNKNOWN = -1;
const NONSENSE = -2;

export class PacketScanner {
  readonly #longest: number;
  #kept: Uint8Array = EMPTY_BYTES;
  #keptLength = 0;
  #broken = false;

  /** @param longest bytes of the longest packet that is expected */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Hands all packets that `chunk` completes to `sink`. */
  push(chunk: Uint8Array, sink: PacketSink): void {
    if (this.#broken) return;
    const at = this.#keptLength === 0 ? 0 : this.#complete(chunk, sink);
    if (this.#broken) return;
    const used = this.#scan(chunk, at, chunk.length, sink);
    if (used < chunk.length && !this.#broken) this.#keep(chunk, used, chunk.length);
  }

  /** Handles the whole packets in `bytes[start, end)`; returns the offset of the first that is not whole. */
  #scan(bytes: Uint8Array, start: number, end: number, sink: PacketSink): number {
    let at = start;
    while (end - at >= 2) {
      const firstByte = bytes[at] as number;
      let length = bytes[at + 1] as number;
      let body = at + 2;
      if (length > 0x7f) {
        const size = sizeOf(bytes, at, end);
        if (size === UNKNOWN) return at;
        if (size === NONSENSE || size > this.#longest) {
          this.#break(size, sink);
          return at;
        }
        body = at + headerSize(size);
        length = size - (body - at);
      }
      const next = body + length;
      if (next > end) return at;
      const type = firstByte >> 4;
      if (type === PacketType.PUBLISH) sink.onPublish(bytes, firstByte, body, next);
      else if (type >= PacketType.PUBACK && type <= PacketType.PUBCOMP && length >= 2) {
        const packetId = ((bytes[body] as number) << 8) | (bytes[body + 1] as number);
        sink.onAcknowledgement(type, packetId, length > 2 ? (bytes[body + 2] as number) : 0);
      } else sink.onPacket(bytes.slice(at, next));
      at = next;
    }
    return at;
  }

  /** Completes the packet that was kept with the begin of `chunk`; returns how much of it that took. */
  #complete(chunk: Uint8Array, sink: PacketSink): number {
    let at = 0;
    let size = sizeOf(this.#kept, 0, this.#keptLength);
    while (size === UNKNOWN && at < chunk.length) {
      this.#keep(chunk, at, at + 1);
      at++;
      size = sizeOf(this.#kept, 0, this.#keptLength);
    }
    if (size === UNKNOWN) return at;
    if (size === NONSENSE || size > this.#longest) {
      this.#break(size, sink);
      return at;
    }
    const taken = Math.min(chunk.length, at + size - this.#keptLength);
    this.#keep(chunk, at, taken);
    if (this.#keptLength === size) {
      this.#keptLength = 0;
      this.#scan(this.#kept, 0, size, sink);
    }
    return taken;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = this.#keptLength + end - start;
    if (length > this.#kept.length) {
      const larger = new Uint8Array(Math.max(SMALLEST_BUFFER, 2 ** Math.ceil(Math.log2(length))));
      copyBytes(larger, 0, this.#kept, 0, this.#keptLength);
      this.#kept = larger;
    }
    this.#keptLength = copyBytes(this.#kept, this.#keptLength, bytes, start, end);
  }

  #break(size: number, sink: PacketSink): void {
    this.#broken = true;
    sink.onNonsense(
      size === NONSENSE
        ? "what the broker sent is not MQTT"
        : `the broker announced a packet of ${size} bytes, longer than any that was asked for`,
    );
  }
}

/** Bytes of the packet that begins at `at`, or UNKNOWN, or NONSENSE. */
function sizeOf(bytes: Uint8Array, at: number, end: number): number {
  let length = 0;
  for (let i = 0; i < 4; i++) {
    if (at + 1 + i >= end) return UNKNOWN;
    const byte = bytes[at + 1 + i] as number;
    length |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return byte === 0 && i > 0 ? NONSENSE : 2 + i + length;
  }
  return NONSENSE;
}

/** Bytes of the fixed header in a packet of `size` bytes. */
function headerSize(size: number): number {
  return size < 0x80 + 2 ? 2 : size < 0x4000 + 3 ? 3 : size < 0x20_0000 + 4 ? 4 : 5;
}
