/**
 * What properties and reason codes each packet may carry (2.2.2, 2.4), as small as a page wants it: one bit a packet. The
 * large tables of the broker say the same and also name the statements; a test compares the two.
 */

import type { Properties } from "../property.ts";
import { BINARY, BIT, BOOLEAN, PAIRS, TEXT, UINT16, UINT32, VARIABLES } from "./kinds.ts";
import {
  AUTH,
  CONNACK,
  CONNECT,
  DISCONNECT,
  PUBLISH,
  RECEIPT,
  RELEASE,
  SUBACK,
  SUBSCRIBE,
  UNSUBACK,
  WILL,
} from "./scopes.ts";

type Row = readonly [name: keyof Properties, kind: number, scopes: number];

const EVERYWHERE = 4095;

/** By identifier. */
export const propertyRows: Readonly<Record<number, Row>> = {
  0x01: ["payloadFormatIndicator", BOOLEAN, WILL | PUBLISH],
  0x02: ["messageExpiryInterval", UINT32, WILL | PUBLISH],
  0x03: ["contentType", TEXT, WILL | PUBLISH],
  0x08: ["responseTopic", TEXT, WILL | PUBLISH],
  0x09: ["correlationData", BINARY, WILL | PUBLISH],
  0x0b: ["subscriptionIdentifiers", VARIABLES, PUBLISH | SUBSCRIBE],
  0x11: ["sessionExpiryInterval", UINT32, CONNECT | CONNACK | DISCONNECT],
  0x12: ["assignedClientIdentifier", TEXT, CONNACK],
  0x13: ["serverKeepAlive", UINT16, CONNACK],
  0x15: ["authenticationMethod", TEXT, CONNECT | CONNACK | AUTH],
  0x16: ["authenticationData", BINARY, CONNECT | CONNACK | AUTH],
  0x17: ["requestProblemInformation", BOOLEAN, CONNECT],
  0x18: ["willDelayInterval", UINT32, WILL],
  0x19: ["requestResponseInformation", BOOLEAN, CONNECT],
  0x1a: ["responseInformation", TEXT, CONNACK],
  0x1c: ["serverReference", TEXT, CONNACK | DISCONNECT],
  0x1f: ["reasonString", TEXT, CONNACK | RECEIPT | RELEASE | SUBACK | UNSUBACK | DISCONNECT | AUTH],
  0x21: ["receiveMaximum", UINT16, CONNECT | CONNACK],
  0x22: ["topicAliasMaximum", UINT16, CONNECT | CONNACK],
  0x23: ["topicAlias", UINT16, PUBLISH],
  0x24: ["maximumQos", BIT, CONNACK],
  0x25: ["retainAvailable", BOOLEAN, CONNACK],
  0x26: ["userProperties", PAIRS, EVERYWHERE],
  0x27: ["maximumPacketSize", UINT32, CONNECT | CONNACK],
  0x28: ["wildcardSubscriptionAvailable", BOOLEAN, CONNACK],
  0x29: ["subscriptionIdentifierAvailable", BOOLEAN, CONNACK],
  0x2a: ["sharedSubscriptionAvailable", BOOLEAN, CONNACK],
};

/** Numbers that may not be 0. */
export const neverZero: readonly string[] = [
  "receiveMaximum",
  "topicAlias",
  "maximumPacketSize",
  "subscriptionIdentifiers",
];

/** By reason code: what a server may send it in. */
const successes: Readonly<Record<number, number>> = {
  0x00: CONNACK | RECEIPT | RELEASE | SUBACK | UNSUBACK | DISCONNECT | AUTH,
  0x01: SUBACK,
  0x02: SUBACK,
  0x10: RECEIPT,
  0x11: UNSUBACK,
  0x18: AUTH,
};

/** The same from 0x80 on. */
const refusals: readonly number[] = [
  CONNACK | RECEIPT | SUBACK | UNSUBACK | DISCONNECT,
  CONNACK | DISCONNECT,
  CONNACK | DISCONNECT,
  CONNACK | RECEIPT | SUBACK | UNSUBACK | DISCONNECT,
  CONNACK,
  CONNACK,
  CONNACK,
  CONNACK | RECEIPT | SUBACK | UNSUBACK | DISCONNECT,
  CONNACK,
  CONNACK | DISCONNECT,
  CONNACK,
  DISCONNECT,
  CONNACK | DISCONNECT,
  DISCONNECT,
  DISCONNECT,
  SUBACK | UNSUBACK | DISCONNECT,
  CONNACK | RECEIPT | DISCONNECT,
  RECEIPT | SUBACK | UNSUBACK,
  RELEASE,
  DISCONNECT,
  DISCONNECT,
  CONNACK | DISCONNECT,
  DISCONNECT,
  CONNACK | RECEIPT | SUBACK | DISCONNECT,
  DISCONNECT,
  CONNACK | RECEIPT | DISCONNECT,
  CONNACK | DISCONNECT,
  CONNACK | DISCONNECT,
  CONNACK | DISCONNECT,
  CONNACK | DISCONNECT,
  SUBACK | DISCONNECT,
  CONNACK | DISCONNECT,
  DISCONNECT,
  SUBACK | DISCONNECT,
  SUBACK | DISCONNECT,
];

/** Whether a server may say `reasonCode` in such a packet. */
export function mayServerSay(reasonCode: number, scope: number): boolean {
  return (((successes[reasonCode] ?? refusals[reasonCode - 0x80]) as number) & scope) !== 0;
}
