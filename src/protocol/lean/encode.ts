/**
 * From the objects that a client sends to bytes: all packets but PUBLISH and its acknowledgements, which go straight into a
 * slab. Refuses with InvalidPacketError what the wire cannot carry.
 */

import { concatBytes, EMPTY_BYTES, utf8Encode } from "#base";
import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  PacketType,
  type PingreqPacket,
  type SubscribePacket,
  type UnsubscribePacket,
} from "../packet.ts";
import type { Properties } from "../property.ts";
import { ReasonCode } from "../reason-code.ts";
import { isSharedFilter, topicFilterProblem } from "../topic-filter.ts";
import { topicNameProblem } from "../topic-name.ts";
import { writeVariableByteInteger } from "../variable-byte-integer.ts";
import { ProtocolVersion } from "../version.ts";
import { InvalidPacketError } from "../wire-error.ts";
import { Kind, propertyRows, Scope } from "./scope.ts";

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
  const isVersion5 = version === ProtocolVersion.MQTT_5_0;
  switch (packet.type) {
    case PacketType.CONNECT:
      encodeConnect(parts, packet, isVersion5);
      break;
    case PacketType.SUBSCRIBE:
      parts.push(
        uint16(packet.packetId, "packetId"),
        ...block(packet.properties, Scope.SUBSCRIBE, isVersion5),
      );
      for (const { topicFilter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
        // [MQTT-3.8.3-4]
        check(!(noLocal && isSharedFilter(topicFilter)), "no local on a shared subscription");
        const options = (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
        parts.push(...filter(topicFilter), Uint8Array.of(isVersion5 ? qos | options : qos));
      }
      break;
    case PacketType.UNSUBSCRIBE:
      parts.push(
        uint16(packet.packetId, "packetId"),
        ...block(packet.properties, Scope.UNSUBSCRIBE, isVersion5),
      );
      for (const topicFilter of packet.topicFilters) parts.push(...filter(topicFilter));
      break;
    case PacketType.DISCONNECT:
    case PacketType.AUTH: {
      const { type, reasonCode } = packet;
      const isPlain = reasonCode === ReasonCode.NORMAL_DISCONNECTION;
      if (!isVersion5 && !isPlain) return undefined;
      const properties = block(
        packet.properties,
        type === PacketType.AUTH ? Scope.AUTH : Scope.DISCONNECT,
        isVersion5,
      );
      const isBare = properties[1]?.length === 0;
      if (isVersion5 && !(isPlain && isBare)) parts.push(Uint8Array.of(reasonCode));
      // DISCONNECT may leave out its properties, AUTH only with its reason.
      if (!isBare || (type === PacketType.AUTH && !isPlain)) parts.push(...properties);
      break;
    }
    case PacketType.PINGREQ:
  }
  const body = concatBytes(parts);
  // [MQTT-2.1.3-1]
  const flags = packet.type === PacketType.SUBSCRIBE || packet.type === PacketType.UNSUBSCRIBE ? 0x02 : 0;
  return concatBytes([Uint8Array.of((packet.type << 4) | flags), variable(body.length), body]);
}

function encodeConnect(parts: Uint8Array[], packet: ConnectPacket, isVersion5: boolean): void {
  const { protocolVersion: version, clientId, cleanStart, will, userName, password } = packet;
  const isOldest = version === ProtocolVersion.MQTT_3_1;
  // [3.1.1/MQTT-3.1.3-7]; 3.1 has no empty client identifiers at all.
  check(isVersion5 || clientId !== "" || (cleanStart && !isOldest), "clientId is empty");
  // [3.1.1/MQTT-3.1.2-22]
  check(
    isVersion5 || password === undefined || userName !== undefined,
    "a password needs a user name before 5.0",
  );
  let flags = cleanStart ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (password !== undefined) flags |= 0x40;
  if (userName !== undefined) flags |= 0x80;
  parts.push(
    ...text(isOldest ? "MQIsdp" : "MQTT", ""),
    Uint8Array.of(packet.isBridge ? version | 0x80 : version, flags),
    uint16(packet.keepAliveSeconds, "keepAliveSeconds"),
    ...block(packet.properties, Scope.CONNECT, isVersion5),
    ...text(clientId, "clientId"), // [MQTT-3.1.3-1]: the order of the fields.
  );
  if (will !== undefined) {
    const { topicName, payload, properties } = will;
    const problem = topicNameProblem(topicName);
    check(problem === undefined, `will: ${problem}`);
    parts.push(...block(properties, Scope.WILL, isVersion5));
    parts.push(...text(topicName, "will.topicName"), ...binary(payload, "will.payload"));
  }
  if (userName !== undefined) parts.push(...text(userName, "userName"));
  if (password !== undefined) parts.push(...binary(password, "password"));
}

/** The properties that `scope` may carry, without their length. */
function encodeProperties(properties: Properties, scope: Scope): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, [name, kind, scopes]] of Object.entries(propertyRows)) {
    const value = properties[name];
    if (value === undefined || (scopes & scope) === 0) continue;
    const isList = kind === Kind.VARIABLES || kind === Kind.PAIRS;
    for (const each of isList ? (value as unknown[]) : [value]) {
      parts.push(Uint8Array.of(Number(key)), ...encodeValue(name, kind, each));
    }
  }
  return concatBytes(parts);
}

function encodeValue(name: string, kind: Kind, value: unknown): Uint8Array[] {
  switch (kind) {
    case Kind.UINT16:
      // Neither a topic alias nor a Receive Maximum is 0.
      check(value !== 0 || (name !== "receiveMaximum" && name !== "topicAlias"), `${name} is 0`);
      return [uint16(value as number, name)];
    case Kind.UINT32:
      check(value !== 0 || name !== "maximumPacketSize", `${name} is 0`);
      checkInteger(value as number, 0xffff_ffff, name);
      return [uint16((value as number) >>> 16, name), uint16((value as number) & 0xffff, name)];
    case Kind.VARIABLES:
      check(value !== 0, `${name} has a 0`);
      return [variable(value as number)];
    case Kind.TEXT: {
      const problem = name === "responseTopic" ? topicNameProblem(value as string) : undefined;
      check(problem === undefined, `${name}: ${problem}`);
      return text(value as string, name);
    }
    case Kind.BINARY:
      return binary(value as Uint8Array, name);
    case Kind.PAIRS:
      return (value as string[]).flatMap((each) => text(each, name));
    default:
      return [Uint8Array.of(Number(value))];
  }
}

/** Properties behind their length [MQTT-2.2.2-1]; nothing in 3.x, which has none. */
function block(properties: Properties, scope: Scope, isVersion5: boolean): Uint8Array[] {
  if (!isVersion5) return [];
  const bytes = encodeProperties(properties, scope);
  return [variable(bytes.length), bytes];
}

function filter(topicFilter: string): Uint8Array[] {
  const problem = topicFilterProblem(topicFilter);
  check(problem === undefined, `${problem}`);
  return text(topicFilter, "topicFilter");
}

/** [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
function text(content: string, what: string): Uint8Array[] {
  check(content.isWellFormed() && !content.includes("\0"), `${what} is no text`);
  return binary(utf8Encode(content), what);
}

function binary(bytes: Uint8Array, what: string): Uint8Array[] {
  check(bytes.length <= LONGEST_FIELD, `${what} is longer than ${LONGEST_FIELD} bytes`);
  return [uint16(bytes.length, what), bytes];
}

function uint16(value: number, what: string): Uint8Array {
  checkInteger(value, LONGEST_FIELD, what);
  return Uint8Array.of(value >>> 8, value);
}

function variable(value: number): Uint8Array {
  checkInteger(value, LARGEST_VARIABLE, "a length");
  const bytes = new Uint8Array(4);
  return bytes.subarray(0, writeVariableByteInteger(bytes, 0, value));
}

function checkInteger(value: number, largest: number, what: string): void {
  check(Number.isInteger(value) && value >= 0 && value <= largest, `${what} is ${value}`);
}

function check(isRight: boolean, problem: string): asserts isRight {
  if (!isRight) throw new InvalidPacketError(problem);
}

/** The raw properties of a PUBLISH, without their length; `EMPTY_BYTES` if there are none. */
export function encodeClientPublishProperties(properties: Properties): Uint8Array {
  const bytes = encodeProperties(properties, Scope.PUBLISH);
  return bytes.length === 0 ? EMPTY_BYTES : bytes;
}
