import { describe, expect, test } from "vitest";
import { utf8Encode } from "#base";
import { packetBytes } from "./packet-notation.ts";
import { checkTopicName, topicNameProblem } from "./topic-name.ts";
import { ProtocolVersion } from "./version.ts";

describe("topic names", () => {
  test.each(["a", "/", "a/b c", "$SYS/x", "\ufeffa", "\u2a6d4"])("accepts %s", (text) => {
    const bytes = utf8Encode(text);
    expect(topicNameProblem(text)).toBeUndefined();
    expect(() => checkTopicName(bytes, 0, bytes.length, ProtocolVersion.MQTT_5_0)).not.toThrow();
  });

  test.each([
    ["", "", 0x82, "MQTT-4.7.3-1"],
    ["a/+", "61 2f 2b", 0x90, "MQTT-3.3.2-2"],
    ["#", "23", 0x90, "MQTT-3.3.2-2"],
    ["a\0", "61 00", 0x81, "MQTT-1.5.4-2"],
  ])("refuses %j", (text, hex, reasonCode, statement) => {
    const bytes = packetBytes(hex);
    expect(topicNameProblem(text)).toBeTypeOf("string");
    expect(() => checkTopicName(bytes, 0, bytes.length, ProtocolVersion.MQTT_5_0)).toThrow(
      expect.objectContaining({ reasonCode, statement }),
    );
  });

  test("control characters only on request", () => {
    const bytes = Uint8Array.of(0x61, 0x07);
    expect(() => checkTopicName(bytes, 0, 2, ProtocolVersion.MQTT_5_0)).not.toThrow();
    expect(() =>
      checkTopicName(bytes, 0, 2, ProtocolVersion.MQTT_5_0, { rejectControlCharacters: true }),
    ).toThrow(expect.objectContaining({ statement: "U5-1.5.4" }));
  });

  test("3.x gets its own statement", () => {
    expect(() => checkTopicName(Uint8Array.of(0xff), 0, 1, ProtocolVersion.MQTT_3_1)).toThrow(
      expect.objectContaining({ statement: "3.1.1/MQTT-1.5.3-1" }),
    );
  });
});
