/** Sections 2.1 to 2.3, 4.8 (3.1.1) and 4.13 (5.0): bytes that are no packets, and packets at the wrong place. */

import { type ConformanceCase, ONLY_3_1_1, ONLY_5, SINCE_3_1_1 } from "../case.ts";
import type { ConformanceContext } from "../context.ts";
import { binary, packet, type Raw, raw, text } from "../wire/bytes.ts";
import { protocolName } from "../wire/write.ts";
import { expectConnectErrors, expectErrors, illFormedUtf8, textField } from "./support.ts";

function noProperties(c: ConformanceContext): string {
  return c.version === 5 ? "00" : "";
}

/** A case for one packet type: every wrong value of its reserved flags closes the connection. */
function flagsCase(
  name: string,
  type: number,
  right: number,
  statements: readonly string[],
  rest: Raw,
): ConformanceCase {
  return {
    name: `malformed/flags-of-${name}`,
    title: `wrong flags of ${name.toUpperCase()} close the connection`,
    statements: ["3.1.1/MQTT-2.2.2-2", "5.0/MQTT-2.1.3-1", "5.0/MQTT-4.13.1-1", ...statements],
    versions: SINCE_3_1_1,
    async run(c) {
      const flags = [0, 1, 2, 3, 4, 8, 10, 15].filter((each) => each !== right);
      const body = name.endsWith("subscribe") ? ["00 01", noProperties(c), rest] : rest;
      await expectErrors(
        c,
        [0x81],
        flags.map((each) => packet((type << 4) | each, body)),
      );
    },
  };
}

export const malformedCases: readonly ConformanceCase[] = [
  flagsCase("puback", 4, 0, [], "00 01"),
  flagsCase("pubrec", 5, 0, [], "00 01"),
  flagsCase("pubrel", 6, 2, ["3.1.1/MQTT-3.6.1-1", "5.0/MQTT-3.6.1-1"], "00 01"),
  flagsCase("pubcomp", 7, 0, [], "00 01"),
  flagsCase("subscribe", 8, 2, ["3.1.1/MQTT-3.8.1-1", "5.0/MQTT-3.8.1-1"], "00 01 'a' 00"),
  flagsCase("unsubscribe", 10, 2, ["3.1.1/MQTT-3.10.1-1", "5.0/MQTT-3.10.1-1"], "00 01 'a'"),
  flagsCase("pingreq", 12, 0, [], ""),
  {
    name: "malformed/flags-of-connect",
    title: "wrong flags of CONNECT close the connection",
    statements: ["3.1.1/MQTT-2.2.2-2", "3.1.1/MQTT-3.1.4-1", "5.0/MQTT-2.1.3-1", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const body = [protocolName(c.version), "02 00 00", noProperties(c), text(c.clientId())];
      await expectConnectErrors(
        c,
        [0x81],
        [0x11, 0x12, 0x14, 0x18, 0x1f].map((first) => packet(first, body)),
      );
    },
  },
  {
    name: "malformed/publish-qos-3",
    title: "QoS 3 closes the connection",
    statements: ["3.1.1/MQTT-3.3.1-4", "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-3.3.1-4", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81],
        [0x36, 0x37, 0x3e, 0x3f].map((first) => packet(first, text(c.topic()), "00 01", noProperties(c))),
      ),
  },
  {
    name: "malformed/publish-dup-qos-0",
    title: "DUP with QoS 0 closes the connection",
    statements: ["3.1.1/MQTT-3.3.1-2", "3.1.1/MQTT-4.8.0-1", "5.0/MQTT-3.3.1-2"],
    versions: SINCE_3_1_1,
    run: (c) => expectErrors(c, [0x81, 0x82], [packet(0x38, text(c.topic()), noProperties(c))]),
  },
  {
    name: "malformed/publish-packet-id-0",
    title: "packet identifier 0 closes the connection",
    statements: ["3.1.1/MQTT-2.3.1-1", "3.1.1/MQTT-4.8.0-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        [0x32, 0x34].map((first) => packet(first, text(c.topic()), "00 00", noProperties(c))),
      ),
  },
  {
    name: "malformed/publish-cut-off",
    title: "a PUBLISH that ends inside a field closes the connection",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81],
        ["30 00", "30 01 00", "30 03 00 05 'a'", "32 03 00 01 'a'", "32 04 00 01 'a' 00"],
      ),
  },
  {
    name: "malformed/acknowledgement-cut-off",
    title: "an acknowledgement without its packet identifier closes the connection",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        ["40 00", "40 01 00", "50 01 00", "62 00", "70 01 01", "82 01 00", "a2 00"],
      ),
  },
  {
    name: "malformed/bytes-left-over",
    title: "bytes behind the last field close the connection",
    statements: ["3.1.1/MQTT-4.8.0-1"],
    versions: ONLY_3_1_1,
    run: (c) =>
      expectErrors(c, [], ["40 03 00 01 00", "62 03 00 01 00", "c0 01 00", "a2 06 00 01 00 01 'a' 00"]),
  },
  {
    name: "malformed/bytes-left-over-5.0",
    title: "bytes behind the last field are malformed",
    statements: ["5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        ["40 05 00 01 00 00 00", "c0 01 00", "e0 03 00 00 00", "a2 07 00 01 00 00 01 'a' 00"],
      ),
  },
  {
    name: "malformed/remaining-length-of-five-bytes",
    title: "a remaining length of more than four bytes closes the connection",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      await expectErrors(c, [0x81, 0x95], ["c0 80 80 80 80 00", "30 ff ff ff ff 01"]);
      await expectConnectErrors(c, [0x81, 0x95], ["10 ff ff ff ff 01", "10 80 80 80 80 01"]);
    },
  },
  {
    name: "malformed/remaining-length-not-shortest",
    title: "a remaining length in more bytes than needed is malformed in 5.0",
    statements: ["5.0/MQTT-1.5.5-1", "5.0/MQTT-4.13.1-1"],
    versions: ONLY_5,
    async run(c) {
      const body = raw([text("a"), "00"]);
      await expectErrors(
        c,
        [0x81],
        ["c0 80 00", "c0 80 80 80 00", raw(["30", Uint8Array.of(0x80 | body.length), "00", body])],
      );
    },
  },
  {
    name: "malformed/reserved-type",
    title: "packet type 0 closes the connection, and in 3.1.1 type 15",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(c, [0x81, 0x82], c.version === 5 ? ["00 00", "0f 00"] : ["00 00", "f0 00", "f0 01 00"]),
  },
  {
    name: "malformed/packets-of-servers",
    title: "packets that only servers send close the connection",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectErrors(
        c,
        [0x81, 0x82],
        c.version === 5
          ? ["20 03 00 00 00", "90 04 00 01 00 00", "b0 04 00 01 00 00", "d0 00"]
          : ["20 02 00 00", "90 03 00 01 00", "b0 02 00 01", "d0 00"],
      ),
  },
  {
    name: "malformed/connect-text",
    title: "client id, will topic and user name have to be UTF-8 without U+0000",
    statements: [
      "3.1.1/MQTT-1.5.3-1",
      "3.1.1/MQTT-1.5.3-2",
      "3.1.1/MQTT-3.1.3-4",
      "3.1.1/MQTT-3.1.3-10",
      "3.1.1/MQTT-3.1.3-11",
      "3.1.1/MQTT-3.1.4-1",
      "5.0/MQTT-1.5.4-1",
      "5.0/MQTT-1.5.4-2",
      "5.0/MQTT-3.1.3-4",
      "5.0/MQTT-3.1.3-11",
      "5.0/MQTT-3.1.3-12",
      "5.0/MQTT-3.1.4-1",
    ],
    versions: SINCE_3_1_1,
    async run(c) {
      const head = (flags: number): Raw => [
        protocolName(c.version),
        Uint8Array.of(flags),
        "00 00",
        noProperties(c),
      ];
      const id = text(c.clientId());
      for (const hex of illFormedUtf8) {
        const bad = textField(hex);
        await expectConnectErrors(
          c,
          [0x81, 0x85, 0x90],
          [
            packet(0x10, head(0x02), bad),
            packet(0x10, head(0x06), id, noProperties(c), bad, binary(raw("'gone'"))),
            packet(0x10, head(0x82), id, bad),
          ],
        );
      }
    },
  },
  {
    name: "malformed/connect-cut-off",
    title: "a CONNECT that ends inside a field is not accepted",
    statements: ["3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const whole = raw([protocolName(c.version), "02 00 3c", noProperties(c), text(c.clientId())]);
      const lengths = [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, whole.length - 1];
      await expectConnectErrors(
        c,
        [0x81, 0x84],
        lengths.map((length) => packet(0x10, whole.slice(0, length))),
      );
    },
  },
  {
    name: "malformed/connect-left-over",
    title: "a CONNECT with bytes behind its last field is not accepted",
    statements: ["3.1.1/MQTT-3.1.4-1", "5.0/MQTT-3.1.4-1"],
    versions: SINCE_3_1_1,
    run: (c) =>
      expectConnectErrors(
        c,
        [0x81],
        [packet(0x10, protocolName(c.version), "02 00 00", noProperties(c), text(c.clientId()), "00")],
      ),
  },
  {
    name: "malformed/only-its-own-connection",
    title: "an error ends the connection it came on and no other",
    statements: ["3.1.1/MQTT-4.8.0-1", "5.0/MQTT-4.13.1-1"],
    versions: SINCE_3_1_1,
    async run(c) {
      const good = await c.connect({ clientId: c.clientId("good") });
      await good.subscribe({ filter: c.topic(), qos: 1 });
      await expectErrors(c, [0x81, 0x82], ["36 00", "00 00", "30 ff ff ff ff ff"]);
      await good.publish({ topic: c.topic(), payload: "well", qos: 1 });
      await good.receive({ payload: "well" });
    },
  },
];
