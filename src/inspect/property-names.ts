/**
 * The 27 properties of MQTT 5.0 in the words of the standard (2.2.2.2): what each is on the wire, which packets may carry it,
 * and the statement against sending it twice or out of its range.
 */

import { quoted, seconds } from "./value-text.ts";

/** What a value is on the wire (1.5); `bit` is a byte that is 0 or 1. */
type PropertyKind = "bit" | "uint16" | "uint32" | "variable" | "text" | "binary" | "pair";

/** The packet, or the will in CONNECT, that properties stand in. */
export type PropertyScope =
  | "CONNECT"
  | "the Will"
  | "CONNACK"
  | "PUBLISH"
  | "an acknowledgement"
  | "SUBSCRIBE"
  | "UNSUBSCRIBE"
  | "DISCONNECT"
  | "AUTH";

export interface PropertyRow {
  readonly id: number;
  readonly name: string;
  readonly kind: PropertyKind;
  /** By the packets that may carry it. */
  readonly statements: Readonly<Partial<Record<PropertyScope, string>>>;
  /** A number in words. */
  readonly words?: (value: number) => string;
}

/** Where only the general rule about properties speaks. */
export const GENERAL_PROPERTY_RULE = "U5-2.2.2.2";
const GENERAL = GENERAL_PROPERTY_RULE;
const REASON_STRING = "U5-3.4.2.2.2";

const NEVER = 0xffff_ffff;
const expiry = (value: number): string => (value === NEVER ? "0xffffffff, never" : seconds(value));
const either = (zero: string, one: string) => (value: number) => `${value}, ${value === 0 ? zero : one}`;
const available = either("not available", "available");

const propertyRows: readonly PropertyRow[] = [
  {
    id: 0x01,
    name: "Payload Format Indicator",
    kind: "bit",
    statements: { PUBLISH: GENERAL, "the Will": "U5-3.1.3.2.3" },
    words: either("bytes of any kind", "UTF-8 text"),
  },
  {
    id: 0x02,
    name: "Message Expiry Interval",
    kind: "uint32",
    statements: { PUBLISH: GENERAL, "the Will": "U5-3.1.3.2.4" },
    words: seconds,
  },
  {
    id: 0x03,
    name: "Content Type",
    kind: "text",
    statements: { PUBLISH: "U5-3.3.2.3.9", "the Will": "U5-3.1.3.2.5" },
  },
  {
    id: 0x08,
    name: "Response Topic",
    kind: "text",
    statements: { PUBLISH: "U5-3.3.2.3.5", "the Will": "U5-3.1.3.2.6" },
  },
  {
    id: 0x09,
    name: "Correlation Data",
    kind: "binary",
    statements: { PUBLISH: "U5-3.3.2.3.6", "the Will": "U5-3.1.3.2.7" },
  },
  {
    id: 0x0b,
    name: "Subscription Identifier",
    kind: "variable",
    statements: { PUBLISH: "U5-3.3.2.3.8", SUBSCRIBE: "U5-3.8.2.1.2" },
  },
  {
    id: 0x11,
    name: "Session Expiry Interval",
    kind: "uint32",
    statements: { CONNECT: "U5-3.1.2.11.2", CONNACK: "U5-3.2.2.3.2", DISCONNECT: "U5-3.14.2.2.2" },
    words: expiry,
  },
  {
    id: 0x12,
    name: "Assigned Client Identifier",
    kind: "text",
    statements: { CONNACK: "U5-3.2.2.3.7" },
  },
  {
    id: 0x13,
    name: "Server Keep Alive",
    kind: "uint16",
    statements: { CONNACK: "U5-3.2.2.3.14" },
    words: seconds,
  },
  {
    id: 0x15,
    name: "Authentication Method",
    kind: "text",
    statements: { CONNECT: "U5-3.1.2.11.9", CONNACK: "U5-3.2.2.3.17", AUTH: "U5-3.15.2.2.2" },
  },
  {
    id: 0x16,
    name: "Authentication Data",
    kind: "binary",
    statements: { CONNECT: "U5-3.1.2.11.10", CONNACK: "U5-3.2.2.3.18", AUTH: "U5-3.15.2.2.3" },
  },
  {
    id: 0x17,
    name: "Request Problem Information",
    kind: "bit",
    statements: { CONNECT: "U5-3.1.2.11.7" },
    words: either("no", "yes"),
  },
  {
    id: 0x18,
    name: "Will Delay Interval",
    kind: "uint32",
    statements: { "the Will": "U5-3.1.3.2.2" },
    words: seconds,
  },
  {
    id: 0x19,
    name: "Request Response Information",
    kind: "bit",
    statements: { CONNECT: "U5-3.1.2.11.6" },
    words: either("no", "yes"),
  },
  { id: 0x1a, name: "Response Information", kind: "text", statements: { CONNACK: "U5-3.2.2.3.15" } },
  {
    id: 0x1c,
    name: "Server Reference",
    kind: "text",
    statements: { CONNACK: "U5-3.2.2.3.16", DISCONNECT: "U5-3.14.2.2.5" },
  },
  {
    id: 0x1f,
    name: "Reason String",
    kind: "text",
    statements: {
      CONNACK: "U5-3.2.2.3.9",
      "an acknowledgement": REASON_STRING,
      DISCONNECT: REASON_STRING,
      AUTH: REASON_STRING,
    },
  },
  {
    id: 0x21,
    name: "Receive Maximum",
    kind: "uint16",
    statements: { CONNECT: "U5-3.1.2.11.3", CONNACK: "U5-3.2.2.3.3" },
  },
  {
    id: 0x22,
    name: "Topic Alias Maximum",
    kind: "uint16",
    statements: { CONNECT: "U5-3.1.2.11.5", CONNACK: "U5-3.2.2.3.8" },
  },
  { id: 0x23, name: "Topic Alias", kind: "uint16", statements: { PUBLISH: "U5-3.3.2.3.4" } },
  { id: 0x24, name: "Maximum QoS", kind: "bit", statements: { CONNACK: "U5-3.2.2.3.4" } },
  {
    id: 0x25,
    name: "Retain Available",
    kind: "bit",
    statements: { CONNACK: "U5-3.2.2.3.5" },
    words: available,
  },
  {
    id: 0x26,
    name: "User Property",
    kind: "pair",
    statements: {
      CONNECT: GENERAL,
      "the Will": GENERAL,
      CONNACK: GENERAL,
      PUBLISH: GENERAL,
      "an acknowledgement": GENERAL,
      SUBSCRIBE: GENERAL,
      UNSUBSCRIBE: GENERAL,
      DISCONNECT: GENERAL,
      AUTH: GENERAL,
    },
  },
  {
    id: 0x27,
    name: "Maximum Packet Size",
    kind: "uint32",
    statements: { CONNECT: "U5-3.1.2.11.4", CONNACK: "U5-3.2.2.3.6" },
    words: (value) => `${value} bytes`,
  },
  {
    id: 0x28,
    name: "Wildcard Subscription Available",
    kind: "bit",
    statements: { CONNACK: "U5-3.2.2.3.11" },
    words: available,
  },
  {
    id: 0x29,
    name: "Subscription Identifier Available",
    kind: "bit",
    statements: { CONNACK: "U5-3.2.2.3.12" },
    words: available,
  },
  {
    id: 0x2a,
    name: "Shared Subscription Available",
    kind: "bit",
    statements: { CONNACK: "U5-3.2.2.3.13" },
    words: available,
  },
];

const byId = new Map(propertyRows.map((row) => [row.id, row]));

/** The property with this identifier; undefined when the standard has none. */
export function propertyRow(id: number): PropertyRow | undefined {
  return byId.get(id);
}

/** `CONNECT, CONNACK and DISCONNECT`: where a property may stand. */
export function homesOf({ statements }: PropertyRow): string {
  const homes = Object.keys(statements);
  const last = homes.pop() as string;
  return homes.length === 0 ? last : `${homes.join(", ")} and ${last}`;
}

/** A number as the property means it. */
export function numberText({ words }: PropertyRow, value: number): string {
  return words === undefined ? String(value) : words(value);
}

/** `"key": "value"` */
export function pairText(key: string, value: string): string {
  return `${quoted(key)}: ${quoted(value)}`;
}
