/**
 * Packets as JSON: the model of `#protocol` with the type and the version by name, and bytes as texts where they are texts.
 *
 *     { "type": "publish", "protocolVersion": "3.1.1", "topicName": "a/b", "payload": "21.5", "qos": 1, "packetId": 7 }
 *
 * What `packetToJson` writes, `packetFromJson` reads. The other way round, what is left out has a default.
 */

import { ConfigError } from "#base";
import {
  type ConnectPacket,
  type Packet,
  PacketType,
  type Properties,
  ProtocolVersion,
  type Qos,
  type ReasonCode,
  type RetainHandling,
  type SubscriptionRequest,
  versionName,
  type Will,
} from "#protocol";
import { bytesToJson, JsonObject, type NamePlace } from "./json-value.ts";
import { type PropertyNames, propertiesToJson, propertyNames, readProperties } from "./property-json.ts";

/** A packet and the version that it is written in. */
export interface VersionedPacket {
  readonly packet: Packet;
  readonly version: ProtocolVersion;
}

/** `connect`, `pingreq` … */
export type PacketTypeName = Lowercase<keyof typeof PacketType>;

/** The types of packets, by the names that JSON and the command line have for them. */
export const packetTypeNames = Object.keys(PacketType).map((name) => name.toLowerCase()) as PacketTypeName[];

const DEFAULT_KEEP_ALIVE_SECONDS = 60;

/** `packet` as a value for `JSON.stringify`. */
export function packetToJson(packet: Packet, version: ProtocolVersion): Record<string, unknown> {
  const { type, ...fields } = packet;
  const is5 = version === ProtocolVersion.MQTT_5_0;
  const json: Record<string, unknown> = {
    type: packetTypeNames[Object.values(PacketType).indexOf(type)],
    protocolVersion: versionName(version),
  };
  for (const [name, value] of Object.entries(fields)) {
    if (name === "protocolVersion" || (name === "packetId" && value === 0)) continue;
    if (name === "isBridge" && value === false) continue;
    if (name === "properties") {
      const properties = is5 ? propertiesToJson(value as Properties) : undefined;
      if (properties !== undefined) json[name] = properties;
    } else if (name === "will") json[name] = willToJson(value as Will, is5);
    else json[name] = value instanceof Uint8Array ? bytesToJson(value) : value;
  }
  return json;
}

function willToJson({ properties, payload, ...will }: Will, is5: boolean): Record<string, unknown> {
  const json = is5 ? propertiesToJson(properties) : undefined;
  return { ...will, payload: bytesToJson(payload), ...(json === undefined ? {} : { properties: json }) };
}

/**
 * The packet that `value` describes. `version` is for one that names none.
 *
 * @throws ConfigError whose `path` is the place, named by `name`
 */
export function packetFromJson(
  value: unknown,
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1,
  name: NamePlace = (path) => path.join(".") || "packet",
): VersionedPacket {
  const object = new JsonObject(value, [], name);
  const type = object.required("type", object.text("type"));
  const own = readVersion(object) ?? version;
  if (own !== ProtocolVersion.MQTT_5_0 && object.has("properties")) {
    throw new ConfigError(name(["properties"]), "properties exist in MQTT 5.0 only.");
  }
  const packet = new PacketReader(object, own, name).read(type);
  object.done();
  return { packet, version: own };
}

function readVersion(object: JsonObject): ProtocolVersion | undefined {
  const text = object.has("protocolVersion") ? String(object.text("protocolVersion")) : undefined;
  if (text === undefined) return undefined;
  const version = parseVersion(text);
  if (version === undefined) throw object.refusal("protocolVersion", '"3.1", "3.1.1" or "5.0"');
  return version;
}

/** `3.1`, `3.1.1`, `5.0` and `5`, or the levels 3 and 4. */
export function parseVersion(text: string): ProtocolVersion | undefined {
  return Object.values(ProtocolVersion).find((version) => {
    const name: string = versionName(version);
    return text === name || text === String(version);
  });
}

class PacketReader {
  readonly #object: JsonObject;
  readonly #version: ProtocolVersion;
  readonly #name: NamePlace;

  constructor(object: JsonObject, version: ProtocolVersion, name: NamePlace) {
    this.#object = object;
    this.#version = version;
    this.#name = name;
  }

  read(type: string): Packet {
    switch (type as PacketTypeName) {
      case "connect":
        return this.#connect();
      case "connack":
        return {
          type: PacketType.CONNACK,
          sessionPresent: this.#object.flag("sessionPresent") ?? false,
          reasonCode: this.#reasonCode(),
          properties: this.#properties(propertyNames.connack),
        };
      case "publish":
        return this.#publish();
      case "puback":
        return this.#acknowledgement(PacketType.PUBACK);
      case "pubrec":
        return this.#acknowledgement(PacketType.PUBREC);
      case "pubrel":
        return this.#acknowledgement(PacketType.PUBREL);
      case "pubcomp":
        return this.#acknowledgement(PacketType.PUBCOMP);
      case "subscribe":
        return {
          type: PacketType.SUBSCRIBE,
          packetId: this.#packetId(),
          subscriptions: this.#subscriptions(),
          properties: this.#properties(propertyNames.subscribe),
        };
      case "suback":
        return { type: PacketType.SUBACK, ...this.#codes() };
      case "unsubscribe":
        return {
          type: PacketType.UNSUBSCRIBE,
          packetId: this.#packetId(),
          topicFilters: this.#topicFilters(),
          properties: this.#properties(propertyNames.unsubscribe),
        };
      case "unsuback":
        return { type: PacketType.UNSUBACK, ...this.#codes() };
      case "pingreq":
        return { type: PacketType.PINGREQ };
      case "pingresp":
        return { type: PacketType.PINGRESP };
      case "disconnect":
        return {
          type: PacketType.DISCONNECT,
          reasonCode: this.#reasonCode(),
          properties: this.#properties(propertyNames.disconnect),
        };
      case "auth":
        return {
          type: PacketType.AUTH,
          reasonCode: this.#reasonCode(),
          properties: this.#properties(propertyNames.auth),
        };
      default:
        throw this.#object.refusal("type", `one of ${packetTypeNames.join(", ")}`);
    }
  }

  #properties(names: PropertyNames): Properties {
    return readProperties(this.#object.object("properties"), names);
  }

  #reasonCode(): ReasonCode {
    return (this.#object.code("reasonCode") ?? 0) as ReasonCode;
  }

  /** Without one it is 1: a packet alone needs no other. */
  #packetId(): number {
    return this.#object.integer("packetId", 1, 0xffff) ?? 1;
  }

  #connect(): ConnectPacket {
    const object = this.#object;
    const packet: ConnectPacket = {
      type: PacketType.CONNECT,
      protocolVersion: this.#version,
      isBridge: object.flag("isBridge") ?? false,
      clientId: object.text("clientId") ?? "",
      cleanStart: object.flag("cleanStart") ?? true,
      keepAliveSeconds: object.integer("keepAliveSeconds", 0, 0xffff) ?? DEFAULT_KEEP_ALIVE_SECONDS,
      properties: this.#properties(propertyNames.connect),
    };
    const will = this.#will();
    const userName = object.text("userName");
    const password = object.bytes("password");
    if (will !== undefined) packet.will = will;
    if (userName !== undefined) packet.userName = userName;
    if (password !== undefined) packet.password = password;
    return packet;
  }

  #will(): Will | undefined {
    const object = this.#object.object("will");
    if (object === undefined) return undefined;
    if (this.#version !== ProtocolVersion.MQTT_5_0 && object.has("properties")) {
      throw new ConfigError(this.#name(["will", "properties"]), "properties exist in MQTT 5.0 only.");
    }
    const will = {
      topicName: object.required("topicName", object.text("topicName")),
      payload: object.bytes("payload") ?? new Uint8Array(0),
      qos: (object.integer("qos", 0, 2) ?? 0) as Qos,
      retain: object.flag("retain") ?? false,
      properties: readProperties(object.object("properties"), propertyNames.will),
    };
    object.done();
    return will;
  }

  #publish(): Packet {
    const object = this.#object;
    const qos = (object.integer("qos", 0, 2) ?? 0) as Qos;
    const packetId = object.integer("packetId", 1, 0xffff);
    const properties = this.#properties(propertyNames.publish);
    const topicName = object.text("topicName");
    return {
      type: PacketType.PUBLISH,
      topicName:
        properties.topicAlias === undefined ? object.required("topicName", topicName) : (topicName ?? ""),
      payload: object.bytes("payload") ?? new Uint8Array(0),
      qos,
      retain: object.flag("retain") ?? false,
      dup: object.flag("dup") ?? false,
      packetId: packetId ?? (qos === 0 ? 0 : 1),
      properties,
    };
  }

  #acknowledgement(type: 4 | 5 | 6 | 7): Packet {
    return {
      type,
      packetId: this.#packetId(),
      reasonCode: this.#reasonCode(),
      properties: this.#properties(propertyNames.acknowledgement),
    };
  }

  #codes(): { packetId: number; reasonCodes: ReasonCode[]; properties: Properties } {
    return {
      packetId: this.#packetId(),
      reasonCodes: (this.#object.codes("reasonCodes") ?? []) as ReasonCode[],
      properties: this.#properties(propertyNames.acknowledgement),
    };
  }

  #subscriptions(): SubscriptionRequest[] {
    const objects = this.#object.required("subscriptions", this.#object.objects("subscriptions"));
    return objects.map((object) => {
      const subscription = {
        topicFilter: object.required("topicFilter", object.text("topicFilter")),
        qos: (object.integer("qos", 0, 2) ?? 0) as Qos,
        noLocal: object.flag("noLocal") ?? false,
        retainAsPublished: object.flag("retainAsPublished") ?? false,
        retainHandling: (object.integer("retainHandling", 0, 2) ?? 0) as RetainHandling,
      };
      object.done();
      return subscription;
    });
  }

  #topicFilters(): string[] {
    const list = this.#object.required("topicFilters", this.#object.list("topicFilters"));
    if (list.every((each) => typeof each === "string")) return [...list];
    throw this.#object.refusal("topicFilters", "a list of texts");
  }
}
