/**
 * PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7). HOT: `writeAcknowledgement` answers every message above QoS 0 straight
 * into an output slab; `encodeAcknowledgement` is for those that carry properties.
 *
 *     40 02 | packet id            success, and every outcome in 3.x
 *     40 03 | packet id | reason   5.0
 */

import { type AcknowledgementPacket, PacketType } from "../packet.ts";
import { acknowledgementScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { receivedCodes, releasedCodes } from "../reason-code-sets.ts";
import { ProtocolVersion } from "../version.ts";
import { encodeProperties } from "./properties.ts";
import type { Writer } from "./writer.ts";

/** What `writeAcknowledgement` needs at most. */
export const LARGEST_ACKNOWLEDGEMENT = 5;

/** Writes an acknowledgement without properties and returns the offset behind it. `packetId` is 1 to 65,535. */
export function writeAcknowledgement(
  target: Uint8Array,
  at: number,
  type: AcknowledgementPacket["type"],
  packetId: number,
  reasonCode: ReasonCode,
  version: ProtocolVersion,
): number {
  const isShort = reasonCode === ReasonCode.SUCCESS || version !== ProtocolVersion.MQTT_5_0;
  target[at] = type === PacketType.PUBREL ? 0x62 : type << 4;
  target[at + 1] = isShort ? 2 : 3;
  target[at + 2] = packetId >>> 8;
  target[at + 3] = packetId;
  if (isShort) return at + 4;
  target[at + 4] = reasonCode;
  return at + 5;
}

/** Writes the body in the shortest form that says it all. In 3.x a refusal is acknowledged like a success [3.1.1/MQTT-3.3.5-2]. */
export function encodeAcknowledgement(
  writer: Writer,
  packet: AcknowledgementPacket,
  version: ProtocolVersion,
): void {
  const { type, packetId, reasonCode, properties } = packet;
  writer.packetId(packetId);
  if (version !== ProtocolVersion.MQTT_5_0) return;
  const hasProperties = properties.reasonString !== undefined || (properties.userProperties?.length ?? 0) > 0;
  if (reasonCode === ReasonCode.SUCCESS && !hasProperties) return;
  const isReceipt = type === PacketType.PUBACK || type === PacketType.PUBREC;
  writer.reasonCode(reasonCode, isReceipt ? receivedCodes : releasedCodes);
  if (hasProperties) encodeProperties(writer, properties, acknowledgementScope, version);
}
