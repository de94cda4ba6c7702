/**
 * Chunks of any size in, the packets that clients receive out. HOT.
 *
 * For programs that are clients only: a page need not load what servers receive, nor words for every fault. Promises what
 * `PacketFramer` does: a chunk is read only during `push`, the header is judged before the body is waited for, and after a
 * throw the framer is dead. What is not handled yet waits in one buffer.
 */

import { EMPTY_BYTES } from "#base";
import { decodeForClient, decodePublish, IncomingPublish } from "./lean/decode.ts";
import * as packetTypes from "./lean/packet-types.ts";
import { LeanReader, malformed, protocolError } from "./lean/reader.ts";
import * as reasons from "./lean/reasons.ts";
import * as versions from "./lean/versions.ts";
import { type Packet, type PublishPacket } from "./packet.ts";
import { NOT_AN_INTEGER, readVariableByteInteger, variableByteIntegerSize } from "./variable-byte-integer.ts";
import { type ProtocolVersion } from "./version.ts";

/** Who takes the packets. It may call `pause` and `resume` of the framer, never `push`. */
export interface ClientPacketSink {
  /** `publish` and its bytes are valid during the call only. */
  onPublish(publish: IncomingPublish): void;
  onPacket(packet: Exclude<Packet, PublishPacket>): void;
}

export interface ClientFramerOptions {
  readonly version: ProtocolVersion;
  /** Largest packet accepted, its fixed header included. */
  readonly maximumPacketSize: number;
}

const FROM_SERVER =
  (1 << packetTypes.CONNACK) |
  (1 << packetTypes.PUBLISH) |
  (1 << packetTypes.PUBACK) |
  (1 << packetTypes.PUBREC) |
  (1 << packetTypes.PUBREL) |
  (1 << packetTypes.PUBCOMP) |
  (1 << packetTypes.SUBACK) |
  (1 << packetTypes.UNSUBACK) |
  (1 << packetTypes.PINGRESP);
/** What 5.0 added. */
const FROM_SERVER_5 = FROM_SERVER | (1 << packetTypes.DISCONNECT) | (1 << packetTypes.AUTH);

/** A larger buffer is given back when it is empty. */
const LARGEST_KEPT_BUFFER = 128 * 1024;

export class ClientFramer {
  readonly #sink: ClientPacketSink;
  readonly #options: ClientFramerOptions;
  readonly #acceptedTypes: number;
  readonly #publish = new IncomingPublish();
  /** What came and is not handled lies in `#buffer[#start, #end)`. */
  #buffer: Uint8Array = EMPTY_BYTES;
  #start = 0;
  #end = 0;
  #isPaused = false;
  /** Set while packets are handled, and left set by whatever throws: then nothing is handled any more. */
  #isWorking = false;

  constructor(sink: ClientPacketSink, options: ClientFramerOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#acceptedTypes = options.version === versions.MQTT_5_0 ? FROM_SERVER_5 : FROM_SERVER;
  }

  /** Handles all packets that `chunk` completes. The caller may reuse its memory afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#isWorking) return;
    if (this.#start < this.#end || this.#isPaused) {
      this.#keep(chunk);
      this.#handleKept();
    } else this.#keep(chunk.subarray(this.#parse(chunk, 0, chunk.length)));
  }

  /** From now on no packet is handled. Also stops a `push` that is under way, before its next packet. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on with what was kept. From inside the sink it only undoes `pause`: the running `push` goes on by itself. */
  resume(): void {
    this.#isPaused = false;
    if (!this.#isWorking) this.#handleKept();
  }

  #handleKept(): void {
    this.#start = this.#parse(this.#buffer, this.#start, this.#end);
    if (this.#start < this.#end) return;
    this.#start = this.#end = 0;
    if (this.#buffer.length > LARGEST_KEPT_BUFFER) this.#buffer = EMPTY_BYTES;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const kept = this.#buffer.subarray(this.#start, this.#end);
      // Twice as much, so that a large packet in many chunks is copied a few times only.
      this.#buffer = new Uint8Array(2 * (kept.length + bytes.length));
      this.#buffer.set(kept);
      this.#start = 0;
      this.#end = kept.length;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Handles the whole packets in `bytes[start, end)`; returns the offset of the first one that is not whole, or not wanted. */
  #parse(bytes: Uint8Array, start: number, end: number): number {
    const { version, maximumPacketSize } = this.#options;
    this.#isWorking = true;
    let at = start;
    while (at < end && !this.#isPaused) {
      const firstByte = bytes[at] as number;
      if ((this.#acceptedTypes & (1 << (firstByte >> 4))) === 0) throw this.#refusedType(firstByte >> 4);
      const remaining = readVariableByteInteger(bytes, at + 1, end);
      if (remaining === NOT_AN_INTEGER) throw malformed("MQTT-1.5.5-1");
      if (remaining < 0) break;
      const body = at + 1 + variableByteIntegerSize(remaining);
      const next = body + remaining;
      if (next - at > maximumPacketSize) throw protocolError("U5-3.1.2.11.4b", reasons.PACKET_TOO_LARGE);
      if (next > end) break;
      if (firstByte >> 4 === packetTypes.PUBLISH) {
        decodePublish(this.#publish, bytes, at, body, next, version);
        this.#sink.onPublish(this.#publish);
      } else {
        const reader = new LeanReader(bytes, body, next, version === versions.MQTT_5_0);
        this.#sink.onPacket(decodeForClient(reader, firstByte, version));
      }
      at = next;
    }
    this.#isWorking = false;
    return at;
  }

  /** Reserved types are malformed, those of servers a protocol error. */
  #refusedType(type: number): Error {
    return type === 0 || type === packetTypes.AUTH ? malformed() : protocolError("MQTT-4.13.1-1");
  }
}
