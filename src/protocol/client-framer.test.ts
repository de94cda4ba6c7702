/** The codec of clients says the same as the one for both sides, of right packets and of wrong ones. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientFramer, type ClientFramerOptions } from "./client-framer.ts";
import { toPublishPacket } from "./decode/publish.ts";
import { encodePacket } from "./encode/packet.ts";
import { Framer } from "./framer.ts";
import { readTopicName } from "./lean/decode.ts";
import { type ClientPacket, encodeClientPacket } from "./lean/encode.ts";
import { type Packet, PacketType } from "./packet.ts";
import type { Properties } from "./property.ts";
import { ProtocolVersion } from "./version.ts";
import { InvalidPacketError, isWireError } from "./wire-error.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const versions = [MQTT_3_1, MQTT_3_1_1, MQTT_5_0] as const;

const everything: Properties = {
  payloadFormatIndicator: true,
  messageExpiryInterval: 4_000_000_000,
  contentType: "text/plain",
  responseTopic: "a/b",
  correlationData: Uint8Array.of(1, 2, 3),
  subscriptionIdentifiers: [1],
  sessionExpiryInterval: 0xffff_ffff,
  assignedClientIdentifier: "id",
  serverKeepAlive: 0,
  authenticationMethod: "m",
  authenticationData: Uint8Array.of(9),
  requestProblemInformation: false,
  willDelayInterval: 5,
  requestResponseInformation: true,
  responseInformation: "r",
  serverReference: "host:1883",
  reasonString: "süß",
  receiveMaximum: 7,
  topicAliasMaximum: 8,
  topicAlias: 3,
  maximumQos: 1,
  retainAvailable: false,
  userProperties: [
    ["k", "v"],
    ["k", "😀"],
  ],
  maximumPacketSize: 100_000,
  wildcardSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: false,
  sharedSubscriptionAvailable: true,
};

const { sessionExpiryInterval: _, ...ofServer } = everything;

/** Every packet of a server, without properties and with all that it may carry. */
function toClients(properties: Properties): Packet[] {
  return [
    { type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0, properties },
    { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87, properties },
    { type: PacketType.PUBACK, packetId: 1, reasonCode: 0x10, properties },
    { type: PacketType.PUBREC, packetId: 2, reasonCode: 0x87, properties },
    { type: PacketType.PUBREL, packetId: 3, reasonCode: 0, properties },
    { type: PacketType.PUBCOMP, packetId: 65_535, reasonCode: 0x92, properties },
    { type: PacketType.SUBACK, packetId: 5, reasonCodes: [0, 0x80], properties },
    { type: PacketType.UNSUBACK, packetId: 6, reasonCodes: [0x11], properties },
    { type: PacketType.PINGRESP },
    publish(0, properties),
    publish(1, properties),
    publish(2, { ...properties, subscriptionIdentifiers: [1, 300, 268_435_455] }),
  ];
}

const only5: Packet[] = [
  { type: PacketType.DISCONNECT, reasonCode: 0x8e, properties: ofServer },
  { type: PacketType.DISCONNECT, reasonCode: 0, properties: {} },
  { type: PacketType.AUTH, reasonCode: 0x18, properties: everything },
  { type: PacketType.AUTH, reasonCode: 0, properties: {} },
];

function publish(qos: 0 | 1 | 2, properties: Properties): Packet {
  const payload = Uint8Array.of(1, 2);
  const packetId = qos === 0 ? 0 : 9;
  return {
    type: PacketType.PUBLISH,
    topicName: "tö/pic",
    payload,
    qos,
    retain: true,
    dup: qos > 0,
    packetId,
    properties,
  };
}

/** What came of `bytes`: the packets, and the reason code of the fault that ended it. */
interface Reading {
  readonly packets: readonly Packet[];
  readonly fault: number | undefined;
}

function readWith(push: (packets: Packet[]) => void): Reading {
  const packets: Packet[] = [];
  try {
    push(packets);
    return { packets, fault: undefined };
  } catch (error) {
    if (!isWireError(error)) throw error;
    return { packets, fault: error.reasonCode };
  }
}

function lean(chunks: readonly Uint8Array[], options: ClientFramerOptions): Reading {
  return readWith((packets) => {
    const framer = new ClientFramer(
      {
        onPublish(incoming) {
          const { bytes, payloadStart, end, qos, retain, dup, packetId, properties, topicStart, topicEnd } =
            incoming;
          const topicName = topicStart === topicEnd ? "" : readTopicName(incoming);
          const payload = bytes.slice(payloadStart, end);
          packets.push({
            type: PacketType.PUBLISH,
            topicName,
            payload,
            qos,
            retain,
            dup,
            packetId,
            properties,
          });
        },
        onPacket: (packet) => packets.push(packet),
      },
      options,
    );
    for (const chunk of chunks) framer.push(chunk);
  });
}

function full(chunks: readonly Uint8Array[], options: ClientFramerOptions): Reading {
  return readWith((packets) => {
    const framer = new Framer(
      {
        onPublish: (view) => packets.push(toPublishPacket(view)),
        onPacket: (packet) => packets.push(packet),
      },
      { side: "client", ...options },
    );
    for (const chunk of chunks) framer.push(chunk);
  });
}

/** Of a packet with two faults the codecs may name another one; that there is one they have to agree on. */
function expectAlike(packet: Uint8Array, version: ProtocolVersion): void {
  const [ours, theirs] = [lean([packet], options(version)), full([packet], options(version))];
  const verdict = ({ packets, fault }: Reading): unknown => ({ packets, isRefused: fault !== undefined });
  expect(verdict(ours), packet.join(" ")).toEqual(verdict(theirs));
}

function samples(version: ProtocolVersion): Uint8Array[] {
  const packets = [...toClients({}), ...toClients(everything), ...(version === MQTT_5_0 ? only5 : [])];
  return packets.map((packet) => encodePacket(packet, version) as Uint8Array);
}

const options = (version: ProtocolVersion): ClientFramerOptions => ({ version, maximumPacketSize: 1_000 });

describe.each(versions)("what a client of version %i receives", (version) => {
  test("is read alike, whole and byte by byte", () => {
    const right = samples(version);
    const whole = lean(right, options(version));
    expect(whole).toEqual(full(right, options(version)));
    expect(whole.packets.length).toBe(right.length);
    const single = right.flatMap((bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(lean(single, options(version))).toEqual(whole);
  });

  test("is refused alike", () => {
    const right = samples(version);
    // The first byte stays mostly: otherwise nearly every change is a wrong type.
    const change = fc.record({
      which: fc.nat(right.length - 1),
      edits: fc.array(fc.tuple(fc.nat(120), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 3,
      }),
      cut: fc.option(fc.nat(40)),
    });
    fc.assert(
      fc.property(change, ({ which, edits, cut }) => {
        const bytes = (right[which] as Uint8Array).slice();
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        // Cut short with a fitting remaining length, so that the fields themselves are.
        if (cut !== null && bytes.length < 120) bytes[1] = Math.max(0, (bytes[1] as number) - cut);
        const packet = bytes.subarray(0, bytes.length < 120 ? 2 + (bytes[1] as number) : bytes.length);
        expectAlike(packet, version);
      }),
      { numRuns: 4_000 },
    );
  });

  test("is judged by its type, its flags and its size alike", () => {
    for (let first = 0; first < 256; first++) {
      for (const rest of [
        [0],
        [2, 0, 1],
        [3, 0, 1, 0],
        [2, 0, 0],
        [0x80, 0x00],
        [0xff, 0xff, 0xff, 0xff],
        [0x80, 0x10],
      ]) {
        const packet = Uint8Array.of(first, ...rest);
        expect(lean([packet], options(version)), packet.join(" ")).toEqual(full([packet], options(version)));
      }
    }
  });

  test("may carry every reason code alike", () => {
    for (const first of [0x20, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xe0, 0xf0]) {
      for (let code = 0; code < 256; code++) {
        const bodies = [
          [0, code],
          [0, code, 0],
          [code],
          [0, 1, code],
          [0, 1, 0, code],
          [code, 4, 0x15, 0, 1, 0x6d],
        ];
        for (const body of bodies) {
          const packet = Uint8Array.of(first, body.length, ...body);
          expectAlike(packet, version);
        }
      }
    }
  });
});

test("every property is allowed in the same packets", () => {
  for (const [first, ...head] of [
    [0x20, 0, 0],
    [0x30, 0, 1, 0x74],
    [0x40, 0, 1, 0],
    [0x70, 0, 1, 0],
    [0x90, 0, 1],
    [0xb0, 0, 1],
    [0xe0, 0],
    [0xf0, 0x18],
  ]) {
    for (let id = 0; id < 0x30; id++) {
      for (const value of [
        [0],
        [1],
        [2],
        [0, 0],
        [0, 1],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0x61],
        [0, 1, 0x23],
        [0, 1, 0x61, 0, 0],
        [0, 1, 0xff],
      ]) {
        for (const block of [
          [id, ...value],
          [id, ...value, id, ...value],
        ]) {
          const tail = first === 0x90 || first === 0xb0 ? [0] : [];
          const body = [...head, block.length, ...block, ...tail];
          const packet = Uint8Array.of(first as number, body.length, ...body);
          expectAlike(packet, MQTT_5_0);
        }
      }
    }
  }
});

test("a pause keeps what comes, in order", () => {
  const got: number[] = [];
  const framer: ClientFramer = new ClientFramer(
    {
      onPublish: () => undefined,
      onPacket(packet) {
        got.push((packet as { packetId: number }).packetId);
        if (got.length % 3 === 0) framer.pause();
      },
    },
    options(MQTT_5_0),
  );
  const stream = Array.from({ length: 20 }, (_each, i) => [0x40, 2, 0, i + 1]).flat();
  for (let at = 0; at < stream.length; at += 7) framer.push(Uint8Array.from(stream.slice(at, at + 7)));
  expect(got.length).toBe(3);
  for (let i = 0; i < 10; i++) framer.resume();
  expect(got).toEqual(Array.from({ length: 20 }, (_each, i) => i + 1));
});

const fromClients: ClientPacket[] = [
  {
    type: PacketType.SUBSCRIBE,
    packetId: 1,
    properties: everything,
    subscriptions: [
      { topicFilter: "a/+", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 1 },
      { topicFilter: "$share/x/#", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 2 },
    ],
  },
  { type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ["a", "ö/#"], properties: everything },
  { type: PacketType.PINGREQ },
  { type: PacketType.DISCONNECT, reasonCode: 0x04, properties: everything },
  { type: PacketType.DISCONNECT, reasonCode: 0, properties: {} },
  { type: PacketType.DISCONNECT, reasonCode: 0x82, properties: {} },
  { type: PacketType.DISCONNECT, reasonCode: 0, properties: { reasonString: "x" } },
];

function connects(version: ProtocolVersion): ClientPacket[] {
  const bare = {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: false,
    clientId: "c",
    cleanStart: true,
    keepAliveSeconds: 60,
    properties: {},
  };
  const will = { topicName: "w", payload: new Uint8Array(300), qos: 1, retain: true, properties: everything };
  return [
    bare,
    { ...bare, properties: everything, will, userName: "ü", password: Uint8Array.of(1) },
    { ...bare, isBridge: version !== MQTT_5_0, cleanStart: false, userName: "u" },
  ] as ClientPacket[];
}

describe.each(versions)("what a client of version %i sends", (version) => {
  test("are the same bytes", () => {
    const auth: ClientPacket = { type: PacketType.AUTH, reasonCode: 0x19, properties: everything };
    for (const packet of [...fromClients, ...connects(version), ...(version === MQTT_5_0 ? [auth] : [])]) {
      expect(encodeClientPacket(packet, version), `type ${packet.type}`).toEqual(
        encodePacket(packet, version),
      );
    }
  });

  test("is refused where the wire cannot carry it", () => {
    const [bare] = connects(version) as [Extract<ClientPacket, { type: 1 }>];
    const long = "x".repeat(65_536);
    const wrong: ClientPacket[] = [
      { ...bare, clientId: long },
      { ...bare, clientId: "\ud800" },
      { ...bare, clientId: "a\0" },
      { ...bare, keepAliveSeconds: 65_536 },
      { ...bare, keepAliveSeconds: 1.5 },
      { ...bare, userName: "u", password: new Uint8Array(65_536) },
      {
        ...bare,
        will: { topicName: "a/+", payload: new Uint8Array(0), qos: 0, retain: false, properties: {} },
      },
    ];
    const wrong3: ClientPacket[] = [
      { ...bare, clientId: "", cleanStart: false },
      { ...bare, password: new Uint8Array(1) },
    ];
    const wrong5: ClientPacket[] = [
      { ...bare, properties: { receiveMaximum: 0 } },
      { ...bare, properties: { maximumPacketSize: 0 } },
      { ...bare, properties: { userProperties: [["k", "\0"]] } },
      {
        type: PacketType.SUBSCRIBE,
        packetId: 1,
        properties: {},
        subscriptions: [
          { topicFilter: "$share/g/a", qos: 1, noLocal: true, retainAsPublished: false, retainHandling: 0 },
        ],
      },
    ];
    for (const packet of [...wrong, ...(version === MQTT_5_0 ? wrong5 : wrong3)]) {
      expect(() => encodePacket(packet, version)).toThrow(InvalidPacketError);
      expect(() => encodeClientPacket(packet, version), JSON.stringify(packet).slice(0, 80)).toThrow(
        InvalidPacketError,
      );
    }
  });
});
