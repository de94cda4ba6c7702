/**
 * The fixed header (2.1): which packet types a side accepts in a version, and the flags each type must carry.
 *
 *     byte 1: type (bits 7-4) | flags (bits 3-0)      byte 2…: remaining length
 */

import { PacketType } from "./packet.ts";
import { GENERAL_STATEMENT, malformed, protocolError, type Statement } from "./statement.ts";
import { variableByteIntegerSize } from "./variable-byte-integer.ts";
import { ProtocolVersion } from "./version.ts";
import type { WireError } from "./wire-error.ts";

/** Who reads: a server accepts what clients send, and the other way round. */
export type Side = "server" | "client";

const BOTH_WAYS =
  (1 << PacketType.PUBLISH) |
  (1 << PacketType.PUBACK) |
  (1 << PacketType.PUBREC) |
  (1 << PacketType.PUBREL) |
  (1 << PacketType.PUBCOMP);

const FROM_CLIENT =
  BOTH_WAYS |
  (1 << PacketType.SUBSCRIBE) |
  (1 << PacketType.UNSUBSCRIBE) |
  (1 << PacketType.PINGREQ) |
  (1 << PacketType.DISCONNECT);

const FROM_SERVER =
  BOTH_WAYS |
  (1 << PacketType.CONNACK) |
  (1 << PacketType.SUBACK) |
  (1 << PacketType.UNSUBACK) |
  (1 << PacketType.PINGRESP);

/** Bytes of the fixed header in front of `remainingLength` bytes: 2 to 5. */
export function fixedHeaderSize(remainingLength: number): number {
  return 1 + variableByteIntegerSize(remainingLength);
}

/** The packet types that `side` accepts, as a set of bits; with no version yet that is CONNECT only [MQTT-3.1.0-1]. */
export function acceptedTypes(side: Side, version: ProtocolVersion | undefined): number {
  const isVersion5 = version === ProtocolVersion.MQTT_5_0;
  if (side === "client") {
    return isVersion5 ? FROM_SERVER | (1 << PacketType.DISCONNECT) | (1 << PacketType.AUTH) : FROM_SERVER;
  }
  if (version === undefined) return 1 << PacketType.CONNECT;
  return isVersion5 ? FROM_CLIENT | (1 << PacketType.AUTH) : FROM_CLIENT;
}

/** Why a packet of `type` is not among the accepted ones. */
export function refusedType(side: Side, version: ProtocolVersion | undefined, type: number): WireError {
  if (side === "server" && version === undefined) {
    return protocolError(version, "the first packet is not CONNECT", "MQTT-3.1.0-1");
  }
  if (side === "server" && type === PacketType.CONNECT) {
    return protocolError(version, "a second CONNECT", "MQTT-3.1.0-2");
  }
  const isReserved = type === 0 || (type === PacketType.AUTH && version !== ProtocolVersion.MQTT_5_0);
  if (isReserved) return malformed(version, `packet type ${type} is reserved`);
  return protocolError(version, `a ${side} accepts no packet of type ${type}`, GENERAL_STATEMENT);
}

/** The error for a remaining length of more bytes than it needs, or than four. */
export function paddedLength(version: ProtocolVersion | undefined): WireError {
  return malformed(version, "the remaining length is not in its shortest form", [
    "MQTT-1.5.5-1",
    "MQTT-4.8.0-1",
  ]);
}

/** The flags of every type but PUBLISH [MQTT-2.1.3-1]. */
export function requiredFlags(type: PacketType): number {
  return hasDeliveryFlags(type) ? 0b0010 : 0;
}

/** In 3.1 these three were sent "at QoS 1" and may be marked as sent again. */
function hasDeliveryFlags(type: PacketType): boolean {
  return type === PacketType.PUBREL || type === PacketType.SUBSCRIBE || type === PacketType.UNSUBSCRIBE;
}

/** Throws unless `flags` are those that a `type` other than PUBLISH must carry. */
export function checkFlags(version: ProtocolVersion | undefined, type: PacketType, flags: number): void {
  const mayBeDup = version === ProtocolVersion.MQTT_3_1 && hasDeliveryFlags(type);
  if ((mayBeDup ? flags & 0b0111 : flags) === requiredFlags(type)) return;
  throw malformed(version, `flags 0x${flags.toString(16)} in a packet of type ${type}`, flagStatement(type));
}

function flagStatement(type: PacketType): Statement {
  switch (type) {
    case PacketType.PUBREL:
      return "MQTT-3.6.1-1";
    case PacketType.SUBSCRIBE:
      return "MQTT-3.8.1-1";
    case PacketType.UNSUBSCRIBE:
      return "MQTT-3.10.1-1";
    case PacketType.DISCONNECT:
      return "MQTT-3.14.1-1";
    case PacketType.AUTH:
      return "MQTT-3.15.1-1";
    default:
      return ["MQTT-2.1.3-1", "MQTT-2.2.2-2"];
  }
}
