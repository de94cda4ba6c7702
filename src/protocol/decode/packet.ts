/**
 * From one whole packet to its object: the dispatcher that the framer uses for all packets but PUBLISH, and a convenience
 * for tests and tools that decodes any packet.
 */

import {
  acceptedTypes,
  checkFlags,
  fixedHeaderSize,
  paddedLength,
  refusedType,
  type Side,
} from "../fixed-header.ts";
import { type Packet, PacketType, type PublishPacket } from "../packet.ts";
import { PublishView } from "../publish-view.ts";
import { malformed } from "../statement.ts";
import { NOT_AN_INTEGER, readVariableByteInteger } from "../variable-byte-integer.ts";
import type { ProtocolVersion } from "../version.ts";
import { decodeAcknowledgement } from "./acknowledgement.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeConnect } from "./connect.ts";
import { decodeDisconnect } from "./disconnect.ts";
import { decodePublish, toPublishPacket } from "./publish.ts";
import { Reader } from "./reader.ts";
import { decodeSuback, decodeUnsuback } from "./suback.ts";
import { decodeSubscribe } from "./subscribe.ts";
import { decodeUnsubscribe } from "./unsubscribe.ts";

/** The packet whose body the reader holds. `firstByte` is of a type that the version has, other than PUBLISH. */
export function decodeBody(reader: Reader, firstByte: number): Exclude<Packet, PublishPacket> {
  const type = (firstByte >> 4) as Exclude<PacketType, typeof PacketType.PUBLISH>;
  const flags = firstByte & 0x0f;
  if (type === PacketType.CONNECT) return decodeConnect(reader, flags);
  checkFlags(reader.version, type, flags);
  switch (type) {
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAcknowledgement(reader, type);
    case PacketType.CONNACK:
      return decodeConnack(reader);
    case PacketType.SUBSCRIBE:
      return decodeSubscribe(reader);
    case PacketType.SUBACK:
      return decodeSuback(reader);
    case PacketType.UNSUBSCRIBE:
      return decodeUnsubscribe(reader);
    case PacketType.UNSUBACK:
      return decodeUnsuback(reader);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      reader.expectEnd();
      return { type };
    case PacketType.DISCONNECT:
      return decodeDisconnect(reader);
    case PacketType.AUTH:
      return decodeAuth(reader);
  }
}

/**
 * Decodes `bytes`, which hold exactly one packet that `side` received. CONNECT is always accepted by a server and tells
 * its version itself.
 *
 * @example decodePacket(Uint8Array.of(0xc0, 0), ProtocolVersion.MQTT_5_0, "server") // { type: PacketType.PINGREQ }
 * @throws MalformedPacketError or ProtocolError
 */
export function decodePacket(bytes: Uint8Array, version: ProtocolVersion, side: Side): Packet {
  const length = readVariableByteInteger(bytes, 1, bytes.length);
  if (length === NOT_AN_INTEGER) throw paddedLength(version);
  const bodyStart = fixedHeaderSize(length);
  if (length < 0 || bodyStart + length !== bytes.length) throw malformed(version, "not exactly one packet");

  const firstByte = bytes[0] as number;
  const type = firstByte >> 4;
  const isConnect = side === "server" && type === PacketType.CONNECT;
  if (!isConnect && (acceptedTypes(side, version) & (1 << type)) === 0)
    throw refusedType(side, version, type);
  if (type !== PacketType.PUBLISH) {
    const reader = new Reader(bytes, bodyStart, bytes.length, isConnect ? undefined : version, { side });
    return decodeBody(reader, firstByte);
  }
  const view = new PublishView();
  decodePublish(view, bytes, 0, bodyStart, bytes.length, version, { side });
  return toPublishPacket(view);
}
