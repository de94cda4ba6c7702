/**
 * From the object of a packet to its bytes, in any version and both directions.
 *
 * What an older version cannot express stays behind: properties, subscription options, the codes of UNSUBACK. Where that
 * would turn the packet into another statement, nothing is sent at all.
 */

import { requiredFlags } from "../fixed-header.ts";
import { type Packet, PacketType, type PublishPacket } from "../packet.ts";
import { ProtocolVersion } from "../version.ts";
import { encodeAcknowledgement } from "./acknowledgement.ts";
import { encodeConnack } from "./connack.ts";
import { encodeConnect } from "./connect.ts";
import { encodeAuth, encodeDisconnect } from "./disconnect.ts";
import { encodePublish } from "./publish.ts";
import { encodeSuback, encodeUnsuback } from "./suback.ts";
import { encodeSubscribe, encodeUnsubscribe } from "./subscribe.ts";
import { Writer } from "./writer.ts";

/**
 * The bytes of `packet`. CONNECT is written in its own `protocolVersion`.
 *
 * Undefined means that there is nothing to send: the packet is larger than `maximumPacketSize` even without its User
 * Properties and Reason String, or 3.x has no words for it (a CONNACK without a fitting return code, a DISCONNECT with a
 * reason). Then the connection is closed without it.
 *
 * @example encodePacket({ type: PacketType.PINGREQ }, ProtocolVersion.MQTT_5_0) // c0 00
 * @throws InvalidPacketError for what the wire cannot carry
 */
export function encodePacket(
  packet: Packet,
  version: ProtocolVersion,
  maximumPacketSize: number = Number.POSITIVE_INFINITY,
): Uint8Array | undefined {
  const bytes = encodeWhole(packet, version);
  if (bytes === undefined || bytes.length <= maximumPacketSize) return bytes;
  if (version !== ProtocolVersion.MQTT_5_0) return undefined;
  for (const shorter of diagnosticsDropped(packet)) {
    const shorterBytes = encodeWhole(shorter, version);
    if (shorterBytes !== undefined && shorterBytes.length <= maximumPacketSize) return shorterBytes;
  }
  return undefined;
}

/** Nothing is called back while a packet is encoded, so one is enough. */
const writer = new Writer();

function encodeWhole(packet: Packet, version: ProtocolVersion): Uint8Array | undefined {
  if (packet.type === PacketType.PUBLISH) return encodePublish(packet, version);
  writer.begin();
  const isSayable = encodeBody(writer, packet, version);
  return isSayable ? writer.finish((packet.type << 4) | requiredFlags(packet.type)) : undefined;
}

/** Returns false when the version has no words for the packet. */
function encodeBody(
  writer: Writer,
  packet: Exclude<Packet, PublishPacket>,
  version: ProtocolVersion,
): boolean {
  switch (packet.type) {
    case PacketType.CONNECT:
      encodeConnect(writer, packet);
      return true;
    case PacketType.CONNACK:
      return encodeConnack(writer, packet, version);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      encodeAcknowledgement(writer, packet, version);
      return true;
    case PacketType.SUBSCRIBE:
      encodeSubscribe(writer, packet, version);
      return true;
    case PacketType.SUBACK:
      encodeSuback(writer, packet, version);
      return true;
    case PacketType.UNSUBSCRIBE:
      encodeUnsubscribe(writer, packet, version);
      return true;
    case PacketType.UNSUBACK:
      encodeUnsuback(writer, packet, version);
      return true;
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return true;
    case PacketType.DISCONNECT:
      return encodeDisconnect(writer, packet, version);
    case PacketType.AUTH:
      encodeAuth(writer, packet, version);
      return true;
  }
}

/**
 * The packet without User Properties, then also without Reason String, where they are diagnostics that must give way to the
 * receiver's Maximum Packet Size [MQTT-3.2.2-19] [MQTT-3.2.2-20] [MQTT-3.4.2-2] [MQTT-3.4.2-3] [MQTT-3.5.2-2]
 * [MQTT-3.5.2-3] [MQTT-3.6.2-2] [MQTT-3.6.2-3] [MQTT-3.7.2-2] [MQTT-3.7.2-3] [MQTT-3.9.2-1] [MQTT-3.9.2-2]
 * [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.14.2-3] [MQTT-3.14.2-4] [MQTT-3.15.2-2] [MQTT-3.15.2-3].
 */
function diagnosticsDropped(packet: Packet): readonly Packet[] {
  switch (packet.type) {
    case PacketType.CONNACK:
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
    case PacketType.DISCONNECT:
    case PacketType.AUTH: {
      const { userProperties: _, ...withReason } = packet.properties;
      const { reasonString: __, ...bare } = withReason;
      return [{ ...packet, properties: withReason } as Packet, { ...packet, properties: bare } as Packet];
    }
    default:
      return [];
  }
}
