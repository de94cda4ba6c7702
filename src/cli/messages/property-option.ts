/**
 * `-D command name value`, and `-D command user-property key value`: the properties of MQTT 5.0 by their names with dashes.
 */

import { utf8Encode } from "#base";
import type { Properties, UserProperty } from "#protocol";
import { type MessageSettings, type PropertySettings, UsageError } from "./settings.ts";

type Kind = "flag" | "integer16" | "integer32" | "text" | "bytes" | "pair";

const kinds: Readonly<Record<string, readonly [keyof Properties, Kind]>> = {
  "payload-format-indicator": ["payloadFormatIndicator", "flag"],
  "message-expiry-interval": ["messageExpiryInterval", "integer32"],
  "content-type": ["contentType", "text"],
  "response-topic": ["responseTopic", "text"],
  "correlation-data": ["correlationData", "bytes"],
  "session-expiry-interval": ["sessionExpiryInterval", "integer32"],
  "authentication-method": ["authenticationMethod", "text"],
  "authentication-data": ["authenticationData", "bytes"],
  "request-problem-information": ["requestProblemInformation", "flag"],
  "request-response-information": ["requestResponseInformation", "flag"],
  "will-delay-interval": ["willDelayInterval", "integer32"],
  "receive-maximum": ["receiveMaximum", "integer16"],
  "topic-alias-maximum": ["topicAliasMaximum", "integer16"],
  "topic-alias": ["topicAlias", "integer16"],
  "maximum-packet-size": ["maximumPacketSize", "integer32"],
  "user-property": ["userProperties", "pair"],
};

const message = [
  "payload-format-indicator",
  "message-expiry-interval",
  "content-type",
  "response-topic",
  "correlation-data",
  "user-property",
];

const allowed: Readonly<Record<keyof PropertySettings, readonly string[]>> = {
  connect: [
    "session-expiry-interval",
    "authentication-method",
    "authentication-data",
    "request-problem-information",
    "request-response-information",
    "receive-maximum",
    "topic-alias-maximum",
    "maximum-packet-size",
    "user-property",
  ],
  publish: [...message, "topic-alias"],
  subscribe: ["user-property"],
  unsubscribe: ["user-property"],
  disconnect: ["session-expiry-interval", "user-property"],
  will: [...message, "will-delay-interval"],
};

const commandsWithoutUse = ["auth", "puback", "pubrec", "pubrel", "pubcomp", "suback", "unsuback"];

/** The words behind `-D`, from `at` on. Returns how many belong to it. @throws UsageError */
export function readProperty(settings: MessageSettings, words: readonly string[], at: number): number {
  const [command = "", name = "", first, second] = words.slice(at, at + 4);
  if (first === undefined) throw notEnough();
  const lower = command.toLowerCase();
  if (lower === "subscribe" && name === "subscription-identifier")
    throw refused(name, command, "Martlet's client numbers its subscriptions itself");
  if (commandsWithoutUse.includes(lower))
    throw refused(name, command, "mosquitto's tools do not send it either");
  if (!Object.hasOwn(allowed, lower))
    throw new UsageError(`Error: Invalid command ${command} given in --property argument.\n`);
  const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (known === undefined)
    throw new UsageError(`Error: Invalid property name ${name} given in --property argument.\n`);
  const packet = lower as keyof PropertySettings;
  if (!allowed[packet].includes(name)) {
    throw new UsageError(`Error: ${name} property not allowed for ${command} in --property argument.\n`);
  }
  const [property, kind] = known;
  const properties = settings.properties[packet] as { -readonly [Key in keyof Properties]: Properties[Key] };
  if (kind === "pair") {
    if (second === undefined) throw notEnough();
    const pair: UserProperty = [first, second];
    properties.userProperties = [...(properties.userProperties ?? []), pair];
    return 4;
  }
  Object.assign(properties, { [property]: valueOf(kind, name, first) });
  return 3;
}

function valueOf(kind: Exclude<Kind, "pair">, name: string, text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "bytes":
      return utf8Encode(text);
    case "flag":
      return integer(name, text, 1) === 1;
    case "integer16":
      return integer(name, text, 0xffff);
    case "integer32":
      return integer(name, text, 0xffff_ffff);
  }
}

function integer(name: string, text: string, highest: number): number {
  const value = /^\s*(0x[0-9a-f]+|-?\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new UsageError(`Error: Property value '${text}' not a number.\n`);
  if (value < 0 || value > highest) {
    throw new UsageError(`Error: Property value (${text}) out of range for property ${name}.\n`);
  }
  return value;
}

function notEnough(): UsageError {
  return new UsageError("Error: --property argument given but not enough arguments specified.\n");
}

function refused(name: string, command: string, why: string): UsageError {
  return new UsageError(
    `Error: ${name} property not supported for ${command} in --property argument.\n${why}.\n`,
  );
}
