/**
 * The encoder for what a client sends other than PUBLISH and its acknowledgements, which go straight into a slab:
 * `encode/packet.ts` without the packets that only servers send.
 */

import { requiredFlags } from "../fixed-header.ts";
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  PacketType,
  type PingreqPacket,
  type SubscribePacket,
  type UnsubscribePacket,
} from "../packet.ts";
import type { ProtocolVersion } from "../version.ts";
import { encodeConnect } from "./connect.ts";
import { encodeAuth, encodeDisconnect } from "./disconnect.ts";
import { encodeSubscribe, encodeUnsubscribe } from "./subscribe.ts";
import { Writer } from "./writer.ts";

export type ClientPacket =
  | ConnectPacket
  | SubscribePacket
  | UnsubscribePacket
  | PingreqPacket
  | DisconnectPacket
  | AuthPacket;

/**
 * The bytes of `packet`; undefined when 3.x has no words for it, which is a DISCONNECT with a reason.
 *
 * @throws InvalidPacketError for what the wire cannot carry
 */
export function encodeClientPacket(packet: ClientPacket, version: ProtocolVersion): Uint8Array | undefined {
  const writer = new Writer();
  switch (packet.type) {
    case PacketType.CONNECT:
      encodeConnect(writer, packet);
      break;
    case PacketType.SUBSCRIBE:
      encodeSubscribe(writer, packet, version);
      break;
    case PacketType.UNSUBSCRIBE:
      encodeUnsubscribe(writer, packet, version);
      break;
    case PacketType.DISCONNECT:
      if (!encodeDisconnect(writer, packet, version)) return undefined;
      break;
    case PacketType.AUTH:
      encodeAuth(writer, packet, version);
      break;
    case PacketType.PINGREQ:
      break;
  }
  return writer.finish((packet.type << 4) | requiredFlags(packet.type));
}
