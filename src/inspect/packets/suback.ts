/** SUBACK (3.9) and UNSUBACK (3.11), which has no payload before 5.0. */

import type { FieldReader } from "../field-reader.ts";
import { type CodeSet, subackCodes, subackCodes3, unsubackCodes } from "../reason-codes.ts";
import type { Rule } from "../statement.ts";
import { readReasonCode } from "./connack.ts";
import { readProperties } from "./properties.ts";

const PACKET_ID: Rule = ["MQTT-2.2.1-6", "MQTT-2.3.1-7"];

export function readSuback(reader: FieldReader): void {
  readHeader(reader);
  const isVersion5 = reader.isVersion5;
  const name = isVersion5 ? "Reason Code" : "Return Code";
  readCodes(reader, name, isVersion5 ? subackCodes : subackCodes3, "MQTT-3.9.3-2", [
    "MQTT-3.8.4-6",
    "MQTT-3.8.4-5",
  ]);
}

export function readUnsuback(reader: FieldReader): void {
  readHeader(reader);
  if (reader.isVersion5) {
    readCodes(reader, "Reason Code", unsubackCodes, "MQTT-3.11.3-2", "MQTT-3.11.3-2");
  } else reader.expectEnd();
}

function readHeader(reader: FieldReader): void {
  reader.group("Variable Header", () => {
    reader.packetId(PACKET_ID);
    readProperties(reader, "an acknowledgement");
  });
}

function readCodes(reader: FieldReader, name: string, allowed: CodeSet, rule: Rule, none: Rule): void {
  if (reader.left === 0) {
    reader.malformed(
      reader.here("Payload"),
      `There is no ${name}; there is one for each Topic Filter.`,
      none,
    );
    return;
  }
  reader.group("Payload", () => {
    while (reader.left > 0) readReasonCode(reader, name, allowed, rule);
  });
}
