/** Valid packets of all kinds, and ways to spoil them. Everything comes from one seed. */

import { type Random, utf8Encode } from "#base";
import {
  type ConnectPacket,
  type Packet,
  PacketType,
  ProtocolVersion,
  type Qos,
  ReasonCode,
  type SubscriptionRequest,
} from "#protocol";
import { connectPacket, encodeOrFail, publishPacket } from "../support/raw-client.ts";

const { MQTT_5_0 } = ProtocolVersion;
const TOPICS = ["a", "a/b", "a/b/c", "", "/", "x//y", "$SYS/a", "ä/€/𝄞", "long/".repeat(20)] as const;
const FILTERS = ["a/#", "+/b", "#", "a/b", "$share/g/a/+", "$SYS/#", "+", "/", "ä/€/#"] as const;
const CLIENT_IDS = ["", "a", "b", "c", "d", "ü"] as const;

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}

function topicName(random: Random): string {
  return pick(random, TOPICS) || "t";
}

const qos = (random: Random): Qos => random.below(3) as Qos;
const packetId = (random: Random): number => 1 + random.below(random.below(4) === 0 ? 65_535 : 8);
const one = (random: Random): boolean => random.below(2) === 0;

/** A CONNECT of `version` with all that it can have. */
export function anyConnect(random: Random, version: ProtocolVersion): ConnectPacket {
  const is5 = version === MQTT_5_0;
  const clientId = pick(random, CLIENT_IDS);
  const cleanStart = clientId === "" || version === ProtocolVersion.MQTT_3_1 ? true : one(random);
  const changes: Partial<ConnectPacket> = {
    clientId: version === ProtocolVersion.MQTT_3_1 ? clientId || "a" : clientId,
    cleanStart,
    keepAliveSeconds: random.below(3) * 30_000,
    ...(one(random)
      ? {
          will: {
            topicName: topicName(random),
            payload: random.bytes(random.below(20)),
            qos: qos(random),
            retain: one(random),
            properties: is5 ? { willDelayInterval: random.below(3), contentType: "will" } : {},
          },
        }
      : {}),
    ...(one(random) ? { userName: "user", password: random.bytes(5) } : {}),
    ...(is5
      ? {
          properties: {
            sessionExpiryInterval: random.below(3) * 100,
            receiveMaximum: 1 + random.below(20),
            topicAliasMaximum: random.below(5),
            requestProblemInformation: one(random),
            requestResponseInformation: one(random),
            userProperties: [["k", "v"]],
            ...(random.below(8) === 0 ? { maximumPacketSize: 1 + random.below(100) } : {}),
          },
        }
      : {}),
  };
  return connectPacket(version, changes);
}

/** Any packet that a client of `version` may send after CONNECT. */
function anyPacket(random: Random, version: ProtocolVersion): Packet {
  const is5 = version === MQTT_5_0;
  const properties = is5 && one(random) ? { userProperties: [["k", "v"]] as const, reasonString: "r" } : {};
  switch (random.below(16)) {
    case 0:
    case 1: {
      const subscriptions: SubscriptionRequest[] = Array.from({ length: 1 + random.below(3) }, () => ({
        topicFilter: pick(random, FILTERS),
        qos: qos(random),
        noLocal: false,
        retainAsPublished: is5 && one(random),
        retainHandling: is5 ? (random.below(3) as 0 | 1 | 2) : 0,
      }));
      const identifiers = is5 && one(random) ? { subscriptionIdentifiers: [1 + random.below(300)] } : {};
      return {
        type: PacketType.SUBSCRIBE,
        packetId: packetId(random),
        subscriptions,
        properties: identifiers,
      };
    }
    case 2:
      return {
        type: PacketType.UNSUBSCRIBE,
        packetId: packetId(random),
        topicFilters: [pick(random, FILTERS), pick(random, FILTERS)],
        properties: {},
      };
    case 3:
    case 4:
    case 5:
    case 6: {
      const type = pick(random, [
        PacketType.PUBACK,
        PacketType.PUBREC,
        PacketType.PUBREL,
        PacketType.PUBCOMP,
      ]);
      const reasonCode =
        is5 && random.below(4) === 0 && type < PacketType.PUBREL
          ? ReasonCode.QUOTA_EXCEEDED
          : ReasonCode.SUCCESS;
      return { type, packetId: packetId(random), reasonCode, properties };
    }
    case 7:
      return { type: PacketType.PINGREQ };
    case 8:
      if (random.below(4) !== 0) return { type: PacketType.PINGREQ };
      return { type: PacketType.DISCONNECT, reasonCode: is5 && one(random) ? 0x04 : 0x00, properties: {} };
    case 9:
      if (!is5) return { type: PacketType.PINGREQ };
      return {
        type: PacketType.AUTH,
        reasonCode: pick(random, [0x18, 0x19] as const),
        properties: { authenticationMethod: "m", authenticationData: random.bytes(3) },
      };
    default: {
      const level = qos(random);
      const alias = is5 && random.below(4) === 0 ? 1 + random.below(70) : 0;
      return publishPacket(
        alias !== 0 && one(random) ? "" : topicName(random),
        random.bytes(random.below(60)),
        {
          qos: level,
          retain: random.below(4) === 0,
          dup: level > 0 && one(random),
          packetId: level === 0 ? 0 : packetId(random),
          properties: is5
            ? {
                ...(alias === 0 ? {} : { topicAlias: alias }),
                ...(one(random) ? { messageExpiryInterval: random.below(100), contentType: "t" } : {}),
                ...(one(random) ? { responseTopic: "r", correlationData: random.bytes(4) } : {}),
                ...(one(random) ? { payloadFormatIndicator: true, userProperties: [["k", "v"]] } : {}),
              }
            : {},
        },
      );
    }
  }
}

/** `bytes` spoiled in one of many ways; sometimes not at all. */
function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  const result = [...bytes];
  const at = random.below(Math.max(1, result.length));
  switch (random.below(12)) {
    case 0:
      return bytes;
    case 1:
    case 2:
      result[at] = random.below(256);
      break;
    case 3:
      result[at] = (result[at] ?? 0) ^ (1 << random.below(8));
      break;
    case 4:
      return bytes.slice(0, at);
    case 5:
      result.splice(at, 1 + random.below(4));
      break;
    case 6:
      result.splice(at, 0, ...random.bytes(1 + random.below(4)));
      break;
    case 7:
      // The remaining length lies.
      result[1] = random.below(256);
      break;
    case 8:
      // Valid framing, spoiled body: what lies behind is judged by itself.
      for (let i = 0; i < 3; i++)
        result[2 + random.below(Math.max(1, result.length - 2))] = random.below(256);
      break;
    case 9:
      result[0] = random.below(256);
      break;
    case 10: {
      const pair = utf8Encode("\u0000\u{10FFFF}");
      result.splice(at, pair.length, ...pair);
      break;
    }
    case 11:
      return random.bytes(1 + random.below(40));
  }
  return Uint8Array.from(result);
}

/** A spoiled packet of `version`. */
export function spoiledPacket(random: Random, version: ProtocolVersion): Uint8Array {
  return mutate(random, encodeOrFail(anyPacket(random, version), version));
}

export function spoiledConnect(random: Random, version: ProtocolVersion): Uint8Array {
  return mutate(random, encodeOrFail(anyConnect(random, version), version));
}
