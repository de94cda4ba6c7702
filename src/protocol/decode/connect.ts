/**
 * CONNECT (3.1): the one packet that says which version it is written in, and the one where the versions differ most.
 *
 * Whatever goes wrong after the protocol level, the reader's `version` is one in which the peer can be answered. It stays
 * undefined when the protocol name is not ours: then nobody knows how to answer, and the server just closes.
 */

import { rangesEqual, utf8Encode } from "#base";
import { checkFlags } from "../fixed-header.ts";
import { type ConnectPacket, PacketType, type Qos, type Will } from "../packet.ts";
import { type ConnectProperties, SESSION_NEVER_EXPIRES } from "../property.ts";
import { connectScope, willScope } from "../property-table.ts";
import { ReasonCode } from "../reason-code.ts";
import { checkTopicName } from "../topic-name.ts";
import { ProtocolVersion } from "../version.ts";
import { decodeProperties } from "./properties.ts";
import type { Reader } from "./reader.ts";

const CLEAN_START = 0x02;
const WILL = 0x04;
const WILL_QOS = 0x18;
const WILL_RETAIN = 0x20;
const PASSWORD = 0x40;
const USER_NAME = 0x80;

/** Bit 7 of the level: the bridges' convention of 3.x. */
const BRIDGE = 0x80;

/** Decodes the body at the reader's cursor and sets the reader's version; `flags` are those of the fixed header. */
export function decodeConnect(reader: Reader, flags: number): ConnectPacket {
  const level = readLevel(reader);
  const version = reader.version as ProtocolVersion;
  checkFlags(version, PacketType.CONNECT, flags);

  const connectFlags = reader.byte("the connect flags", "MQTT-3.1.4-1");
  checkConnectFlags(reader, connectFlags);
  const keepAliveSeconds = reader.uint16("keep alive", "MQTT-3.1.4-1");
  const properties: ConnectProperties = decodeProperties(reader, connectScope);
  const clientId = reader.text("the client identifier", "MQTT-3.1.3-3");

  const packet: ConnectPacket = {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: level >= BRIDGE,
    clientId,
    cleanStart: (connectFlags & CLEAN_START) !== 0,
    keepAliveSeconds,
    properties,
  };
  // [MQTT-3.1.3-1]: the order of the fields.
  if ((connectFlags & WILL) !== 0) packet.will = decodeWill(reader, connectFlags);
  if ((connectFlags & USER_NAME) !== 0 && !isLeftOut(reader)) {
    packet.userName = reader.text("the user name", ["MQTT-3.1.2-17", "MQTT-3.1.2-19"]);
  }
  if ((connectFlags & PASSWORD) !== 0 && !isLeftOut(reader)) {
    packet.password = reader.binary("the password", ["MQTT-3.1.2-19", "MQTT-3.1.2-21"]);
  }
  reader.expectEnd("MQTT-3.1.4-1");

  if (version === ProtocolVersion.MQTT_5_0) {
    if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
      throw reader.protocolError("authentication data without a method", "U5-3.1.2.11.10");
    }
  } else {
    checkClientId(reader, packet);
    // Clean Session 0 is a session that outlives its connections for good.
    if (!packet.cleanStart) properties.sessionExpiryInterval = SESSION_NEVER_EXPIRES;
  }
  return packet;
}

const NAME = utf8Encode("MQTT");
/** Of 3.1. */
const OLD_NAME = utf8Encode("MQIsdp");

function isName(name: Uint8Array, bytes: Uint8Array, at: number, length: number, end: number): boolean {
  return length === name.length && at + length <= end && rangesEqual(name, 0, bytes, at, length);
}

/** Name and level. A level that nobody speaks is answered in the version nearest to it. */
function readLevel(reader: Reader): number {
  const { bytes, at } = reader;
  const nameLength = reader.uint16("the protocol name", "MQTT-3.1.2-1");
  const isOld = isName(OLD_NAME, bytes, at + 2, nameLength, reader.end);
  const name = isOld ? "MQIsdp" : "MQTT";
  if (!isOld && !isName(NAME, bytes, at + 2, nameLength, reader.end)) {
    throw reader.protocolError(
      "unknown protocol name",
      "MQTT-3.1.2-1",
      ReasonCode.UNSUPPORTED_PROTOCOL_VERSION,
    );
  }
  reader.at += nameLength;
  const level = reader.byte("the protocol level", "MQTT-3.1.4-1");

  const plainLevel = level & ~BRIDGE;
  if (isOld) reader.version = ProtocolVersion.MQTT_3_1;
  else reader.version = plainLevel <= 4 ? ProtocolVersion.MQTT_3_1_1 : ProtocolVersion.MQTT_5_0;
  const isSupported = plainLevel === reader.version && (level < BRIDGE || !reader.isVersion5);
  if (!isSupported) {
    const reason = ReasonCode.UNSUPPORTED_PROTOCOL_VERSION;
    throw reader.protocolError(`protocol level ${level} of ${name} is not supported`, "MQTT-3.1.2-2", reason);
  }
  return level;
}

function checkConnectFlags(reader: Reader, flags: number): void {
  const isOld = reader.version === ProtocolVersion.MQTT_3_1;
  if ((flags & 1) !== 0 && !isOld) throw reader.malformed("the reserved connect flag is set", "MQTT-3.1.2-3");
  if ((flags & WILL_QOS) === WILL_QOS) {
    throw reader.malformed("will QoS 3", ["MQTT-3.1.2-12", "MQTT-3.1.2-14"]);
  }
  if (isOld) return;
  if ((flags & WILL) === 0) {
    if ((flags & WILL_QOS) !== 0)
      throw reader.malformed("will QoS without a will", ["MQTT-3.1.2-11", "MQTT-3.1.2-13"]);
    if ((flags & WILL_RETAIN) !== 0) {
      throw reader.malformed("will retain without a will", ["MQTT-3.1.2-13", "MQTT-3.1.2-15"]);
    }
  }
  // [3.1.1/MQTT-3.1.2-22]; 5.0 allows it.
  if ((flags & PASSWORD) !== 0 && (flags & USER_NAME) === 0 && !reader.isVersion5) {
    throw reader.malformed("a password without a user name", "MQTT-3.1.2-22");
  }
}

/** 3.1 clients may end the packet early although the flags announce more. */
function isLeftOut(reader: Reader): boolean {
  return reader.left === 0 && reader.version === ProtocolVersion.MQTT_3_1;
}

function decodeWill(reader: Reader, connectFlags: number): Will {
  if (reader.left === 0) throw reader.malformed("the will is missing", "MQTT-3.1.2-9");
  const properties = decodeProperties(reader, willScope);
  const topicAt = reader.at;
  const topicName = reader.text("the will topic", "MQTT-3.1.2-9");
  const version = reader.version as ProtocolVersion;
  checkTopicName(reader.bytes, topicAt + 2, reader.at, version, reader.options, "the will topic");
  return {
    topicName,
    payload: reader.binary("the will payload", "MQTT-3.1.2-9"),
    qos: ((connectFlags & WILL_QOS) >> 3) as Qos,
    retain: (connectFlags & WILL_RETAIN) !== 0,
    properties,
  };
}

/** An empty client identifier is for clean sessions of 3.1.1 only; 5.0 knows no such rule. */
function checkClientId(reader: Reader, { clientId, cleanStart, protocolVersion }: ConnectPacket): void {
  if (clientId !== "") return;
  const refusal = ReasonCode.CLIENT_IDENTIFIER_NOT_VALID;
  if (protocolVersion === ProtocolVersion.MQTT_3_1) {
    throw reader.protocolError("3.1 wants a client identifier", "MQTT-3.1.3-9", refusal);
  }
  if (!cleanStart) {
    throw reader.protocolError("no client identifier to keep a session under", "MQTT-3.1.3-8", refusal);
  }
}
