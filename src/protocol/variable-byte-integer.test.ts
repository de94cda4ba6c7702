import { describe, expect, test } from "vitest";
import { toHex } from "#base";
import { packetBytes } from "./packet-notation.ts";
import {
  INCOMPLETE,
  NOT_AN_INTEGER,
  readVariableByteInteger,
  variableByteIntegerSize,
  writeVariableByteInteger,
} from "./variable-byte-integer.ts";

describe("variable byte integer", () => {
  test.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "80 01"],
    [129, "81 01"],
    [255, "ff 01"],
    [256, "80 02"],
    [321, "c1 02"],
    [16_383, "ff 7f"],
    [16_384, "80 80 01"],
    [2_097_151, "ff ff 7f"],
    [2_097_152, "80 80 80 01"],
    [268_435_455, "ff ff ff 7f"],
  ])("%i is %s", (value, hex) => {
    const bytes = packetBytes(hex);
    expect(readVariableByteInteger(bytes, 0, bytes.length)).toBe(value);
    expect(variableByteIntegerSize(value)).toBe(bytes.length);
    const written = new Uint8Array(bytes.length + 2);
    expect(writeVariableByteInteger(written, 1, value)).toBe(1 + bytes.length);
    expect(toHex(written.subarray(1, -1))).toBe(hex);
    for (let end = 0; end < bytes.length; end++)
      expect(readVariableByteInteger(bytes, 0, end)).toBe(INCOMPLETE);
  });

  test.each([
    "80 00",
    "ff 00",
    "80 80 00",
    "ff 80 00",
    "80 80 80 00",
    "ff ff ff ff",
    "80 80 80 80 01",
    "80 80 80 80",
  ])("%s is none [MQTT-1.5.5-1]", (hex) => {
    const bytes = packetBytes(hex);
    expect(readVariableByteInteger(bytes, 0, bytes.length)).toBe(NOT_AN_INTEGER);
  });
});
