/**
 * The table that drives the codec of properties (2.2.2.2): what each is on the wire, and which packet may carry it. The
 * in-place reader of PUBLISH (`decode/publish-properties.ts`) is the one place that does not read it.
 */

import type { Properties } from "./property.ts";

/** What a property's value is on the wire (1.5). */
export const PropertyKind = {
  /** One byte, 0 or 1. */
  BOOLEAN: 0,
  /** One byte, 0 or 1, that is a number in the model. */
  BIT: 1,
  UINT16: 2,
  UINT32: 3,
  VARIABLE: 4,
  TEXT: 5,
  BINARY: 6,
  PAIR: 7,
} as const;
export type PropertyKind = (typeof PropertyKind)[keyof typeof PropertyKind];

/** A row of the table. */
export interface PropertyDefinition {
  readonly id: number;
  readonly name: keyof Properties;
  readonly kind: PropertyKind;
}

const K = PropertyKind;

const LARGEST_ID = 0x2a;

const rows: readonly (readonly [id: number, name: keyof Properties, kind: PropertyKind])[] = [
  [0x01, "payloadFormatIndicator", K.BOOLEAN],
  [0x02, "messageExpiryInterval", K.UINT32],
  [0x03, "contentType", K.TEXT],
  [0x08, "responseTopic", K.TEXT],
  [0x09, "correlationData", K.BINARY],
  [0x0b, "subscriptionIdentifiers", K.VARIABLE],
  [0x11, "sessionExpiryInterval", K.UINT32],
  [0x12, "assignedClientIdentifier", K.TEXT],
  [0x13, "serverKeepAlive", K.UINT16],
  [0x15, "authenticationMethod", K.TEXT],
  [0x16, "authenticationData", K.BINARY],
  [0x17, "requestProblemInformation", K.BOOLEAN],
  [0x18, "willDelayInterval", K.UINT32],
  [0x19, "requestResponseInformation", K.BOOLEAN],
  [0x1a, "responseInformation", K.TEXT],
  [0x1c, "serverReference", K.TEXT],
  [0x1f, "reasonString", K.TEXT],
  [0x21, "receiveMaximum", K.UINT16],
  [0x22, "topicAliasMaximum", K.UINT16],
  [0x23, "topicAlias", K.UINT16],
  [0x24, "maximumQos", K.BIT],
  [0x25, "retainAvailable", K.BOOLEAN],
  [0x26, "userProperties", K.PAIR],
  [0x27, "maximumPacketSize", K.UINT32],
  [0x28, "wildcardSubscriptionAvailable", K.BOOLEAN],
  [0x29, "subscriptionIdentifierAvailable", K.BOOLEAN],
  [0x2a, "sharedSubscriptionAvailable", K.BOOLEAN],
];

/** The packet, or the will in CONNECT, that properties stand in. */
export interface PropertyScope {
  readonly packet: string;
  /** By identifier: what the packet may carry. */
  readonly definitions: readonly (PropertyDefinition | undefined)[];
  /** By identifier: the statement against sending it twice or out of its range. */
  readonly statements: readonly (string | undefined)[];
}

/** `statements` lists what the packet may carry. */
function scope(packet: string, statements: Readonly<Record<number, string>>): PropertyScope {
  const length = LARGEST_ID + 1;
  const definitions = Array.from<PropertyDefinition | undefined>({ length });
  const byId = Array.from<string | undefined>({ length });
  for (const [id, name, kind] of rows) {
    if (statements[id] === undefined) continue;
    definitions[id] = { id, name, kind };
    byId[id] = statements[id];
  }
  return { packet, definitions, statements: byId };
}

/** Where only the general rule speaks. */
const GENERAL = "U5-2.2.2.2";
/** Reason String, in all packets but CONNACK. */
const REASON_STRING = "U5-3.4.2.2.2";

export const connectScope: PropertyScope = scope("CONNECT", {
  0x11: "U5-3.1.2.11.2",
  0x15: "U5-3.1.2.11.9",
  0x16: "U5-3.1.2.11.10",
  0x17: "U5-3.1.2.11.7",
  0x19: "U5-3.1.2.11.6",
  0x21: "U5-3.1.2.11.3",
  0x22: "U5-3.1.2.11.5",
  0x26: GENERAL,
  0x27: "U5-3.1.2.11.4",
});

export const willScope: PropertyScope = scope("the will", {
  0x01: "U5-3.1.3.2.3",
  0x02: "U5-3.1.3.2.4",
  0x03: "U5-3.1.3.2.5",
  0x08: "U5-3.1.3.2.6",
  0x09: "U5-3.1.3.2.7",
  0x18: "U5-3.1.3.2.2",
  0x26: GENERAL,
});

export const connackScope: PropertyScope = scope("CONNACK", {
  0x11: "U5-3.2.2.3.2",
  0x12: "U5-3.2.2.3.7",
  0x13: "U5-3.2.2.3.14",
  0x15: "U5-3.2.2.3.17",
  0x16: "U5-3.2.2.3.18",
  0x1a: "U5-3.2.2.3.15",
  0x1c: "U5-3.2.2.3.16",
  0x1f: "U5-3.2.2.3.9",
  0x21: "U5-3.2.2.3.3",
  0x22: "U5-3.2.2.3.8",
  0x24: "U5-3.2.2.3.4",
  0x25: "U5-3.2.2.3.5",
  0x26: GENERAL,
  0x27: "U5-3.2.2.3.6",
  0x28: "U5-3.2.2.3.11",
  0x29: "U5-3.2.2.3.12",
  0x2a: "U5-3.2.2.3.13",
});

export const publishScope: PropertyScope = scope("PUBLISH", {
  0x01: GENERAL,
  0x02: GENERAL,
  0x03: "U5-3.3.2.3.9",
  0x08: "U5-3.3.2.3.5",
  0x09: "U5-3.3.2.3.6",
  0x0b: "U5-3.3.2.3.8",
  0x23: "U5-3.3.2.3.4",
  0x26: GENERAL,
});

/** PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK. */
export const acknowledgementScope: PropertyScope = scope("an acknowledgement", {
  0x1f: REASON_STRING,
  0x26: GENERAL,
});

export const subscribeScope: PropertyScope = scope("SUBSCRIBE", { 0x0b: "U5-3.8.2.1.2", 0x26: GENERAL });

export const unsubscribeScope: PropertyScope = scope("UNSUBSCRIBE", { 0x26: GENERAL });

export const disconnectScope: PropertyScope = scope("DISCONNECT", {
  0x11: "U5-3.14.2.2.2",
  0x1c: "U5-3.14.2.2.5",
  0x1f: REASON_STRING,
  0x26: GENERAL,
});

export const authScope: PropertyScope = scope("AUTH", {
  0x15: "U5-3.15.2.2.2",
  0x16: "U5-3.15.2.2.3",
  0x1f: REASON_STRING,
  0x26: GENERAL,
});
