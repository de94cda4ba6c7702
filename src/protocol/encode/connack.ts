/** CONNACK (3.2). In 3.x the reason code becomes the nearest return code, if there is one. */

import type { ConnackPacket } from "../packet.ts";
import { connackScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { connackCodes, returnCodeOfReason } from "../reason-code-sets.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { encodeProperties } from "./properties.ts";
import type { Writer } from "./writer.ts";

/** Writes the body. Returns false, and writes nothing of use, when 3.x has no return code for it [3.1.1/MQTT-3.2.2-6]. */
export function encodeConnack(writer: Writer, packet: ConnackPacket, version: ProtocolVersion): boolean {
  const { reasonCode, sessionPresent } = packet;
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== ReasonCode.SUCCESS)
    throw new InvalidPacketError("a refusal with a session");
  // The byte is reserved in 3.1.
  writer.byte(sessionPresent && version !== ProtocolVersion.MQTT_3_1 ? 1 : 0);
  if (version === ProtocolVersion.MQTT_5_0) {
    writer.reasonCode(reasonCode, connackCodes);
    encodeProperties(writer, packet.properties, connackScope, version);
    return true;
  }
  const returnCode = returnCodeOfReason(reasonCode);
  if (returnCode === undefined) return false;
  writer.byte(returnCode);
  return true;
}
