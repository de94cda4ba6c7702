/** SUBACK (3.9) and UNSUBACK (3.11). UNSUBACK of 3.x has no payload. */

import { PacketType, type SubackPacket, type UnsubackPacket } from "../packet.ts";
import { acknowledgementScope } from "../property-table.ts";
import type { ReasonCode } from "../reason-code.ts";
import { subackCodes, subackCodes3, unsubackCodes } from "../reason-code-sets.ts";
import type { Statement } from "../statement.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

const PACKET_ID: Statement = ["MQTT-2.2.1-6", "MQTT-2.3.1-7"];

/** Decodes the body at the reader's cursor. */
export function decodeSuback(reader: Reader): SubackPacket {
  const packetId = reader.packetId(PACKET_ID);
  const properties = decodeProperties(reader, acknowledgementScope);
  const allowed = reader.isVersion5 ? subackCodes : subackCodes3;
  const reasonCodes = readReasonCodes(reader, allowed, "MQTT-3.9.3-2");
  if (reasonCodes.length === 0) throw reader.malformed("no reason code", ["MQTT-3.8.4-6", "MQTT-3.8.4-5"]);
  return { type: PacketType.SUBACK, packetId, reasonCodes, properties };
}

/** Decodes the body at the reader's cursor. */
export function decodeUnsuback(reader: Reader): UnsubackPacket {
  const packetId = reader.packetId(PACKET_ID);
  const properties = decodeProperties(reader, acknowledgementScope);
  if (!reader.isVersion5) reader.expectEnd();
  const reasonCodes = readReasonCodes(reader, unsubackCodes, "MQTT-3.11.3-2");
  if (reader.isVersion5 && reasonCodes.length === 0)
    throw reader.malformed("no reason code", "MQTT-3.11.3-2");
  return { type: PacketType.UNSUBACK, packetId, reasonCodes, properties };
}

function readReasonCodes(reader: Reader, allowed: ReadonlySet<number>, statement: Statement): ReasonCode[] {
  const reasonCodes: ReasonCode[] = [];
  while (reader.left > 0) reasonCodes.push(reader.reasonCode(allowed, statement));
  return reasonCodes;
}
