/** Properties in JSON: by the names of the model, `sessionExpiryInterval`, with bytes as texts or hex. */

import type { Properties, UserProperty } from "#protocol";
import { bytesToJson, type JsonObject } from "./json-value.ts";

type Kind = "flag" | "bit" | "uint16" | "uint32" | "identifiers" | "text" | "bytes" | "pairs";

/** Every property and what it is in JSON. */
export const propertyKinds: Readonly<Record<keyof Properties, Kind>> = {
  payloadFormatIndicator: "flag",
  messageExpiryInterval: "uint32",
  contentType: "text",
  responseTopic: "text",
  correlationData: "bytes",
  subscriptionIdentifiers: "identifiers",
  sessionExpiryInterval: "uint32",
  assignedClientIdentifier: "text",
  serverKeepAlive: "uint16",
  authenticationMethod: "text",
  authenticationData: "bytes",
  requestProblemInformation: "flag",
  willDelayInterval: "uint32",
  requestResponseInformation: "flag",
  responseInformation: "text",
  serverReference: "text",
  reasonString: "text",
  receiveMaximum: "uint16",
  topicAliasMaximum: "uint16",
  topicAlias: "uint16",
  maximumQos: "bit",
  retainAvailable: "flag",
  userProperties: "pairs",
  maximumPacketSize: "uint32",
  wildcardSubscriptionAvailable: "flag",
  subscriptionIdentifierAvailable: "flag",
  sharedSubscriptionAvailable: "flag",
};

const LARGEST_IDENTIFIER = 268_435_455;

/** The properties that a packet may carry, by names of the model. */
export type PropertyNames = readonly (keyof Properties)[];

const user: PropertyNames = ["userProperties"];
const reason: PropertyNames = ["reasonString", ...user];
const message: PropertyNames = [
  "payloadFormatIndicator",
  "messageExpiryInterval",
  "contentType",
  "responseTopic",
  "correlationData",
  ...user,
];

export const propertyNames = {
  connect: [
    "sessionExpiryInterval",
    "authenticationMethod",
    "authenticationData",
    "requestProblemInformation",
    "requestResponseInformation",
    "receiveMaximum",
    "topicAliasMaximum",
    "maximumPacketSize",
    ...user,
  ],
  will: [...message, "willDelayInterval"],
  connack: [
    "sessionExpiryInterval",
    "assignedClientIdentifier",
    "serverKeepAlive",
    "authenticationMethod",
    "authenticationData",
    "responseInformation",
    "serverReference",
    "receiveMaximum",
    "topicAliasMaximum",
    "maximumQos",
    "retainAvailable",
    "maximumPacketSize",
    "wildcardSubscriptionAvailable",
    "subscriptionIdentifierAvailable",
    "sharedSubscriptionAvailable",
    ...reason,
  ],
  publish: [...message, "topicAlias", "subscriptionIdentifiers"],
  acknowledgement: reason,
  subscribe: ["subscriptionIdentifiers", ...user],
  unsubscribe: user,
  disconnect: ["sessionExpiryInterval", "serverReference", ...reason],
  auth: ["authenticationMethod", "authenticationData", ...reason],
} as const satisfies Record<string, PropertyNames>;

/** @throws ConfigError for one that is not among `names`, or no value for its kind */
export function readProperties(object: JsonObject | undefined, names: PropertyNames): Properties {
  if (object === undefined) return {};
  const properties: Record<string, unknown> = {};
  for (const name of names) {
    const value = readValue(object, name, propertyKinds[name]);
    if (value !== undefined) properties[name] = value;
  }
  object.done();
  return properties;
}

function readValue(object: JsonObject, name: string, kind: Kind): unknown {
  switch (kind) {
    case "flag":
      return object.flag(name);
    case "bit":
      return object.integer(name, 0, 1);
    case "uint16":
      return object.integer(name, 0, 0xffff);
    case "uint32":
      return object.integer(name, 0, 0xffff_ffff);
    case "text":
      return object.text(name);
    case "bytes":
      return object.bytes(name);
    case "identifiers":
      return object.list(name)?.map((each) => {
        if (Number.isInteger(each) && (each as number) >= 1 && (each as number) <= LARGEST_IDENTIFIER)
          return each;
        throw object.refusal(name, `a list of whole numbers from 1 to ${LARGEST_IDENTIFIER}`);
      });
    case "pairs":
      return object.list(name)?.map((each) => {
        if (isPair(each)) return each;
        throw object.refusal(name, 'a list of pairs, [["key", "value"], ...]');
      });
  }
}

function isPair(value: unknown): value is UserProperty {
  return Array.isArray(value) && value.length === 2 && value.every((each) => typeof each === "string");
}

/** Properties for JSON; undefined when there are none. */
export function propertiesToJson(properties: Properties): Record<string, unknown> | undefined {
  const entries = Object.entries(properties).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? bytesToJson(value) : value,
  ]);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
