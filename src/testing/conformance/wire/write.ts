/**
 * Well-formed client packets as bytes, for every version. Malformed ones are written by the cases themselves, in hex.
 */

import type { ProtocolVersion } from "#protocol";
import { binary, packet, type Raw, raw, text, twoBytes } from "./bytes.ts";
import { type WireProperties, writeProperties } from "./properties.ts";

export interface WillOptions {
  readonly topic: string;
  readonly payload?: Raw;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: WireProperties;
}

export interface ConnectOptions {
  readonly clientId: string;
  /** Clean Start, Clean Session before 5.0. True when absent. */
  readonly cleanStart?: boolean;
  /** Seconds; 0 when absent. */
  readonly keepAlive?: number;
  readonly will?: WillOptions;
  readonly userName?: string;
  readonly password?: Raw;
  readonly properties?: WireProperties;
}

export interface PublishOptions {
  readonly topic: string;
  /** Text, or bytes. */
  readonly payload?: string | Uint8Array;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  /** Only above QoS 0. */
  readonly packetId?: number;
  readonly properties?: WireProperties;
}

export interface SubscriptionOptions {
  readonly filter: string;
  readonly qos?: number;
  readonly noLocal?: boolean;
  readonly retainAsPublished?: boolean;
  readonly retainHandling?: number;
}

/** The properties with their length in 5.0, nothing before. */
function propertiesOf(version: ProtocolVersion, properties: WireProperties = {}): Uint8Array {
  return version === 5 ? writeProperties(properties) : raw("");
}

/** Protocol name and protocol level. */
export function protocolName(version: ProtocolVersion): Uint8Array {
  return version === 3 ? raw("00 06 'MQIsdp' 03") : raw(["00 04 'MQTT'", Uint8Array.of(version)]);
}

export function connect(version: ProtocolVersion, options: ConnectOptions): Uint8Array {
  const { will, userName, password } = options;
  let flags = (options.cleanStart ?? true) ? 0x02 : 0;
  const payload: Raw[] = [text(options.clientId)];
  if (will !== undefined) {
    flags |= 0x04 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0);
    payload.push(propertiesOf(version, will.properties), text(will.topic), binary(raw(will.payload ?? "")));
  }
  if (userName !== undefined) {
    flags |= 0x80;
    payload.push(text(userName));
  }
  if (password !== undefined) {
    flags |= 0x40;
    payload.push(binary(raw(password)));
  }
  return packet(
    0x10,
    protocolName(version),
    Uint8Array.of(flags),
    twoBytes(options.keepAlive ?? 0),
    propertiesOf(version, options.properties),
    payload,
  );
}

export function publish(version: ProtocolVersion, options: PublishOptions): Uint8Array {
  const qos = options.qos ?? 0;
  const first = 0x30 | (options.dup === true ? 0x08 : 0) | (qos << 1) | (options.retain === true ? 1 : 0);
  const payload = options.payload ?? "";
  return packet(
    first,
    text(options.topic),
    qos > 0 ? twoBytes(options.packetId ?? 1) : "",
    propertiesOf(version, options.properties),
    typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
  );
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP in its shortest form; a reason code or properties only in 5.0. */
function acknowledgement(
  firstByte: number,
  version: ProtocolVersion,
  packetId: number,
  reasonCode: number,
): Uint8Array {
  const reason = version === 5 && reasonCode !== 0 ? Uint8Array.of(reasonCode) : "";
  return packet(firstByte, twoBytes(packetId), reason);
}

export function puback(version: ProtocolVersion, packetId: number, reasonCode = 0): Uint8Array {
  return acknowledgement(0x40, version, packetId, reasonCode);
}

export function pubrec(version: ProtocolVersion, packetId: number, reasonCode = 0): Uint8Array {
  return acknowledgement(0x50, version, packetId, reasonCode);
}

export function pubrel(version: ProtocolVersion, packetId: number, reasonCode = 0): Uint8Array {
  return acknowledgement(0x62, version, packetId, reasonCode);
}

export function pubcomp(version: ProtocolVersion, packetId: number, reasonCode = 0): Uint8Array {
  return acknowledgement(0x70, version, packetId, reasonCode);
}

export function subscribe(
  version: ProtocolVersion,
  packetId: number,
  subscriptions: readonly SubscriptionOptions[],
  properties: WireProperties = {},
): Uint8Array {
  const pairs = subscriptions.map((each) => [text(each.filter), Uint8Array.of(optionsByte(version, each))]);
  return packet(0x82, twoBytes(packetId), propertiesOf(version, properties), pairs);
}

function optionsByte(version: ProtocolVersion, options: SubscriptionOptions): number {
  const qos = options.qos ?? 0;
  if (version !== 5) return qos;
  return (
    qos |
    (options.noLocal === true ? 0x04 : 0) |
    (options.retainAsPublished === true ? 0x08 : 0) |
    ((options.retainHandling ?? 0) << 4)
  );
}

export function unsubscribe(
  version: ProtocolVersion,
  packetId: number,
  filters: readonly string[],
): Uint8Array {
  return packet(0xa2, twoBytes(packetId), propertiesOf(version), filters.map(text));
}

export const pingreq: Uint8Array = Uint8Array.of(0xc0, 0x00);

export function disconnect(
  version: ProtocolVersion,
  reasonCode = 0,
  properties?: WireProperties,
): Uint8Array {
  if (version !== 5 || (reasonCode === 0 && properties === undefined)) return packet(0xe0);
  return packet(0xe0, Uint8Array.of(reasonCode), properties === undefined ? "" : writeProperties(properties));
}

export function auth(reasonCode: number, properties: WireProperties): Uint8Array {
  return packet(0xf0, Uint8Array.of(reasonCode), writeProperties(properties));
}
