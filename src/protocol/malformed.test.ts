/**
 * What a peer may not send. Each row: the statement under test, the version, the packet (see `packet-notation.ts`), the error's
 * reason code, and the statement that the error reports where a more general one stands in. 0x81 is a MalformedPacketError,
 * everything else a ProtocolError. Rows of 3.x name the statements of 3.1.1.
 */

import { describe, expect, test } from "vitest";
import { MartletError } from "#base";
import { toPublishPacket } from "./decode/publish.ts";
import type { Side } from "./fixed-header.ts";
import { Framer, type PacketSink } from "./framer.ts";
import { packetBytes } from "./packet-notation.ts";
import { ProtocolVersion } from "./version.ts";
import { isWireError, MalformedPacketError, type WireError } from "./wire-error.ts";

type Row = readonly [statement: string, packet: string, reasonCode: number, reported?: string];

const sink: PacketSink = { onPublish: (view) => void toPublishPacket(view), onPacket: () => undefined };

/** The error that the packet raises. Without a version the framer waits for CONNECT. */
function errorOf(side: Side, version: ProtocolVersion | undefined, packet: string): WireError {
  const framer = new Framer(sink, { side, version });
  try {
    framer.push(packetBytes(packet));
  } catch (error) {
    if (isWireError(error)) return error;
    throw error;
  }
  throw new Error(`accepted: ${packet}`);
}

function expectErrors(
  side: Side,
  version: ProtocolVersion | undefined,
  rows: readonly Row[],
  prefix = "",
): void {
  for (const [statement, packet, reasonCode, reported = statement] of rows) {
    test(`${statement}: ${packet}`, () => {
      const error = errorOf(side, version, packet);
      expect(error.statement).toBe(prefix + reported);
      expect(error.reasonCode).toBe(reasonCode);
      expect(error instanceof MalformedPacketError).toBe(reasonCode === 0x81);
    });
  }
}

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
const OLD = "3.1.1/";

describe("first packet of a server", () => {
  expectErrors(
    "server",
    undefined,
    [
      ["MQTT-3.1.0-1", "c0 *", 0x82],
      ["MQTT-3.1.0-1", "30 * 'a'", 0x82],
      ["MQTT-3.1.0-1", "00 *", 0x82],
      ["MQTT-3.1.0-1", "f0 *", 0x82],
      ["MQTT-3.1.0-1", "20 * 0000", 0x82],
      ["MQTT-3.1.0-1", "47 45 54 20 2f", 0x82],
      ["MQTT-4.8.0-1", "10 80 00", 0x81],
      ["MQTT-3.1.2-1", "10 *", 0x81],
      ["MQTT-3.1.2-1", "10 * 'MQTX' 04 02 003c ''", 0x84],
      ["MQTT-3.1.2-1", "10 * 'mqtt' 04 02 003c ''", 0x84],
      ["MQTT-3.1.2-1", "10 * '' 04 02 003c ''", 0x84],
      ["MQTT-3.1.2-1", "10 * 'MQTTMQTT' 04 02 003c ''", 0x84],
      ["MQTT-3.1.2-1", "10 * 'MQ'", 0x84],
      ["MQTT-3.1.2-1", "10 * ffff 4d515454 04", 0x84],
    ],
    OLD,
  );
});

describe("CONNECT 3.1.1", () => {
  expectErrors(
    "server",
    undefined,
    [
      ["MQTT-2.2.2-2", "11 * 'MQTT' 04 02 003c ''", 0x81],
      ["MQTT-2.2.2-2", "18 * 'MQTT' 04 02 003c ''", 0x81],
      ["MQTT-3.1.2-2", "10 * 'MQTT' 02 02 003c ''", 0x84],
      ["MQTT-3.1.2-2", "10 * 'MQTT' 03 02 003c ''", 0x84],
      ["MQTT-3.1.2-2", "10 * 'MQTT' 83 02 003c ''", 0x84],
      ["MQTT-3.1.2-3", "10 * 'MQTT' 04 03 003c ''", 0x81],
      ["MQTT-3.1.2-11", "10 * 'MQTT' 04 0a 003c ''", 0x81, "MQTT-3.1.2-13"],
      ["MQTT-3.1.2-13", "10 * 'MQTT' 04 12 003c ''", 0x81],
      ["MQTT-3.1.2-14", "10 * 'MQTT' 04 1e 003c '' 't' 'm'", 0x81],
      ["MQTT-3.1.2-15", "10 * 'MQTT' 04 22 003c ''", 0x81],
      ["MQTT-3.1.2-9", "10 * 'MQTT' 04 06 003c ''", 0x81],
      ["MQTT-3.1.2-9", "10 * 'MQTT' 04 06 003c '' 't'", 0x81],
      ["MQTT-3.1.2-18", "10 * 'MQTT' 04 02 003c '' 'user'", 0x81, "MQTT-3.1.4-1"],
      ["MQTT-3.1.2-19", "10 * 'MQTT' 04 82 003c ''", 0x81],
      ["MQTT-3.1.2-20", "10 * 'MQTT' 04 82 003c '' 'user' 'password'", 0x81, "MQTT-3.1.4-1"],
      ["MQTT-3.1.2-21", "10 * 'MQTT' 04 c2 003c '' 'user'", 0x81],
      ["MQTT-3.1.2-22", "10 * 'MQTT' 04 42 003c '' 'password'", 0x81],
      ["MQTT-3.1.3-3", "10 * 'MQTT' 04 02 003c", 0x81],
      ["MQTT-3.1.3-4", "10 * 'MQTT' 04 02 003c 0002 c080", 0x81, "MQTT-1.5.3-1"],
      ["MQTT-1.5.3-1", "10 * 'MQTT' 04 02 003c 0003 eda080", 0x81],
      ["MQTT-1.5.3-2", "10 * 'MQTT' 04 02 003c 0002 6100", 0x81],
      ["MQTT-3.1.3-8", "10 * 'MQTT' 04 00 003c ''", 0x85],
      ["MQTT-3.1.3-10", "10 * 'MQTT' 04 06 003c '' 0001 ff 'm'", 0x81, "MQTT-1.5.3-1"],
      ["MQTT-3.1.3-11", "10 * 'MQTT' 04 82 003c '' 0001 ff", 0x81, "MQTT-1.5.3-1"],
      ["MQTT-4.7.1-1", "10 * 'MQTT' 04 06 003c '' 'a/#' 'm'", 0x90, "MQTT-3.3.2-2"],
      ["MQTT-4.7.3-1", "10 * 'MQTT' 04 06 003c '' '' 'm'", 0x82],
      ["MQTT-3.1.4-1", "10 * 'MQTT'", 0x81],
      ["MQTT-3.1.4-1", "10 * 'MQTT' 04", 0x81],
      ["MQTT-3.1.4-1", "10 * 'MQTT' 04 02 00", 0x81, "MQTT-3.1.4-1"],
    ],
    OLD,
  );

  test("an unsupported level is told apart from an unknown name by the version", () => {
    const versionAfter = (packet: string): ProtocolVersion | undefined => {
      const framer = new Framer(sink, { side: "server" });
      expect(() => framer.push(packetBytes(packet)), packet).toThrow(MartletError);
      return framer.version;
    };
    expect(versionAfter("10 * 'MQTX' 04 02 003c ''")).toBeUndefined();
    expect(versionAfter("10 * 'MQTT' 03 02 003c ''")).toBe(MQTT_3_1_1);
    expect(versionAfter("10 * 'MQTT' 06 02 003c 00 ''")).toBe(MQTT_5_0);
    expect(versionAfter("10 * 'MQTT' 7f 02 003c 00 ''")).toBe(MQTT_5_0);
    expect(versionAfter("10 * 'MQIsdp' 04 02 003c 'a'")).toBe(MQTT_3_1);
    expect(versionAfter("10 * 'MQTT' 05 03 003c 00 ''")).toBe(MQTT_5_0);
    expect(versionAfter("10 * 'MQTT' 04 00 003c ''")).toBe(MQTT_3_1_1);
  });
});

describe("CONNECT 3.1", () => {
  expectErrors(
    "server",
    undefined,
    [
      ["MQTT-3.1.2-2", "10 * 'MQIsdp' 04 02 003c 'a'", 0x84],
      ["MQTT-3.1.3-9", "10 * 'MQIsdp' 03 02 003c ''", 0x85],
      ["MQTT-3.1.2-14", "10 * 'MQIsdp' 03 1e 003c 'a' 't' 'm'", 0x81],
      ["MQTT-3.1.2-9", "10 * 'MQIsdp' 03 06 003c 'a'", 0x81],
      ["MQTT-3.1.4-1", "10 * 'MQIsdp' 03 02 003c 'a' 'x'", 0x81],
    ],
    OLD,
  );
});

describe("CONNECT 5.0", () => {
  const connect = (flags: string, properties: string, payload = "''"): string =>
    `10 * 'MQTT' 05 ${flags} 003c [${properties}] ${payload}`;
  const will = (properties: string, payload = "'t' 'm'"): string =>
    connect("06", "", `'' [${properties}] ${payload}`);

  expectErrors("server", undefined, [
    ["MQTT-2.1.3-1", "11 * 'MQTT' 05 02 003c [] ''", 0x81],
    ["MQTT-3.1.2-2", "10 * 'MQTT' 06 02 003c [] ''", 0x84],
    ["MQTT-3.1.2-2", "10 * 'MQTT' 85 02 003c [] ''", 0x84],
    ["MQTT-3.1.2-3", connect("03", ""), 0x81],
    ["MQTT-3.1.2-9", connect("06", "", "''"), 0x81],
    ["MQTT-3.1.2-9", connect("06", "", "'' [] 't'"), 0x81],
    ["MQTT-3.1.2-11", connect("0a", ""), 0x81],
    ["MQTT-3.1.2-11", connect("12", ""), 0x81],
    ["MQTT-3.1.2-12", connect("1e", "", "'' [] 't' 'm'"), 0x81],
    ["MQTT-3.1.2-13", connect("22", ""), 0x81],
    ["MQTT-3.1.2-16", connect("02", "", "'' 'user'"), 0x81, "MQTT-3.1.4-1"],
    ["MQTT-3.1.2-17", connect("82", ""), 0x81],
    ["MQTT-3.1.2-18", connect("82", "", "'' 'user' 'password'"), 0x81, "MQTT-3.1.4-1"],
    ["MQTT-3.1.2-19", connect("42", ""), 0x81],
    ["MQTT-3.1.3-3", connect("02", "", ""), 0x81],
    ["MQTT-3.1.3-4", connect("02", "", "0001 ff"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.1.3-11", will("", "0001 ff 'm'"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.1.3-12", connect("82", "", "'' 0001 ff"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-4.7.0-1", will("", "'t/+' 'm'"), 0x90, "MQTT-3.3.2-2"],
    ["MQTT-4.7.3-1", will("", "'' 'm'"), 0x82],
    ["MQTT-2.2.2-1", "10 * 'MQTT' 05 02 003c", 0x81],
    ["MQTT-1.5.5-1", "10 * 'MQTT' 05 02 003c 8000 ''", 0x81],
    ["U5-2.2.2.1", "10 * 'MQTT' 05 02 003c 7f ''", 0x81],
    ["U5-2.2.2.2", connect("02", "01 01"), 0x81],
    ["U5-2.2.2.2", connect("02", "00"), 0x81],
    ["U5-2.2.2.2", connect("02", "7f"), 0x81],
    ["U5-2.2.2.2", connect("02", "8001"), 0x81],
    ["U5-2.2.2.2", connect("02", "11 000000"), 0x81],
    ["U5-3.1.2.11.2", connect("02", "11 00000001 11 00000001"), 0x82],
    ["U5-3.1.2.11.3", connect("02", "21 0001 21 0001"), 0x82],
    ["U5-3.1.2.11.3", connect("02", "21 0000"), 0x82],
    ["U5-3.1.2.11.4", connect("02", "27 00000001 27 00000001"), 0x82],
    ["U5-3.1.2.11.4", connect("02", "27 00000000"), 0x82],
    ["U5-3.1.2.11.5", connect("02", "22 0000 22 0000"), 0x82],
    ["U5-3.1.2.11.6", connect("02", "19 00 19 00"), 0x82],
    ["U5-3.1.2.11.6", connect("02", "19 02"), 0x82],
    ["U5-3.1.2.11.7", connect("02", "17 01 17 01"), 0x82],
    ["U5-3.1.2.11.7", connect("02", "17 02"), 0x82],
    ["U5-3.1.2.11.9", connect("02", "15 'X' 15 'X'"), 0x82],
    ["U5-3.1.2.11.10", connect("02", "15 'X' 16 'd' 16 'd'"), 0x82],
    ["U5-3.1.2.11.10", connect("02", "16 'd'"), 0x82],
    ["MQTT-1.5.4-1", connect("02", "15 0002 c080"), 0x81],
    ["MQTT-1.5.4-2", connect("02", "15 0001 00"), 0x81],
    ["MQTT-1.5.7-1", connect("02", "26 0001 ff 'v'"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-1.5.7-1", connect("02", "26 'k' 0001 ff"), 0x81, "MQTT-1.5.4-1"],
    ["U5-3.1.3.2.2", will("18 00000001 18 00000001"), 0x82],
    ["U5-3.1.3.2.3", will("01 00 01 00"), 0x82],
    ["U5-3.1.3.2.3", will("01 02"), 0x82],
    ["U5-3.1.3.2.4", will("02 00000001 02 00000001"), 0x82],
    ["U5-3.1.3.2.5", will("03 'a' 03 'a'"), 0x82],
    ["U5-3.1.3.2.6", will("08 'a' 08 'a'"), 0x82],
    ["U5-3.1.3.2.7", will("09 'a' 09 'a'"), 0x82],
    ["MQTT-3.3.2-14", will("08 'a/+'"), 0x82],
    ["U5-2.2.2.2", will("11 00000001"), 0x81],
    ["MQTT-3.1.4-1", "10 * 'MQTT' 05 02 00", 0x81],
  ]);
});

describe("any packet, 3.x", () => {
  const rows: readonly Row[] = [
    ["MQTT-4.8.0-1", "00 *", 0x81],
    ["MQTT-4.8.0-1", "f0 *", 0x81],
    ["MQTT-3.1.0-2", "10 * 'MQTT' 04 02 003c ''", 0x82],
    ["MQTT-4.8.0-1", "20 * 0000", 0x82],
    ["MQTT-4.8.0-1", "90 * 0001 00", 0x82],
    ["MQTT-4.8.0-1", "b0 * 0001", 0x82],
    ["MQTT-4.8.0-1", "d0 *", 0x82],
    ["MQTT-4.8.0-1", "c0 8000", 0x81],
    ["MQTT-4.8.0-1", "30 ffffffff", 0x81],
    ["MQTT-3.3.1-4", "36 * 'a' 0001", 0x81],
    ["MQTT-3.3.1-2", "38 * 'a'", 0x81],
    ["MQTT-2.3.1-1", "32 * 'a' 0000", 0x82],
    ["MQTT-2.3.1-1", "82 * 0000 'a' 00", 0x82],
    ["MQTT-2.3.1-1", "a2 * 0000 'a'", 0x82],
    ["MQTT-2.3.1-6", "40 * 0000", 0x82],
    ["MQTT-3.3.2-1", "30 *", 0x81],
    ["MQTT-3.3.2-1", "30 * 0005 61", 0x81],
    ["MQTT-3.3.2-1", "30 * 0001 ff", 0x81, "MQTT-1.5.3-1"],
    ["MQTT-1.5.3-2", "30 * 0001 00", 0x81],
    ["MQTT-3.3.2-2", "30 * 'a/+'", 0x90],
    ["MQTT-4.7.1-1", "30 * '#'", 0x90, "MQTT-3.3.2-2"],
    ["MQTT-4.7.3-1", "30 * ''", 0x82],
    ["MQTT-4.8.0-1", "32 * 'a' 00", 0x81],
    ["MQTT-2.2.2-2", "41 * 0001", 0x81],
    ["MQTT-2.2.2-2", "52 * 0001", 0x81],
    ["MQTT-3.6.1-1", "60 * 0001", 0x81],
    ["MQTT-3.6.1-1", "63 * 0001", 0x81],
    ["MQTT-2.2.2-2", "71 * 0001", 0x81],
    ["MQTT-4.8.0-1", "40 * 00", 0x81],
    ["MQTT-4.8.0-1", "40 * 0001 00", 0x81],
    ["MQTT-3.8.1-1", "80 * 0001 'a' 00", 0x81],
    ["MQTT-3.8.3-1", "82 * 0001 0001 ff 00", 0x81, "MQTT-1.5.3-1"],
    ["MQTT-3.8.3-3", "82 * 0001", 0x82],
    ["MQTT-3.8.3-4", "82 * 0001 'a' 03", 0x81],
    ["MQTT-4.7.3-1", "82 * 0001 '' 00", 0x82],
    ["MQTT-4.7.3-2", "82 * 0001 0001 00 00", 0x81, "MQTT-1.5.3-2"],
    ["MQTT-4.8.0-1", "82 * 0001 'a'", 0x81],
    ["MQTT-3.10.1-1", "a0 * 0001 'a'", 0x81],
    ["MQTT-3.10.3-1", "a2 * 0001 0001 ff", 0x81, "MQTT-1.5.3-1"],
    ["MQTT-3.10.3-2", "a2 * 0001", 0x82],
    ["MQTT-4.7.3-1", "a2 * 0001 ''", 0x82],
    ["MQTT-2.2.2-2", "c1 *", 0x81],
    ["MQTT-4.8.0-1", "c0 * 00", 0x81],
    ["MQTT-3.14.1-1", "e1 *", 0x81],
    ["MQTT-4.8.0-1", "e0 * 00", 0x81],
  ];
  describe("3.1.1", () => {
    expectErrors("server", MQTT_3_1_1, rows, OLD);
  });
  describe("3.1", () => {
    expectErrors("server", MQTT_3_1, rows, OLD);
  });

  describe("3.1.1 only", () => {
    expectErrors(
      "server",
      MQTT_3_1_1,
      [
        ["MQTT-3.6.1-1", "6a * 0001", 0x81],
        ["MQTT-3.8.1-1", "8a * 0001 'a' 00", 0x81],
        ["MQTT-3.10.1-1", "aa * 0001 'a'", 0x81],
        ["MQTT-3.8.3-4", "82 * 0001 'a' 04", 0x81],
        ["MQTT-3.8.3-4", "82 * 0001 'a' 80", 0x81],
      ],
      OLD,
    );
  });

  describe("towards a client", () => {
    expectErrors(
      "client",
      MQTT_3_1_1,
      [
        ["MQTT-4.8.0-1", "10 * 'MQTT' 04 02 003c ''", 0x82],
        ["MQTT-4.8.0-1", "82 * 0001 'a' 00", 0x82],
        ["MQTT-4.8.0-1", "c0 *", 0x82],
        ["MQTT-4.8.0-1", "e0 *", 0x82],
        ["MQTT-2.2.2-2", "21 * 0000", 0x81],
        ["MQTT-4.8.0-1", "20 * 0200", 0x81],
        ["MQTT-3.2.2-4", "20 * 0105", 0x82],
        ["MQTT-4.8.0-1", "20 * 0006", 0x82],
        ["MQTT-4.8.0-1", "20 * 00", 0x81],
        ["MQTT-4.8.0-1", "20 * 000000", 0x81],
        ["MQTT-2.3.1-1", "32 * 'a' 0000", 0x82],
        ["MQTT-3.9.3-2", "90 * 0001 03", 0x82],
        ["MQTT-3.9.3-2", "90 * 0001 87", 0x82],
        ["MQTT-3.8.4-5", "90 * 0001", 0x81],
        ["MQTT-2.3.1-7", "90 * 0000 00", 0x82],
        ["MQTT-4.8.0-1", "b0 * 0001 00", 0x81],
        ["MQTT-2.3.1-7", "b0 * 0000", 0x82],
        ["MQTT-4.8.0-1", "d0 * 00", 0x81],
      ],
      OLD,
    );
  });
});

describe("any packet to a server, 5.0", () => {
  const publish = (properties: string): string => `30 * 'a' [${properties}]`;
  expectErrors("server", MQTT_5_0, [
    ["MQTT-4.13.1-1", "00 *", 0x81],
    ["MQTT-3.1.0-2", "10 * 'MQTT' 05 02 003c [] ''", 0x82],
    ["MQTT-4.13.1-1", "20 * 0000 []", 0x82],
    ["MQTT-4.13.1-1", "90 * 0001 [] 00", 0x82],
    ["MQTT-4.13.1-1", "d0 *", 0x82],
    ["MQTT-1.5.5-1", "c0 8000", 0x81],
    ["MQTT-1.5.5-1", "c0 8080 00", 0x81],
    ["MQTT-1.5.5-1", "c0 ff80 00", 0x81],
    ["MQTT-1.5.5-1", "30 8080 8080 01", 0x81],

    ["MQTT-3.3.1-4", "36 * 'a' 0001 []", 0x81],
    ["MQTT-3.3.1-2", "38 * 'a' []", 0x81],
    ["MQTT-2.2.1-3", "32 * 'a' 0000 []", 0x82],
    ["MQTT-3.3.2-1", "30 * 00", 0x81],
    ["MQTT-3.3.2-1", "30 * 0002 c080 []", 0x81, "MQTT-1.5.4-1"],
    ["MQTT-1.5.4-2", "30 * 0001 00 []", 0x81],
    ["MQTT-3.3.2-2", "30 * 'a/#' []", 0x90],
    ["U5-3.3.2.1", "30 * '' []", 0x82],
    ["MQTT-2.2.2-1", "30 * 'a'", 0x81],
    ["MQTT-1.5.5-1", "30 * 'a' 8000", 0x81],
    ["U5-2.2.2.1", "30 * 'a' 7f 01 00", 0x81],
    ["MQTT-3.3.2-8", publish("23 0000"), 0x94],
    ["U5-3.3.4a", publish("23 0000"), 0x94, "MQTT-3.3.2-8"],
    ["MQTT-3.3.2-13", publish("08 0001 ff"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.3.2-14", publish("08 'a/#'"), 0x82],
    ["MQTT-3.3.2-14", publish("08 ''"), 0x82],
    ["MQTT-3.3.2-19", publish("03 0001 ff"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.3.4-6", publish("0b 01"), 0x82],
    ["MQTT-1.5.7-1", publish("26 0001 ff 'v'"), 0x81, "MQTT-1.5.4-1"],
    ["MQTT-1.5.7-1", publish("26 'k' 0001 00"), 0x81, "MQTT-1.5.4-2"],
    ["U5-3.3.2.3.4", publish("23 0001 23 0001"), 0x82],
    ["U5-3.3.2.3.5", publish("08 'a' 08 'a'"), 0x82],
    ["U5-3.3.2.3.6", publish("09 'a' 09 'a'"), 0x82],
    ["U5-3.3.2.3.9", publish("03 'a' 03 'a'"), 0x82],
    ["U5-2.2.2.2", publish("01 00 01 00"), 0x82],
    ["U5-2.2.2.2", publish("02 00000001 02 00000001"), 0x82],
    ["U5-2.2.2.2", publish("01 02"), 0x82],
    ["U5-2.2.2.2", publish("01"), 0x81],
    ["U5-2.2.2.2", publish("02 000000"), 0x81],
    ["U5-2.2.2.2", publish("03 00"), 0x81],
    ["U5-2.2.2.2", publish("03 0005 61"), 0x81],
    ["U5-2.2.2.2", publish("09 0005 61"), 0x81],
    ["U5-2.2.2.2", publish("23 00"), 0x81],
    ["U5-2.2.2.2", publish("26 'k'"), 0x81],
    ["U5-2.2.2.2", publish("11 00000001"), 0x81],
    ["U5-2.2.2.2", publish("1f 'a'"), 0x81],
    ["U5-2.2.2.2", publish("81 01"), 0x81],

    ["MQTT-2.1.3-1", "41 * 0001", 0x81],
    ["MQTT-2.1.3-1", "52 * 0001", 0x81],
    ["MQTT-3.6.1-1", "60 * 0001", 0x81],
    ["MQTT-3.6.1-1", "6a * 0001", 0x81],
    ["MQTT-2.1.3-1", "71 * 0001", 0x81],
    ["MQTT-2.2.1-5", "40 * 0000", 0x82],
    ["MQTT-4.13.1-1", "40 * 00", 0x81],
    ["MQTT-3.4.2-1", "40 * 0001 01", 0x82],
    ["MQTT-3.4.2-1", "40 * 0001 92 []", 0x82],
    ["MQTT-3.5.2-1", "50 * 0001 8f", 0x82],
    ["MQTT-3.6.2-1", "62 * 0001 80", 0x82],
    ["MQTT-3.7.2-1", "70 * 0001 10", 0x82],
    ["U5-3.4.2.2.2", "40 * 0001 00 [1f 'a' 1f 'a']", 0x82],
    ["U5-3.4.2.2.2", "50 * 0001 00 [1f 'a' 1f 'a']", 0x82],
    ["U5-3.4.2.2.2", "62 * 0001 00 [1f 'a' 1f 'a']", 0x82],
    ["U5-3.4.2.2.2", "70 * 0001 00 [1f 'a' 1f 'a']", 0x82],
    ["U5-2.2.2.2", "40 * 0001 00 [11 00000001]", 0x81],
    ["U5-2.2.2.1", "40 * 0001 00 05", 0x81],
    ["MQTT-4.13.1-1", "40 * 0001 00 [] 00", 0x81],

    ["MQTT-3.8.1-1", "80 * 0001 [] 'a' 00", 0x81],
    ["MQTT-2.2.1-3", "82 * 0000 [] 'a' 00", 0x82],
    ["MQTT-2.2.2-1", "82 * 0001", 0x81],
    ["MQTT-3.8.3-1", "82 * 0001 [] 0001 ff 00", 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.8.3-2", "82 * 0001 []", 0x82],
    ["U5-3.8.3a", "82 03 0001 00", 0x82, "MQTT-3.8.3-2"],
    ["MQTT-3.8.3-4", "82 * 0001 [] '$share/g/a' 04", 0x82],
    ["MQTT-3.8.3-5", "82 * 0001 [] 'a' 40", 0x81],
    ["MQTT-3.8.3-5", "82 * 0001 [] 'a' 80", 0x81],
    ["U5-3.8.3b", "82 * 0001 [] 'a' 03", 0x82],
    ["U5-3.8.3c", "82 * 0001 [] 'a' 30", 0x82],
    ["U5-3.8.2.1.2", "82 * 0001 [0b 00] 'a' 00", 0x82],
    ["U5-3.8.2.1.2", "82 * 0001 [0b 01 0b 02] 'a' 00", 0x82],
    ["MQTT-1.5.5-1", "82 * 0001 [0b 8000] 'a' 00", 0x81],
    ["U5-2.2.2.2", "82 * 0001 [1f 'a'] 'a' 00", 0x81],
    ["MQTT-4.7.3-1", "82 * 0001 [] '' 00", 0x82],
    ["MQTT-4.7.3-2", "82 * 0001 [] 0001 00 00", 0x81, "MQTT-1.5.4-2"],
    ["MQTT-4.13.1-1", "82 * 0001 [] 'a'", 0x81],

    ["MQTT-3.10.1-1", "a0 * 0001 [] 'a'", 0x81],
    ["MQTT-2.2.1-3", "a2 * 0000 [] 'a'", 0x82],
    ["MQTT-3.10.3-1", "a2 * 0001 [] 0001 ff", 0x81, "MQTT-1.5.4-1"],
    ["MQTT-3.10.3-2", "a2 * 0001 []", 0x82],
    ["U5-3.10.3", "a2 03 0001 00", 0x82, "MQTT-3.10.3-2"],
    ["MQTT-4.7.3-1", "a2 * 0001 [] ''", 0x82],
    ["U5-2.2.2.2", "a2 * 0001 [0b 01] 'a'", 0x81],

    ["MQTT-2.1.3-1", "c1 *", 0x81],
    ["MQTT-4.13.1-1", "c0 * 00", 0x81],

    ["MQTT-3.14.1-1", "e1 *", 0x81],
    ["MQTT-3.14.2-1", "e0 * 8e", 0x82],
    ["MQTT-3.14.2-1", "e0 * 01", 0x82],
    ["U5-3.14.2.2.2", "e0 * 00 [11 00000001 11 00000001]", 0x82],
    ["U5-3.4.2.2.2", "e0 * 00 [1f 'a' 1f 'a']", 0x82],
    ["MQTT-4.13.1-1", "e0 * 00 [] 00", 0x81],

    ["MQTT-3.15.1-1", "f1 *", 0x81],
    ["MQTT-3.15.2-1", "f0 *", 0x82],
    ["MQTT-3.15.2-1", "f0 * 00 [15 'X']", 0x82],
    ["MQTT-3.15.2-1", "f0 * 87 [15 'X']", 0x82],
    ["MQTT-2.2.2-1", "f0 * 18", 0x81],
    ["U5-3.15.2.2.2", "f0 * 18 []", 0x82],
    ["U5-3.15.2.2.2", "f0 * 18 [15 'X' 15 'X']", 0x82],
    ["U5-3.15.2.2.3", "f0 * 18 [15 'X' 16 'd' 16 'd']", 0x82],
    ["U5-3.4.2.2.2", "f0 * 18 [15 'X' 1f 'd' 1f 'd']", 0x82],
  ]);
});

describe("any packet to a client, 5.0", () => {
  const connack = (properties: string): string => `20 * 0000 [${properties}]`;
  expectErrors("client", MQTT_5_0, [
    ["MQTT-4.13.1-1", "10 * 'MQTT' 05 02 003c [] ''", 0x82],
    ["MQTT-4.13.1-1", "82 * 0001 [] 'a' 00", 0x82],
    ["MQTT-4.13.1-1", "a2 * 0001 [] 'a'", 0x82],
    ["MQTT-4.13.1-1", "c0 *", 0x82],
    ["MQTT-2.1.3-1", "21 * 0000 []", 0x81],
    ["MQTT-3.2.2-1", "20 * 0200 []", 0x81],
    ["MQTT-3.2.2-6", "20 * 0187 []", 0x82],
    ["MQTT-3.2.2-8", "20 * 0001 []", 0x82],
    ["MQTT-3.2.2-8", "20 * 008e []", 0x82],
    ["MQTT-2.2.2-1", "20 * 0000", 0x81],
    ["U5-3.2.2.3.2", connack("11 00000001 11 00000001"), 0x82],
    ["U5-3.2.2.3.3", connack("21 0001 21 0001"), 0x82],
    ["U5-3.2.2.3.3", connack("21 0000"), 0x82],
    ["U5-3.2.2.3.4", connack("24 00 24 00"), 0x82],
    ["U5-3.2.2.3.4", connack("24 02"), 0x82],
    ["U5-3.2.2.3.5", connack("25 00 25 00"), 0x82],
    ["U5-3.2.2.3.5", connack("25 02"), 0x82],
    ["U5-3.2.2.3.6", connack("27 00000001 27 00000001"), 0x82],
    ["U5-3.2.2.3.6", connack("27 00000000"), 0x82],
    ["U5-3.2.2.3.7", connack("12 'a' 12 'a'"), 0x82],
    ["U5-3.2.2.3.8", connack("22 0001 22 0001"), 0x82],
    ["U5-3.2.2.3.9", connack("1f 'a' 1f 'a'"), 0x82],
    ["U5-3.2.2.3.11", connack("28 00 28 00"), 0x82],
    ["U5-3.2.2.3.11", connack("28 02"), 0x82],
    ["U5-3.2.2.3.12", connack("29 00 29 00"), 0x82],
    ["U5-3.2.2.3.12", connack("29 02"), 0x82],
    ["U5-3.2.2.3.13", connack("2a 00 2a 00"), 0x82],
    ["U5-3.2.2.3.13", connack("2a 02"), 0x82],
    ["U5-3.2.2.3.14", connack("13 0001 13 0001"), 0x82],
    ["U5-3.2.2.3.15", connack("1a 'a' 1a 'a'"), 0x82],
    ["U5-3.2.2.3.16", connack("1c 'a' 1c 'a'"), 0x82],
    ["U5-3.2.2.3.17", connack("15 'a' 15 'a'"), 0x82],
    ["U5-3.2.2.3.18", connack("16 'a' 16 'a'"), 0x82],
    ["U5-2.2.2.2", connack("17 01"), 0x81],
    ["MQTT-2.2.1-4", "32 * 'a' 0000 []", 0x82],
    ["U5-3.3.2.3.8", "30 * 'a' [0b 00]", 0x82],
    ["U5-2.2.2.2", "30 * 'a' [0b]", 0x81],
    ["U5-2.2.2.2", "30 * 'a' [0b 8000]", 0x81],
    ["MQTT-2.2.1-6", "90 * 0000 [] 00", 0x82],
    ["MQTT-3.9.3-2", "90 * 0001 [] 03", 0x82],
    ["MQTT-3.8.4-6", "90 * 0001 []", 0x81],
    ["U5-3.4.2.2.2", "90 * 0001 [1f 'a' 1f 'a'] 00", 0x82],
    ["MQTT-3.11.3-2", "b0 * 0001 [] 01", 0x82],
    ["MQTT-3.11.3-2", "b0 * 0001 []", 0x81],
    ["U5-3.4.2.2.2", "b0 * 0001 [1f 'a' 1f 'a'] 00", 0x82],
    ["MQTT-3.14.2-1", "e0 * 04", 0x82],
    ["MQTT-3.14.2-2", "e0 * 00 [11 00000001]", 0x82],
    ["U5-3.14.2.2.5", "e0 * 9c [1c 'a' 1c 'a']", 0x82],
    ["MQTT-3.15.2-1", "f0 * 19 [15 'X']", 0x82],
  ]);
});

describe("control characters", () => {
  test.each([
    "30 * 0001 07 []",
    "30 * 'a' [03 0001 07]",
    "82 * 0001 [] 0002 6107 00",
    "a2 * 0001 [26 0001 1f ''] 'a'",
  ])("%s is refused only on request (U5-1.5.4)", (packet) => {
    const framer = new Framer(
      {
        onPublish: (view) => void toPublishPacket(view, { rejectControlCharacters: true }),
        onPacket: () => undefined,
      },
      { side: "server", version: MQTT_5_0, rejectControlCharacters: true },
    );
    expect(() => framer.push(packetBytes(packet))).toThrow(
      expect.objectContaining({ statement: "U5-1.5.4", reasonCode: 0x81 }),
    );
    expect(() => errorOf("server", MQTT_5_0, packet)).toThrow("accepted");
  });
});
