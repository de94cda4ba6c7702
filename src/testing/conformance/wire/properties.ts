/**
 * The properties of MQTT 5.0 (section 2.2.2.2): one table that writing and reading are driven by.
 */

import { concatBytes } from "#base";
import { binary, fourBytes, text, twoBytes, variableByteInteger } from "./bytes.ts";

export interface WireProperties {
  payloadFormatIndicator?: number;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** The one property besides User Property that may repeat (in PUBLISH). */
  subscriptionIdentifier?: readonly number[];
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  requestProblemInformation?: number;
  willDelayInterval?: number;
  requestResponseInformation?: number;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQos?: number;
  retainAvailable?: number;
  userProperty?: readonly (readonly [key: string, value: string])[];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: number;
  subscriptionIdentifierAvailable?: number;
  sharedSubscriptionAvailable?: number;
}

export type PropertyName = keyof WireProperties;
export type PropertyKind = "byte" | "two" | "four" | "variable" | "text" | "binary" | "pair";

/** Where a property may stand: the packets' names, and `WILL` for the will's own properties. */
type Place =
  | "CONNECT"
  | "WILL"
  | "CONNACK"
  | "PUBLISH"
  | "ACKNOWLEDGEMENT"
  | "SUBSCRIBE"
  | "UNSUBSCRIBE"
  | "DISCONNECT"
  | "AUTH";

interface PropertyRow {
  readonly id: number;
  readonly name: PropertyName;
  readonly kind: PropertyKind;
  readonly places: readonly Place[];
}

function row(id: number, name: PropertyName, kind: PropertyKind, ...places: Place[]): PropertyRow {
  return { id, name, kind, places };
}

export const properties: readonly PropertyRow[] = [
  row(0x01, "payloadFormatIndicator", "byte", "PUBLISH", "WILL"),
  row(0x02, "messageExpiryInterval", "four", "PUBLISH", "WILL"),
  row(0x03, "contentType", "text", "PUBLISH", "WILL"),
  row(0x08, "responseTopic", "text", "PUBLISH", "WILL"),
  row(0x09, "correlationData", "binary", "PUBLISH", "WILL"),
  row(0x0b, "subscriptionIdentifier", "variable", "PUBLISH", "SUBSCRIBE"),
  row(0x11, "sessionExpiryInterval", "four", "CONNECT", "CONNACK", "DISCONNECT"),
  row(0x12, "assignedClientIdentifier", "text", "CONNACK"),
  row(0x13, "serverKeepAlive", "two", "CONNACK"),
  row(0x15, "authenticationMethod", "text", "CONNECT", "CONNACK", "AUTH"),
  row(0x16, "authenticationData", "binary", "CONNECT", "CONNACK", "AUTH"),
  row(0x17, "requestProblemInformation", "byte", "CONNECT"),
  row(0x18, "willDelayInterval", "four", "WILL"),
  row(0x19, "requestResponseInformation", "byte", "CONNECT"),
  row(0x1a, "responseInformation", "text", "CONNACK"),
  row(0x1c, "serverReference", "text", "CONNACK", "DISCONNECT"),
  row(0x1f, "reasonString", "text", "CONNACK", "ACKNOWLEDGEMENT", "DISCONNECT", "AUTH"),
  row(0x21, "receiveMaximum", "two", "CONNECT", "CONNACK"),
  row(0x22, "topicAliasMaximum", "two", "CONNECT", "CONNACK"),
  row(0x23, "topicAlias", "two", "PUBLISH"),
  row(0x24, "maximumQos", "byte", "CONNACK"),
  row(0x25, "retainAvailable", "byte", "CONNACK"),
  row(
    0x26,
    "userProperty",
    "pair",
    "CONNECT",
    "WILL",
    "CONNACK",
    "PUBLISH",
    "ACKNOWLEDGEMENT",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "DISCONNECT",
    "AUTH",
  ),
  row(0x27, "maximumPacketSize", "four", "CONNECT", "CONNACK"),
  row(0x28, "wildcardSubscriptionAvailable", "byte", "CONNACK"),
  row(0x29, "subscriptionIdentifierAvailable", "byte", "CONNACK"),
  row(0x2a, "sharedSubscriptionAvailable", "byte", "CONNACK"),
];

/** The properties' bytes, in the table's order, with their length in front. */
export function writeProperties(values: WireProperties): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { id, name, kind } of properties) {
    const value = values[name];
    if (value === undefined) continue;
    const each = Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const one of each) parts.push(Uint8Array.of(id), writeValue(kind, one));
  }
  const body = concatBytes(parts);
  return concatBytes([variableByteInteger(body.length), body]);
}

function writeValue(kind: PropertyKind, value: unknown): Uint8Array {
  switch (kind) {
    case "byte":
      return Uint8Array.of(value as number);
    case "two":
      return twoBytes(value as number);
    case "four":
      return fourBytes(value as number);
    case "variable":
      return variableByteInteger(value as number);
    case "text":
      return text(value as string);
    case "binary":
      return binary(value as Uint8Array);
    case "pair": {
      const [key, content] = value as readonly [string, string];
      return concatBytes([text(key), text(content)]);
    }
  }
}
