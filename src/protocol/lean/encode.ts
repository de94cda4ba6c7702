/**
 * From the objects that a client sends to bytes: all packets but PUBLISH and its acknowledgements, which go straight into a
 * slab. Refuses with InvalidPacketError what the wire cannot carry.
 */

import { concatBytes, EMPTY_BYTES, utf8Encode } from "#base";
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type PingreqPacket,
  type SubscribePacket,
  type UnsubscribePacket,
} from "../packet.ts";
import type { Properties } from "../property.ts";
import { writeVariableByteInteger } from "../variable-byte-integer.ts";
import { type ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import * as kinds from "./kinds.ts";
import * as packetTypes from "./packet-types.ts";
import * as reasons from "./reasons.ts";
import { propertyRows } from "./scope.ts";
import * as scopes from "./scopes.ts";
import { checkName, checkTopicFilter } from "./topics.ts";
import * as versions from "./versions.ts";

export type ClientPacket =
  | ConnectPacket
  | SubscribePacket
  | UnsubscribePacket
  | PingreqPacket
  | DisconnectPacket
  | AuthPacket;

const LONGEST_FIELD = 0xffff;
const LARGEST_VARIABLE = 0xfff_ffff;

/**
 * The bytes of `packet`; undefined when 3.x has no words for it, which is a DISCONNECT with a reason.
 *
 * @throws InvalidPacketError for what the wire cannot carry
 */
export function encodeClientPacket(packet: ClientPacket, version: ProtocolVersion): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  const isVersion5 = version === versions.MQTT_5_0;
  switch (packet.type) {
    case packetTypes.CONNECT:
      encodeConnect(parts, packet, isVersion5);
      break;
    case packetTypes.SUBSCRIBE:
      parts.push(uint16(packet.packetId), ...block(packet.properties, scopes.SUBSCRIBE, isVersion5));
      for (const { topicFilter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
        // [MQTT-3.8.3-4]
        check(!(noLocal && topicFilter.startsWith("$share/")), "noLocal with $share/");
        const options = (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
        parts.push(...filter(topicFilter), Uint8Array.of(isVersion5 ? qos | options : qos));
      }
      break;
    case packetTypes.UNSUBSCRIBE:
      parts.push(uint16(packet.packetId), ...block(packet.properties, scopes.UNSUBSCRIBE, isVersion5));
      for (const topicFilter of packet.topicFilters) parts.push(...filter(topicFilter));
      break;
    case packetTypes.DISCONNECT:
    case packetTypes.AUTH: {
      const { type, reasonCode } = packet;
      const isPlain = reasonCode === reasons.NORMAL_DISCONNECTION;
      if (!isVersion5 && !isPlain) return undefined;
      const properties = block(
        packet.properties,
        type === packetTypes.AUTH ? scopes.AUTH : scopes.DISCONNECT,
        isVersion5,
      );
      const isBare = properties[1]?.length === 0;
      if (isVersion5 && !(isPlain && isBare)) parts.push(Uint8Array.of(reasonCode));
      // DISCONNECT may leave out its properties, AUTH only with its reason.
      if (!isBare || (type === packetTypes.AUTH && !isPlain)) parts.push(...properties);
      break;
    }
    case packetTypes.PINGREQ:
  }
  const body = concatBytes(parts);
  // [MQTT-2.1.3-1]
  const flags = packet.type === packetTypes.SUBSCRIBE || packet.type === packetTypes.UNSUBSCRIBE ? 0x02 : 0;
  return concatBytes([Uint8Array.of((packet.type << 4) | flags), variable(body.length), body]);
}

function encodeConnect(parts: Uint8Array[], packet: ConnectPacket, isVersion5: boolean): void {
  const { protocolVersion: version, clientId, cleanStart, will, userName, password } = packet;
  const isOldest = version === versions.MQTT_3_1;
  // [3.1.1/MQTT-3.1.3-7]; 3.1 has no empty client identifiers at all.
  check(isVersion5 || clientId !== "" || (cleanStart && !isOldest), "no clientId");
  // [3.1.1/MQTT-3.1.2-22]
  check(isVersion5 || password === undefined || userName !== undefined, "no userName");
  let flags = cleanStart ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  parts.push(
    ...text(isOldest ? "MQIsdp" : "MQTT"),
    Uint8Array.of(packet.isBridge ? version | 0x80 : version, flags),
    uint16(packet.keepAliveSeconds),
    ...block(packet.properties, scopes.CONNECT, isVersion5),
    ...text(clientId), // [MQTT-3.1.3-1]: the order of the fields.
  );
  if (will !== undefined) {
    const { topicName, payload, properties } = will;
    checkName(topicName);
    parts.push(...block(properties, scopes.WILL, isVersion5));
    parts.push(...text(topicName), ...binary(payload));
  }
  if (userName !== undefined) parts.push(...text(userName));
  if (password !== undefined) parts.push(...binary(password));
}

/** The properties that `scope` may carry, without their length. */
function encodeProperties(properties: Properties, scope: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, [name, kind, scopes]] of Object.entries(propertyRows)) {
    const value = properties[name];
    if (value === undefined || (scopes & scope) === 0) continue;
    const isList = kind === kinds.VARIABLES || kind === kinds.PAIRS;
    for (const each of isList ? (value as unknown[]) : [value]) {
      parts.push(Uint8Array.of(Number(key)), ...encodeValue(name, kind, each));
    }
  }
  return concatBytes(parts);
}

const neverZero = ["receiveMaximum", "topicAlias", "maximumPacketSize", "subscriptionIdentifiers"];

function encodeValue(name: string, kind: number, value: unknown): Uint8Array[] {
  check(value !== 0 || !neverZero.includes(name), `${name} is 0`);
  switch (kind) {
    case kinds.UINT16:
      return [uint16(value as number)];
    case kinds.UINT32:
      checkInteger(value as number, 0xffff_ffff);
      return [uint16((value as number) >>> 16), uint16((value as number) & 0xffff)];
    case kinds.VARIABLES:
      return [variable(value as number)];
    case kinds.TEXT:
      if (name === "responseTopic") checkName(value as string);
      return text(value as string);
    case kinds.BINARY:
      return binary(value as Uint8Array);
    case kinds.PAIRS:
      return (value as string[]).flatMap((each) => text(each));
    default:
      return [Uint8Array.of(Number(value))];
  }
}

/** Properties behind their length [MQTT-2.2.2-1]; nothing in 3.x, which has none. */
function block(properties: Properties, scope: number, isVersion5: boolean): Uint8Array[] {
  if (!isVersion5) return [];
  const bytes = encodeProperties(properties, scope);
  return [variable(bytes.length), bytes];
}

function filter(topicFilter: string): Uint8Array[] {
  checkTopicFilter(topicFilter);
  return text(topicFilter);
}

/** [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
function text(content: string): Uint8Array[] {
  check(content.isWellFormed() && !content.includes("\0"), "no text");
  return binary(utf8Encode(content));
}

function binary(bytes: Uint8Array): Uint8Array[] {
  return [uint16(bytes.length), bytes];
}

function uint16(value: number): Uint8Array {
  checkInteger(value, LONGEST_FIELD);
  return Uint8Array.of(value >>> 8, value);
}

function variable(value: number): Uint8Array {
  checkInteger(value, LARGEST_VARIABLE);
  const bytes = new Uint8Array(4);
  return bytes.subarray(0, writeVariableByteInteger(bytes, 0, value));
}

function checkInteger(value: number, largest: number): void {
  check(Number.isInteger(value) && value >= 0 && value <= largest, `${value} is out of range`);
}

function check(isRight: boolean, problem: string): asserts isRight {
  if (!isRight) throw new InvalidPacketError(problem);
}

/** The raw properties of a PUBLISH, without their length; `EMPTY_BYTES` if there are none. */
export function encodeClientPublishProperties(properties: Properties): Uint8Array {
  const bytes = encodeProperties(properties, scopes.PUBLISH);
  return bytes.length === 0 ? EMPTY_BYTES : bytes;
}
