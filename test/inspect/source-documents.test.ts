// Every hex packet that the source documents print, repair or announce, byte by byte with the reading that they give, and in
// the spellings that they use. The bytes stand here as literals.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { dissect } from "#inspect";
import { bitsOf, bytesOf, packetIn, packetsIn, rowsOf } from "./fields.ts";

/** As the repaired text has it, its second to last byte with its first in front. */
const connect = `
10 74 00 04 4d 51 54 54 04 c0 00 78 00 33 61 62 63 7c 73 65 63 75 72 65 6d 6f 64 65 3d 33 2c 73 69 67 6e 6d 65 74 68 6f
64 3d 68 6d 61 63 73 68 61 31 2c 74 69 6d 65 73 74 61 6d 70 3d 31 32 30 7c 00 09 35 36 37 38 26 31 32 33 34 00 28 32 32
32 37 35 30 44 45 44 46 45 34 46 37 37 34 30 30 32 45 45 38 37 45 45 44 32 39 43 46 44 30 36 33 38 43 35 46 36 36`;

const publish =
  "30 1d 00 09 2f 73 79 73 2f 70 6f 73 74 7b 70 61 72 61 6d 73 3a 7b 74 65 6d 70 3a 31 30 7d 7d";

const clientId = "abc|securemode=3,signmethod=hmacsha1,timestamp=120|";
const password = "222750DEDFE4F774002EE87EED29CFD0638C5F66";
const hexOf = (text: string): string =>
  Buffer.from(text)
    .toString("hex")
    .replaceAll(/..(?=.)/g, "$& ");

interface Case {
  readonly what: string;
  readonly hex: string;
  readonly name: string;
  readonly version: number;
  readonly rows: readonly string[];
  readonly bits: readonly string[];
}

const cases: readonly Case[] = [
  {
    what: "CONNECT of the device",
    hex: connect,
    name: "CONNECT",
    version: 4,
    rows: [
      "0 10 Packet Type and Flags: CONNECT",
      "1 74 Remaining Length: 116",
      "2 00 04 Protocol Name Length: 4",
      '4 4d 51 54 54 Protocol Name: "MQTT"',
      "8 04 Protocol Version: 4, MQTT 3.1.1",
      "9 c0 Connect Flags: 0xc0",
      "10 00 78 Keep Alive: 120 s (2 minutes)",
      "12 00 33 Client Identifier Length: 51",
      `14 ${hexOf(clientId)} Client Identifier: "${clientId}"`,
      "65 00 09 User Name Length: 9",
      `67 ${hexOf("5678&1234")} User Name: "5678&1234"`,
      "76 00 28 Password Length: 40",
      `78 ${hexOf(password)} Password: "${password}"`,
    ],
    bits: [
      "Packet Type: 1, CONNECT",
      "Flags: 0000",
      "User Name Flag: 1",
      "Password Flag: 1",
      "Will Retain: 0",
      "Will QoS: 0",
      "Will Flag: 0",
      "Clean Session: 0, the session is kept",
      "Reserved: 0",
    ],
  },
  {
    what: "PUBLISH of the device",
    hex: publish,
    name: "PUBLISH",
    version: 4,
    rows: [
      "0 30 Packet Type and Flags: PUBLISH",
      "1 1d Remaining Length: 29",
      "2 00 09 Topic Name Length: 9",
      `4 ${hexOf("/sys/post")} Topic Name: "/sys/post"`,
      `13 ${hexOf("{params:{temp:10}}")} Application Message: "{params:{temp:10}}"`,
    ],
    bits: ["Packet Type: 3, PUBLISH", "DUP: 0", "QoS: 0", "RETAIN: 0"],
  },
  {
    what: "SUBSCRIBE that was promised",
    hex: "82 0E 00 01 00 09 2F 73 79 73 2F 70 6F 73 74 00",
    name: "SUBSCRIBE",
    version: 4,
    rows: [
      "0 82 Packet Type and Flags: SUBSCRIBE",
      "1 0e Remaining Length: 14",
      "2 00 01 Packet Identifier: 1",
      "4 00 09 Topic Filter Length: 9",
      `6 ${hexOf("/sys/post")} Topic Filter: "/sys/post"`,
      "15 00 Requested QoS: 0",
    ],
    bits: ["Packet Type: 8, SUBSCRIBE", "Flags: 0010"],
  },
  {
    what: "CONNACK without a session",
    hex: "20 02 00 00",
    name: "CONNACK",
    version: 4,
    rows: [
      "0 20 Packet Type and Flags: CONNACK",
      "1 02 Remaining Length: 2",
      "2 00 Connect Acknowledge Flags: 0x00",
      "3 00 Connect Return code: 0, Connection Accepted",
    ],
    bits: ["Packet Type: 2, CONNACK", "Flags: 0000", "Reserved: 0", "Session Present: 0"],
  },
  {
    what: "CONNACK when the session was kept",
    hex: "20 02 01 00",
    name: "CONNACK",
    version: 4,
    rows: [
      "0 20 Packet Type and Flags: CONNACK",
      "1 02 Remaining Length: 2",
      "2 01 Connect Acknowledge Flags: 0x01",
      "3 00 Connect Return code: 0, Connection Accepted",
    ],
    bits: ["Packet Type: 2, CONNACK", "Flags: 0000", "Reserved: 0", "Session Present: 1"],
  },
  {
    what: "SUBACK of the proof run",
    hex: "90 03 00 01 00",
    name: "SUBACK",
    version: 4,
    rows: [
      "0 90 Packet Type and Flags: SUBACK",
      "1 03 Remaining Length: 3",
      "2 00 01 Packet Identifier: 1",
      "4 00 Return Code: 0x00, Granted QoS 0",
    ],
    bits: ["Packet Type: 9, SUBACK", "Flags: 0000"],
  },
];

describe("the hex packets of the source documents", () => {
  it.each(cases)("$what", ({ hex, name, version, rows, bits }) => {
    const packet = packetIn(hex);
    expect(packet).toMatchObject({ name, version, problems: [], hints: [], isIncomplete: false });
    expect(rowsOf(packet.fields)).toEqual(rows);
    expect(bitsOf(packet.fields)).toEqual(bits);
  });

  it("are the packets of the documents", () => {
    const hash = (hex: string): string => createHash("sha256").update(bytesOf(hex)).digest("hex");
    expect(hash(connect)).toBe("ed02c857acdee7b9e0853d1c15b9a041e3f57c92871394d566df1669635431a0");
    expect(hash(publish)).toBe("0d6888576392b5908eef186e7913b787d58feb93c3b3409792ad52c56d499a21");
  });

  it("are read all in a row, as the device sends them and as the broker answers", () => {
    const names = (hexes: readonly string[]) => packetsIn(hexes.join("\n")).map(({ name }) => name);
    expect(names([connect, "820e000100092f7379732f706f737400", publish])).toEqual([
      "CONNECT",
      "SUBSCRIBE",
      "PUBLISH",
    ]);
    expect(names(["20 02 00 00", "90 03 00 01 00", publish])).toEqual(["CONNACK", "SUBACK", "PUBLISH"]);
  });
});

describe("their spellings", () => {
  const tail = Buffer.from(bytesOf(connect).subarray(14)).toString("hex");

  it.each([
    ["0x in front of each byte", connect.replaceAll(/[0-9a-f]{2}/g, "0x$&")],
    [
      "0x10, 0x74, and numbers of four digits without it",
      `0x10 0x74 0004 0x4D515454 0x04C0 0078 0033 ${tail}`,
    ],
    ["everything in one run", connect.replaceAll(/\s/g, "")],
    ["capitals", connect.toUpperCase()],
    ["colons", connect.trim().replaceAll(/\s+/g, ":")],
    ["\\x in front of each byte", connect.replaceAll(/\s/g, "").replaceAll(/../g, "\\x$&")],
    [
      "an array in C",
      `unsigned char packet[] = {\n  ${connect
        .trim()
        .replaceAll(/\s+/g, ", ")
        .replaceAll(/[0-9a-f]{2}/g, "0x$&")}\n};`,
    ],
  ])("%s", (_, text) => {
    expect(Buffer.from(bytesOf(text)).toString("hex")).toBe(connect.replaceAll(/\s/g, ""));
  });
});

describe("what went wrong with them", () => {
  it("the first byte is missing, as in the text: the hint says so", () => {
    const [packet] = packetsIn(connect.replace("10 ", ""));
    expect(packet?.hints).toEqual([
      "With the byte 10 in front, this is a right CONNECT: its first byte is missing.",
    ]);
  });

  it("a length that was read as decimal", () => {
    const [packet] = packetsIn(connect.replace("00 33", "00 51"));
    expect(packet?.problems).not.toEqual([]);
    expect(packet?.hints).toEqual([
      "Lengths are hexadecimal: 51 bytes are 00 33, not 00 51 (Client Identifier Length).",
    ]);
  });

  it("bytes that are not there: how many, and that the rest is fine", () => {
    const packet = packetIn(Buffer.from(bytesOf(connect).subarray(0, 96)).toString("hex"));
    expect(packet).toMatchObject({ isIncomplete: true, missingBytes: 22, problems: [] });
    expect(rowsOf(packet.fields).at(-1)).toBe(
      `78 ${hexOf(password.slice(0, 18))} Password: the first 18 of 40 bytes`,
    );
  });

  it("a Remaining Length that is too large by a CONNECT of its own", () => {
    const packet = packetIn(connect.replace("10 74", "10 75"));
    expect(packet).toMatchObject({ isIncomplete: true, missingBytes: 1 });
    expect(packet.hints).toEqual([
      "With Remaining Length 116 (74) this is a right CONNECT: it then ends with the input.",
    ]);
  });
});

describe("tables of the standards that they quote", () => {
  it.each([
    ["00", 0],
    ["7f", 127],
    ["80 01", 128],
    ["c1 02", 321],
    ["ff 7f", 16_383],
    ["80 80 01", 16_384],
    ["ff ff 7f", 2_097_151],
    ["80 80 80 01", 2_097_152],
    ["ff ff ff 7f", 268_435_455],
  ])("Remaining Length %s is %d", (hex, length) => {
    const [packet] = dissect(bytesOf(`30 ${hex}`));
    expect(rowsOf(packet?.fields ?? [])[1]).toBe(`1 ${hex} Remaining Length: ${length}`);
  });

  it.each([["80 00"], ["80 80 00"], ["ff ff ff ff"], ["80 80 80 80 01"]])(
    "Remaining Length %s is malformed",
    (hex) => {
      const [packet] = dissect(bytesOf(`c0 ${hex}`), { version: 5 });
      expect(packet?.problems[0]).toMatchObject({
        field: "Remaining Length",
        statement: "MQTT-1.5.5-1",
        offset: 1,
      });
    },
  );

  it.each([
    ["10", 1, "CONNECT"],
    ["20", 2, "CONNACK"],
    ["30", 3, "PUBLISH"],
    ["3d", 3, "PUBLISH"],
    ["40", 4, "PUBACK"],
    ["50", 5, "PUBREC"],
    ["62", 6, "PUBREL"],
    ["70", 7, "PUBCOMP"],
    ["82", 8, "SUBSCRIBE"],
    ["90", 9, "SUBACK"],
    ["a2", 10, "UNSUBSCRIBE"],
    ["b0", 11, "UNSUBACK"],
    ["c0", 12, "PINGREQ"],
    ["d0", 13, "PINGRESP"],
    ["e0", 14, "DISCONNECT"],
    ["f0", 15, "AUTH"],
  ])("first byte %s is type %d, %s", (hex, type, name) => {
    expect(packetIn(hex, { version: 5 })).toMatchObject({ type, name, problems: [], isIncomplete: true });
  });

  it("MQIsdp of 3.1, and a character of four bytes", () => {
    expect(rowsOf(packetIn("10 11 00 06 4d 51 49 73 64 70 03 02 00 3c 00 03 61 62 63").fields)).toContain(
      '4 4d 51 49 73 64 70 Protocol Name: "MQIsdp"',
    );
    expect(rowsOf(packetIn("30 07 00 05 41 f0 aa 9b 94", { version: 4 }).fields)).toContain(
      '4 41 f0 aa 9b 94 Topic Name: "A\u{2a6d4}"',
    );
  });
});
