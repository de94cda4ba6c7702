/** CONNECT (3.1) in the version that the packet itself names. */

import { utf8Encode } from "#base";
import type { ConnectPacket, Will } from "../packet.ts";
import { connectScope, willScope } from "../property-table.ts";
import { topicNameProblem } from "../topic-name.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { encodeProperties } from "./properties.ts";
import type { Writer } from "./writer.ts";

/** Writes the body. */
export function encodeConnect(writer: Writer, packet: ConnectPacket): void {
  checkConnect(packet);
  const { protocolVersion: version, will, userName, password } = packet;
  writer.binary(utf8Encode(version === ProtocolVersion.MQTT_3_1 ? "MQIsdp" : "MQTT"), "the protocol name");
  writer.byte(packet.isBridge ? version | 0x80 : version);
  writer.byte(connectFlags(packet));
  writer.uint16(packet.keepAliveSeconds, "keep alive");
  encodeProperties(writer, packet.properties, connectScope, version);
  // [MQTT-3.1.3-1]: the order of the fields.
  writer.text(packet.clientId, "the client identifier");
  if (will !== undefined) encodeWill(writer, will, version);
  if (userName !== undefined) writer.text(userName, "the user name");
  if (password !== undefined) writer.binary(password, "the password");
}

function encodeWill(writer: Writer, will: Will, version: ProtocolVersion): void {
  const problem = topicNameProblem(will.topicName);
  if (problem !== undefined) throw new InvalidPacketError(`will: ${problem}`);
  encodeProperties(writer, will.properties, willScope, version);
  writer.text(will.topicName, "the will topic");
  writer.binary(will.payload, "the will payload");
}

function connectFlags({ cleanStart, will, userName, password }: ConnectPacket): number {
  let flags = cleanStart ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  return flags;
}

function checkConnect({ protocolVersion, isBridge, clientId, cleanStart, ...packet }: ConnectPacket): void {
  if (protocolVersion === ProtocolVersion.MQTT_5_0) {
    if (isBridge) throw new InvalidPacketError("the bridge bit is for 3.x");
    // U5-3.1.2.11.10
    const { authenticationData, authenticationMethod } = packet.properties;
    if (authenticationData !== undefined && authenticationMethod === undefined) {
      throw new InvalidPacketError("authentication data without a method");
    }
    return;
  }
  // [3.1.1/MQTT-3.1.3-7]; 3.1 has no empty client identifiers at all.
  if (clientId === "" && (!cleanStart || protocolVersion === ProtocolVersion.MQTT_3_1)) {
    throw new InvalidPacketError("an empty client identifier needs a clean session and 3.1.1 or later");
  }
  // [3.1.1/MQTT-3.1.2-22]
  if (packet.password !== undefined && packet.userName === undefined) {
    throw new InvalidPacketError("a password needs a user name before 5.0");
  }
}
