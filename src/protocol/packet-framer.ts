/**
 * Chunks of any size in, packets out. HOT.
 *
 *     chunk   [ …rest of a packet | packet | packet | first part of a pa… ]
 *               copied behind        parsed where     copied, once the length is known
 *               its first part       they lie         into a buffer of the packet's size
 *
 * Promises: a chunk is read only during `push`; a partial packet is copied once; the header is judged before the body is
 * waited for. `push` and `resume` throw the two wire errors, and let through what the sink throws. After a throw the framer is
 * dead: it ignores everything. Does not know what is connected, alive or allowed: that is its owner's.
 */

import { copyBytes, EMPTY_BYTES, InvariantError, plainBytes, rangesEqual } from "#base";
import { decodePublish } from "./decode/publish.ts";
import { type DecodeOptions, Reader } from "./decode/reader.ts";
import { acceptedTypes, fixedHeaderSize, paddedLength, refusedType } from "./fixed-header.ts";
import {
  type AcknowledgementPacket,
  LARGEST_PACKET_SIZE,
  LARGEST_REMAINING_LENGTH,
  type Packet,
  PacketType,
  type PublishPacket,
} from "./packet.ts";
import { PublishView } from "./publish-view.ts";
import { ReasonCode } from "./reason-code.ts";
import { returnBuffer, takeBuffer } from "./slab-pool.ts";
import { protocolError } from "./statement.ts";
import { NOT_AN_INTEGER, readVariableByteInteger } from "./variable-byte-integer.ts";
import type { ProtocolVersion } from "./version.ts";

/** Who takes the packets. It may call `pause` and `resume` of the framer, never `push`. */
export interface PacketSink {
  /**
   * `view` and its bytes are valid during the call only. A sink that returns true takes packets that follow and are alike by
   * `onPublishesAlike`.
   */
  onPublish(view: PublishView): unknown;
  /** PUBLISH packets right behind the last view, with its first byte, its topic and without properties. */
  onPublishesAlike?(alike: PublishesAlike): void;
  onPacket(packet: Exclude<Packet, PublishPacket>): void;
  /**
   * PUBACK, PUBREC, PUBREL or PUBCOMP that says nothing but success, as nearly all do. They come as often as messages, so
   * they come without an object; a sink without this method gets them by `onPacket` too.
   */
  onAcknowledgement?(type: AcknowledgementPacket["type"], packetId: number): void;
}

/** Packets at QoS 0 side by side; the same object each time. */
export interface PublishesAlike {
  /** Behind the last of them. */
  end: number;
  count: number;
  payloadBytes: number;
  largestPacket: number;
}

/** May be shared by all framers of a listener. */
export interface FramerOptions extends DecodeOptions {
  /** A server learns it from CONNECT; a client has to say it. */
  readonly version?: ProtocolVersion | undefined;
  /** Largest packet accepted, its fixed header included. Default: what the protocol can express. */
  readonly maximumPacketSize?: number | undefined;
}

/** Makes the object of a packet other than PUBLISH whose body the reader holds. */
export type BodyDecoder = (reader: Reader, firstByte: number) => Exclude<Packet, PublishPacket>;

/** Fixed header and packet identifier. */
const PLAIN_ACKNOWLEDGEMENT_SIZE = 4;

const alike: PublishesAlike = { end: 0, count: 0, payloadBytes: 0, largestPacket: 0 };

const LONGEST_FIXED_HEADER = fixedHeaderSize(LARGEST_REMAINING_LENGTH);

/** See the file's head. One for each connection. */
export class PacketFramer {
  /** In force from the next packet on. */
  maximumPacketSize: number;

  readonly #sink: PacketSink;
  readonly #options: DecodeOptions;
  readonly #decodeBody: BodyDecoder;
  #view: PublishView | undefined;
  #version: ProtocolVersion | undefined;
  #acceptedTypes: number;
  /** The sink takes packets like the one it has just taken together. */
  #mayGoOn = false;
  #paused = false;
  /** Set while packets are handled, and left set by whatever throws: then nothing is handled any more. */
  #working = false;

  /** The first part of a packet, in a buffer for all of it; before its length is known only the header. */
  #partial: Uint8Array = EMPTY_BYTES;
  #partialLength = 0;
  /** Of the whole packet; 0 while it is not known. */
  #partialSize = 0;

  /** What came while paused. */
  #backlog: Uint8Array[] | undefined = undefined;
  #backlogBytes = 0;

  constructor(sink: PacketSink, options: FramerOptions, decodeBody: BodyDecoder) {
    if (options.side === "client" && options.version === undefined) {
      throw new InvariantError("a client's framer has to be told the version");
    }
    this.#sink = sink;
    this.#options = options;
    this.#decodeBody = decodeBody;
    this.#version = options.version;
    this.#acceptedTypes = acceptedTypes(options.side, options.version);
    this.maximumPacketSize = options.maximumPacketSize ?? LARGEST_PACKET_SIZE;
  }

  /**
   * Of a server: undefined until a CONNECT with a known protocol name came. Set before the sink sees that CONNECT, and also
   * when CONNECT fails after its level was read; it is then a version in which the peer can be answered.
   */
  get version(): ProtocolVersion | undefined {
    return this.#version;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Bytes copied and not handled yet. */
  get bufferedBytes(): number {
    return this.#partialLength + this.#backlogBytes;
  }

  /** Handles all packets that `received` completes. The caller may reuse its memory afterwards. */
  push(received: Uint8Array): void {
    if (this.#working) return;
    const chunk = plainBytes(received);
    if (this.#paused) {
      this.#keep(chunk.slice());
      return;
    }
    this.#working = true;
    const at = this.#consume(chunk);
    if (at < chunk.length) this.#keep(chunk.slice(at));
    this.#working = false;
  }

  /** From now on no packet is handled; `push` keeps what comes. Also stops a `push` that is under way, before its next packet. */
  pause(): void {
    this.#paused = true;
  }

  /** Goes on with what was kept. From inside the sink it only undoes `pause`: the running `push` goes on by itself. */
  resume(): void {
    this.#paused = false;
    if (this.#working) return;
    this.#working = true;
    const backlog = this.#backlog ?? [];
    while (backlog.length > 0 && !this.#paused) {
      const chunk = backlog.shift() as Uint8Array;
      this.#backlogBytes -= chunk.length;
      const at = this.#consume(chunk);
      if (at < chunk.length) {
        backlog.unshift(chunk.subarray(at));
        this.#backlogBytes += chunk.length - at;
      }
    }
    this.#working = false;
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    (this.#backlog ??= []).push(bytes);
    this.#backlogBytes += bytes.length;
  }

  /** Returns the offset up to which `chunk` was used up; short of its end only when paused. */
  #consume(chunk: Uint8Array): number {
    const end = chunk.length;
    let at = this.#partialLength > 0 ? this.#complete(chunk) : 0;
    at = this.#parse(chunk, at, end);
    if (at < end && !this.#paused) {
      this.#begin(chunk, at);
      return end;
    }
    return at;
  }

  /** Handles the whole packets in `bytes[start, end)`; returns the offset of the first one that is not whole, or `end`. */
  #parse(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.#paused) {
      const size = this.#measure(bytes, at, end);
      if (size === 0 || size > end - at) return at;
      this.#handle(bytes, at, at + size);
      at += size;
      if (this.#mayGoOn) at = this.#handOverAlike(bytes, at, end);
    }
    return at;
  }

  /** Hands over the packets from `at` on that are like the last PUBLISH. Returns where the first one begins that is not. */
  #handOverAlike(bytes: Uint8Array, start: number, end: number): number {
    this.#mayGoOn = false;
    const view = this.#view as PublishView;
    const firstByte = bytes[view.start] as number;
    const topicAt = view.topicStart - 2;
    const topicSize = view.topicEnd - topicAt;
    const headSize = view.payloadStart - topicAt;
    alike.count = 0;
    alike.payloadBytes = 0;
    alike.largestPacket = 0;
    let at = start;
    while (at + 1 < end && bytes[at] === firstByte) {
      const remaining = readVariableByteInteger(bytes, at + 1, end);
      const body = at + fixedHeaderSize(remaining);
      const packetEnd = body + remaining;
      if (remaining < headSize || packetEnd > end || packetEnd - at > this.maximumPacketSize) break;
      if (!rangesEqual(bytes, topicAt, bytes, body, topicSize)) break;
      if (headSize > topicSize && bytes[body + topicSize] !== 0) break;
      alike.count++;
      alike.payloadBytes += remaining - headSize;
      if (packetEnd - at > alike.largestPacket) alike.largestPacket = packetEnd - at;
      at = packetEnd;
    }
    alike.end = at;
    if (at > start) this.#sink.onPublishesAlike?.(alike);
    return at;
  }

  /** The size of the packet that begins at `at`, its header judged; 0 while the header is not whole. */
  #measure(bytes: Uint8Array, at: number, end: number): number {
    const type = (bytes[at] as number) >> 4;
    if ((this.#acceptedTypes & (1 << type)) === 0) throw refusedType(this.#options.side, this.#version, type);
    const remainingLength = readVariableByteInteger(bytes, at + 1, end);
    if (remainingLength < 0) {
      if (remainingLength === NOT_AN_INTEGER) throw paddedLength(this.#version);
      return 0;
    }
    const size = fixedHeaderSize(remainingLength) + remainingLength;
    if (size > this.maximumPacketSize) throw this.#tooLarge(size);
    return size;
  }

  #handle(bytes: Uint8Array, start: number, end: number): void {
    const firstByte = bytes[start] as number;
    const bodyStart = start + headerSizeOf(end - start);
    const version = this.#version;
    if (firstByte >> 4 === PacketType.PUBLISH && version !== undefined) {
      this.#view ??= new PublishView();
      decodePublish(this.#view, bytes, start, bodyStart, end, version, this.#options);
      this.#mayGoOn = this.#sink.onPublish(this.#view) === true;
      return;
    }
    if (end - start === PLAIN_ACKNOWLEDGEMENT_SIZE && this.#acknowledge(firstByte, bytes, bodyStart)) return;
    const reader = new Reader(bytes, bodyStart, end, version, this.#options);
    this.#sink.onPacket(
      version === undefined ? this.#connect(reader, firstByte) : this.#decodeBody(reader, firstByte),
    );
  }

  /** Hands over an acknowledgement of success. Returns false when that is none, or not a right one. */
  #acknowledge(firstByte: number, bytes: Uint8Array, bodyStart: number): boolean {
    const sink = this.#sink;
    if (sink.onAcknowledgement === undefined || this.#version === undefined) return false;
    const type = (firstByte >> 4) as AcknowledgementPacket["type"];
    if (type < PacketType.PUBACK || type > PacketType.PUBCOMP) return false;
    if ((firstByte & 0x0f) !== (type === PacketType.PUBREL ? 0x02 : 0x00)) return false;
    const packetId = ((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number);
    if (packetId === 0) return false;
    sink.onAcknowledgement(type, packetId);
    return true;
  }

  /** The first packet of a server's connection: it tells the version, even if it then turns out to be wrong. */
  #connect(reader: Reader, firstByte: number): Exclude<Packet, PublishPacket> {
    try {
      return this.#decodeBody(reader, firstByte);
    } finally {
      this.#version = reader.version;
      this.#acceptedTypes = acceptedTypes(this.#options.side, reader.version);
    }
  }

  /** Keeps `chunk` from `at` on, the first part of a packet. */
  #begin(chunk: Uint8Array, at: number): void {
    this.#partialSize = this.#measure(chunk, at, chunk.length);
    this.#partial = takeBuffer(this.#partialSize === 0 ? LONGEST_FIXED_HEADER : this.#partialSize);
    this.#partialLength = copyBytes(this.#partial, 0, chunk, at, chunk.length);
  }

  /** Adds to the partial packet and handles it if it is whole then. Returns what it took of `chunk`. */
  #complete(chunk: Uint8Array): number {
    let at = 0;
    while (this.#partialSize === 0 && at < chunk.length) {
      this.#partial[this.#partialLength++] = chunk[at++] as number;
      this.#partialSize = this.#measure(this.#partial, 0, this.#partialLength);
    }
    if (this.#partialSize === 0) return at;
    if (this.#partialSize > this.#partial.length) this.#growPartial();

    const next = Math.min(chunk.length, at + this.#partialSize - this.#partialLength);
    this.#partialLength = copyBytes(this.#partial, this.#partialLength, chunk, at, next);
    if (this.#partialLength === this.#partialSize) this.#finish();
    return next;
  }

  /** The header came in pieces and announces more than the buffer holds. */
  #growPartial(): void {
    const header = this.#partial;
    this.#partial = takeBuffer(this.#partialSize);
    copyBytes(this.#partial, 0, header, 0, this.#partialLength);
    returnBuffer(header);
  }

  #finish(): void {
    const packet = this.#partial;
    const size = this.#partialSize;
    this.#partial = EMPTY_BYTES;
    this.#partialLength = 0;
    this.#partialSize = 0;
    this.#handle(packet, 0, size);
    returnBuffer(packet);
  }

  #tooLarge(size: number): Error {
    return protocolError(
      this.#version,
      `a packet of ${size} bytes, more than the ${this.maximumPacketSize} that are accepted`,
      [this.#options.side === "server" ? "U5-3.2.2.3.6b" : "U5-3.1.2.11.4b", "MQTT-4.8.0-1"],
      ReasonCode.PACKET_TOO_LARGE,
    );
  }
}

/** Bytes of the fixed header in a packet of `size` bytes; the inverse of `fixedHeaderSize`. */
function headerSizeOf(size: number): number {
  return size < 0x80 + 2 ? 2 : size < 0x4000 + 3 ? 3 : size < 0x20_0000 + 4 ? 4 : 5;
}
