/** PUBACK, PUBREC, PUBREL and PUBCOMP (3.4 to 3.7), which have one form. */

import { PacketType } from "#protocol";
import type { FieldReader } from "../field-reader.ts";
import { receivedCodes, releasedCodes } from "../reason-codes.ts";
import { readReasonCode } from "./connack.ts";
import { readProperties } from "./properties.ts";

export function readAcknowledgement(reader: FieldReader, type: number): void {
  reader.group("Variable Header", () => {
    // No statement of 5.0 is nearer to an acknowledgement of Packet Identifier 0.
    reader.packetId(["MQTT-2.2.1-5", "MQTT-2.3.1-6"]);
    if (reader.isVersion5 && reader.left > 0) {
      const isReceipt = type === PacketType.PUBACK || type === PacketType.PUBREC;
      readReasonCode(reader, "Reason Code", isReceipt ? receivedCodes : releasedCodes, `MQTT-3.${type}.2-1`);
      if (reader.left > 0) readProperties(reader, "an acknowledgement");
    }
  });
  reader.expectEnd();
}
