/**
 * Reads what a client sends, and says what of it Martlet gets: all, as it is, except what acknowledges the old broker's packet ids.
 * Bytes that are no packet go on to Martlet too, which has to refuse them as the old broker does.
 */

import {
  type AcknowledgementPacket,
  type ConnectPacket,
  decodePacket,
  type Packet,
  PacketType,
  ProtocolVersion,
} from "#protocol";
import { PacketStream } from "./packet-stream.ts";

export interface ClientSink {
  /** The first packet, when it is a CONNECT that can be read. It is fed by whoever gets it. */
  onConnect(packet: ConnectPacket, bytes: Uint8Array): void;
  /** For Martlet. `asks`: the others wait for its answer. */
  feed(bytes: Uint8Array, asks: boolean): void;
  /** PUBACK, PUBREC or PUBCOMP to the old broker. */
  onAcknowledgement(packet: AcknowledgementPacket): void;
  /** A message of this topic is retained, or removed. */
  onRetained(topicName: string): void;
  onSubscribe(topicFilters: readonly string[]): void;
  /** DISCONNECT; fed afterwards. */
  onGoodbye(): void;
  onTooLarge(): void;
}

export class ClientReader {
  /** Packets that were cut. */
  packets = 0;
  readonly #sink: ClientSink;
  readonly #stream: PacketStream;
  readonly #aliases = new Map<number, string>();
  #version: ProtocolVersion | undefined;

  constructor(sink: ClientSink, maximumPacketBytes: number) {
    this.#sink = sink;
    this.#stream = new PacketStream(
      {
        onWhole: (bytes) => this.#read(bytes),
        onRest: (bytes, why) => {
          if (why === "too-large") sink.onTooLarge();
          sink.feed(bytes, false);
        },
      },
      maximumPacketBytes,
    );
  }

  push(chunk: Uint8Array): void {
    this.#stream.push(chunk);
  }

  #read(bytes: Uint8Array): void {
    const isFirst = this.packets++ === 0;
    const packet = this.#decoded(bytes, isFirst);
    if (packet?.type === PacketType.CONNECT && isFirst) {
      this.#version = packet.protocolVersion;
      if (packet.will?.retain === true) this.#sink.onRetained(packet.will.topicName);
      this.#sink.onConnect(packet, bytes);
      return;
    }
    switch (packet?.type) {
      case PacketType.PUBACK:
      case PacketType.PUBREC:
      case PacketType.PUBCOMP:
        this.#sink.onAcknowledgement(packet);
        return;
      case PacketType.PUBLISH: {
        const { topicAlias } = packet.properties;
        if (topicAlias !== undefined && packet.topicName !== "")
          this.#aliases.set(topicAlias, packet.topicName);
        if (packet.retain)
          this.#sink.onRetained(packet.topicName || (this.#aliases.get(topicAlias ?? 0) ?? ""));
        break;
      }
      case PacketType.SUBSCRIBE:
        this.#sink.onSubscribe(packet.subscriptions.map(({ topicFilter }) => topicFilter));
        break;
      case PacketType.DISCONNECT:
        this.#sink.onGoodbye();
        break;
      default:
    }
    this.#sink.feed(bytes, packet?.type === PacketType.SUBSCRIBE || packet?.type === PacketType.UNSUBSCRIBE);
  }

  /** Undefined for what cannot be read, and for what need not be. */
  #decoded(bytes: Uint8Array, isFirst: boolean): Packet | undefined {
    const version = this.#version ?? (isFirst ? ProtocolVersion.MQTT_3_1_1 : undefined);
    if (version === undefined) return undefined;
    const firstByte = bytes[0] as number;
    const isPlainPublish =
      firstByte >> 4 === PacketType.PUBLISH &&
      (firstByte & 0x01) === 0 &&
      version !== ProtocolVersion.MQTT_5_0;
    if (isPlainPublish) return undefined;
    try {
      return decodePacket(bytes, version, "server");
    } catch {
      // Martlet gets the bytes and says itself what is wrong with them.
      return undefined;
    }
  }
}
