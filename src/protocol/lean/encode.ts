/**
 * From the objects that a client sends to bytes: all packets but PUBLISH and its acknowledgements, which go straight into a
 * slab. Refuses with InvalidPacketError what the wire cannot carry.
 */

import { utf8Encode } from "#base";
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  type PingreqPacket,
  type SubscribePacket,
  type UnsubscribePacket,
} from "../packet.ts";
import type { Properties } from "../property.ts";
import { LARGEST_VARIABLE_BYTE_INTEGER, writeVariableByteInteger } from "../variable-byte-integer.ts";
import { type ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import * as kinds from "./kinds.ts";
import * as packetTypes from "./packet-types.ts";
import * as reasons from "./reasons.ts";
import { neverZero, propertyRows } from "./scope.ts";
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

/** What is encoded here is rare or short: as plain numbers it is put together most simply. */
type Bytes = readonly number[];

/**
 * The bytes of `packet`; undefined when 3.x has no words for it, which is a DISCONNECT with a reason.
 *
 * @throws InvalidPacketError for what the wire cannot carry
 */
export function encodeClientPacket(packet: ClientPacket, version: ProtocolVersion): Uint8Array | undefined {
  const body = bodyOf(packet, version === versions.MQTT_5_0);
  if (body === undefined) return undefined;
  // [MQTT-2.1.3-1]
  const flags = packet.type === packetTypes.SUBSCRIBE || packet.type === packetTypes.UNSUBSCRIBE ? 0x02 : 0;
  return new Uint8Array([(packet.type << 4) | flags, ...variable(body.length), ...body]);
}

function bodyOf(packet: ClientPacket, isVersion5: boolean): Bytes | undefined {
  switch (packet.type) {
    case packetTypes.CONNECT:
      return connectBody(packet, isVersion5);
    case packetTypes.SUBSCRIBE:
      return [
        ...uint16(packet.packetId),
        ...block(packet.properties, scopes.SUBSCRIBE, isVersion5),
        ...packet.subscriptions.flatMap((subscription) => subscriptionBytes(subscription, isVersion5)),
      ];
    case packetTypes.UNSUBSCRIBE:
      return [
        ...uint16(packet.packetId),
        ...block(packet.properties, scopes.UNSUBSCRIBE, isVersion5),
        ...packet.topicFilters.flatMap(filter),
      ];
    case packetTypes.DISCONNECT:
    case packetTypes.AUTH:
      return outcome(packet, isVersion5);
    case packetTypes.PINGREQ:
      return [];
  }
}

function connectBody(packet: ConnectPacket, isVersion5: boolean): Bytes {
  const { protocolVersion: version, clientId, cleanStart, will, userName, password } = packet;
  const isOldest = version === versions.MQTT_3_1;
  check(isVersion5 || isOldest || version === versions.MQTT_3_1_1, "no such version");
  // [3.1.1/MQTT-3.1.3-7]; 3.1 has no empty client identifiers at all.
  check(isVersion5 || clientId !== "" || (cleanStart && !isOldest), "no clientId");
  // [3.1.1/MQTT-3.1.2-22]
  check(isVersion5 || password === undefined || userName !== undefined, "no userName");
  let flags = cleanStart ? 0x02 : 0;
  let willBytes: Bytes = [];
  if (will !== undefined) {
    const { topicName, payload, qos, retain, properties } = will;
    checkName(topicName);
    flags |= 0x04 | (qos << 3) | (retain ? 0x20 : 0);
    willBytes = [...block(properties, scopes.WILL, isVersion5), ...text(topicName), ...binary(payload)];
  }
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  return [
    ...text(isOldest ? "MQIsdp" : "MQTT"),
    packet.isBridge ? version | 0x80 : version,
    flags,
    ...uint16(packet.keepAliveSeconds),
    ...block(packet.properties, scopes.CONNECT, isVersion5),
    ...text(clientId), // [MQTT-3.1.3-1]: the order of the fields.
    ...willBytes,
    ...(userName === undefined ? [] : text(userName)),
    ...(password === undefined ? [] : binary(password)),
  ];
}

function subscriptionBytes(
  subscription: SubscribePacket["subscriptions"][number],
  isVersion5: boolean,
): Bytes {
  const { topicFilter, qos, noLocal, retainAsPublished, retainHandling } = subscription;
  // [MQTT-3.8.3-4]
  check(!(noLocal && topicFilter.startsWith("$share/")), "noLocal with $share/");
  const options = (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
  return [...filter(topicFilter), isVersion5 ? qos | options : qos];
}

/** A reason code and properties, as far as they say something. */
function outcome(
  { type, reasonCode, properties }: DisconnectPacket | AuthPacket,
  isVersion5: boolean,
): Bytes | undefined {
  const isPlain = reasonCode === reasons.NORMAL_DISCONNECTION;
  if (!isVersion5) return isPlain ? [] : undefined;
  const isAuth = type === packetTypes.AUTH;
  const bytes = block(properties, isAuth ? scopes.AUTH : scopes.DISCONNECT, isVersion5);
  if (bytes.length > 1) return [reasonCode, ...bytes];
  // DISCONNECT may leave out its properties, AUTH only with its reason.
  return isPlain ? [] : isAuth ? [reasonCode, 0] : [reasonCode];
}

/** The properties that `scope` may carry, without their length. */
function encodeProperties(properties: Properties, scope: number): Bytes {
  const bytes: number[] = [];
  for (const [key, [name, kind, scopes]] of Object.entries(propertyRows)) {
    const value = properties[name];
    if (value === undefined || (scopes & scope) === 0) continue;
    const values = kind === kinds.VARIABLES || kind === kinds.PAIRS ? value : [value];
    check(Array.isArray(values), `${name} is no list`);
    for (const each of values) {
      // `push` with a spread would put a long text on the stack.
      for (const byte of [Number(key), ...encodeValue(name, kind, each)]) bytes.push(byte);
    }
  }
  return bytes;
}

function encodeValue(name: string, kind: number, value: unknown): Bytes {
  check(value !== 0 || !neverZero.includes(name), `${name} is 0`);
  switch (kind) {
    case kinds.UINT16:
      return uint16(value as number);
    case kinds.UINT32:
      checkInteger(value as number, 0xffff_ffff);
      return [...uint16((value as number) >>> 16), ...uint16((value as number) & 0xffff)];
    case kinds.VARIABLES:
      return variable(value as number);
    case kinds.TEXT:
      if (name === "responseTopic") checkName(value as string);
      return text(value as string);
    case kinds.BINARY:
      return binary(value as Uint8Array);
    case kinds.PAIRS:
      return (value as string[]).flatMap(text);
    default:
      return [Number(value)];
  }
}

/** Properties behind their length [MQTT-2.2.2-1]; nothing in 3.x, which has none. */
function block(properties: Properties, scope: number, isVersion5: boolean): Bytes {
  if (!isVersion5) return [];
  const bytes = encodeProperties(properties, scope);
  return [...variable(bytes.length), ...bytes];
}

function filter(topicFilter: string): Bytes {
  checkTopicFilter(topicFilter);
  return text(topicFilter);
}

/** [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
function text(content: string): Bytes {
  check(typeof content === "string" && content.isWellFormed() && !content.includes("\0"), "no text");
  return binary(utf8Encode(content));
}

function binary(bytes: Uint8Array): Bytes {
  return [...uint16(bytes.length), ...bytes];
}

function uint16(value: number): Bytes {
  checkInteger(value, 0xffff);
  return [value >>> 8, value];
}

function variable(value: number): Bytes {
  checkInteger(value, LARGEST_VARIABLE_BYTE_INTEGER);
  const bytes = new Uint8Array(4);
  return [...bytes.subarray(0, writeVariableByteInteger(bytes, 0, value))];
}

function checkInteger(value: number, largest: number): void {
  check(Number.isInteger(value) && value >= 0 && value <= largest, `${value} is out of range`);
}

function check(isRight: boolean, problem: string): asserts isRight {
  if (!isRight) throw new InvalidPacketError(problem);
}

/** The raw properties of a PUBLISH, without their length. */
export function encodeClientPublishProperties(properties: Properties): Uint8Array {
  return new Uint8Array(encodeProperties(properties, scopes.PUBLISH));
}
