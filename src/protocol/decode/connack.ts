/** CONNACK (3.2). Return codes of 3.x become the nearest reason codes. */

import { type ConnackPacket, PacketType } from "../packet.ts";
import { connackScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { connackCodes, reasonOfReturnCode } from "../reason-code-sets.ts";
import { GENERAL_STATEMENT } from "../statement.ts";
import { ProtocolVersion } from "../version.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

/** Decodes the body at the reader's cursor. */
export function decodeConnack(reader: Reader): ConnackPacket {
  const sessionPresent = readSessionPresent(reader);
  const reasonCode = reader.isVersion5
    ? reader.reasonCode(connackCodes, "MQTT-3.2.2-8")
    : readReturnCode(reader);
  if (sessionPresent && reasonCode !== ReasonCode.SUCCESS) {
    throw reader.protocolError("a refusal with a session", ["MQTT-3.2.2-6", "MQTT-3.2.2-4"]);
  }
  const properties = decodeProperties(reader, connackScope);
  reader.expectEnd();
  return { type: PacketType.CONNACK, sessionPresent, reasonCode, properties };
}

/** In 3.1 the byte means nothing. */
function readSessionPresent(reader: Reader): boolean {
  const flags = reader.byte("the acknowledge flags");
  if (reader.version === ProtocolVersion.MQTT_3_1) return false;
  if (flags > 1)
    throw reader.malformed("reserved acknowledge flags are set", ["MQTT-3.2.2-1", "MQTT-4.8.0-1"]);
  return flags === 1;
}

function readReturnCode(reader: Reader): ReasonCode {
  const code = reader.byte("the return code");
  const reasonCode = reasonOfReturnCode(code);
  if (reasonCode === undefined)
    throw reader.protocolError(`return code ${code} is reserved`, GENERAL_STATEMENT);
  return reasonCode;
}
