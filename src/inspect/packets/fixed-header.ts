/** The fixed header (2.1): the type with its flags, and the Remaining Length. */

import { PacketType, ProtocolVersion } from "#protocol";
import type { FieldReader, NumberField, OpenField } from "../field-reader.ts";
import { onlySender, packetName } from "../packet-type.ts";
import { GENERAL_RULE, type Rule } from "../statement.ts";
import { hexNumber } from "../value-text.ts";

const HIGH_NIBBLE = { highest: 7, lowest: 4 };
const LOW_NIBBLE = { highest: 3, lowest: 0 };

/** What stands before a packet on its connection, as far as that is known. */
export interface Position {
  /** The bytes begin with the connection, so the first packet has to be CONNECT. */
  readonly isFirst: boolean;
  /** A CONNECT came before. */
  readonly isAfterConnect: boolean;
}

/** Reads and judges the first byte. `version` is the one in force, or the one taken for granted. */
export function readFirstByte(reader: FieldReader, version: ProtocolVersion, position: Position): OpenField {
  const { field, number } = reader.byte("Packet Type and Flags");
  const type = number >> 4;
  const name = packetName(type, version);
  field.value = name;
  reader.bits(field, "Packet Type", HIGH_NIBBLE, () => `${type}, ${name}`);
  if (type === PacketType.PUBLISH) {
    reader.bits(field, "DUP", { highest: 3, lowest: 3 }, (dup) => (dup === 1 ? "1, sent again" : "0"));
    reader.bits(field, "QoS", { highest: 2, lowest: 1 });
    reader.bits(field, "RETAIN", { highest: 0, lowest: 0 });
  } else {
    reader.bits(field, "Flags", LOW_NIBBLE, (flags) => bitText(flags));
  }
  judgeType(reader, field, version, position);
  return field;
}

function judgeType(
  reader: FieldReader,
  field: OpenField,
  version: ProtocolVersion,
  { isFirst, isAfterConnect }: Position,
): void {
  const type = (field.raw[0] as number) >> 4;
  const { sender } = reader;
  const name = packetName(type, version);
  if (sender === "client" && isFirst && type !== PacketType.CONNECT) {
    reader.version = undefined;
    reader.protocolError(field, `The first packet is ${name}; it has to be CONNECT.`, "MQTT-3.1.0-1");
    reader.version = version;
    return;
  }
  if (sender === "client" && isAfterConnect && type === PacketType.CONNECT) {
    reader.protocolError(field, "A second CONNECT; a client sends one on each connection.", "MQTT-3.1.0-2");
    return;
  }
  if (type === 0 || (type === PacketType.AUTH && version !== ProtocolVersion.MQTT_5_0)) {
    const since = type === 0 ? "Packet type 0 is reserved" : "Packet type 15 (AUTH) is reserved before 5.0";
    reader.malformed(
      field,
      `${since}: the first byte of a packet is 0x10 to ${type === 0 ? "0xff" : "0xef"}.`,
    );
    return;
  }
  const only = onlySender(type, version);
  if (only !== undefined && only !== sender) {
    reader.protocolError(field, `A ${sender} sends no ${name}; that is a ${only}'s.`, GENERAL_RULE);
  }
}

export function readRemainingLength(reader: FieldReader): NumberField {
  return reader.variableByteInteger("Remaining Length", undefined, ["MQTT-1.5.5-1", "MQTT-4.8.0-1"]);
}

/** Judges the flags of every packet but PUBLISH, in the version that the reader knows by now. */
export function judgeFlags(reader: FieldReader, field: OpenField): void {
  const byte = field.raw[0] as number;
  const type = byte >> 4;
  const flags = byte & 0x0f;
  const required = hasDeliveryFlags(type) ? 0b0010 : 0;
  // In 3.1 these were sent "at QoS 1" and may be marked as sent again.
  const mayBeDup = reader.version === ProtocolVersion.MQTT_3_1 && hasDeliveryFlags(type);
  if ((mayBeDup ? flags & 0b0111 : flags) === required) return;
  const right = hexNumber((type << 4) | required);
  reader.malformed(
    field,
    `The flags are ${bitText(flags)}; in this packet they have to be ${bitText(required)}, so that its first byte is ${right}.`,
    flagRule(type),
  );
}

function hasDeliveryFlags(type: number): boolean {
  return type === PacketType.PUBREL || type === PacketType.SUBSCRIBE || type === PacketType.UNSUBSCRIBE;
}

function flagRule(type: number): Rule {
  switch (type) {
    case PacketType.PUBREL:
      return "MQTT-3.6.1-1";
    case PacketType.SUBSCRIBE:
      return "MQTT-3.8.1-1";
    case PacketType.UNSUBSCRIBE:
      return "MQTT-3.10.1-1";
    case PacketType.DISCONNECT:
      return "MQTT-3.14.1-1";
    case PacketType.AUTH:
      return "MQTT-3.15.1-1";
    default:
      return ["MQTT-2.1.3-1", "MQTT-2.2.2-2"];
  }
}

function bitText(flags: number): string {
  return flags.toString(2).padStart(4, "0");
}
