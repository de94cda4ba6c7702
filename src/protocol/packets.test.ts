/** Every packet as bytes and as an object, in each version and both directions. */

import { describe, expect, test } from "vitest";
import { EMPTY_BYTES, toHex, utf8Decode, utf8Encode } from "#base";
import { decodePacket } from "./decode/packet.ts";
import { encodePacket } from "./encode/packet.ts";
import type { Side } from "./fixed-header.ts";
import {
  type AcknowledgementPacket,
  type ConnectPacket,
  type Packet,
  PacketType,
  type PublishPacket,
} from "./packet.ts";
import { packetBytes } from "./packet-notation.ts";
import { SESSION_NEVER_EXPIRES } from "./property.ts";
import { ReasonCode } from "./reason-code.ts";
import { ProtocolVersion } from "./version.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const everyVersion = [MQTT_3_1, MQTT_3_1_1, MQTT_5_0];

/** `side` receives it. */
function expectBothWays(notation: string, packet: Packet, version: ProtocolVersion, side: Side): void {
  const bytes = packetBytes(notation);
  expect(decodePacket(bytes, version, side)).toEqual(packet);
  expect(toHex(encodePacket(packet, version) ?? EMPTY_BYTES, 1000)).toBe(toHex(bytes, 1000));
}

function connect(protocolVersion: ProtocolVersion, rest: Partial<ConnectPacket> = {}): ConnectPacket {
  return {
    type: PacketType.CONNECT,
    protocolVersion,
    isBridge: false,
    clientId: "",
    cleanStart: true,
    keepAliveSeconds: 60,
    properties: {},
    ...rest,
  };
}

describe("CONNECT", () => {
  const bytes = utf8Encode;

  test.each([
    ["smallest 3.1.1", "10 0c 00044d515454 04 02 003c 0000", connect(MQTT_3_1_1)],
    ["smallest 5.0", "10 0d 00044d515454 05 02 003c 00 0000", connect(MQTT_5_0)],
    ["3.1", "10 * 00064d5149736470 03 02 003c 'a'", connect(MQTT_3_1, { clientId: "a" })],
    [
      "Clean Session 0",
      "10 * 'MQTT' 04 00 0000 'a'",
      connect(MQTT_3_1_1, {
        clientId: "a",
        cleanStart: false,
        keepAliveSeconds: 0,
        properties: { sessionExpiryInterval: SESSION_NEVER_EXPIRES },
      }),
    ],
    [
      "Clean Start 0",
      "10 * 'MQTT' 05 00 ffff [] ''",
      connect(MQTT_5_0, { cleanStart: false, keepAliveSeconds: 65_535 }),
    ],
    ["bridge 3.1", "10 * 'MQIsdp' 83 02 003c 'b'", connect(MQTT_3_1, { clientId: "b", isBridge: true })],
    ["bridge 3.1.1", "10 * 'MQTT' 84 02 003c 'b'", connect(MQTT_3_1_1, { clientId: "b", isBridge: true })],
    [
      "all fields of 3.1.1",
      "10 * 'MQTT' 04 f6 000a 'id' 'w/t' 'gone' 'user' 'pass'",
      connect(MQTT_3_1_1, {
        clientId: "id",
        keepAliveSeconds: 10,
        will: { topicName: "w/t", payload: bytes("gone"), qos: 2, retain: true, properties: {} },
        userName: "user",
        password: bytes("pass"),
      }),
    ],
    [
      "password alone in 5.0",
      "10 * 'MQTT' 05 42 003c [] '' 'pass'",
      connect(MQTT_5_0, { password: bytes("pass") }),
    ],
    [
      "all properties",
      `10 * 'MQTT' 05 ce 003c
        [11 0000000a 15 'SCRAM' 16 'data' 17 00 19 01 21 0014 22 0005 26 'k' 'v' 26 'k' 'w' 27 00010000]
        'id' [01 01 02 0000003c 03 'text' 08 'reply' 09 'id' 18 00000005 26 'x' 'y'] 'w' '' 'u' 'p'`,
      connect(MQTT_5_0, {
        clientId: "id",
        userName: "u",
        password: bytes("p"),
        will: {
          topicName: "w",
          payload: EMPTY_BYTES,
          qos: 1,
          retain: false,
          properties: {
            payloadFormatIndicator: true,
            messageExpiryInterval: 60,
            contentType: "text",
            responseTopic: "reply",
            correlationData: bytes("id"),
            willDelayInterval: 5,
            userProperties: [["x", "y"]],
          },
        },
        properties: {
          sessionExpiryInterval: 10,
          authenticationMethod: "SCRAM",
          authenticationData: bytes("data"),
          requestProblemInformation: false,
          requestResponseInformation: true,
          receiveMaximum: 20,
          topicAliasMaximum: 5,
          userProperties: [
            ["k", "v"],
            ["k", "w"],
          ],
          maximumPacketSize: 65_536,
        },
      }),
    ],
  ])("%s", (_, notation, packet) => {
    expectBothWays(notation, packet, packet.protocolVersion, "server");
  });

  test("3.1 may leave out user name and password at the end and set what it does not use", () => {
    const early = decodePacket(packetBytes("10 * 'MQIsdp' 03 c2 003c 'a'"), MQTT_3_1, "server");
    expect(early).toEqual(connect(MQTT_3_1, { clientId: "a" }));
    const late = decodePacket(packetBytes("10 * 'MQIsdp' 03 c2 003c 'a' 'u'"), MQTT_3_1, "server");
    expect(late).toEqual(connect(MQTT_3_1, { clientId: "a", userName: "u" }));
    const loose = decodePacket(packetBytes("10 * 'MQIsdp' 03 2b 003c 'a'"), MQTT_3_1, "server");
    expect(loose).toEqual(connect(MQTT_3_1, { clientId: "a" }));
    const passwordOnly = decodePacket(packetBytes("10 * 'MQIsdp' 03 42 003c 'a' 'p'"), MQTT_3_1, "server");
    expect(passwordOnly).toEqual(connect(MQTT_3_1, { clientId: "a", password: bytes("p") }));
  });

  test("a device that logs in to a cloud", () => {
    const clientId = "abc|securemode=3,signmethod=hmacsha1,timestamp=120|";
    const notation = `10 74 0004 4d515454 04 c0 0078 '${clientId}' '5678&1234' '222750DEDFE4F774002EE87EED29CFD0638C5F66'`;
    expect(packetBytes(notation)).toHaveLength(118);
    expect(decodePacket(packetBytes(notation), MQTT_3_1_1, "server")).toMatchObject({
      clientId,
      cleanStart: false,
      keepAliveSeconds: 120,
      userName: "5678&1234",
      password: bytes("222750DEDFE4F774002EE87EED29CFD0638C5F66"),
    });
  });

  test("the byte order mark is a character [MQTT-1.5.4-3]", () => {
    expectBothWays(
      "10 * 'MQTT' 04 02 003c 0004 efbbbf61",
      connect(MQTT_3_1_1, { clientId: "\ufeffa" }),
      MQTT_3_1_1,
      "server",
    );
  });
});

describe("CONNACK", () => {
  const connack = (reasonCode: ReasonCode, sessionPresent = false): Packet => ({
    type: PacketType.CONNACK,
    reasonCode,
    sessionPresent,
    properties: {},
  });

  test.each([
    ["20 02 00 00", connack(0)],
    ["20 02 01 00", connack(0, true)],
    ["20 02 00 01", connack(ReasonCode.UNSUPPORTED_PROTOCOL_VERSION)],
    ["20 02 00 02", connack(ReasonCode.CLIENT_IDENTIFIER_NOT_VALID)],
    ["20 02 00 03", connack(ReasonCode.SERVER_UNAVAILABLE)],
    ["20 02 00 04", connack(ReasonCode.BAD_USER_NAME_OR_PASSWORD)],
    ["20 02 00 05", connack(ReasonCode.NOT_AUTHORIZED)],
  ])("3.1.1: %s", (notation, packet) => {
    expectBothWays(notation, packet, MQTT_3_1_1, "client");
  });

  test("3.1 has no Session Present", () => {
    expect(toHex(encodePacket(connack(0, true), MQTT_3_1) ?? EMPTY_BYTES)).toBe("20 02 00 00");
    expect(decodePacket(packetBytes("20 02 01 00"), MQTT_3_1, "client")).toEqual(connack(0));
  });

  test.each([
    [ReasonCode.SERVER_BUSY, 3],
    [ReasonCode.USE_ANOTHER_SERVER, 3],
    [ReasonCode.SERVER_MOVED, 3],
    [ReasonCode.CONNECTION_RATE_EXCEEDED, 3],
    [ReasonCode.BAD_AUTHENTICATION_METHOD, 4],
    [ReasonCode.BANNED, 5],
  ])("3.1.1 says reason code %i as return code %i", (reasonCode, returnCode) => {
    expect(encodePacket(connack(reasonCode), MQTT_3_1_1)).toEqual(Uint8Array.of(0x20, 2, 0, returnCode));
  });

  test("what 3.1.1 has no return code for is not sent [3.1.1/MQTT-3.2.2-6]", () => {
    expect(encodePacket(connack(ReasonCode.MALFORMED_PACKET), MQTT_3_1_1)).toBeUndefined();
  });

  test("5.0 with every property", () => {
    expectBothWays("20 03 00 00 00", connack(0), MQTT_5_0, "client");
    expectBothWays("20 03 00 87 00", connack(ReasonCode.NOT_AUTHORIZED), MQTT_5_0, "client");
    expectBothWays(
      `20 * 01 00 [11 ffffffff 12 'auto' 13 001e 15 'M' 16 'd' 1a 'ri' 1c 'other' 1f 'why' 21 000a 22 0014 24 01 25 00
        26 'k' 'v' 27 00001000 28 00 29 01 2a 00]`,
      {
        type: PacketType.CONNACK,
        sessionPresent: true,
        reasonCode: 0,
        properties: {
          sessionExpiryInterval: SESSION_NEVER_EXPIRES,
          assignedClientIdentifier: "auto",
          serverKeepAlive: 30,
          authenticationMethod: "M",
          authenticationData: utf8Encode("d"),
          responseInformation: "ri",
          serverReference: "other",
          reasonString: "why",
          receiveMaximum: 10,
          topicAliasMaximum: 20,
          maximumQos: 1,
          retainAvailable: false,
          userProperties: [["k", "v"]],
          maximumPacketSize: 4096,
          wildcardSubscriptionAvailable: false,
          subscriptionIdentifierAvailable: true,
          sharedSubscriptionAvailable: false,
        },
      },
      MQTT_5_0,
      "client",
    );
  });
});

describe("PUBLISH", () => {
  const publish = (rest: Partial<PublishPacket> = {}): PublishPacket => ({
    type: PacketType.PUBLISH,
    topicName: "a",
    payload: EMPTY_BYTES,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {},
    ...rest,
  });

  test.each([
    ["30 03 0001 61", publish()],
    ["31 03 0001 61", publish({ retain: true })],
    ["32 05 0001 61 0001", publish({ qos: 1, packetId: 1 })],
    ["3a 05 0001 61 7fff", publish({ qos: 1, packetId: 0x7fff, dup: true })],
    [
      "3d 07 0001 61 ffff 6869",
      publish({ qos: 2, packetId: 65_535, dup: true, retain: true, payload: utf8Encode("hi") }),
    ],
    [
      "30 1d 0009 2f7379732f706f7374 7b706172616d733a7b74656d703a31307d7d",
      publish({ topicName: "/sys/post", payload: utf8Encode("{params:{temp:10}}") }),
    ],
  ])("3.x: %s", (notation, packet) => {
    expectBothWays(notation, packet, MQTT_3_1_1, "server");
    expectBothWays(notation, packet, MQTT_3_1, "client");
  });

  test("5.0", () => {
    expectBothWays("30 04 0001 61 00", publish(), MQTT_5_0, "server");
    expectBothWays(
      "30 * '' [23 0005] 01",
      publish({ topicName: "", payload: Uint8Array.of(1), properties: { topicAlias: 5 } }),
      MQTT_5_0,
      "server",
    );
    expectBothWays(
      "34 * 'a' 0007 [01 01 02 ffffffff 03 'json' 08 'r' 09 0002 00ff 23 ffff 26 '' '' 26 'k' 'v'] 78",
      publish({
        qos: 2,
        packetId: 7,
        payload: utf8Encode("x"),
        properties: {
          payloadFormatIndicator: true,
          messageExpiryInterval: 0xffff_ffff,
          contentType: "json",
          responseTopic: "r",
          correlationData: Uint8Array.of(0, 255),
          topicAlias: 65_535,
          userProperties: [
            ["", ""],
            ["k", "v"],
          ],
        },
      }),
      MQTT_5_0,
      "server",
    );
  });

  test("5.0 from a server: subscription identifiers", () => {
    const packet = publish({ properties: { subscriptionIdentifiers: [1, 268_435_455] } });
    expectBothWays("30 * 'a' [0b 01 0b ffffff7f]", packet, MQTT_5_0, "client");
  });

  test("properties in any order", () => {
    const bytes = packetBytes("30 * 'a' [26 'k' 'v' 02 00000001 26 'l' 'w' 01 00]");
    expect(decodePacket(bytes, MQTT_5_0, "server")).toMatchObject({
      properties: {
        payloadFormatIndicator: false,
        messageExpiryInterval: 1,
        userProperties: [
          ["k", "v"],
          ["l", "w"],
        ],
      },
    });
  });
});

describe("acknowledgements", () => {
  const types = [
    [PacketType.PUBACK, "40"],
    [PacketType.PUBREC, "50"],
    [PacketType.PUBREL, "62"],
    [PacketType.PUBCOMP, "70"],
  ] as const;

  test.each(types)("type %i", (type, first) => {
    const success = { type, packetId: 258, reasonCode: 0, properties: {} } as AcknowledgementPacket;
    for (const version of everyVersion) {
      for (const side of ["server", "client"] as const)
        expectBothWays(`${first} 02 0102`, success, version, side);
    }
    const reasonCode =
      type <= PacketType.PUBREC ? ReasonCode.UNSPECIFIED_ERROR : ReasonCode.PACKET_IDENTIFIER_NOT_FOUND;
    const code = reasonCode.toString(16);
    expectBothWays(`${first} 03 0102 ${code}`, { ...success, reasonCode }, MQTT_5_0, "server");
    expectBothWays(
      `${first} * 0102 ${code} [1f 'why' 26 'k' 'v']`,
      { ...success, reasonCode, properties: { reasonString: "why", userProperties: [["k", "v"]] } },
      MQTT_5_0,
      "client",
    );
    expectBothWays(
      `${first} * 0102 00 [1f 'ok']`,
      { ...success, properties: { reasonString: "ok" } },
      MQTT_5_0,
      "client",
    );
    expect(decodePacket(packetBytes(`${first} 03 0102 00`), MQTT_5_0, "server")).toEqual(success);
    expect(decodePacket(packetBytes(`${first} 04 0102 00 00`), MQTT_5_0, "server")).toEqual(success);
    expect(encodePacket({ ...success, reasonCode }, MQTT_3_1_1)).toEqual(packetBytes(`${first} 02 0102`));
  });

  test("3.1 marks a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE", () => {
    expect(decodePacket(packetBytes("6a * 0001"), MQTT_3_1, "server")).toMatchObject({
      type: PacketType.PUBREL,
    });
    expect(decodePacket(packetBytes("8a * 0001 'a' 00"), MQTT_3_1, "server")).toMatchObject({ packetId: 1 });
    expect(decodePacket(packetBytes("aa * 0001 'a'"), MQTT_3_1, "server")).toMatchObject({ packetId: 1 });
  });
});

describe("SUBSCRIBE and UNSUBSCRIBE", () => {
  const plain = { noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

  test("3.x", () => {
    for (const version of [MQTT_3_1, MQTT_3_1_1]) {
      expectBothWays(
        "82 06 0001 0001 61 00",
        {
          type: PacketType.SUBSCRIBE,
          packetId: 1,
          subscriptions: [{ topicFilter: "a", qos: 0, ...plain }],
          properties: {},
        },
        version,
        "server",
      );
      expectBothWays(
        "a2 * 0002 'a/#' '+'",
        { type: PacketType.UNSUBSCRIBE, packetId: 2, topicFilters: ["a/#", "+"], properties: {} },
        version,
        "server",
      );
    }
    expect(
      decodePacket(packetBytes("82 0e 0001 0009 2f7379732f706f7374 00"), MQTT_3_1_1, "server"),
    ).toMatchObject({
      subscriptions: [{ topicFilter: "/sys/post", qos: 0 }],
    });
    expect(decodePacket(packetBytes("82 * 0001 'a' f6"), MQTT_3_1, "server")).toMatchObject({
      subscriptions: [{ topicFilter: "a", qos: 2 }],
    });
  });

  test("5.0", () => {
    expectBothWays(
      "82 07 0001 00 0001 61 00",
      {
        type: PacketType.SUBSCRIBE,
        packetId: 1,
        subscriptions: [{ topicFilter: "a", qos: 0, ...plain }],
        properties: {},
      },
      MQTT_5_0,
      "server",
    );
    expectBothWays(
      "82 * ffff [0b ffffff7f 26 'k' 'v'] 'a/#' 0d '$share/g/+' 22 'b' 1a",
      {
        type: PacketType.SUBSCRIBE,
        packetId: 65_535,
        subscriptions: [
          { topicFilter: "a/#", qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 0 },
          { topicFilter: "$share/g/+", qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 2 },
          { topicFilter: "b", qos: 2, noLocal: false, retainAsPublished: true, retainHandling: 1 },
        ],
        properties: { subscriptionIdentifiers: [268_435_455], userProperties: [["k", "v"]] },
      },
      MQTT_5_0,
      "server",
    );
    expectBothWays(
      "a2 * 0003 [26 'k' 'v'] 'a' '$share/g/b'",
      {
        type: PacketType.UNSUBSCRIBE,
        packetId: 3,
        topicFilters: ["a", "$share/g/b"],
        properties: { userProperties: [["k", "v"]] },
      },
      MQTT_5_0,
      "server",
    );
  });

  test("a filter that is no filter comes through, to be refused in SUBACK", () => {
    for (const filter of ["a#", "a/#/b", "+a", "$share//a", "$share/g"]) {
      expect(decodePacket(packetBytes(`82 * 0001 [] '${filter}' 00`), MQTT_5_0, "server")).toMatchObject({
        subscriptions: [{ topicFilter: filter }],
      });
    }
  });
});

describe("SUBACK and UNSUBACK", () => {
  test("3.x", () => {
    for (const version of [MQTT_3_1, MQTT_3_1_1]) {
      const suback: Packet = {
        type: PacketType.SUBACK,
        packetId: 1,
        reasonCodes: [0, 1, 2, 0x80],
        properties: {},
      };
      expectBothWays("90 06 0001 00010280", suback, version, "client");
      const unsuback: Packet = { type: PacketType.UNSUBACK, packetId: 1, reasonCodes: [], properties: {} };
      expectBothWays("b0 02 0001", unsuback, version, "client");
      expect(encodePacket({ ...suback, reasonCodes: [ReasonCode.NOT_AUTHORIZED] }, version)).toEqual(
        packetBytes("90 03 0001 80"),
      );
      expect(encodePacket({ ...unsuback, reasonCodes: [0, 0x11] }, version)).toEqual(
        packetBytes("b0 02 0001"),
      );
    }
  });

  test("5.0", () => {
    expectBothWays(
      "90 04 0001 00 00",
      { type: PacketType.SUBACK, packetId: 1, reasonCodes: [0], properties: {} },
      MQTT_5_0,
      "client",
    );
    expectBothWays(
      "90 * 0001 [1f 'r' 26 'k' 'v'] 00 01 02 80 83 87 8f 91 97 9e a1 a2",
      {
        type: PacketType.SUBACK,
        packetId: 1,
        reasonCodes: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
        properties: { reasonString: "r", userProperties: [["k", "v"]] },
      },
      MQTT_5_0,
      "client",
    );
    expectBothWays(
      "b0 * 0001 [] 00 11 80 83 87 8f 91",
      {
        type: PacketType.UNSUBACK,
        packetId: 1,
        reasonCodes: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
        properties: {},
      },
      MQTT_5_0,
      "client",
    );
  });
});

describe("PINGREQ, PINGRESP, DISCONNECT, AUTH", () => {
  test("pings", () => {
    for (const version of everyVersion) {
      expectBothWays("c0 00", { type: PacketType.PINGREQ }, version, "server");
      expectBothWays("d0 00", { type: PacketType.PINGRESP }, version, "client");
    }
  });

  test("DISCONNECT", () => {
    const normal: Packet = { type: PacketType.DISCONNECT, reasonCode: 0, properties: {} };
    for (const version of everyVersion) expectBothWays("e0 00", normal, version, "server");
    expectBothWays("e0 00", normal, MQTT_5_0, "client");
    expectBothWays("e0 01 04", { ...normal, reasonCode: 4 }, MQTT_5_0, "server");
    expectBothWays("e0 01 8e", { ...normal, reasonCode: 0x8e }, MQTT_5_0, "client");
    expectBothWays(
      "e0 * 00 [11 00000000]",
      { ...normal, properties: { sessionExpiryInterval: 0 } },
      MQTT_5_0,
      "server",
    );
    expectBothWays(
      "e0 * 9d [1c 'b:1883' 1f 'moved' 26 'k' 'v']",
      {
        ...normal,
        reasonCode: 0x9d,
        properties: { serverReference: "b:1883", reasonString: "moved", userProperties: [["k", "v"]] },
      },
      MQTT_5_0,
      "client",
    );
    expect(decodePacket(packetBytes("e0 02 00 00"), MQTT_5_0, "server")).toEqual(normal);
    expect(encodePacket({ ...normal, reasonCode: 0x8e }, MQTT_3_1_1)).toBeUndefined();
  });

  test("AUTH", () => {
    const success: Packet = { type: PacketType.AUTH, reasonCode: 0, properties: {} };
    expectBothWays("f0 00", success, MQTT_5_0, "client");
    for (const side of ["server", "client"] as const) {
      expectBothWays(
        "f0 * 18 [15 'M' 16 'd' 1f 'r' 26 'k' 'v']",
        {
          type: PacketType.AUTH,
          reasonCode: 0x18,
          properties: {
            authenticationMethod: "M",
            authenticationData: utf8Encode("d"),
            reasonString: "r",
            userProperties: [["k", "v"]],
          },
        },
        MQTT_5_0,
        side,
      );
    }
    const again: Packet = {
      type: PacketType.AUTH,
      reasonCode: 0x19,
      properties: { authenticationMethod: "M" },
    };
    expectBothWays("f0 * 19 [15 'M']", again, MQTT_5_0, "server");
  });
});

test("decodePacket wants exactly one packet", () => {
  for (const notation of ["", "c0", "c0 00 c0 00", "c0 01", "30 80"]) {
    expect(() => decodePacket(packetBytes(notation), MQTT_5_0, "server"), notation).toThrow("exactly one");
  }
});

test("a string of 65,535 bytes [MQTT-4.7.3-3]", () => {
  const topicName = "ä".repeat(32_767) + "x";
  const packet = decodePacket(packetBytes(`30 * '${topicName}'`), MQTT_3_1_1, "server") as PublishPacket;
  expect(packet.topicName).toBe(topicName);
  expect(utf8Decode(encodePacket(packet, MQTT_3_1_1) ?? EMPTY_BYTES, 6)).toBe(topicName);
});
