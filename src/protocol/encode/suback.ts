/** SUBACK (3.9) and UNSUBACK (3.11). 3.x has one refusal, 0x80, and no payload in UNSUBACK. */

import type { SubackPacket, UnsubackPacket } from "../packet.ts";
import { acknowledgementScope } from "../property-table.ts";
import { FIRST_REFUSAL } from "../reason-code.ts";
import { subackCodes, subackCodes3, unsubackCodes } from "../reason-code-sets.ts";
import { ProtocolVersion } from "../version.ts";
import { encodeProperties } from "./properties.ts";
import type { Writer } from "./writer.ts";

/** Writes the body. 3.1 has no refusal of its own; it gets the one of 3.1.1, as its clients have learnt to expect. */
export function encodeSuback(writer: Writer, packet: SubackPacket, version: ProtocolVersion): void {
  writer.packetId(packet.packetId);
  encodeProperties(writer, packet.properties, acknowledgementScope, version);
  for (const code of packet.reasonCodes) {
    if (version === ProtocolVersion.MQTT_5_0) writer.reasonCode(code, subackCodes);
    else writer.reasonCode(Math.min(code, FIRST_REFUSAL), subackCodes3); // [3.1.1/MQTT-3.9.3-2]
  }
}

/** Writes the body. */
export function encodeUnsuback(writer: Writer, packet: UnsubackPacket, version: ProtocolVersion): void {
  writer.packetId(packet.packetId);
  if (version !== ProtocolVersion.MQTT_5_0) return;
  encodeProperties(writer, packet.properties, acknowledgementScope, version);
  for (const code of packet.reasonCodes) writer.reasonCode(code, unsubackCodes);
}
