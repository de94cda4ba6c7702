/** CONNECT (3.1). It tells its own version, and what follows is read in that. */

import { utf8Decode } from "#base";
import { ProtocolVersion, topicNameProblem } from "#protocol";
import { type FieldReader, type OpenField, StopReading, type TextField } from "../field-reader.ts";
import { hexNumber, quoted, seconds, textOrHex } from "../value-text.ts";
import { judgeFlags } from "./fixed-header.ts";
import { type PropertiesFound, readProperties } from "./properties.ts";

const UNSUPPORTED_PROTOCOL_VERSION = 0x84;
const CLIENT_IDENTIFIER_NOT_VALID = 0x85;
const TOPIC_NAME_INVALID = 0x90;
const AUTHENTICATION_METHOD = 0x15;
const AUTHENTICATION_DATA = 0x16;

const NAME = "MQTT";
const OLD_NAME = "MQIsdp";

/** Bit 7 of the level: the bridges' convention of 3.x. */
const BRIDGE = 0x80;

interface ConnectFlags {
  readonly userName: boolean;
  readonly password: boolean;
  readonly will: boolean;
  readonly isClean: boolean;
}

/** Reads the body; `firstByte` is judged in the version that the packet names. */
export function readConnect(reader: FieldReader, firstByte: OpenField): void {
  const { flags, properties } = reader.group("Variable Header", () => {
    readName(reader);
    readLevel(reader);
    judgeFlags(reader, firstByte);
    const connectFlags = readConnectFlags(reader);
    const keepAlive = reader.uint16("Keep Alive", "MQTT-3.1.4-1");
    keepAlive.field.value = seconds(keepAlive.number);
    keepAlive.field.note =
      keepAlive.number === 0 ? "switched off" : `closed after ${keepAlive.number * 1.5} s idle`;
    return { flags: connectFlags, properties: readProperties(reader, "CONNECT") };
  });
  const clientId = reader.group("Payload", () => {
    const identifier = reader.text("Client Identifier", "MQTT-3.1.3-3");
    if (flags.will) readWill(reader);
    if (flags.userName && !isLeftOut(reader)) reader.text("User Name", ["MQTT-3.1.2-17", "MQTT-3.1.2-19"]);
    if (flags.password && !isLeftOut(reader)) {
      const password = reader.binary("Password", ["MQTT-3.1.2-19", "MQTT-3.1.2-21"]);
      password.value = textOrHex(password.raw);
    }
    return identifier;
  });
  reader.expectEnd("MQTT-3.1.4-1");
  judgeWhole(reader, clientId, flags, properties);
}

function readName(reader: FieldReader): void {
  const { field: length, number } = reader.uint16("Protocol Name Length", "MQTT-3.1.2-1");
  const wanted = number === OLD_NAME.length ? OLD_NAME : NAME;
  const present = Math.min(number, reader.left, reader.limit - reader.at);
  const text = utf8Decode(reader.bytes, reader.at, reader.at + present);
  const mayBeRight = number === wanted.length && number <= reader.left && wanted.startsWith(text);
  if (mayBeRight) {
    reader.prefixed("Protocol Name", length, number).value = quoted(wanted);
    reader.version = wanted === NAME ? ProtocolVersion.MQTT_3_1_1 : ProtocolVersion.MQTT_3_1;
    return;
  }
  const field = reader.take("Protocol Name", present, quoted(text));
  reader.protocolError(
    number === wanted.length ? field : length,
    `Protocol Name is ${quoted(text)}${present < number ? ` of ${number} bytes` : ""}; ${quoted(NAME)} is allowed (00 04 and 4 bytes), and ${quoted(OLD_NAME)} in 3.1.`,
    "MQTT-3.1.2-1",
    UNSUPPORTED_PROTOCOL_VERSION,
  );
  throw new StopReading();
}

function readLevel(reader: FieldReader): void {
  const isOld = reader.version === ProtocolVersion.MQTT_3_1;
  // A packet that ends here has told no version yet.
  reader.version = undefined;
  const { field, number } = reader.byte("Protocol Version", "MQTT-3.1.4-1");
  const level = number & ~BRIDGE;
  if (isOld) reader.version = ProtocolVersion.MQTT_3_1;
  else reader.version = level <= 4 ? ProtocolVersion.MQTT_3_1_1 : ProtocolVersion.MQTT_5_0;
  const isKnown = level === reader.version && (number < BRIDGE || !reader.isVersion5);
  if (isKnown) {
    const name = isOld ? "MQTT 3.1" : level === 4 ? "MQTT 3.1.1" : "MQTT 5.0";
    field.value = `${level}, ${name}`;
    if (number >= BRIDGE) field.note = "bit 7 is set: the client calls itself a bridge";
    return;
  }
  reader.protocolError(
    field,
    isOld
      ? `Protocol Version is ${number}; with the name "MQIsdp" it is 3.`
      : `Protocol Version is ${number}; with the name "MQTT" it is 4 (MQTT 3.1.1) or 5 (MQTT 5.0).`,
    "MQTT-3.1.2-2",
    UNSUPPORTED_PROTOCOL_VERSION,
  );
  throw new StopReading();
}

function readConnectFlags(reader: FieldReader): ConnectFlags {
  const { field, number } = reader.byte("Connect Flags", "MQTT-3.1.4-1");
  field.value = hexNumber(number);
  const bit = (name: string, at: number, words?: (bits: number) => string): boolean =>
    reader.bits(field, name, { highest: at, lowest: at }, words) === 1;
  const userName = bit("User Name Flag", 7);
  const password = bit("Password Flag", 6);
  const willRetain = bit("Will Retain", 5);
  const willQos = reader.bits(field, "Will QoS", { highest: 4, lowest: 3 });
  const will = bit("Will Flag", 2);
  const isClean = reader.isVersion5
    ? bit("Clean Start", 1)
    : bit("Clean Session", 1, (clean) => (clean === 1 ? "1" : "0, the session is kept"));
  const isReserved = bit("Reserved", 0);
  judgeConnectFlags(reader, field, { isReserved, willQos, will, willRetain, password, userName });
  return { userName, password, will, isClean };
}

interface FlagBits {
  readonly isReserved: boolean;
  readonly willQos: number;
  readonly will: boolean;
  readonly willRetain: boolean;
  readonly password: boolean;
  readonly userName: boolean;
}

function judgeConnectFlags(reader: FieldReader, field: OpenField, bits: FlagBits): void {
  const isOld = reader.version === ProtocolVersion.MQTT_3_1;
  if (bits.isReserved && !isOld) {
    reader.malformed(
      field,
      "Bit 0 of the Connect Flags is set; it is reserved and has to be 0.",
      "MQTT-3.1.2-3",
    );
  }
  if (bits.willQos === 3) {
    reader.malformed(field, "Will QoS is 3; 0, 1 and 2 are allowed.", ["MQTT-3.1.2-12", "MQTT-3.1.2-14"]);
  }
  if (isOld) return;
  if (!bits.will && bits.willQos !== 0) {
    reader.malformed(field, `Will QoS is ${bits.willQos} without a will; then it has to be 0.`, [
      "MQTT-3.1.2-11",
      "MQTT-3.1.2-13",
    ]);
  }
  if (!bits.will && bits.willRetain) {
    reader.malformed(field, "Will Retain is set without a will; then it has to be 0.", [
      "MQTT-3.1.2-13",
      "MQTT-3.1.2-15",
    ]);
  }
  if (bits.password && !bits.userName && !reader.isVersion5) {
    reader.malformed(
      field,
      "Password Flag is set without User Name Flag; 5.0 allows that, 3.1.1 does not.",
      "MQTT-3.1.2-22",
    );
  }
}

/** 3.1 clients may end the packet early although the flags announce more. */
function isLeftOut(reader: FieldReader): boolean {
  return reader.left === 0 && reader.version === ProtocolVersion.MQTT_3_1;
}

function readWill(reader: FieldReader): void {
  if (reader.left === 0) {
    reader.malformed(
      reader.here("Will"),
      "Will Flag is set, but the packet ends before the will.",
      "MQTT-3.1.2-9",
    );
    throw new StopReading();
  }
  readProperties(reader, "the Will", "Will ");
  const { field, text } = reader.unjudgedText("Will Topic", "MQTT-3.1.2-9");
  judgeTopicName(reader, field, text);
  const payload = reader.binary(reader.isVersion5 ? "Will Payload" : "Will Message", "MQTT-3.1.2-9");
  payload.value = textOrHex(payload.raw);
}

/** A Topic Name: a text of at least one character without wildcards. */
export function judgeTopicName(reader: FieldReader, field: OpenField, text: string): void {
  if (!reader.checkText(field)) return;
  const { name } = field;
  if (text === "") {
    reader.protocolError(field, `${name} is empty; it has at least one character.`, "MQTT-4.7.3-1");
  } else if (topicNameProblem(text) !== undefined) {
    reader.protocolError(
      field,
      `${name} is ${quoted(text)}; + and # are wildcards, which only filters may have.`,
      "MQTT-3.3.2-2",
      TOPIC_NAME_INVALID,
    );
  }
}

/** What is judged when everything was read. */
function judgeWhole(
  reader: FieldReader,
  { field, text }: TextField,
  { isClean }: ConnectFlags,
  properties: PropertiesFound,
): void {
  if (reader.isVersion5) {
    const [data] = properties.all(AUTHENTICATION_DATA);
    if (data !== undefined && !properties.has(AUTHENTICATION_METHOD)) {
      reader.protocolError(data, "Authentication Data without an Authentication Method.", "U5-3.1.2.11.10");
    }
    return;
  }
  if (text !== "" || field.length > 0) return;
  if (reader.version === ProtocolVersion.MQTT_3_1) {
    reader.protocolError(
      field,
      "Client Identifier is empty; in 3.1 it has 1 to 23 characters.",
      "MQTT-3.1.3-9",
      CLIENT_IDENTIFIER_NOT_VALID,
    );
  } else if (!isClean) {
    reader.protocolError(
      field,
      "Client Identifier is empty and Clean Session 0; a session that is kept needs a Client Identifier.",
      "MQTT-3.1.3-8",
      CLIENT_IDENTIFIER_NOT_VALID,
    );
  }
}
