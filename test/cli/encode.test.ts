// `martlet encode`, as a process: options and JSON to bytes, and back by `martlet decode`.
import { describe, expect, it } from "vitest";
import { ConfigError, toHex } from "#base";
import { type PacketTypeName, packetFromJson, parseVersion } from "#inspect";
import { encodePacket, ProtocolVersion, versionName } from "#protocol";
import { encodeCommand } from "../../src/cli/commands/encode.ts";
import { type GivenValues, jsonOfOptions, placeOption } from "../../src/cli/encode/packet-options.ts";
import { readOptions } from "../../src/cli/options.ts";
import { packetSamples } from "../support/packet-samples.ts";
import { martlet, martletBytes } from "./run-martlet.ts";

const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

/** The packet that the options describe, in hex. */
function encoded(args: readonly string[]): string {
  const [type = "", ...rest] = args;
  const values = readOptions(encodeCommand.prepare?.(rest) ?? rest, encodeCommand.options) as GivenValues;
  const version = parseVersion(String((values["protocol"] as string[] | undefined)?.[0] ?? 4)) ?? 4;
  const json = jsonOfOptions(type as PacketTypeName, version, values);
  const { packet, version: own } = packetFromJson(json, version, placeOption);
  return toHex(encodePacket(packet, own) as Uint8Array);
}

function splitAtColon(sentence: string): [string, string] {
  const colon = sentence.indexOf(": ");
  return [sentence.slice(0, colon), sentence.slice(colon + 2)];
}

describe("options", () => {
  it.each([
    ["connect", "10 0c 00 04 4d 51 54 54 04 02 00 3c 00 00"],
    ["connect -V 3 -i a", "10 0f 00 06 4d 51 49 73 64 70 03 02 00 3c 00 01 61"],
    [
      "connect -V 5 -i a -k 0 --keep-session --session-expiry-interval 60",
      "10 13 00 04 4d 51 54 54 05 00 00 00 05 11 00 00 00 3c 00 01 61",
    ],
    [
      "connect -u me -P pw --will-topic t --will-payload x --will-qos 2 --will-retain",
      "10 1a 00 04 4d 51 54 54 04 f6 00 3c 00 00 00 01 74 00 01 78 00 02 6d 65 00 02 70 77",
    ],
    [
      "connect -V 5 --will-topic t --will-delay-interval 3 --user-property a=b=c",
      "10 21 00 04 4d 51 54 54 05 06 00 3c 09 26 00 01 61 00 03 62 3d 63 00 00 05 18 00 00 00 03 00 01 74 00 00",
    ],
    ["connack --session-present", "20 02 01 00"],
    ["connack -V 5 --reason-code 0x87 --reason-string no", "20 08 00 87 05 1f 00 02 6e 6f"],
    ["publish -t a/b -m hi", "30 07 00 03 61 2f 62 68 69"],
    ["publish -t a -q 2 --packet-id 7 -r --dup --payload-hex 00ff", "3d 07 00 01 61 00 07 00 ff"],
    ["publish -V 5 --topic-alias 3 -m x", "30 07 00 00 03 23 00 03 78"],
    [
      "publish -V 5 -t a --payload-format-indicator 1 --subscription-identifier 300",
      "30 09 00 01 61 05 01 01 0b ac 02",
    ],
    ["puback --packet-id 258", "40 02 01 02"],
    ["pubrel", "62 02 00 01"],
    ["subscribe -t a -t b/# -q 1", "82 0c 00 01 00 01 61 01 00 03 62 2f 23 01"],
    [
      "subscribe -V 5 -t a --no-local --retain-as-published --retain-handling 2",
      "82 07 00 01 00 00 01 61 2c",
    ],
    ["suback --reason-code 0 --reason-code 0x80", "90 04 00 01 00 80"],
    ["unsubscribe -t a", "a2 05 00 01 00 01 61"],
    ["unsuback -V 5 --reason-code 17", "b0 04 00 01 00 11"],
    ["pingreq", "c0 00"],
    ["pingresp", "d0 00"],
    ["disconnect", "e0 00"],
    ["disconnect -V 5 --reason-code 4", "e0 01 04"],
    ["auth -V 5 --reason-code 0x18 --authentication-method M", "f0 06 18 04 15 00 01 4d"],
  ])("%s", (line, hex) => {
    expect(encoded(line.split(" "))).toBe(hex);
  });

  it("make the same in the program", async () => {
    const args = ["encode", "publish", "-t", "a/b", "-m", "hi"];
    expect(await martlet(args)).toEqual({ code: 0, stdout: "30 07 00 03 61 2f 62 68 69\n", stderr: "" });
  });

  it.each([
    [["publish"], "--topic: it is missing."],
    [["publish", "-t", "a", "--will-topic", "b"], "--will-topic: PUBLISH has no such field."],
    [["publish", "-t", "a", "-t", "b"], "--topic: it is given twice."],
    [
      ["publish", "-t", "a", "-m", "x", "--payload-hex", "00"],
      "--payload-hex: it contradicts --payload; give one of them.",
    ],
    [
      ["publish", "-t", "a", "--payload-hex", "0"],
      '--payload-hex: "0" is no hex; give two digits for each byte.',
    ],
    [
      ["connect", "--receive-maximum", "3"],
      "--receive-maximum: properties exist in MQTT 5.0 only; add --protocol 5.",
    ],
    [
      ["publish", "-V", "5", "-t", "a", "--receive-maximum", "3"],
      "--receive-maximum: there is no such field here; there are payloadFormatIndicator, messageExpiryInterval, contentType, responseTopic, correlationData, userProperties, topicAlias, subscriptionIdentifiers.",
    ],
    [["connect", "--will-qos", "1"], "--will-qos: it belongs to a will; add --will-topic."],
    [
      ["connect", "-V", "5", "--will-delay-interval", "1"],
      "--will-delay-interval: it belongs to a will; add --will-topic.",
    ],
    [["connect", "-V", "5", "--user-property", "a"], '--user-property: "a" has no =; write key=value.'],
    [
      ["puback", "--reason-code", "x"],
      "--reason-code: it has to be a number from 0 to 255, or in hex like 0x87.",
    ],
  ])("%j is not allowed", (args, sentence) => {
    expect(() => encoded(args)).toThrow(new ConfigError(...splitAtColon(sentence)));
  });

  it.each([
    [["pingreq", "--raw", "--json"], "--json: it contradicts --raw; give one of them."],
    [["pingreq", "pingresp"], "pingresp: one packet or one file is expected here."],
    [["-t", "a", "-"], "--topic: it needs a packet: write for example martlet encode connect."],
  ])("%j is not allowed by the program", async (args, sentence) => {
    expect(await martlet(["encode", ...args])).toEqual({
      code: 2,
      stdout: "",
      stderr: `martlet: ${sentence}\n`,
    });
  });

  it("a word that is nearly a packet is said to be so", async () => {
    const { code, stderr } = await martlet(["encode", "publsh"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^martlet: publsh: this is no packet, and no file .* Did you mean publish\?\n$/),
    ]);
  });

  it.each([
    [["disconnect", "--reason-code", "0x81"], "MQTT 3.1.1 has no words for this DISCONNECT"],
    [["connect", "-P", "x"], "a password needs a user name before 5.0"],
    [["publish", "-t", "a/#"], "a topic name has no wildcards"],
  ])("%j is nothing that the protocol can say", async (args, sentence) => {
    expect(await martlet(["encode", ...args])).toEqual({
      code: 1,
      stdout: "",
      stderr: `martlet: ${sentence}\n`,
    });
  });
});

describe("forms", () => {
  it("the bytes themselves", async () => {
    const list = '[{"type":"pingreq"},{"type":"publish","topicName":"a","payload":{"hex":"00ff"}}]';
    expect((await martletBytes(["encode", "--raw"], list)).toString("hex")).toBe("c000300500016100ff");
  });

  it("an array in C, which decode reads", async () => {
    const { stdout } = await martlet(["encode", "--c-array"], '[{"type":"pingreq"},{"type":"pingreq"}]');
    expect(stdout).toBe(
      "static const unsigned char pingreq_packet[2] = {\n  0xc0, 0x00,\n};\nstatic const unsigned char pingreq_packet_2[2] = {\n  0xc0, 0x00,\n};\n",
    );
    const connect = await martlet(["encode", "connect", "-i", "device", "--c-array"]);
    expect((await martlet(["decode", "-s"], connect.stdout)).stdout).toMatch(/^CONNECT {5}client "device"/);
  });

  it("JSON, which encode reads", async () => {
    const { stdout } = await martlet(["encode", "publish", "-t", "a", "-m", "x", "-V", "5", "--json"]);
    expect(JSON.parse(stdout)).toEqual(
      JSON.parse(
        '{"type":"publish","protocolVersion":"5.0","topicName":"a","payload":"x","qos":0,"retain":false,"dup":false}',
      ),
    );
    expect((await martlet(["encode"], stdout)).stdout).toBe("30 05 00 01 61 00 78\n");
  });
});

describe("JSON", () => {
  it("takes the version of the CONNECT before, or that of the option, or its own", async () => {
    const publish = '{"type":"publish","topicName":"a"}';
    const connect = '{"type":"connect","protocolVersion":"5.0"}';
    expect((await martlet(["encode"], publish)).stdout).toBe("30 03 00 01 61\n");
    expect((await martlet(["encode", "-V", "5"], publish)).stdout).toBe("30 04 00 01 61 00\n");
    expect((await martlet(["encode"], `[${connect},${publish}]`)).stdout).toMatch(/\n30 04 00 01 61 00\n$/);
  });

  it.each([
    ["", "standard input: it is no JSON: Unexpected end of JSON input."],
    ["[]", "standard input: there is no packet in it."],
    [
      '[{"type":"pingreq"},{"type":"ping"}]',
      "[1].type: it has to be one of connect, connack, publish, puback, pubrec, pubrel, pubcomp, subscribe, suback, unsubscribe, unsuback, pingreq, pingresp, disconnect, auth.",
    ],
    ['{"packets":[{"problems":[]}]}', "packets[0]: it was not decoded, so it cannot be encoded."],
  ])("%j is refused with its place", async (input, sentence) => {
    expect(await martlet(["encode"], input)).toEqual({
      code: 2,
      stdout: "",
      stderr: `martlet: ${sentence}\n`,
    });
  });
});

it.each([MQTT_3_1, MQTT_3_1_1, MQTT_5_0])(
  "decode --json and encode are inverse, all packets of version %d",
  async (version) => {
    for (const sender of ["client", "server"] as const) {
      const hex = packetSamples(version, sender)
        .map((packet) => Buffer.from(encodePacket(packet, version) as Uint8Array).toString("hex"))
        .join("\n");
      const decoded = await martlet(
        ["decode", "--json", "--protocol", versionName(version), "--from", sender],
        hex,
      );
      expect(decoded).toMatchObject({ code: 0, stderr: "" });
      const encoded = await martlet(["encode"], decoded.stdout);
      expect(encoded.stderr).toBe("");
      expect(encoded.stdout.replaceAll(" ", "")).toBe(`${hex}\n`);
    }
  },
);
