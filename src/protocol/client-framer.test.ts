/** The framer and the encoder of clients say the same as those for both sides. */

import { expect, test } from "vitest";
import { ClientFramer } from "./client-framer.ts";
import { decodePacket } from "./decode/packet.ts";
import { type ClientPacket, encodeClientPacket } from "./encode/client-packet.ts";
import { encodePacket } from "./encode/packet.ts";
import { type Packet, PacketType } from "./packet.ts";
import { ProtocolVersion } from "./version.ts";

const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const properties = { reasonString: "x" };

const toClients: Packet[] = [
  { type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0, properties },
  { type: PacketType.PUBACK, packetId: 1, reasonCode: 0x10, properties },
  { type: PacketType.PUBREC, packetId: 2, reasonCode: 0x87, properties: {} },
  { type: PacketType.PUBREL, packetId: 3, reasonCode: 0, properties: {} },
  { type: PacketType.PUBCOMP, packetId: 4, reasonCode: 0x92, properties: {} },
  { type: PacketType.SUBACK, packetId: 5, reasonCodes: [0, 0x87], properties },
  { type: PacketType.UNSUBACK, packetId: 6, reasonCodes: [0x11], properties },
  { type: PacketType.PINGRESP },
  { type: PacketType.DISCONNECT, reasonCode: 0x8e, properties },
  { type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationMethod: "m" } },
];

test("what a client receives", () => {
  const got: Packet[] = [];
  const framer = new ClientFramer(
    { onPublish: () => undefined, onPacket: (packet) => got.push(packet) },
    { version: MQTT_5_0 },
  );
  for (const packet of toClients) framer.push(encodePacket(packet, MQTT_5_0) as Uint8Array);
  expect(got).toEqual(
    toClients.map((packet) => decodePacket(encodePacket(packet, MQTT_5_0) as Uint8Array, MQTT_5_0, "client")),
  );
  for (const type of [PacketType.CONNECT, PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE, PacketType.PINGREQ]) {
    const own = new ClientFramer(
      { onPublish: () => undefined, onPacket: () => undefined },
      { version: MQTT_5_0 },
    );
    expect(() => own.push(Uint8Array.of(type << 4, 0)), `type ${type}`).toThrow(/a client accepts no packet/);
  }
});

const fromClients: ClientPacket[] = [
  {
    type: PacketType.CONNECT,
    protocolVersion: MQTT_5_0,
    isBridge: false,
    clientId: "c",
    cleanStart: true,
    keepAliveSeconds: 60,
    properties: { receiveMaximum: 5 },
  },
  {
    type: PacketType.SUBSCRIBE,
    packetId: 1,
    subscriptions: [
      { topicFilter: "a/+", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 1 },
    ],
    properties: { subscriptionIdentifiers: [7] },
  },
  { type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ["a", "b"], properties: {} },
  { type: PacketType.PINGREQ },
  { type: PacketType.DISCONNECT, reasonCode: 0x04, properties },
  { type: PacketType.AUTH, reasonCode: 0x19, properties: { authenticationMethod: "m" } },
];

test("what a client sends", () => {
  for (const packet of fromClients) {
    expect(encodeClientPacket(packet, MQTT_5_0)).toEqual(encodePacket(packet, MQTT_5_0));
  }
  const words = fromClients[4] as ClientPacket;
  expect(encodeClientPacket(words, MQTT_3_1_1)).toBeUndefined();
});
