/** The types of Control Packets by their numbers. */

import { PacketType, ProtocolVersion } from "#protocol";
import type { Sender } from "./field.ts";

const names = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]));

/** `CONNECT` for 1; `reserved type 0` for what is none in `version`. */
export function packetName(type: number, version: ProtocolVersion): string {
  const isReserved = type === PacketType.AUTH && version !== ProtocolVersion.MQTT_5_0;
  return (isReserved ? undefined : names.get(type)) ?? `reserved type ${type}`;
}

const fromClient: ReadonlySet<number> = new Set([
  PacketType.CONNECT,
  PacketType.SUBSCRIBE,
  PacketType.UNSUBSCRIBE,
  PacketType.PINGREQ,
]);
const fromServer: ReadonlySet<number> = new Set([
  PacketType.CONNACK,
  PacketType.SUBACK,
  PacketType.UNSUBACK,
  PacketType.PINGRESP,
]);

/** Who alone may send packets of `type`; undefined when both may, or nobody. */
export function onlySender(type: number, version: ProtocolVersion): Sender | undefined {
  if (fromClient.has(type)) return "client";
  if (fromServer.has(type)) return "server";
  return type === PacketType.DISCONNECT && version !== ProtocolVersion.MQTT_5_0 ? "client" : undefined;
}
