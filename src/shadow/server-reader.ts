/** Reads what one of the two brokers sends to a client: bytes to packets, aliases to topics. */

import { describeError } from "#base";
import {
  type ConnackPacket,
  type DisconnectPacket,
  decodePacket,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type ReasonCode,
} from "#protocol";
import type { Answer } from "./answer-comparison.ts";
import { type Delivery, deliveryOf } from "./delivery.ts";
import { PacketStream } from "./packet-stream.ts";

export interface ServerSink {
  onConnack(packet: ConnackPacket): void;
  onDelivery(delivery: Delivery): void;
  onAnswer(answer: Answer): void;
  /** PUBREL. */
  onRelease(packetId: number): void;
  onDisconnect(packet: DisconnectPacket): void;
  /** What came cannot be read; nothing more is. */
  onUnreadable(why: string): void;
}

export interface ServerReaderOptions {
  readonly sink: ServerSink;
  readonly maximumPacketBytes: number;
  readonly now: () => number;
}

export class ServerReader {
  /** That of the client's CONNECT; nothing is read without it. */
  version: ProtocolVersion | undefined;
  /** Packets that were read. */
  packets = 0;
  readonly #sink: ServerSink;
  readonly #now: () => number;
  readonly #stream: PacketStream;
  readonly #aliases = new Map<number, string>();
  #isBroken = false;

  constructor({ sink, maximumPacketBytes, now }: ServerReaderOptions) {
    this.#sink = sink;
    this.#now = now;
    this.#stream = new PacketStream(
      {
        onWhole: (bytes) => this.#read(bytes),
        onRest: (_, why) =>
          this.#break(
            why === "too-large" ? `a packet has more than ${maximumPacketBytes} bytes` : "no packet",
          ),
      },
      maximumPacketBytes,
    );
  }

  push(chunk: Uint8Array): void {
    if (!this.#isBroken) this.#stream.push(chunk);
  }

  #read(bytes: Uint8Array): void {
    if (this.#isBroken || this.version === undefined) return;
    let packet: Packet;
    try {
      packet = decodePacket(bytes, this.version, "client");
    } catch (error) {
      this.#break(describeError(error));
      return;
    }
    this.packets++;
    this.#handOver(packet);
  }

  #handOver(packet: Packet): void {
    switch (packet.type) {
      case PacketType.CONNACK:
        this.#sink.onConnack(packet);
        break;
      case PacketType.PUBLISH: {
        const { topicAlias } = packet.properties;
        if (topicAlias !== undefined && packet.topicName !== "")
          this.#aliases.set(topicAlias, packet.topicName);
        const topicName = packet.topicName || (this.#aliases.get(topicAlias ?? 0) ?? "");
        this.#sink.onDelivery(deliveryOf(packet, topicName, this.#now()));
        break;
      }
      case PacketType.PUBREL:
        this.#sink.onRelease(packet.packetId);
        break;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBCOMP:
        this.#answer(packet.type, packet.packetId, [packet.reasonCode]);
        break;
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
        this.#answer(packet.type, packet.packetId, packet.reasonCodes);
        break;
      case PacketType.PINGRESP:
        this.#answer(packet.type, 0, []);
        break;
      case PacketType.AUTH:
        this.#answer(packet.type, 0, [packet.reasonCode]);
        break;
      case PacketType.DISCONNECT:
        this.#sink.onDisconnect(packet);
        break;
      default:
        this.#break("a packet that only clients send");
    }
  }

  #answer(type: Answer["type"], packetId: number, reasonCodes: readonly ReasonCode[]): void {
    this.#sink.onAnswer({ type, packetId, reasonCodes, atMs: this.#now() });
  }

  #break(why: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#sink.onUnreadable(why);
  }
}
