/** DISCONNECT (3.14) and AUTH (3.15), which share their short forms. */

import type { AuthPacket, DisconnectPacket } from "../packet.ts";
import { authScope, disconnectScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { authCodes, disconnectCodes } from "../reason-code-sets.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { encodePropertyBlock } from "./properties.ts";
import type { Writer } from "./writer.ts";

/**
 * Writes the body. Returns false when 3.x cannot say it: its DISCONNECT means a normal end and nothing else, so for every other reason the
 * connection is just closed.
 */
export function encodeDisconnect(
  writer: Writer,
  packet: DisconnectPacket,
  version: ProtocolVersion,
): boolean {
  const { reasonCode, properties } = packet;
  const isNormal = reasonCode === ReasonCode.NORMAL_DISCONNECTION;
  if (version !== ProtocolVersion.MQTT_5_0) return isNormal;
  const block = encodePropertyBlock(properties, disconnectScope);
  if (isNormal && block.length === 0) return true;
  writer.reasonCode(reasonCode, disconnectCodes);
  if (block.length > 0) writeBlock(writer, block);
  return true;
}

/** Writes the body; nothing for a success without properties. */
export function encodeAuth(writer: Writer, packet: AuthPacket, version: ProtocolVersion): void {
  if (version !== ProtocolVersion.MQTT_5_0) throw new InvalidPacketError("AUTH exists in 5.0 only");
  const { reasonCode, properties } = packet;
  const block = encodePropertyBlock(properties, authScope);
  if (reasonCode === ReasonCode.SUCCESS && block.length === 0) return;
  // U5-3.15.2.2.2
  if (properties.authenticationMethod === undefined) throw new InvalidPacketError("AUTH without a method");
  writer.reasonCode(reasonCode, authCodes);
  writeBlock(writer, block);
}

function writeBlock(writer: Writer, block: Uint8Array): void {
  writer.variableByteInteger(block.length, "the property length");
  writer.raw(block);
}
