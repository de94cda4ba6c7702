/**
 * From whole packets to what a client needs of them. HOT: `decodePublish` allocates nothing for a PUBLISH without properties.
 */

import { EMPTY_BYTES } from "#base";
import { type Packet, type PacketType, type PublishPacket, type Qos } from "../packet.ts";
import type { Properties, PublishProperties } from "../property.ts";
import { type ReasonCode } from "../reason-code.ts";
import { type ProtocolVersion } from "../version.ts";
import * as packetTypes from "./packet-types.ts";
import { LeanReader, malformed, NONE, protocolError, textOf } from "./reader.ts";
import * as reasons from "./reasons.ts";
import * as scopes from "./scopes.ts";
import { isTopicName } from "./topics.ts";
import * as versions from "./versions.ts";

/**
 * A PUBLISH where it lies; one object for each framer, valid during the sink's call only. The topic is not validated: whoever
 * meets one for the first time calls `readTopicName`.
 */
export class IncomingPublish {
  bytes: Uint8Array = EMPTY_BYTES;
  /** Of the whole packet. */
  start = 0;
  end = 0;
  qos: Qos = 0;
  retain = false;
  dup = false;
  /** Empty when a topic alias stands in for it. */
  topicStart = 0;
  topicEnd = 0;
  /** 0 at QoS 0. */
  packetId = 0;
  /** May be kept. */
  properties: PublishProperties = NONE;
  payloadStart = 0;
}

/** Fills `publish` with the packet in `bytes[start, end)`, whose body begins at `bodyStart`. */
export function decodePublish(
  publish: IncomingPublish,
  bytes: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): void {
  const flags = bytes[start] as number;
  const qos = ((flags >> 1) & 3) as Qos;
  const dup = (flags & 0x08) !== 0;
  if (flags & 0x04 && flags & 0x02) throw malformed("MQTT-3.3.1-4");
  if (dup && qos === 0) throw malformed("MQTT-3.3.1-2");
  const topicStart = bodyStart + 2;
  const topicEnd = topicStart + (((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number));
  let at = qos > 0 ? topicEnd + 2 : topicEnd;
  if (topicStart > end || at > end) throw malformed();
  const packetId = qos > 0 ? ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number) : 0;
  if (qos > 0 && packetId === 0) throw protocolError("MQTT-2.2.1-4");
  let properties: PublishProperties = NONE;
  if (version === versions.MQTT_5_0) {
    if (at < end && bytes[at] === 0) at++;
    else {
      const reader = new LeanReader(bytes, at, end, true);
      properties = reader.properties(scopes.PUBLISH);
      at = reader.at;
    }
  }
  if (topicStart === topicEnd && properties.topicAlias === undefined) throw protocolError("MQTT-4.7.3-1");
  publish.bytes = bytes;
  publish.start = start;
  publish.end = end;
  publish.qos = qos;
  publish.retain = (flags & 0x01) !== 0;
  publish.dup = dup;
  publish.topicStart = topicStart;
  publish.topicEnd = topicEnd;
  publish.packetId = packetId;
  publish.properties = properties;
  publish.payloadStart = at;
}

/** The topic name of `publish`. @throws MalformedPacketError, ProtocolError */
export function readTopicName({ bytes, topicStart, topicEnd }: IncomingPublish): string {
  const name = textOf(bytes, topicStart, topicEnd);
  if (!isTopicName(name)) throw protocolError("MQTT-3.3.2-2", reasons.TOPIC_NAME_INVALID);
  return name;
}

/** The packet other than PUBLISH whose body the reader holds; its type is one that clients receive. */
export function decodeForClient(
  reader: LeanReader,
  firstByte: number,
  version: ProtocolVersion,
): Exclude<Packet, PublishPacket> {
  const type = (firstByte >> 4) as PacketType;
  const isRelease = type === packetTypes.PUBREL;
  // In 3.1 PUBREL was sent "at QoS 1" and may be marked as sent again.
  const flags = firstByte & (isRelease && version === versions.MQTT_3_1 ? 0x07 : 0x0f);
  if (flags !== (isRelease ? 0x02 : 0)) throw malformed("MQTT-2.1.3-1");
  const packet = decodeBody(reader, type, version);
  reader.expectEnd();
  return packet;
}

function decodeBody(
  reader: LeanReader,
  type: PacketType,
  version: ProtocolVersion,
): Exclude<Packet, PublishPacket> {
  switch (type) {
    case packetTypes.CONNACK:
      return decodeConnack(reader, version);
    case packetTypes.PUBACK:
    case packetTypes.PUBREC:
      return { type, packetId: reader.packetId(), ...readOutcome(reader, scopes.RECEIPT) };
    case packetTypes.PUBREL:
    case packetTypes.PUBCOMP:
      return { type, packetId: reader.packetId(), ...readOutcome(reader, scopes.RELEASE) };
    case packetTypes.SUBACK:
      return { type, ...readOutcomes(reader, scopes.SUBACK) };
    case packetTypes.UNSUBACK:
      return { type, ...readOutcomes(reader, scopes.UNSUBACK) };
    case packetTypes.DISCONNECT: {
      const outcome = readOutcome(reader, scopes.DISCONNECT);
      if (outcome.properties.sessionExpiryInterval !== undefined) throw protocolError("MQTT-3.14.2-2");
      return { type, ...outcome };
    }
    case packetTypes.AUTH: {
      const isEmpty = reader.left === 0;
      const outcome = readOutcome(reader, scopes.AUTH);
      if (!isEmpty && outcome.properties.authenticationMethod === undefined) {
        throw protocolError("U5-3.15.2.2.2");
      }
      return { type, ...outcome };
    }
    default:
      return { type: packetTypes.PINGRESP };
  }
}

/** What the return codes of 3.x mean. */
const returnCodes: readonly ReasonCode[] = [
  reasons.SUCCESS,
  reasons.UNSUPPORTED_PROTOCOL_VERSION,
  reasons.CLIENT_IDENTIFIER_NOT_VALID,
  reasons.SERVER_UNAVAILABLE,
  reasons.BAD_USER_NAME_OR_PASSWORD,
  reasons.NOT_AUTHORIZED,
];

function decodeConnack(reader: LeanReader, version: ProtocolVersion): Exclude<Packet, PublishPacket> {
  // In 3.1 the byte means nothing.
  const byte = reader.byte();
  const flags = version === versions.MQTT_3_1 ? 0 : byte;
  if (flags > 1) throw malformed("MQTT-3.2.2-1");
  const reasonCode = reader.isVersion5 ? reader.reasonCode(scopes.CONNACK) : returnCodes[reader.byte()];
  if (reasonCode === undefined) throw protocolError("MQTT-3.2.2-8");
  if (flags === 1 && reasonCode !== reasons.SUCCESS) throw protocolError("MQTT-3.2.2-6");
  return {
    type: packetTypes.CONNACK,
    sessionPresent: flags === 1,
    reasonCode,
    properties: reader.properties(scopes.CONNACK),
  };
}

/** A reason code and properties, both of which may be left out. */
function readOutcome(reader: LeanReader, scope: number): { reasonCode: ReasonCode; properties: Properties } {
  const { isVersion5 } = reader;
  const reasonCode = isVersion5 && reader.left > 0 ? reader.reasonCode(scope) : reasons.SUCCESS;
  // AUTH may leave out both or neither.
  const hasProperties = reader.left > 0 || (scope === scopes.AUTH && reasonCode !== reasons.SUCCESS);
  return { reasonCode, properties: isVersion5 && hasProperties ? reader.properties(scope) : NONE };
}

/** Packet identifier, properties and a reason code for each topic filter; an UNSUBACK of 3.x has no codes. */
function readOutcomes(
  reader: LeanReader,
  scope: typeof scopes.SUBACK | typeof scopes.UNSUBACK,
): { packetId: number; reasonCodes: ReasonCode[]; properties: Properties } {
  const packetId = reader.packetId();
  const properties = reader.properties(scope);
  const reasonCodes: ReasonCode[] = [];
  const isEmpty = !reader.isVersion5 && scope === scopes.UNSUBACK;
  while (reader.left > 0 && !isEmpty) {
    const reasonCode = reader.reasonCode(scope);
    // [3.1.1/MQTT-3.9.3-2]
    if (!reader.isVersion5 && reasonCode > 2 && reasonCode !== reasons.UNSPECIFIED_ERROR) {
      throw protocolError("MQTT-3.9.3-2");
    }
    reasonCodes.push(reasonCode);
  }
  if (reasonCodes.length === 0 && !isEmpty) throw malformed("MQTT-3.8.4-6");
  return { packetId, reasonCodes, properties };
}
