/** Each packet of a client to its handler, as far as the phase of its channel allows it. HOT: acknowledgements. */

import {
  type AcknowledgementPacket,
  type Packet,
  PacketType,
  ProtocolError,
  type PublishPacket,
  type ReasonCode,
} from "#protocol";
import type { Channel } from "./channel.ts";
import { onPuback, onPubcomp, onPubrec, onPubrel } from "./on-acks.ts";
import { onAuth } from "./on-auth.ts";
import { onConnect } from "./on-connect.ts";
import { onDisconnect } from "./on-disconnect.ts";
import { onSubscribe } from "./on-subscribe.ts";
import { onUnsubscribe } from "./on-unsubscribe.ts";

/** Handles a packet. Throws `ProtocolError` for one that is not allowed now. */
export function dispatch(channel: Channel, packet: Exclude<Packet, PublishPacket>): void {
  const { phase } = channel;
  if (phase === "connected") dispatchConnected(channel, packet);
  else if (packet.type === PacketType.CONNECT && phase === "awaiting-connect") onConnect(channel, packet);
  else if (packet.type === PacketType.AUTH && phase === "authenticating") onAuth(channel, packet);
  else if (packet.type === PacketType.DISCONNECT && phase === "authenticating") onDisconnect(channel, packet);
  else refusePacket(channel, packet.type);
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP of a client that is connected. */
export function dispatchAcknowledgement(
  channel: Channel,
  type: AcknowledgementPacket["type"],
  packetId: number,
  reasonCode: ReasonCode,
): void {
  if (type === PacketType.PUBACK) onPuback(channel, packetId, reasonCode);
  else if (type === PacketType.PUBREC) onPubrec(channel, packetId, reasonCode);
  else if (type === PacketType.PUBREL) onPubrel(channel, packetId);
  else onPubcomp(channel, packetId);
}

/** Throws `ProtocolError`; lets everything pass once the channel is closed. */
export function refusePacket(channel: Channel, type: PacketType): void {
  if (channel.phase === "closed") return;
  const statement = channel.phase === "authenticating" ? "MQTT-3.1.2-30" : "MQTT-3.1.0-1";
  throw new ProtocolError(
    `A packet of type ${type} is not allowed now.`,
    channel.statement(statement, "MQTT-3.1.0-1"),
  );
}

function dispatchConnected(channel: Channel, packet: Exclude<Packet, PublishPacket>): void {
  switch (packet.type) {
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return dispatchAcknowledgement(channel, packet.type, packet.packetId, packet.reasonCode);
    case PacketType.SUBSCRIBE:
      return onSubscribe(channel, packet);
    case PacketType.UNSUBSCRIBE:
      return onUnsubscribe(channel, packet);
    case PacketType.PINGREQ:
      channel.outbound.send({ type: PacketType.PINGRESP }); // [MQTT-3.12.4-1]
      return;
    case PacketType.DISCONNECT:
      return onDisconnect(channel, packet);
    case PacketType.AUTH:
      return onAuth(channel, packet);
    case PacketType.CONNECT:
    case PacketType.CONNACK:
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
    case PacketType.PINGRESP:
      return refusePacket(channel, packet.type);
  }
}
