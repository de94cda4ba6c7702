/**
 * PUBLISH (3.3) where it lies: fills the connection's `PublishView`. HOT: nothing is allocated and no text is decoded. The
 * topic's bytes are not looked at; everything else is validated.
 */

import { utf8Decode } from "#base";
import { PacketType, type PublishPacket, type Qos } from "../packet.ts";
import type { PublishProperties } from "../property.ts";
import { NO_EXPIRY, type PublishView } from "../publish-view.ts";
import { malformed, protocolError } from "../statement.ts";
import { checkTopicName } from "../topic-name.ts";
import type { TextRules } from "../utf8.ts";
import { INCOMPLETE, readVariableByteInteger, variableByteIntegerSize } from "../variable-byte-integer.ts";
import { ProtocolVersion } from "../version.ts";

import type { ProtocolError } from "../wire-error.ts";
import { decodePublishProperties, readPublishProperties } from "./publish-properties.ts";
import type { DecodeOptions } from "./reader.ts";

/** Fills `view` with the packet in `bytes[start, end)`, whose body begins at `bodyStart`. */
export function decodePublish(
  view: PublishView,
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
  options: DecodeOptions,
): void {
  const flags = bytes[start] as number;
  const qos = (flags >> 1) & 3;
  const dup = (flags & 0x08) !== 0;
  if (qos === 3) throw malformed(version, "QoS 3", "MQTT-3.3.1-4");
  if (dup && qos === 0) throw malformed(version, "DUP at QoS 0", "MQTT-3.3.1-2");

  const topicStart = bodyStart + 2;
  if (topicStart > end) throw malformed(version, "the topic name is cut off", "MQTT-3.3.2-1");
  const topicEnd = topicStart + (((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number));
  if (topicEnd > end) throw malformed(version, "the topic name is cut off", "MQTT-3.3.2-1");
  let at = topicEnd;
  let packetId = 0;
  if (qos > 0) {
    if (at + 2 > end) throw malformed(version, "the packet identifier is cut off");
    packetId = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (packetId === 0) throw zeroPacketId(version, options);
    at += 2;
  }

  view.version = version;
  view.bytes = bytes;
  view.start = start;
  view.end = end;
  view.qos = qos as Qos;
  view.retain = (flags & 0x01) !== 0;
  view.dup = dup;
  view.topicStart = topicStart;
  view.topicEnd = topicEnd;
  view.packetId = packetId;
  view.topicAlias = 0;
  view.messageExpiryInterval = NO_EXPIRY;
  view.payloadFormatIndicator = false;
  view.hasSubscriptionIdentifier = false;
  if (version === ProtocolVersion.MQTT_5_0) {
    at = enterProperties(view, bytes, at, end, options);
  } else {
    view.propertiesStart = at;
    view.propertiesEnd = at;
  }
  view.payloadStart = at;
  if (topicStart === topicEnd && view.topicAlias === 0) {
    throw protocolError(version, "an empty topic name", ["U5-3.3.2.1", "MQTT-4.7.3-1"]);
  }
}

/** Reads length and properties at `at`; returns where the payload begins. */
function enterProperties(
  view: PublishView,
  bytes: Uint8Array,
  at: number,
  end: number,
  options: DecodeOptions,
): number {
  const length = readVariableByteInteger(bytes, at, end);
  if (length < 0) {
    if (length === INCOMPLETE)
      throw malformed(view.version, "the property length is cut off", "MQTT-2.2.2-1");
    throw malformed(view.version, "the property length is not in its shortest form", "MQTT-1.5.5-1");
  }
  const start = at + variableByteIntegerSize(length);
  if (length > end - start)
    throw malformed(view.version, "the properties end behind the packet", "U5-2.2.2.1");
  view.propertiesStart = start;
  view.propertiesEnd = start + length;
  if (length > 0) readPublishProperties(view, options);
  return start + length;
}

function zeroPacketId(version: ProtocolVersion, { side }: DecodeOptions): ProtocolError {
  const statement5 = side === "server" ? "MQTT-2.2.1-3" : "MQTT-2.2.1-4";
  return protocolError(version, "packet identifier 0", [statement5, "MQTT-2.3.1-1"]);
}

/**
 * The packet as an object that outlives the view; validates the topic.
 *
 * @throws MalformedPacketError or ProtocolError, like `checkTopicName`.
 */
export function toPublishPacket(view: PublishView, rules?: TextRules): PublishPacket {
  const { bytes, topicStart, topicEnd, version } = view;
  if (topicStart < topicEnd || view.topicAlias === 0)
    checkTopicName(bytes, topicStart, topicEnd, version, rules);
  const properties: PublishProperties = decodePublishProperties(
    bytes,
    view.propertiesStart,
    view.propertiesEnd,
  );
  return {
    type: PacketType.PUBLISH,
    topicName: utf8Decode(bytes, topicStart, topicEnd),
    payload: bytes.slice(view.payloadStart, view.end),
    qos: view.qos,
    retain: view.retain,
    dup: view.dup,
    packetId: view.packetId,
    properties,
  };
}
