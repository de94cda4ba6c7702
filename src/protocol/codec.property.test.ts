/** Properties that hold for all packets: decode∘encode is identity, chunking does not matter, mutations raise wire errors only. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, EMPTY_BYTES, seededRandom, toHex } from "#base";
import { mutatedBytes } from "../../test/support/mutated-bytes.ts";
import { decodePacket } from "./decode/packet.ts";
import { toPublishPacket } from "./decode/publish.ts";
import { encodePacket } from "./encode/packet.ts";
import type { Side } from "./fixed-header.ts";
import { Framer, type PacketSink } from "./framer.ts";
import { type Packet, PacketType } from "./packet.ts";
import { type Properties, SESSION_NEVER_EXPIRES } from "./property.ts";
import {
  acknowledgementScope,
  authScope,
  connackScope,
  connectScope,
  disconnectScope,
  PropertyKind,
  type PropertyScope,
  publishScope,
  subscribeScope,
  unsubscribeScope,
  willScope,
} from "./property-table.ts";
import * as codes from "./reason-code-sets.ts";
import { topicFilterProblem } from "./topic-filter.ts";
import { topicNameProblem } from "./topic-name.ts";
import { ProtocolVersion } from "./version.ts";
import { isWireError } from "./wire-error.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((value) => !value.includes("\0"));
const topicName = fc
  .array(fc.oneof(fc.constantFrom("a", "b", "", "$SYS"), text), { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter((name) => topicNameProblem(name) === undefined);
const topicFilter = fc
  .array(fc.oneof(fc.constantFrom("a", "+", "", "$share", "g"), text), { minLength: 1, maxLength: 4 })
  .chain((levels) => fc.constantFrom(levels, [...levels, "#"]))
  .map((levels) => levels.join("/"))
  .filter((filter) => topicFilterProblem(filter) === undefined);
const bytes = fc.uint8Array({ maxLength: 40 });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const packetId = fc.integer({ min: 1, max: 65_535 });
const codeOf = (set: ReadonlySet<number>) => fc.constantFrom(...set) as fc.Arbitrary<never>;

function valueOf(name: string, kind: PropertyKind): fc.Arbitrary<unknown> {
  if (name === "responseTopic") return topicName;
  const min = ["topicAlias", "receiveMaximum", "maximumPacketSize"].includes(name) ? 1 : 0;
  switch (kind) {
    case PropertyKind.BOOLEAN:
      return fc.boolean();
    case PropertyKind.BIT:
      return fc.constantFrom(0, 1);
    case PropertyKind.UINT16:
      return fc.integer({ min, max: 0xffff });
    case PropertyKind.UINT32:
      return fc.integer({ min, max: 0xffff_ffff });
    case PropertyKind.VARIABLE:
      return fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 1 });
    case PropertyKind.TEXT:
      return text;
    case PropertyKind.BINARY:
      return bytes;
    case PropertyKind.PAIR:
      return fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 });
  }
}

/** Any properties of `scope` in 5.0, none before; without those that `except` names. */
function propertiesOf(
  scope: PropertyScope,
  version: ProtocolVersion,
  ...except: string[]
): fc.Arbitrary<Properties> {
  if (version !== MQTT_5_0) return fc.constant({});
  const fields: Record<string, fc.Arbitrary<unknown>> = {};
  for (const definition of scope.definitions) {
    if (definition === undefined || except.includes(definition.name)) continue;
    fields[definition.name] = valueOf(definition.name, definition.kind);
  }
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Properties>;
}

function connectOf(protocolVersion: ProtocolVersion): fc.Arbitrary<Packet> {
  const isVersion5 = protocolVersion === MQTT_5_0;
  const will = fc.record({
    topicName,
    payload: bytes,
    qos,
    retain: fc.boolean(),
    properties: propertiesOf(willScope, protocolVersion),
  });
  return fc
    .record(
      {
        type: fc.constant(PacketType.CONNECT),
        protocolVersion: fc.constant(protocolVersion),
        isBridge: isVersion5 ? fc.constant(false) : fc.boolean(),
        clientId: isVersion5 ? text : text.filter((id) => id !== ""),
        cleanStart: fc.boolean(),
        keepAliveSeconds: fc.integer({ min: 0, max: 65_535 }),
        properties: propertiesOf(connectScope, protocolVersion, "authenticationData"),
        will,
        userName: text,
        password: bytes,
      },
      {
        requiredKeys: [
          "type",
          "protocolVersion",
          "isBridge",
          "clientId",
          "cleanStart",
          "keepAliveSeconds",
          "properties",
        ],
      },
    )
    .map((packet): Packet => {
      if (isVersion5) return packet;
      const { password, ...rest } = packet;
      const properties = packet.cleanStart ? {} : { sessionExpiryInterval: SESSION_NEVER_EXPIRES };
      return packet.userName === undefined || password === undefined
        ? { ...rest, properties }
        : { ...rest, password, properties };
    });
}

function publishOf(version: ProtocolVersion, side: Side): fc.Arbitrary<Packet> {
  const except = side === "server" ? ["subscriptionIdentifiers"] : [];
  return fc
    .record({
      type: fc.constant(PacketType.PUBLISH),
      topicName,
      payload: bytes,
      qos,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId,
      properties: propertiesOf(publishScope, version, ...except),
    })
    .map((packet) => (packet.qos === 0 ? { ...packet, dup: false, packetId: 0 } : packet));
}

/** The packets that go both ways, then those of one. */
function packetOf(version: ProtocolVersion, side: Side): fc.Arbitrary<Packet> {
  const isVersion5 = version === MQTT_5_0;
  const acknowledgement = (type: 4 | 5 | 6 | 7, set: ReadonlySet<number>): fc.Arbitrary<Packet> =>
    fc.record({
      type: fc.constant(type),
      packetId,
      reasonCode: isVersion5 ? codeOf(set) : fc.constant(0 as const),
      properties: propertiesOf(acknowledgementScope, version),
    }) as fc.Arbitrary<Packet>;
  const codeList = (set: ReadonlySet<number>) => fc.array(codeOf(set), { minLength: 1, maxLength: 4 });

  const either: fc.Arbitrary<Packet>[] = [
    publishOf(version, side),
    acknowledgement(PacketType.PUBACK, codes.receivedCodes),
    acknowledgement(PacketType.PUBREC, codes.receivedCodes),
    acknowledgement(PacketType.PUBREL, codes.releasedCodes),
    acknowledgement(PacketType.PUBCOMP, codes.releasedCodes),
  ];
  const disconnect = (set: ReadonlySet<number>, ...except: string[]): fc.Arbitrary<Packet> =>
    fc.record({
      type: fc.constant(PacketType.DISCONNECT),
      reasonCode: isVersion5 ? codeOf(set) : fc.constant(0 as const),
      properties: propertiesOf(disconnectScope, version, ...except),
    });
  const auth = (set: ReadonlySet<number>): fc.Arbitrary<Packet> =>
    fc.record({
      type: fc.constant(PacketType.AUTH),
      reasonCode: codeOf(set),
      properties: propertiesOf(authScope, version).map((rest) => ({ authenticationMethod: "M", ...rest })),
    });
  const options = fc.record({
    topicFilter,
    qos,
    noLocal: isVersion5 ? fc.boolean() : fc.constant(false),
    retainAsPublished: isVersion5 ? fc.boolean() : fc.constant(false),
    retainHandling: isVersion5
      ? fc.constantFrom(0 as const, 1 as const, 2 as const)
      : fc.constant(0 as const),
  });
  const fromClient: fc.Arbitrary<Packet>[] = [
    fc.record({
      type: fc.constant(PacketType.SUBSCRIBE),
      packetId,
      subscriptions: fc.array(
        options.map((option) =>
          option.topicFilter.startsWith("$share/") ? { ...option, noLocal: false } : option,
        ),
        { minLength: 1, maxLength: 3 },
      ),
      properties: propertiesOf(subscribeScope, version),
    }),
    fc.record({
      type: fc.constant(PacketType.UNSUBSCRIBE),
      packetId,
      topicFilters: fc.array(topicFilter, { minLength: 1, maxLength: 3 }),
      properties: propertiesOf(unsubscribeScope, version),
    }),
    fc.constant({ type: PacketType.PINGREQ }),
    disconnect(codes.disconnectCodesOfClient),
    ...(isVersion5 ? [auth(codes.authCodesOfClient)] : []),
  ];
  const fromServer: fc.Arbitrary<Packet>[] = [
    fc
      .record({
        type: fc.constant(PacketType.CONNACK),
        sessionPresent: version === MQTT_3_1 ? fc.constant(false) : fc.boolean(),
        reasonCode: isVersion5
          ? codeOf(codes.connackCodes)
          : fc.constantFrom(0, 0x84, 0x85, 0x86, 0x87, 0x88),
        properties: propertiesOf(connackScope, version),
      })
      .map((packet) =>
        packet.reasonCode === 0 ? packet : { ...packet, sessionPresent: false },
      ) as fc.Arbitrary<Packet>,
    fc.record({
      type: fc.constant(PacketType.SUBACK),
      packetId,
      reasonCodes: codeList(isVersion5 ? codes.subackCodes : codes.subackCodes3),
      properties: propertiesOf(acknowledgementScope, version),
    }),
    fc.record({
      type: fc.constant(PacketType.UNSUBACK),
      packetId,
      reasonCodes: isVersion5 ? codeList(codes.unsubackCodes) : fc.constant([]),
      properties: propertiesOf(acknowledgementScope, version),
    }),
    fc.constant({ type: PacketType.PINGRESP }),
    ...(isVersion5
      ? [disconnect(codes.disconnectCodesOfServer, "sessionExpiryInterval"), auth(codes.authCodesOfServer)]
      : []),
  ];
  return fc.oneof(...either, ...(side === "server" ? fromClient : fromServer));
}

function encoded(packet: Packet, version: ProtocolVersion): Uint8Array {
  return encodePacket(packet, version) ?? EMPTY_BYTES;
}

const ways = [MQTT_3_1, MQTT_3_1_1, MQTT_5_0].flatMap((version) =>
  (["server", "client"] as const).map((side) => ({ version, side })),
);

describe.each(ways)("version $version, received by a $side", ({ version, side }) => {
  const packet = packetOf(version, side);

  test("decode∘encode is identity", () => {
    const any = side === "server" ? fc.oneof({ weight: 6, arbitrary: packet }, connectOf(version)) : packet;
    fc.assert(
      fc.property(any, (sent) => {
        expect(decodePacket(encoded(sent, version), version, side)).toEqual(sent);
      }),
      { numRuns: 600 },
    );
  });

  test("any chunking gives the same packets, with any pauses", () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 9 }),
        (sent, sizes, pauseEvery) => {
          const stream = concatBytes(sent.map((one) => encoded(one, version)));
          const received: Packet[] = [];
          const take = (one: Packet): void => {
            received.push(one);
            if (received.length % pauseEvery === 0) framer.pause();
          };
          const framer = new Framer(
            { onPublish: (view) => take(toPublishPacket(view)), onPacket: take },
            { side, version },
          );
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            const chunk = stream.slice(at, at + size);
            framer.push(chunk);
            chunk.fill(0xff);
            at += size;
            if (turn % 3 === 0) framer.resume();
          }
          while (framer.paused) framer.resume();
          expect(received).toEqual(sent);
          expect(framer.bufferedBytes).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("mutated packets raise nothing but the two wire errors", () => {
    const any = side === "server" ? fc.oneof({ weight: 4, arbitrary: packet }, connectOf(version)) : packet;
    const samples = fc.sample(any, { numRuns: 400, seed: 7 }).map((one) => encoded(one, version));
    const random = seededRandom(version * 2 + (side === "server" ? 1 : 0));
    const sink: PacketSink = { onPublish: (view) => void toPublishPacket(view), onPacket: () => undefined };
    const misnamed: string[] = [];
    let accepted = 0;
    for (let run = 0; run < 20_000; run++) {
      const mutated = mutatedBytes(
        samples[random.below(samples.length)] ?? EMPTY_BYTES,
        random.below.bind(random),
      );
      const isConnect = side === "server" && (mutated[0] ?? 0) >> 4 === PacketType.CONNECT;
      try {
        new Framer(sink, { side, version: isConnect ? undefined : version }).push(mutated);
        accepted++;
      } catch (error) {
        if (!isWireError(error))
          throw new Error(`${toHex(mutated, 500)} raised ${String(error)}`, { cause: error });
        if (!isConnect && error.statement.startsWith("3.1.1/") !== (version !== MQTT_5_0))
          misnamed.push(toHex(mutated));
      }
    }
    expect(misnamed).toEqual([]);
    expect(accepted).toBeGreaterThan(100);
  });
});
