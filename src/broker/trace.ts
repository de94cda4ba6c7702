/** Every packet as it comes and goes, for `-v` and tools. Switched off it costs one comparison a packet. */

import { utf8Decode } from "#base";
import { type Packet, PacketType, type PublishPacket, type Qos } from "#protocol";
import type { Message } from "./message.ts";
import type { Mount } from "./mount.ts";

/** A PUBLISH without its payload's bytes. */
export interface TracedPublish
  extends Pick<PublishPacket, "type" | "topicName" | "retain" | "dup" | "packetId"> {
  readonly qos: Qos;
  readonly payloadLength: number;
}

export type TracedPacket = Exclude<Packet, PublishPacket> | TracedPublish;

export interface PacketTrace {
  onReceived(clientId: string, packet: TracedPacket): void;
  onSent(clientId: string, packet: TracedPacket): void;
}

/** `packet` without what must not be shown: password and authentication data. */
export function withoutSecrets(packet: Exclude<Packet, PublishPacket>): Exclude<Packet, PublishPacket> {
  switch (packet.type) {
    case PacketType.CONNECT: {
      const harmless = { ...packet, properties: { ...packet.properties } };
      delete harmless.password;
      delete harmless.properties.authenticationData;
      return harmless;
    }
    case PacketType.CONNACK:
    case PacketType.AUTH: {
      const harmless = { ...packet, properties: { ...packet.properties } };
      delete harmless.properties.authenticationData;
      return harmless;
    }
    default:
      return packet;
  }
}

interface Traced {
  readonly clientId: string;
  readonly mount: Mount | undefined;
}

/** Reports a PUBLISH that was written without an object. */
export function tracePublish(
  client: Traced,
  trace: PacketTrace,
  message: Message,
  sent: Pick<TracedPublish, "qos" | "retain" | "packetId" | "dup">,
): void {
  trace.onSent(client.clientId, {
    type: PacketType.PUBLISH,
    topicName:
      client.mount === undefined ? message.topic.name : utf8Decode(client.mount.nameOf(message.topic)),
    payloadLength: message.payloadLength,
    ...sent,
  });
}
