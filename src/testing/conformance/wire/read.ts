/**
 * Reads what a server sends, strictly: every departure from the packet formats is a `ConformanceFailure` with the
 * statement it breaks. Knows only packets that a server may send.
 */

import type { ProtocolVersion } from "#protocol";
import { ConformanceFailure } from "../failure.ts";
import {
  type PropertyKind,
  type PropertyName,
  properties as propertyTable,
  type WireProperties,
} from "./properties.ts";

interface Received<Name extends string> {
  readonly name: Name;
  /** The whole packet as it came. */
  readonly bytes: Uint8Array;
}

export interface ConnackReceived extends Received<"CONNACK"> {
  readonly sessionPresent: boolean;
  /** The return code before 5.0. */
  readonly reasonCode: number;
  readonly properties: WireProperties;
}

export interface PublishReceived extends Received<"PUBLISH"> {
  readonly topic: string;
  /** As UTF-8 text; `payloadBytes` has the bytes. */
  readonly payload: string;
  readonly payloadBytes: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  /** 0 for QoS 0. */
  readonly packetId: number;
  readonly properties: WireProperties;
}

interface AcknowledgementReceived<Name extends string> extends Received<Name> {
  readonly packetId: number;
  readonly reasonCode: number;
  readonly properties: WireProperties;
}

export interface SubackReceived<Name extends string> extends Received<Name> {
  readonly packetId: number;
  /** Empty in UNSUBACK before 5.0. */
  readonly reasonCodes: readonly number[];
  readonly properties: WireProperties;
}

interface ReasonReceived<Name extends string> extends Received<Name> {
  readonly reasonCode: number;
  readonly properties: WireProperties;
}

export interface ServerPackets {
  CONNACK: ConnackReceived;
  PUBLISH: PublishReceived;
  PUBACK: AcknowledgementReceived<"PUBACK">;
  PUBREC: AcknowledgementReceived<"PUBREC">;
  PUBREL: AcknowledgementReceived<"PUBREL">;
  PUBCOMP: AcknowledgementReceived<"PUBCOMP">;
  SUBACK: SubackReceived<"SUBACK">;
  UNSUBACK: SubackReceived<"UNSUBACK">;
  PINGRESP: Received<"PINGRESP">;
  DISCONNECT: ReasonReceived<"DISCONNECT">;
  AUTH: ReasonReceived<"AUTH">;
}

export type PacketName = keyof ServerPackets;
export type ServerPacket = ServerPackets[PacketName];

/** Reason codes that a server may put into each packet of 5.0 (section 2.4 and the packets' own tables). */
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
const publishCodes = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const releaseCodes = [0x00, 0x92];
const reasonCodes: Readonly<Partial<Record<PacketName, { codes: ReadonlySet<number>; statement: string }>>> =
  {
    CONNACK: {
      codes: new Set([0x00, ...range(0x80, 0x8a), 0x8c, 0x90, 0x95, 0x97, ...range(0x99, 0x9d), 0x9f]),
      statement: "MQTT-3.2.2-8",
    },
    PUBACK: { codes: new Set(publishCodes), statement: "MQTT-3.4.2-1" },
    PUBREC: { codes: new Set(publishCodes), statement: "MQTT-3.5.2-1" },
    PUBREL: { codes: new Set(releaseCodes), statement: "MQTT-3.6.2-1" },
    PUBCOMP: { codes: new Set(releaseCodes), statement: "MQTT-3.7.2-1" },
    SUBACK: {
      codes: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
      statement: "MQTT-3.9.3-2",
    },
    UNSUBACK: { codes: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]), statement: "MQTT-3.11.3-2" },
    DISCONNECT: {
      codes: new Set([
        0x00,
        ...range(0x80, 0x83),
        0x87,
        0x89,
        // 0x8c is in table 2-6 for DISCONNECT and missing in table 3-10; both readings are accepted.
        ...range(0x8b, 0x90),
        ...range(0x93, 0xa2),
      ]),
      statement: "MQTT-3.14.2-1",
    },
    AUTH: { codes: new Set([0x00, 0x18]), statement: "MQTT-3.15.2-1" },
  };

const names: Readonly<Record<number, PacketName>> = {
  2: "CONNACK",
  3: "PUBLISH",
  4: "PUBACK",
  5: "PUBREC",
  6: "PUBREL",
  7: "PUBCOMP",
  9: "SUBACK",
  11: "UNSUBACK",
  13: "PINGRESP",
  14: "DISCONNECT",
  15: "AUTH",
};

/**
 * The end of the first packet in `bytes`, or undefined while it is incomplete.
 */
export function packetEnd(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let i = 1; i <= 4; i++) {
    const byte = bytes[i];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 128 ** (i - 1);
    if ((byte & 0x80) === 0) {
      if (i > 1 && byte === 0) fail("the remaining length is longer than needed", "MQTT-1.5.5-1");
      return bytes.length >= 1 + i + length ? 1 + i + length : undefined;
    }
  }
  return fail("the remaining length has more than four bytes", "MQTT-1.5.5-1");
}

function fail(message: string, statement?: string, version: ProtocolVersion = 5): never {
  const id = statement === undefined ? undefined : `${version === 5 ? "5.0" : "3.1.1"}/${statement}`;
  throw new ConformanceFailure(`the server sent a bad packet: ${message}`, id);
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

class Cursor {
  readonly bytes: Uint8Array;
  readonly version: ProtocolVersion;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, version: ProtocolVersion, at: number, end: number) {
    this.bytes = bytes;
    this.version = version;
    this.at = at;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  take(length: number): Uint8Array {
    if (length > this.left) fail("a field runs past the end of the packet", undefined, this.version);
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  number(size: number): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  variable(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.number(1);
      value += (byte & 0x7f) * 128 ** i;
      if ((byte & 0x80) === 0) {
        if (i > 0 && byte === 0) fail("a variable byte integer is longer than needed", "MQTT-1.5.5-1");
        return value;
      }
    }
    return fail("a variable byte integer has more than four bytes", "MQTT-1.5.5-1");
  }

  text(): string {
    const content = this.take(this.number(2));
    const statement = this.version === 5 ? "MQTT-1.5.4" : "MQTT-1.5.3";
    if (content.includes(0)) fail("a string holds U+0000", `${statement}-2`, this.version);
    try {
      return strictUtf8.decode(content);
    } catch {
      return fail("a string is not well-formed UTF-8", `${statement}-1`, this.version);
    }
  }
}

function readValue(cursor: Cursor, kind: PropertyKind): unknown {
  switch (kind) {
    case "byte":
      return cursor.number(1);
    case "two":
      return cursor.number(2);
    case "four":
      return cursor.number(4);
    case "variable":
      return cursor.variable();
    case "text":
      return cursor.text();
    case "binary":
      return cursor.take(cursor.number(2));
    case "pair":
      return [cursor.text(), cursor.text()];
  }
}

/** The unnumbered error that a property's wrong value or repetition is, for a client that receives it. */
function readProperties(cursor: Cursor, place: string): WireProperties {
  if (cursor.version !== 5) return {};
  const length = cursor.variable();
  if (length > cursor.left) fail("the property length runs past the end of the packet", "U5-2.2.2.1");
  const block = new Cursor(cursor.bytes, cursor.version, cursor.at, cursor.at + length);
  cursor.at += length;
  const values: Partial<Record<PropertyName, unknown>> = {};
  while (block.left > 0) {
    const id = block.variable();
    const row = propertyTable.find((each) => each.id === id);
    if (row === undefined || !row.places.some((each) => each === place)) {
      return fail(`property 0x${id.toString(16).padStart(2, "0")} does not belong here`, "U5-2.2.2.2");
    }
    if (row.name === "sessionExpiryInterval" && place === "DISCONNECT") {
      fail("a server's DISCONNECT has no Session Expiry Interval", "MQTT-3.14.2-2");
    }
    const value = readValue(block, row.kind);
    const before = values[row.name];
    if (row.kind === "pair" || (row.kind === "variable" && place === "PUBLISH")) {
      values[row.name] = [...((before as unknown[] | undefined) ?? []), value];
    } else if (before !== undefined) fail(`${row.name} stands twice`);
    else values[row.name] = value;
    checkValue(row.name, value);
  }
  return values as WireProperties;
}

const flagProperties: ReadonlySet<PropertyName> = new Set<PropertyName>([
  "payloadFormatIndicator",
  "maximumQos",
  "retainAvailable",
  "wildcardSubscriptionAvailable",
  "subscriptionIdentifierAvailable",
  "sharedSubscriptionAvailable",
]);
const nonZeroProperties: ReadonlySet<PropertyName> = new Set<PropertyName>([
  "receiveMaximum",
  "maximumPacketSize",
  "topicAlias",
  "subscriptionIdentifier",
]);

function checkValue(name: PropertyName, value: unknown): void {
  if (flagProperties.has(name) && (value as number) > 1) fail(`${name} is neither 0 nor 1`);
  if (nonZeroProperties.has(name) && value === 0) fail(`${name} is 0`);
  if (name === "responseTopic" && /[+#]/.test(value as string)) {
    fail("a Response Topic holds a wildcard", "MQTT-3.3.2-14");
  }
}

function checkReason(name: PacketName, code: number, version: ProtocolVersion): void {
  const hex = `0x${code.toString(16).padStart(2, "0")}`;
  if (version === 5) {
    const allowed = reasonCodes[name];
    if (allowed !== undefined && !allowed.codes.has(code)) {
      fail(`${hex} is no reason code of a server's ${name}`, allowed.statement);
    }
  } else if (name === "CONNACK" && code > 5) fail(`${hex} is no return code of CONNACK`, undefined, version);
  else if (name === "SUBACK" && code > 2 && code !== 0x80) {
    fail(`${hex} is no return code of SUBACK`, "MQTT-3.9.3-2", version);
  }
}

/** Reads the one packet that `bytes` is. */
export function readPacket(bytes: Uint8Array, version: ProtocolVersion): ServerPacket {
  const first = bytes[0] as number;
  const name = names[first >> 4];
  if (name === undefined)
    return fail(`packet type ${first >> 4} never comes from a server`, undefined, version);
  if (version !== 5 && (name === "DISCONNECT" || name === "AUTH")) {
    return fail(`there is no ${name} from a server before 5.0`, undefined, version);
  }
  const flags = first & 0x0f;
  if (name !== "PUBLISH" && flags !== (name === "PUBREL" ? 2 : 0)) {
    fail(`the flags of ${name} are ${flags}`, version === 5 ? "MQTT-2.1.3-1" : "MQTT-2.2.2-1", version);
  }
  let at = 1;
  while (((bytes[at++] as number) & 0x80) !== 0);
  const cursor = new Cursor(bytes, version, at, bytes.length);
  const packet = readBody(name, flags, cursor);
  if (cursor.left > 0) fail(`${cursor.left} bytes are left over in ${name}`, undefined, version);
  return packet;
}

function readBody(name: PacketName, flags: number, cursor: Cursor): ServerPacket {
  const { bytes, version } = cursor;
  switch (name) {
    case "CONNACK": {
      const acknowledge = cursor.number(1);
      if (acknowledge > 1) fail("reserved flags of CONNACK are set", "MQTT-3.2.2-1", version);
      const reasonCode = cursor.number(1);
      checkReason(name, reasonCode, version);
      const sessionPresent = acknowledge === 1;
      if (sessionPresent && reasonCode !== 0) {
        const statement = version === 5 ? "MQTT-3.2.2-6" : "MQTT-3.2.2-4";
        fail("Session Present in a refusal", statement, version);
      }
      return { name, bytes, sessionPresent, reasonCode, properties: readProperties(cursor, name) };
    }
    case "PUBLISH":
      return readPublish(flags, cursor);
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP": {
      const packetId = readPacketId(cursor);
      const reasonCode = version === 5 && cursor.left > 0 ? cursor.number(1) : 0;
      checkReason(name, reasonCode, version);
      const properties = version === 5 && cursor.left > 0 ? readProperties(cursor, "ACKNOWLEDGEMENT") : {};
      return { name, bytes, packetId, reasonCode, properties };
    }
    case "SUBACK":
    case "UNSUBACK": {
      const packetId = readPacketId(cursor);
      const properties = readProperties(cursor, "ACKNOWLEDGEMENT");
      const codes = name === "UNSUBACK" && version !== 5 ? [] : [...cursor.take(cursor.left)];
      for (const code of codes) checkReason(name, code, version);
      return { name, bytes, packetId, reasonCodes: codes, properties };
    }
    case "PINGRESP":
      return { name, bytes };
    case "DISCONNECT":
    case "AUTH": {
      const reasonCode = cursor.left > 0 ? cursor.number(1) : 0;
      checkReason(name, reasonCode, version);
      const properties = cursor.left > 0 ? readProperties(cursor, name) : {};
      return { name, bytes, reasonCode, properties };
    }
  }
}

function readPacketId(cursor: Cursor): number {
  const packetId = cursor.number(2);
  if (packetId === 0) {
    fail("packet identifier 0", cursor.version === 5 ? "MQTT-2.2.1-4" : "MQTT-2.3.1-1", cursor.version);
  }
  return packetId;
}

function readPublish(flags: number, cursor: Cursor): PublishReceived {
  const { bytes, version } = cursor;
  const qos = (flags >> 1) & 3;
  const dup = (flags & 8) !== 0;
  if (qos === 3) fail("QoS 3", "MQTT-3.3.1-4", version);
  if (qos === 0 && dup) fail("DUP with QoS 0", "MQTT-3.3.1-2", version);
  const topic = cursor.text();
  if (/[+#]/.test(topic)) fail("a wildcard in a Topic Name", "MQTT-3.3.2-2", version);
  const packetId = qos > 0 ? readPacketId(cursor) : 0;
  const properties = readProperties(cursor, "PUBLISH");
  if (topic === "" && properties.topicAlias === undefined) {
    fail("no Topic Name and no Topic Alias", version === 5 ? "U5-3.3.2.1" : "MQTT-4.7.3-1", version);
  }
  const payloadBytes = cursor.take(cursor.left);
  const payload = lenientUtf8.decode(payloadBytes);
  const retain = (flags & 1) !== 0;
  return { name: "PUBLISH", bytes, topic, payload, payloadBytes, qos, retain, dup, packetId, properties };
}
