/**
 * The options of `martlet encode` as the JSON of a packet: one place for what a packet may be made of, `#inspect`, judges both.
 */

import { ConfigError } from "#base";
import { type PacketTypeName, propertyKinds, propertyNames } from "#inspect";
import type { ProtocolVersion } from "#protocol";
import type { Option, Options } from "../options.ts";

const LARGEST = { bit: 1, flag: 1, uint16: 0xffff, uint32: 0xffff_ffff, identifiers: 268_435_455 } as const;

/** Options that stand for fields of packets. */
export const fieldOptions = {
  "client-id": {
    kind: "texts",
    short: "i",
    placeholder: "<id>",
    help: "CONNECT: Client Identifier. Default: empty.",
  },
  "keep-session": { kind: "switch", help: "CONNECT: Clean Start or Clean Session 0. Default: 1." },
  "keep-alive": {
    kind: "integer",
    short: "k",
    placeholder: "<s>",
    lowest: 0,
    highest: 0xffff,
    help: "CONNECT: Keep Alive in seconds. Default 60.",
  },
  username: { kind: "texts", short: "u", placeholder: "<name>", help: "CONNECT: User Name." },
  password: { kind: "texts", short: "P", placeholder: "<text>", help: "CONNECT: Password." },
  "will-topic": { kind: "texts", placeholder: "<topic>", help: "CONNECT: Will Topic; makes the will." },
  "will-payload": { kind: "texts", placeholder: "<text>", help: "CONNECT: Will Payload. Default: empty." },
  "will-qos": {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: 2,
    help: "CONNECT: Will QoS. Default 0.",
  },
  "will-retain": { kind: "switch", help: "CONNECT: Will Retain 1." },
  topic: {
    kind: "texts",
    short: "t",
    placeholder: "<topic>",
    help: "PUBLISH: Topic Name. SUBSCRIBE and UNSUBSCRIBE: Topic Filter; may be given several times.",
  },
  payload: { kind: "texts", short: "m", placeholder: "<text>", help: "PUBLISH: payload. Default: empty." },
  "payload-hex": { kind: "texts", placeholder: "<hex>", help: "PUBLISH: payload, as bytes." },
  qos: {
    kind: "integer",
    short: "q",
    placeholder: "<n>",
    lowest: 0,
    highest: 2,
    help: "PUBLISH: QoS. SUBSCRIBE: Maximum QoS of all filters. Default 0.",
  },
  retain: { kind: "switch", short: "r", help: "PUBLISH: RETAIN 1." },
  dup: { kind: "switch", help: "PUBLISH: DUP 1." },
  "no-local": { kind: "switch", help: "SUBSCRIBE: No Local 1." },
  "retain-as-published": { kind: "switch", help: "SUBSCRIBE: Retain As Published 1." },
  "retain-handling": {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: 2,
    help: "SUBSCRIBE: Retain Handling. Default 0.",
  },
  "packet-id": {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 0xffff,
    help: "Packet Identifier of packets that have one. Default 1.",
  },
  "session-present": { kind: "switch", help: "CONNACK: Session Present 1." },
  "reason-code": {
    kind: "texts",
    placeholder: "<code>",
    help: "Reason Code, like 0x87 or 135. SUBACK and UNSUBACK: one for each filter. Default 0.",
  },
} as const satisfies Options;

/** An option for each property of 5.0. */
export const propertyOptions: Options = Object.fromEntries(
  Object.entries(propertyKinds).map(([name, kind]) => [optionOf(name), propertyOption(name, kind)]),
);

function propertyOption(name: string, kind: (typeof propertyKinds)[keyof typeof propertyKinds]): Option {
  const help = `Property of ${homesOf(name)}, in 5.0.`;
  switch (kind) {
    case "text":
    case "bytes":
      return { kind: "texts", placeholder: "<text>", help };
    case "pairs":
      return { kind: "texts", placeholder: "<key=value>", help: `${help} May be given several times.` };
    case "identifiers":
    case "bit":
    case "flag":
    case "uint16":
    case "uint32": {
      const lowest = kind === "identifiers" ? 1 : 0;
      return { kind: "integer", placeholder: "<n>", lowest, highest: LARGEST[kind], help };
    }
  }
}

/** `CONNECT, CONNACK, DISCONNECT`: where the property may stand. Of a will only the delay has an option. */
function homesOf(property: string): string {
  if (property === "userProperties") return "all packets but PINGREQ and PINGRESP";
  if (property === "willDelayInterval") return "the will in CONNECT";
  const homes = Object.entries(propertyNames).filter(
    ([home, names]) => home !== "will" && (names as readonly string[]).includes(property),
  );
  return homes
    .map(([home]) => (home === "acknowledgement" ? "acknowledgements" : home.toUpperCase()))
    .join(", ");
}

/** `session-expiry-interval`; lists have the name of one. */
function optionOf(property: string): string {
  const singular = property.replace(/Properties$/, "Property").replace(/Identifiers$/, "Identifier");
  return singular.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The option for a place in the JSON, for errors. */
export function placeOption(path: readonly string[]): string {
  const place = path
    .filter((part) => part !== "properties")
    .join(".")
    .replace(/\[\d+\]/, "");
  const own: Readonly<Record<string, string>> = {
    type: "<packet>",
    topicName: "--topic",
    subscriptions: "--topic",
    "subscriptions.topicFilter": "--topic",
    topicFilters: "--topic",
    reasonCodes: "--reason-code",
    "will.topicName": "--will-topic",
    userName: "--username",
    keepAliveSeconds: "--keep-alive",
  };
  return own[place] ?? `--${optionOf(path.at(-1) ?? "packet")}`;
}

export type GivenValues = Readonly<Record<string, boolean | number | readonly string[] | undefined>>;

/** @throws ConfigError for an option that is not for packets of `type`, or is given twice */
export function jsonOfOptions(type: PacketTypeName, version: ProtocolVersion, values: GivenValues): unknown {
  const taken = new Taken(values);
  const json: Record<string, unknown> = { type, ...fieldsOf(type, taken) };
  const properties: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(propertyKinds)) {
    const option = optionOf(name);
    if (values[option] === undefined) continue;
    const isWill = type === "connect" && name === "willDelayInterval";
    const value = propertyValue(kind, option, taken);
    if (!isWill) properties[name] = value;
    else if (isObject(json["will"])) json["will"]["properties"] = { [name]: value };
    else throw new ConfigError(`--${option}`, "it belongs to a will; add --will-topic.");
    if (version !== 5)
      throw new ConfigError(`--${option}`, "properties exist in MQTT 5.0 only; add --protocol 5.");
  }
  if (Object.keys(properties).length > 0) json["properties"] = properties;
  taken.refuseOthers(type);
  return json;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The values that were given, and which of them were asked for. */
class Taken {
  readonly #values: GivenValues;
  readonly #names = new Set<string>();

  constructor(values: GivenValues) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const all = this.texts(name);
    if (all !== undefined && all.length > 1) throw new ConfigError(`--${name}`, "it is given twice.");
    return all?.[0];
  }

  texts(name: string): readonly string[] | undefined {
    this.#names.add(name);
    return this.#values[name] as readonly string[] | undefined;
  }

  number(name: string): number | undefined {
    this.#names.add(name);
    return this.#values[name] as number | undefined;
  }

  flag(name: string): boolean {
    this.#names.add(name);
    return this.#values[name] === true;
  }

  refuseOthers(type: PacketTypeName): void {
    for (const name of [...Object.keys(fieldOptions), ...Object.keys(propertyOptions)]) {
      if (this.#values[name] === undefined || this.#names.has(name)) continue;
      throw new ConfigError(`--${name}`, `${type.toUpperCase()} has no such field.`);
    }
  }
}

function fieldsOf(type: PacketTypeName, taken: Taken): Record<string, unknown> {
  switch (type) {
    case "connect":
      return {
        clientId: taken.text("client-id"),
        cleanStart: !taken.flag("keep-session"),
        keepAliveSeconds: taken.number("keep-alive"),
        userName: taken.text("username"),
        password: taken.text("password"),
        will: willOf(taken),
      };
    case "connack":
      return { sessionPresent: taken.flag("session-present"), reasonCode: taken.text("reason-code") };
    case "publish":
      return {
        topicName: taken.text("topic"),
        payload: payloadOf(taken),
        qos: taken.number("qos"),
        retain: taken.flag("retain"),
        dup: taken.flag("dup"),
        packetId: taken.number("packet-id"),
      };
    case "subscribe":
      return { packetId: taken.number("packet-id"), subscriptions: subscriptionsOf(taken) };
    case "unsubscribe":
      return { packetId: taken.number("packet-id"), topicFilters: taken.texts("topic") };
    case "suback":
    case "unsuback":
      return { packetId: taken.number("packet-id"), reasonCodes: taken.texts("reason-code") };
    case "puback":
    case "pubrec":
    case "pubrel":
    case "pubcomp":
      return { packetId: taken.number("packet-id"), reasonCode: taken.text("reason-code") };
    case "disconnect":
    case "auth":
      return { reasonCode: taken.text("reason-code") };
    case "pingreq":
    case "pingresp":
      return {};
  }
}

function willOf(taken: Taken): Record<string, unknown> | undefined {
  const topicName = taken.text("will-topic");
  const others = {
    payload: taken.text("will-payload"),
    qos: taken.number("will-qos"),
    retain: taken.flag("will-retain"),
  };
  if (topicName !== undefined) return { topicName, ...others };
  const [given] = Object.entries(others).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (given === undefined) return undefined;
  throw new ConfigError(`--will-${given}`, "it belongs to a will; add --will-topic.");
}

function payloadOf(taken: Taken): unknown {
  const text = taken.text("payload");
  const hex = taken.text("payload-hex");
  if (text !== undefined && hex !== undefined) {
    throw new ConfigError("--payload-hex", "it contradicts --payload; give one of them.");
  }
  if (hex === undefined) return text;
  if (/^([0-9a-f]{2}\s*)*$/i.test(hex)) return { hex };
  throw new ConfigError("--payload-hex", `"${hex}" is no hex; give two digits for each byte.`);
}

function subscriptionsOf(taken: Taken): unknown {
  const options = {
    qos: taken.number("qos"),
    noLocal: taken.flag("no-local"),
    retainAsPublished: taken.flag("retain-as-published"),
    retainHandling: taken.number("retain-handling"),
  };
  return taken.texts("topic")?.map((topicFilter) => ({ topicFilter, ...options }));
}

function propertyValue(kind: string, option: string, taken: Taken): unknown {
  switch (kind) {
    case "flag":
      return taken.number(option) === 1;
    case "identifiers":
      return [taken.number(option)];
    case "pairs":
      return taken.texts(option)?.map((pair) => {
        const at = pair.indexOf("=");
        if (at >= 0) return [pair.slice(0, at), pair.slice(at + 1)];
        throw new ConfigError(`--${option}`, `"${pair}" has no =; write key=value.`);
      });
    case "text":
    case "bytes":
      return taken.text(option);
    default:
      return taken.number(option);
  }
}
