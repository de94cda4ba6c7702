/**
 * PUBLISH (3.3) straight into a slab, in pieces that the caller chooses per receiver. HOT: nothing is allocated and nothing
 * checked; the broker's messages are valid when they come here. `encodePublish` is the checked form for objects.
 *
 *     writePublishHead                              writePublishProperties (5.0)             the caller
 *     first byte | remaining length | topic | id    length | expiry | alias | ids | raw      payload
 */

import { copyBytes } from "#base";
import { fixedHeaderSize } from "../fixed-header.ts";
import type { PublishPacket } from "../packet.ts";
import { type PublishProperties } from "../property.ts";
import { publishScope } from "../property-table.ts";
import { NO_EXPIRY } from "../publish-view.ts";
import { topicNameProblem } from "../topic-name.ts";
import { variableByteIntegerSize, writeVariableByteInteger } from "../variable-byte-integer.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { encodePropertyBlock } from "./properties.ts";
import { checkPacketId, checkRemainingLength, encodeText } from "./writer.ts";

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;

/** `propertiesLength` of versions that have no properties. */
export const NO_PROPERTIES = -1;

/**
 * The remaining length of a PUBLISH. `topicLength` is 0 when an alias stands in; `propertiesLength` is that of
 * `publishPropertiesLength`, or `NO_PROPERTIES` in 3.x.
 */
export function publishRemainingLength(
  topicLength: number,
  hasPacketId: boolean,
  propertiesLength: number,
  payloadLength: number,
): number {
  const properties = propertiesLength < 0 ? 0 : variableByteIntegerSize(propertiesLength) + propertiesLength;
  return 2 + topicLength + (hasPacketId ? 2 : 0) + properties + payloadLength;
}

/**
 * Bytes of the properties without their length: `expiry` in seconds or `NO_EXPIRY`, `alias` or 0, the subscription
 * identifiers, and `rawLength` bytes of raw ones.
 */
export function publishPropertiesLength(
  expiry: number,
  alias: number,
  subscriptionIdentifiers: readonly number[] | undefined,
  rawLength: number,
): number {
  let length = rawLength;
  if (expiry !== NO_EXPIRY) length += 5;
  if (alias !== 0) length += 3;
  if (subscriptionIdentifiers !== undefined) {
    for (let i = 0; i < subscriptionIdentifiers.length; i++) {
      length += 1 + variableByteIntegerSize(subscriptionIdentifiers[i] as number);
    }
  }
  return length;
}

/**
 * Writes everything up to the packet identifier, which is left out when 0, and returns the offset behind it: the packet
 * identifier, if any, lies in the two bytes before that.
 */
export function writePublishHead(
  target: Uint8Array,
  at: number,
  firstByte: number,
  remainingLength: number,
  topic: Uint8Array,
  packetId: number,
): number {
  const topicLength = topic.length;
  target[at] = firstByte;
  let next = writeVariableByteInteger(target, at + 1, remainingLength);
  target[next++] = topicLength >>> 8;
  target[next++] = topicLength;
  next = copyBytes(target, next, topic, 0, topicLength);
  if (packetId === 0) return next;
  target[next++] = packetId >>> 8;
  target[next++] = packetId;
  return next;
}

/** Writes length and properties, with the arguments of `publishPropertiesLength`, and returns the offset behind them. */
export function writePublishProperties(
  target: Uint8Array,
  at: number,
  propertiesLength: number,
  expiry: number,
  alias: number,
  subscriptionIdentifiers: readonly number[] | undefined,
  raw: Uint8Array,
): number {
  let next = writeVariableByteInteger(target, at, propertiesLength);
  if (expiry !== NO_EXPIRY) {
    target[next++] = MESSAGE_EXPIRY_INTERVAL;
    target[next++] = expiry >>> 24;
    target[next++] = expiry >>> 16;
    target[next++] = expiry >>> 8;
    target[next++] = expiry;
  }
  if (alias !== 0) {
    target[next++] = TOPIC_ALIAS;
    target[next++] = alias >>> 8;
    target[next++] = alias;
  }
  if (subscriptionIdentifiers !== undefined) {
    for (let i = 0; i < subscriptionIdentifiers.length; i++) {
      target[next++] = SUBSCRIPTION_IDENTIFIER;
      next = writeVariableByteInteger(target, next, subscriptionIdentifiers[i] as number);
    }
  }
  return copyBytes(target, next, raw, 0, raw.length);
}

/** The raw properties, without their length, of the object form. */
export function encodePublishProperties(properties: PublishProperties): Uint8Array {
  return encodePropertyBlock(properties, publishScope);
}

/** The first byte of a PUBLISH. */
export function publishFirstByte({
  dup,
  qos,
  retain,
}: Pick<PublishPacket, "dup" | "qos" | "retain">): number {
  return 0x30 | (dup ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0);
}

/** The whole packet; its properties stay behind in 3.x. */
export function encodePublish(packet: PublishPacket, version: ProtocolVersion): Uint8Array {
  const isVersion5 = version === ProtocolVersion.MQTT_5_0;
  checkPublish(packet, isVersion5);
  const topic = encodeText(packet.topicName, "the topic name");
  const raw = isVersion5 ? encodePublishProperties(packet.properties) : undefined;
  const propertiesLength = raw === undefined ? NO_PROPERTIES : raw.length;
  const { payload, packetId } = packet;
  const remainingLength = publishRemainingLength(
    topic.length,
    packetId !== 0,
    propertiesLength,
    payload.length,
  );
  checkRemainingLength(remainingLength);

  const bytes = new Uint8Array(fixedHeaderSize(remainingLength) + remainingLength);
  let at = writePublishHead(bytes, 0, publishFirstByte(packet), remainingLength, topic, packetId);
  if (raw !== undefined) at = writePublishProperties(bytes, at, raw.length, NO_EXPIRY, 0, undefined, raw);
  copyBytes(bytes, at, payload, 0, payload.length);
  return bytes;
}

function checkPublish(
  { topicName, qos, dup, packetId, properties }: PublishPacket,
  isVersion5: boolean,
): void {
  const isAliased = isVersion5 && topicName === "" && properties.topicAlias !== undefined;
  const problem = isAliased ? undefined : topicNameProblem(topicName);
  if (problem !== undefined) throw new InvalidPacketError(problem);
  if (qos > 0) return checkPacketId(packetId);
  if (dup) throw new InvalidPacketError("DUP at QoS 0"); // [MQTT-3.3.1-2]
  if (packetId !== 0) throw new InvalidPacketError("a packet identifier at QoS 0"); // [MQTT-2.2.1-2]
}
