import { describe, expect, test } from "vitest";
import { toHex } from "#base";
import { ProtocolVersion } from "#protocol";
import { type DissectOptions, dissect, versionOf } from "./dissect.ts";
import type { DissectedPacket, Field } from "./field.ts";
import { summaryOf } from "./summary.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");
const packetsIn = (hex: string, options?: DissectOptions): DissectedPacket[] => [
  ...dissect(bytesOf(hex), options),
];

/** The body with its Remaining Length behind the first byte. */
function packet(first: string, body: string, options?: DissectOptions): DissectedPacket {
  const bytes = bytesOf(body);
  const length = toHex(Uint8Array.of(bytes.length));
  const [found, ...rest] = packetsIn(`${first} ${length} ${body}`, options);
  if (found === undefined || rest.length > 0) throw new TypeError("not one packet");
  return found;
}

function field(fields: readonly Field[], name: string): Field | undefined {
  for (const each of fields) {
    if (each.name === name && each.children?.some(({ bits }) => bits === undefined) !== true) return each;
    const found = field(each.children ?? [], name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const CONNECT = "00 04 4d 51 54 54";

describe("reasons say what was found and what is allowed", () => {
  test.each<[string, string, ProtocolVersion, string, string]>([
    [
      "10",
      "00 04 4d 51 54 58 04 02 00 3c 00 00",
      4,
      "3.1.1/MQTT-3.1.2-1",
      'Protocol Name is "MQTX"; "MQTT" is allowed (00 04 and 4 bytes), and "MQIsdp" in 3.1.',
    ],
    [
      "10",
      "00 05 4d 51 54 54 54 04 02 00 3c 00 00",
      4,
      "3.1.1/MQTT-3.1.2-1",
      'Protocol Name is "MQTTT"; "MQTT" is allowed (00 04 and 4 bytes), and "MQIsdp" in 3.1.',
    ],
    [
      "10",
      `${CONNECT} 06 02 00 3c 00 00 00`,
      5,
      "MQTT-3.1.2-2",
      'Protocol Version is 6; with the name "MQTT" it is 4 (MQTT 3.1.1) or 5 (MQTT 5.0).',
    ],
    [
      "10",
      "00 06 4d 51 49 73 64 70 04 02 00 3c 00 01 61",
      3,
      "3.1.1/MQTT-3.1.2-2",
      'Protocol Version is 4; with the name "MQIsdp" it is 3.',
    ],
    [
      "11",
      `${CONNECT} 04 02 00 3c 00 00`,
      4,
      "3.1.1/MQTT-2.2.2-2",
      "The flags are 0001; in this packet they have to be 0000, so that its first byte is 0x10.",
    ],
    [
      "10",
      `${CONNECT} 04 03 00 3c 00 00`,
      4,
      "3.1.1/MQTT-3.1.2-3",
      "Bit 0 of the Connect Flags is set; it is reserved and has to be 0.",
    ],
    [
      "10",
      `${CONNECT} 04 1e 00 3c 00 00 00 01 61 00 00`,
      4,
      "3.1.1/MQTT-3.1.2-14",
      "Will QoS is 3; 0, 1 and 2 are allowed.",
    ],
    [
      "10",
      `${CONNECT} 04 0a 00 3c 00 00`,
      4,
      "3.1.1/MQTT-3.1.2-13",
      "Will QoS is 1 without a will; then it has to be 0.",
    ],
    [
      "10",
      `${CONNECT} 04 22 00 3c 00 00`,
      4,
      "3.1.1/MQTT-3.1.2-15",
      "Will Retain is set without a will; then it has to be 0.",
    ],
    [
      "10",
      `${CONNECT} 04 42 00 3c 00 00 00 01 70`,
      4,
      "3.1.1/MQTT-3.1.2-22",
      "Password Flag is set without User Name Flag; 5.0 allows that, 3.1.1 does not.",
    ],
    [
      "10",
      `${CONNECT} 04 00 00 3c 00 00`,
      4,
      "3.1.1/MQTT-3.1.3-8",
      "Client Identifier is empty and Clean Session 0; a session that is kept needs a Client Identifier.",
    ],
    [
      "10",
      `${CONNECT} 04 02 00 3c 00 02 61`,
      4,
      "3.1.1/MQTT-3.1.3-3",
      "Client Identifier Length says 2, but the packet has 1 byte left: 1 too few.",
    ],
    [
      "10",
      `${CONNECT} 04 02 00`,
      4,
      "3.1.1/MQTT-3.1.4-1",
      "Keep Alive is cut off: it takes 2 bytes, and the packet has 1 left.",
    ],
    [
      "10",
      `${CONNECT} 04 02 00 3c 00 00 ff`,
      4,
      "3.1.1/MQTT-3.1.4-1",
      "1 byte too many: by its fields the packet ends here, and Remaining Length would be 12.",
    ],
    [
      "10",
      `${CONNECT} 05 02 00 3c 03 21 00 00 00 00`,
      5,
      "U5-3.1.2.11.3",
      "Receive Maximum is 0; it is 1 or more.",
    ],
    [
      "10",
      `${CONNECT} 05 02 00 3c 02 24 01 00 00`,
      5,
      "U5-2.2.2.2",
      "Maximum QoS (0x24) is not for CONNECT; it belongs to CONNACK.",
    ],
    ["10", `${CONNECT} 05 02 00 3c 02 7f 01 00 00`, 5, "U5-2.2.2.2", "0x7f is no Property Identifier."],
    [
      "10",
      `${CONNECT} 05 02 00 3c 04 17 01 17 00 00 00`,
      5,
      "U5-3.1.2.11.7",
      "Request Problem Information is there twice; once is allowed.",
    ],
    [
      "10",
      `${CONNECT} 05 02 00 3c 02 17 02 00 00`,
      5,
      "U5-3.1.2.11.7",
      "Request Problem Information is 2; 0 and 1 are allowed.",
    ],
    [
      "10",
      `${CONNECT} 05 02 00 3c 09 21 00 01`,
      5,
      "U5-2.2.2.1",
      "Property Length says 9, but only 3 bytes are left in the packet.",
    ],
    [
      "10",
      `${CONNECT} 05 02 00 3c 02 21 00 01 00 00`,
      5,
      "U5-2.2.2.2",
      "Receive Maximum is cut off: it takes 2 bytes, and the property block has 1 left.",
    ],
    [
      "20",
      "02 00",
      4,
      "3.1.1/MQTT-4.8.0-1",
      "Connect Acknowledge Flags are 0x02; all but Session Present (bit 0) are reserved and have to be 0.",
    ],
    ["20", "00 06", 4, "3.1.1/MQTT-4.8.0-1", "Return code 6 is reserved; 0 to 5 are defined."],
    ["20", "01 05", 4, "3.1.1/MQTT-3.2.2-4", "The connection is refused, and yet Session Present is 1."],
    [
      "20",
      "00 8e 00",
      5,
      "MQTT-3.2.2-8",
      "Connect Reason Code is 0x8e, Session taken over. Allowed here: 0x00, 0x80 to 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99 to 0x9d or 0x9f.",
    ],
    ["36", "00 01 61 00 01", 4, "3.1.1/MQTT-3.3.1-4", "QoS is 3; 0, 1 and 2 are allowed."],
    ["38", "00 01 61", 4, "3.1.1/MQTT-3.3.1-2", "DUP is 1 at QoS 0; only QoS 1 and 2 send again."],
    ["32", "00 01 61 00 00", 4, "3.1.1/MQTT-2.3.1-1", "Packet Identifier is 0; it is 1 to 65535."],
    [
      "30",
      "00 03 61 2f 23",
      4,
      "3.1.1/MQTT-3.3.2-2",
      'Topic Name is "a/#"; + and # are wildcards, which only filters may have.',
    ],
    ["30", "00 00", 4, "3.1.1/MQTT-4.7.3-1", "Topic Name is empty, and there is no Topic Alias."],
    [
      "30",
      "00 04 61 c3 28 62",
      4,
      "3.1.1/MQTT-1.5.3-1",
      "Topic Name is no UTF-8 from its byte 1 on: c3 28 62.",
    ],
    [
      "30",
      "00 03 61 00 62",
      4,
      "3.1.1/MQTT-1.5.3-2",
      "Topic Name contains U+0000 at its byte 1; a text may not.",
    ],
    [
      "30",
      "00 09 61",
      4,
      "3.1.1/MQTT-3.3.2-1",
      "Topic Name Length says 9, but the packet has 1 byte left: 8 too few.",
    ],
    [
      "60",
      "00 01",
      4,
      "3.1.1/MQTT-3.6.1-1",
      "The flags are 0000; in this packet they have to be 0010, so that its first byte is 0x62.",
    ],
    [
      "40",
      "00 01 55",
      5,
      "MQTT-3.4.2-1",
      "Reason Code is 0x55, not defined. Allowed here: 0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97 or 0x99.",
    ],
    ["82", "00 01", 4, "3.1.1/MQTT-3.8.3-3", "SUBSCRIBE has no Topic Filter; it has at least one."],
    ["82", "00 01 00 01 61 03", 4, "3.1.1/MQTT-3.8.3-4", "Requested QoS is 0x03; 0, 1 and 2 are allowed."],
    [
      "82",
      "00 01 00 01 61",
      4,
      "3.1.1/MQTT-4.8.0-1",
      "Requested QoS is missing: it takes 1 byte, and the packet has none left.",
    ],
    [
      "82",
      "00 01 00 00 01 61 c0",
      5,
      "MQTT-3.8.3-5",
      "Bits 7 and 6 of the Subscription Options are reserved and have to be 0.",
    ],
    ["82", "00 01 00 00 01 61 30", 5, "U5-3.8.3c", "Retain Handling is 3; 0, 1 and 2 are allowed."],
    ["a2", "00 01", 4, "3.1.1/MQTT-3.10.3-2", "UNSUBSCRIBE has no Topic Filter; it has at least one."],
    ["90", "00 01", 4, "3.1.1/MQTT-3.8.4-5", "There is no Return Code; there is one for each Topic Filter."],
    [
      "e0",
      "8b",
      5,
      "MQTT-3.14.2-1",
      "Disconnect Reason Code is 0x8b, Server shutting down. Allowed here: 0x00, 0x04, 0x80 to 0x83, 0x90 or 0x93 to 0x99.",
    ],
    [
      "f0",
      "",
      4,
      "3.1.1/MQTT-4.8.0-1",
      "Packet type 15 (AUTH) is reserved before 5.0: the first byte of a packet is 0x10 to 0xef.",
    ],
    [
      "00",
      "",
      4,
      "3.1.1/MQTT-4.8.0-1",
      "Packet type 0 is reserved: the first byte of a packet is 0x10 to 0xff.",
    ],
  ])("%s … %s in version %d", (first, body, version, statement, reason) => {
    const sender = first === "20" || first === "90" ? "server" : "client";
    const [problem] = packet(first, body, { version, sender }).problems;
    expect([problem?.statement, problem?.reason]).toEqual([statement, reason]);
  });

  test("and a problem says where it is, in the input and in its packet", () => {
    const packets = packetsIn(`c0 00 10 0c ${CONNECT} 04 03 00 3c 00 00`);
    expect(packets[1]?.problems).toMatchObject([
      {
        field: "Connect Flags",
        offset: 11,
        packetOffset: 9,
        length: 1,
        kind: "malformed-packet",
        reasonCode: 0x81,
      },
    ]);
  });

  test("and the fields behind a value that is not allowed are still read", () => {
    const found = packet("10", `${CONNECT} 04 03 00 3c 00 01 61`);
    expect(field(found.fields, "Client Identifier")?.value).toBe('"a"');
  });
});

describe("from a connection's beginning", () => {
  const options = { sender: "client", isFromStart: true } as const;

  test("the first packet has to be CONNECT", () => {
    const [first] = packetsIn("c0 00", { ...options, version: MQTT_5_0 });
    expect(first?.problems).toMatchObject([
      { reason: "The first packet is PINGREQ; it has to be CONNECT.", statement: "3.1.1/MQTT-3.1.0-1" },
    ]);
  });

  test("there is no second one", () => {
    const connect = `10 0c ${CONNECT} 04 02 00 3c 00 00`;
    const [first, second] = packetsIn(`${connect} ${connect}`, options);
    expect(first?.problems).toEqual([]);
    expect(second?.problems[0]).toMatchObject({ statement: "3.1.1/MQTT-3.1.0-2" });
    expect(packetsIn(`${connect} ${connect}`).map(({ problems }) => problems)).toEqual([[], []]);
  });

  test("a side sends only what is its own", () => {
    const [connack] = packetsIn("20 02 00 00", { sender: "client", version: MQTT_3_1_1 });
    expect(connack?.problems[0]?.reason).toBe("A client sends no CONNACK; that is a server's.");
  });
});

describe("the version", () => {
  test.each([
    [`10 0d ${CONNECT} 05 02 00 3c 00 00 00 c0 00`, MQTT_5_0, "connect", "only"],
    ["20 02 00 00", MQTT_3_1_1, "guessed", "only"],
    ["20 03 00 00 00", MQTT_5_0, "guessed", "only"],
    ["30 06 00 01 61 00 68 69", MQTT_5_0, "guessed", "also-other"],
    ["40 02 00 01 c0 00", MQTT_5_0, "guessed", "same"],
    ["82 0e 00 01 00 09 2f 73 79 73 2f 70 6f 73 74 07", MQTT_3_1_1, "guessed", "none"],
    ["8a 06 00 01 00 01 61 00", MQTT_3_1, "guessed", "only"],
    // The CONNECT may come later in what was pasted.
    [`20 02 00 00 10 0d ${CONNECT} 05 02 00 3c 00 00 00`, MQTT_5_0, "connect", "only"],
    // One that does not say its version says nothing.
    ["10 04 00 04 4d 51 20 02 00 00", MQTT_3_1_1, "guessed", "none"],
  ])("of %s is %d, %s", (hex, version, source, fit) => {
    expect(versionOf(bytesOf(hex), {})).toEqual({ version, source, fit });
  });

  test("that is given counts until a CONNECT tells another", () => {
    const hex = `20 02 00 00 10 0d ${CONNECT} 05 02 00 3c 00 00 00 20 03 00 00 00`;
    const packets = packetsIn(hex, { version: MQTT_3_1_1 });
    expect(packets.map(({ version, problems }) => [version, problems.length])).toEqual([
      [4, 0],
      [5, 0],
      [5, 0],
    ]);
  });
});

describe("hints", () => {
  test.each([
    [
      "a Remaining Length that is too small",
      `10 0a ${CONNECT} 04 02 00 3c 00 00 c0 00`,
      "With Remaining Length 12 (0c) this is a right CONNECT: what follows is then right, too.",
    ],
    [
      "a Remaining Length that is too small, at the end",
      `10 0a ${CONNECT} 04 02 00 3c 00 00`,
      "With Remaining Length 12 (0c) this is a right CONNECT: it then ends with the input.",
    ],
    [
      "a Remaining Length that is too large",
      `10 1e ${CONNECT} 04 02 00 3c 00 00`,
      "With Remaining Length 12 (0c) this is a right CONNECT: it then ends with the input.",
    ],
    [
      "5.0 without a Property Length",
      `10 0d ${CONNECT} 05 02 00 3c 00 01 61`,
      "With Protocol Version 4 this CONNECT is right. If 5.0 is meant, the Property Length (00 for none) is missing behind Keep Alive, and the Will's if there is one.",
    ],
    [
      "properties in 3.1.1",
      `10 0d ${CONNECT} 04 02 00 3c 00 00 00`,
      "With Protocol Version 5 this CONNECT is right. If 3.1.1 is meant, the properties have to go: it has none.",
    ],
    [
      "a CONNACK of an old server",
      `10 0d ${CONNECT} 05 02 00 3c 00 00 00 20 02 00 01`,
      "In MQTT 3.1.1 this CONNACK is right.",
    ],
  ])("about %s", (_, hex, hint) => {
    const hints = packetsIn(hex).flatMap((each) => each.hints);
    expect(hints).toContain(hint);
  });

  test("try for a PUBLISH the length of the whole input only, as any shorter one would do", () => {
    const [publish] = packetsIn(`30 05 00 09 61 62 63 ${"62".repeat(200)}`, { version: MQTT_3_1_1 });
    expect(publish?.hints).toEqual([
      "With Remaining Length 205 (cd 01) this is a right PUBLISH: it then ends with the input.",
    ]);
  });

  test("do not touch the bytes", () => {
    const bytes = bytesOf(`10 0d ${CONNECT} 05 02 00 3c 00 01 61`);
    const before = toHex(bytes, 100);
    expect([...dissect(bytes)][0]?.hints).not.toEqual([]);
    expect(toHex(bytes, 100)).toBe(before);
  });
});

test("properties are told by their names, with what their values mean", () => {
  const connack = packet("20", "00 00 0a 11 ff ff ff ff 25 00 22 00 0a", { version: MQTT_5_0 });
  expect(field(connack.fields, "Session Expiry Interval")).toMatchObject({ value: "0xffffffff, never" });
  expect(field(connack.fields, "Retain Available")).toMatchObject({ value: "0, not available" });
  expect(field(connack.fields, "Topic Alias Maximum")).toMatchObject({ value: "10" });
  const publish = packet("30", "00 01 61 0a 26 00 01 6b 00 01 76 09 00 00", { version: MQTT_5_0 });
  const properties = publish.fields[1]?.children?.find(({ name }) => name === "Properties")?.children ?? [];
  expect(properties.map(({ name, value }) => [name, value])).toEqual([
    ["Property Length", "10"],
    ["User Property", '"k": "v"'],
    ["Correlation Data", "empty"],
  ]);
});

test("texts are shown so that they can do no harm", () => {
  const [publish] = packetsIn("30 0b 00 09 1b 5b 32 4a e2 80 ae 22 0a", { version: MQTT_3_1_1 });
  expect(field(publish?.fields ?? [], "Topic Name")).toMatchObject({
    value: String.raw`"\x1b[2J\u202e\"\n"`,
    note: "contains a control character or non-character, which a receiver may refuse",
  });
});

describe("a summary", () => {
  test.each([
    [
      `10 11 ${CONNECT} 04 82 00 3c 00 01 61 00 02 62 63`,
      'client "a", user "bc", clean session 1, keep alive 60 s (1 minute)',
    ],
    ["32 09 00 03 61 2f 62 00 07 68 69", 'id 7, topic "a/b", QoS 1, 2 bytes'],
    ["82 0b 00 01 00 01 61 00 00 02 62 63 01", 'id 1, "a", QoS 0, "bc", QoS 1'],
    ["90 04 00 01 00 80", "id 1, 0x00, Granted QoS 0, 0x80, Failure"],
    ["40 02 00", "id cut off, 1 byte missing"],
    ["c0", "incomplete"],
    ["d0 00", ""],
  ])("of %s", (hex, summary) => {
    const [found] = packetsIn(hex, { version: MQTT_3_1_1 });
    expect(summaryOf(found as DissectedPacket)).toBe(summary);
  });
});
