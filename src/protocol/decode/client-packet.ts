/**
 * The dispatcher for what a client receives: `decode/packet.ts` without the packets that only servers do.
 */

import { checkFlags } from "../fixed-header.ts";
import { type Packet, PacketType, type PublishPacket } from "../packet.ts";
import { decodeAcknowledgement } from "./acknowledgement.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeDisconnect } from "./disconnect.ts";
import type { Reader } from "./reader.ts";
import { decodeSuback, decodeUnsuback } from "./suback.ts";

/** The packet whose body the reader holds. The framer has judged that clients receive its type. */
export function decodeForClient(reader: Reader, firstByte: number): Exclude<Packet, PublishPacket> {
  const type = (firstByte >> 4) as PacketType;
  checkFlags(reader.version, type, firstByte & 0x0f);
  switch (type) {
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAcknowledgement(reader, type);
    case PacketType.CONNACK:
      return decodeConnack(reader);
    case PacketType.SUBACK:
      return decodeSuback(reader);
    case PacketType.UNSUBACK:
      return decodeUnsuback(reader);
    case PacketType.DISCONNECT:
      return decodeDisconnect(reader);
    case PacketType.AUTH:
      return decodeAuth(reader);
    default:
      reader.expectEnd();
      return { type: PacketType.PINGRESP };
  }
}
