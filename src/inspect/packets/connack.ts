/** CONNACK (3.2). */

import { ProtocolVersion } from "#protocol";
import type { FieldReader, OpenField } from "../field-reader.ts";
import { allowedCodes, type CodeSet, codeText, connackCodes, returnCodes } from "../reason-codes.ts";
import { GENERAL_RULE, type Rule } from "../statement.ts";
import { hexNumber } from "../value-text.ts";
import { readProperties } from "./properties.ts";

export function readConnack(reader: FieldReader): void {
  reader.group("Variable Header", () => {
    const isPresent = readAcknowledgeFlags(reader);
    const code = reader.isVersion5
      ? readReasonCode(reader, "Connect Reason Code", connackCodes, "MQTT-3.2.2-8")
      : readReturnCode(reader);
    if (isPresent && code.number !== 0) {
      reader.protocolError(code.field, "The connection is refused, and yet Session Present is 1.", [
        "MQTT-3.2.2-6",
        "MQTT-3.2.2-4",
      ]);
    }
    readProperties(reader, "CONNACK");
  });
  reader.expectEnd();
}

/** Whether a session is present. In 3.1 the byte means nothing. */
function readAcknowledgeFlags(reader: FieldReader): boolean {
  const isOld = reader.version === ProtocolVersion.MQTT_3_1;
  const { field, number } = reader.byte(isOld ? "Reserved" : "Connect Acknowledge Flags");
  if (isOld) return false;
  field.value = hexNumber(number);
  reader.bits(field, "Reserved", { highest: 7, lowest: 1 });
  const isPresent = reader.bits(field, "Session Present", { highest: 0, lowest: 0 }) === 1;
  if (number > 1) {
    reader.malformed(
      field,
      `Connect Acknowledge Flags are ${hexNumber(number)}; all but Session Present (bit 0) are reserved and have to be 0.`,
      ["MQTT-3.2.2-1", "MQTT-4.8.0-1"],
    );
  }
  return isPresent;
}

function readReturnCode(reader: FieldReader): { field: OpenField; number: number } {
  const { field, number } = reader.byte("Connect Return code");
  const meaning = returnCodes[number];
  field.value = `${number}, ${meaning ?? "reserved"}`;
  if (meaning === undefined) {
    reader.protocolError(field, `Return code ${number} is reserved; 0 to 5 are defined.`, GENERAL_RULE);
  }
  return { field, number };
}

/** A reason code out of `allowed`; another one violates `rule`. */
export function readReasonCode(
  reader: FieldReader,
  name: string,
  allowed: CodeSet,
  rule: Rule,
): { field: OpenField; number: number } {
  const { field, number } = reader.byte(name);
  field.value = codeText(number, allowed);
  if (!allowed.codes.has(number)) {
    reader.protocolError(field, `${name} is ${field.value}. Allowed here: ${allowedCodes(allowed)}.`, rule);
  }
  return { field, number };
}
