/** What only the encoder does: refuse, give way to the receiver's limit, and write straight into slabs. */

import { describe, expect, test } from "vitest";
import { EMPTY_BYTES, toHex, utf8Encode } from "#base";
import { decodePacket } from "./decode/packet.ts";
import { writeAcknowledgement } from "./encode/acknowledgement.ts";
import { encodePacket } from "./encode/packet.ts";
import {
  encodePublishProperties,
  NO_PROPERTIES,
  publishPropertiesLength,
  publishRemainingLength,
  writePublishHead,
  writePublishProperties,
} from "./encode/publish.ts";
import { fixedHeaderSize } from "./fixed-header.ts";
import {
  type ConnectPacket,
  type Packet,
  PacketType,
  type PublishPacket,
  type SubscribePacket,
  type SubscriptionRequest,
} from "./packet.ts";
import { packetBytes } from "./packet-notation.ts";
import type { PublishProperties } from "./property.ts";
import { NO_EXPIRY } from "./publish-view.ts";
import { ReasonCode } from "./reason-code.ts";
import { ProtocolVersion } from "./version.ts";
import { InvalidPacketError } from "./wire-error.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

const publish: PublishPacket = {
  type: PacketType.PUBLISH,
  topicName: "a",
  payload: EMPTY_BYTES,
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  properties: {},
};
const connect: ConnectPacket = {
  type: PacketType.CONNECT,
  protocolVersion: MQTT_5_0,
  isBridge: false,
  clientId: "a",
  cleanStart: true,
  keepAliveSeconds: 0,
  properties: {},
};
const request: SubscriptionRequest = {
  topicFilter: "a",
  qos: 0,
  noLocal: false,
  retainAsPublished: false,
  retainHandling: 0,
};
const subscribe: SubscribePacket = {
  type: PacketType.SUBSCRIBE,
  packetId: 1,
  subscriptions: [request],
  properties: {},
};
const long = "x".repeat(65_536);

describe("refuses what the wire cannot carry", () => {
  const rows: readonly (readonly [string, Packet, ProtocolVersion?])[] = [
    ["a long topic", { ...publish, topicName: long }],
    ["an empty topic", { ...publish, topicName: "" }],
    [
      "an empty topic in 3.x, alias or not",
      { ...publish, topicName: "", properties: { topicAlias: 1 } },
      MQTT_3_1_1,
    ],
    ["a wildcard in a topic", { ...publish, topicName: "a/#" }],
    ["U+0000 in a topic", { ...publish, topicName: "a\0" }],
    ["a lone surrogate", { ...publish, topicName: "\ud800" }],
    ["packet identifier 0", { ...publish, qos: 1 }],
    ["packet identifier 65,536", { ...publish, qos: 1, packetId: 65_536 }],
    ["a packet identifier at QoS 0", { ...publish, packetId: 1 }],
    ["DUP at QoS 0", { ...publish, dup: true }],
    ["topic alias 0", { ...publish, properties: { topicAlias: 0 } }],
    ["topic alias 65,536", { ...publish, properties: { topicAlias: 65_536 } }],
    ["a negative expiry", { ...publish, properties: { messageExpiryInterval: -1 } }],
    ["half a second", { ...publish, properties: { messageExpiryInterval: 0.5 } }],
    ["subscription identifier 0", { ...publish, properties: { subscriptionIdentifiers: [0] } }],
    [
      "a large subscription identifier",
      { ...publish, properties: { subscriptionIdentifiers: [268_435_456] } },
    ],
    ["a wildcard response topic", { ...publish, properties: { responseTopic: "a/+" } }],
    ["long correlation data", { ...publish, properties: { correlationData: new Uint8Array(65_536) } }],
    ["a long user property", { ...publish, properties: { userProperties: [["k", long]] } }],
    ["a large payload", { ...publish, payload: new Uint8Array(268_435_455) }],
    ["receive maximum 0", { ...connect, properties: { receiveMaximum: 0 } }],
    ["maximum packet size 0", { ...connect, properties: { maximumPacketSize: 0 } }],
    ["authentication data alone", { ...connect, properties: { authenticationData: EMPTY_BYTES } }],
    ["a bridge of 5.0", { ...connect, isBridge: true }],
    ["a large keep alive", { ...connect, keepAliveSeconds: 65_536 }],
    ["a long password", { ...connect, password: new Uint8Array(65_536) }],
    ["a password alone in 3.1.1", { ...connect, protocolVersion: MQTT_3_1_1, password: EMPTY_BYTES }],
    ["no client identifier in 3.1", { ...connect, protocolVersion: MQTT_3_1, clientId: "" }],
    [
      "no client identifier to keep",
      { ...connect, protocolVersion: MQTT_3_1_1, clientId: "", cleanStart: false },
    ],
    [
      "a will to a filter",
      { ...connect, will: { topicName: "#", payload: EMPTY_BYTES, qos: 0, retain: false, properties: {} } },
    ],
    ["a subscription to nothing", { ...subscribe, subscriptions: [] }],
    ["a bad filter", { ...subscribe, subscriptions: [{ ...request, topicFilter: "a#" }] }],
    ["a bad share name", { ...subscribe, subscriptions: [{ ...request, topicFilter: "$share/+/a" }] }],
    [
      "no local on a shared subscription",
      { ...subscribe, subscriptions: [{ ...request, topicFilter: "$share/g/a", noLocal: true }] },
    ],
    ["two subscription identifiers", { ...subscribe, properties: { subscriptionIdentifiers: [1, 2] } }],
    [
      "an unsubscription from nothing",
      { type: PacketType.UNSUBSCRIBE, packetId: 1, topicFilters: [], properties: {} },
    ],
    ["a foreign reason code", { type: PacketType.PUBACK, packetId: 1, reasonCode: 0x8e, properties: {} }],
    [
      "a foreign CONNACK code",
      { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x8e, properties: {} },
    ],
    [
      "a refusal with a session",
      { type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0x87, properties: {} },
    ],
    [
      "maximum QoS 2",
      { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: { maximumQos: 2 as 1 } },
    ],
    ["AUTH in 3.1.1", { type: PacketType.AUTH, reasonCode: 0x18, properties: {} }, MQTT_3_1_1],
    ["AUTH without a method", { type: PacketType.AUTH, reasonCode: 0x18, properties: {} }],
  ];
  for (const [what, packet, version = MQTT_5_0] of rows) {
    test(`${what}`, () => {
      expect(() => encodePacket(packet, version)).toThrow(InvalidPacketError);
    });
  }
});

describe("the receiver's Maximum Packet Size", () => {
  const properties = { reasonString: "because", userProperties: [["key", "value"]] as const };
  const packets: readonly Packet[] = [
    { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87, properties },
    { type: PacketType.PUBACK, packetId: 1, reasonCode: 0x87, properties },
    { type: PacketType.PUBREC, packetId: 1, reasonCode: 0x87, properties },
    { type: PacketType.PUBREL, packetId: 1, reasonCode: 0x92, properties },
    { type: PacketType.PUBCOMP, packetId: 1, reasonCode: 0x92, properties },
    { type: PacketType.SUBACK, packetId: 1, reasonCodes: [0x87], properties },
    { type: PacketType.UNSUBACK, packetId: 1, reasonCodes: [0x87], properties },
    { type: PacketType.DISCONNECT, reasonCode: 0x87, properties },
    { type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationMethod: "M", ...properties } },
  ];

  test.each(packets)("type $type drops User Properties, then the Reason String, then gives up", (packet) => {
    const propertiesWithin = (size: number): object | undefined => {
      const bytes = encodePacket(packet, MQTT_5_0, size);
      if (bytes === undefined) return undefined;
      expect(bytes.length).toBeLessThanOrEqual(size);
      const decoded = decodePacket(bytes, MQTT_5_0, "client");
      return "properties" in decoded ? decoded.properties : {};
    };
    const whole = encodePacket(packet, MQTT_5_0)?.length ?? 0;
    expect(propertiesWithin(whole)).toHaveProperty("userProperties");
    const withReason = propertiesWithin(whole - 1);
    expect(withReason).not.toHaveProperty("userProperties");
    expect(withReason).toHaveProperty("reasonString");
    const bare = propertiesWithin(whole - 13 - 1);
    expect(bare).not.toHaveProperty("reasonString");
    expect(propertiesWithin(2)).toBeUndefined();
  });

  test("a PUBLISH keeps its User Properties or is not sent", () => {
    const packet: Packet = { ...publish, properties: { userProperties: [["key", "value"]] } };
    expect(encodePacket(packet, MQTT_5_0, 19)).toHaveLength(19);
    expect(encodePacket(packet, MQTT_5_0, 18)).toBeUndefined();
    expect(encodePacket(publish, MQTT_3_1_1, 4)).toBeUndefined();
  });
});

describe("writeAcknowledgement", () => {
  test.each([
    [PacketType.PUBACK, ReasonCode.SUCCESS, MQTT_5_0, "40 02 01 02"],
    [PacketType.PUBREC, ReasonCode.NO_MATCHING_SUBSCRIBERS, MQTT_5_0, "50 03 01 02 10"],
    [PacketType.PUBREL, ReasonCode.SUCCESS, MQTT_3_1, "62 02 01 02"],
    [PacketType.PUBCOMP, ReasonCode.PACKET_IDENTIFIER_NOT_FOUND, MQTT_5_0, "70 03 01 02 92"],
    [PacketType.PUBACK, ReasonCode.NOT_AUTHORIZED, MQTT_3_1_1, "40 02 01 02"],
  ])("type %i, reason %i, version %i", (type, reasonCode, version, hex) => {
    const slab = new Uint8Array(16).fill(0xee);
    const end = writeAcknowledgement(slab, 3, type, 0x0102, reasonCode, version);
    expect(toHex(slab.subarray(3, end))).toBe(hex);
    expect(slab[end]).toBe(0xee);
  });
});

describe("the pieces of PUBLISH", () => {
  function write(
    topic: string,
    packetId: number,
    expiry: number,
    alias: number,
    ids: readonly number[] | undefined,
    properties: PublishProperties,
  ): Uint8Array {
    const topicBytes = utf8Encode(topic);
    const raw = encodePublishProperties(properties);
    const propertiesLength = publishPropertiesLength(expiry, alias, ids, raw.length);
    const remaining = publishRemainingLength(topicBytes.length, packetId !== 0, propertiesLength, 2);
    const slab = new Uint8Array(300);
    let at = writePublishHead(slab, 1, packetId === 0 ? 0x30 : 0x32, remaining, topicBytes, packetId);
    at = writePublishProperties(slab, at, propertiesLength, expiry, alias, ids, raw);
    slab.set(utf8Encode("hi"), at);
    expect(at + 2).toBe(1 + fixedHeaderSize(remaining) + remaining);
    return slab.slice(1, at + 2);
  }

  test.each([
    ["a", 0, NO_EXPIRY, 0, undefined, {}, "30 * 'a' [] 6869"],
    ["a", 7, NO_EXPIRY, 0, undefined, {}, "32 * 'a' 0007 [] 6869"],
    ["", 7, NO_EXPIRY, 5, undefined, {}, "32 * '' 0007 [23 0005] 6869"],
    [
      "a/b",
      65_535,
      0xffff_fffe,
      65_535,
      [1, 268_435_455],
      { contentType: "t" },
      "32 * 'a/b' ffff [02 fffffffe 23 ffff 0b 01 0b ffffff7f 03 't'] 6869",
    ],
    ["a", 0, 0, 0, [], { payloadFormatIndicator: true }, "30 * 'a' [02 00000000 01 01] 6869"],
    [
      "a",
      0,
      9,
      0,
      [128],
      { contentType: "x".repeat(120) },
      `30 * 'a' [02 00000009 0b 8001 03 '${"x".repeat(120)}'] 6869`,
    ],
  ])(
    "%j, id %i, expiry %i, alias %i, subscriptions %j",
    (topic, packetId, expiry, alias, ids, properties, notation) => {
      expect(write(topic, packetId, expiry, alias, ids, properties)).toEqual(packetBytes(notation));
    },
  );

  test("3.x has no property length", () => {
    expect(publishRemainingLength(1, false, NO_PROPERTIES, 0)).toBe(3);
    expect(publishRemainingLength(1, true, NO_PROPERTIES, 4)).toBe(9);
    expect(publishRemainingLength(1, false, 0, 0)).toBe(4);
  });
});
