/** `-d`: a line for each packet, as mosquitto's tools write it. */

import { type Packet, PacketType, type ProtocolVersion, type PublishPacket } from "#protocol";
import { printable } from "../escape.ts";
import { connackCode } from "./reason-text.ts";

export class DebugLines {
  readonly #version: ProtocolVersion;
  readonly #clientId: () => string;

  constructor(version: ProtocolVersion, clientId: () => string) {
    this.#version = version;
    this.#clientId = clientId;
  }

  onSent(packet: Packet): void {
    for (const text of sentTexts(packet)) this.#line("sending", text);
  }

  onReceived(packet: Packet): void {
    this.#line("received", receivedText(packet, this.#version));
    if (packet.type !== PacketType.SUBACK) return;
    console.log(`Subscribed (mid: ${packet.packetId}): ${packet.reasonCodes.join(", ")}`);
  }

  #line(direction: "sending" | "received", text: string): void {
    console.log(printable(`Client ${this.#clientId()} ${direction} ${text}`));
  }
}

function publishText({ dup, qos, retain, topicName, payload, ...packet }: PublishPacket): string {
  const packetId = packet.packetId ?? 0;
  return `PUBLISH (d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}, '${topicName}', ... (${payload.length} bytes))`;
}

function sentTexts(packet: Packet): string[] {
  switch (packet.type) {
    case PacketType.PUBLISH:
      return [publishText(packet)];
    case PacketType.SUBSCRIBE:
      return packet.subscriptions.map(({ topicFilter, qos, ...options }) => {
        const bits =
          (options.noLocal ? 4 : 0) |
          (options.retainAsPublished ? 8 : 0) |
          ((options.retainHandling ?? 0) << 4);
        const hex = bits.toString(16).padStart(2, "0");
        return `SUBSCRIBE (Mid: ${packet.packetId}, Topic: ${topicFilter}, QoS: ${qos}, Options: 0x${hex})`;
      });
    case PacketType.UNSUBSCRIBE:
      return packet.topicFilters.map((filter) => `UNSUBSCRIBE (Mid: ${packet.packetId}, Topic: ${filter})`);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
      return [`${nameOf(packet)} (m${packet.packetId}, rc${packet.reasonCode})`];
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return [`${nameOf(packet)} (m${packet.packetId})`];
    default:
      return [nameOf(packet)];
  }
}

function receivedText(packet: Packet, version: ProtocolVersion): string {
  switch (packet.type) {
    case PacketType.CONNACK:
      return `CONNACK (${connackCode(packet.reasonCode, version)})`;
    case PacketType.PUBLISH:
      return publishText(packet);
    case PacketType.PUBACK:
    case PacketType.PUBCOMP:
      return `${nameOf(packet)} (Mid: ${packet.packetId}, RC:${packet.reasonCode})`;
    case PacketType.PUBREC:
    case PacketType.PUBREL:
      return `${nameOf(packet)} (Mid: ${packet.packetId})`;
    case PacketType.DISCONNECT:
      return `DISCONNECT (${packet.reasonCode})`;
    default:
      return nameOf(packet);
  }
}

const names = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]));

function nameOf({ type }: Packet): string {
  return names.get(type) ?? String(type);
}
