/** PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7), which have one form. HOT: one of them answers every QoS 1 message. */

import type { AcknowledgementPacket } from "../packet.ts";
import { PacketType } from "../packet.ts";
import type { AcknowledgementProperties } from "../property.ts";
import { acknowledgementScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { receivedCodes, releasedCodes } from "../reason-code-sets.ts";
import type { Statement } from "../statement.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

/** Shared by all acknowledgements that carry no properties. */
const NO_PROPERTIES: AcknowledgementProperties = Object.freeze({});

/** No statement of 5.0 is nearer to an acknowledgement of packet identifier 0. */
const PACKET_ID: Statement = ["MQTT-2.2.1-5", "MQTT-2.3.1-6"];

/** Decodes the body at the reader's cursor; without properties it shares one frozen object for them. */
export function decodeAcknowledgement(
  reader: Reader,
  type: AcknowledgementPacket["type"],
): AcknowledgementPacket {
  const packetId = reader.packetId(PACKET_ID);
  let reasonCode: ReasonCode = ReasonCode.SUCCESS;
  let properties = NO_PROPERTIES;
  if (reader.isVersion5 && reader.left > 0) {
    const isReceipt = type === PacketType.PUBACK || type === PacketType.PUBREC;
    reasonCode = reader.reasonCode(isReceipt ? receivedCodes : releasedCodes, `MQTT-3.${type}.2-1`);
    if (reader.left > 0) properties = decodeProperties(reader, acknowledgementScope);
  }
  reader.expectEnd();
  return { type, packetId, reasonCode, properties };
}
