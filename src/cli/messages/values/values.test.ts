import { describe, expect, it } from "vitest";
import { cbor } from "#client";
import { plain } from "../paint.ts";
import { valueFormatNames } from "./names.ts";
import { valueFormats } from "./value-formats.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");
const text = (content: string): Uint8Array => Buffer.from(content);

async function shown(name: (typeof valueFormatNames)[number], payload: Uint8Array): Promise<string> {
  return (await valueFormats[name]())(payload, plain);
}

describe("payloads made readable", () => {
  it("has a reader for every name", async () => {
    for (const name of valueFormatNames) expect(await valueFormats[name]()).toBeTypeOf("function");
  });

  it("JSON, text and bytes", async () => {
    expect(await shown("pretty", text('{"a":[1,"b"],"c":{}}'))).toBe(
      '{\n  "a": [\n    1,\n    "b"\n  ],\n  "c": {}\n}',
    );
    expect(await shown("pretty", text("plain\u001b[2J\ntext"))).toBe("plain\\x1b[2J\ntext");
    expect(await shown("pretty", bytes("ff00"))).toMatch(/^00000000 {2}ff 00 /);
    await expect(shown("json", text("nope"))).rejects.toThrow(SyntaxError);
  });

  it("escapes what could drive a terminal", async () => {
    expect(await shown("json", text('"a\u009b\u202eb"'))).toBe('"a\\x9b\\u202eb"');
  });

  it("CBOR", async () => {
    const payload = cbor().encode({ a: [1, -2, true, null], b: Uint8Array.of(1, 2) }, "") as Uint8Array;
    expect(await shown("cbor", payload)).toBe(
      '{\n  "a": [\n    1,\n    -2,\n    true,\n    null\n  ],\n  "b": h\'0102\'\n}',
    );
  });

  it.each([
    ["00", "0"],
    ["ff", "-1"],
    ["cd 0100", "256"],
    ["cf ffffffffffffffff", "18446744073709551615"],
    ["d3 ffffffffffffffff", "-1"],
    ["ca 3fc00000", "1.5"],
    ["a3 616263", '"abc"'],
    ["d9 02 c3a9", '"é"'],
    ["c4 02 0102", "h'0102'"],
    ["92 c0 c3", "[\n  null,\n  true\n]"],
    ["81 01 02", '{\n  "1": 2\n}'],
    ["d6 ff 00000001", '"1970-01-01T00:00:01.000Z"'],
  ])("MessagePack %s", async (hex, expected) => {
    expect(await shown("msgpack", bytes(hex))).toBe(expected);
  });

  it.each(["", "c1", "92 01", "a2 61", "00 00", "dd ffffffff", "c7"])(
    "refuses MessagePack %s",
    async (hex) => {
      await expect(shown("msgpack", bytes(hex))).rejects.toThrow(RangeError);
    },
  );

  it("Protobuf without a schema", async () => {
    const payload = bytes("08 9601 12 07 74657374696e67 1a 02 0801 25 0000803f 2a 02 ff00");
    expect(await shown("protobuf", payload)).toBe(
      "1 varint 150\n2 bytes \"testing\"\n3 message {\n  1 varint 1\n}\n4 32-bit 1 or 1065353216\n5 bytes h'ff00'",
    );
    await expect(shown("protobuf", bytes("0a 05 00"))).rejects.toThrow(RangeError);
  });

  it("Sparkplug B", async () => {
    const temperature = "12 0d 0a 04 74656d70 20 09 65 0000a841";
    const signed = "12 0b 0a 01 6e 20 03 50 feffffff0f";
    const payload = bytes(`08 e807 ${temperature} ${signed} 18 05`);
    const lines = await shown("sparkplug", payload);
    expect(lines).toContain('"timestamp": "1970-01-01T00:00:01.000Z"');
    expect(lines).toContain('"name": "temp",\n      "datatype": "Float",\n      "value": 21');
    expect(lines).toContain('"name": "n",\n      "datatype": "Int32",\n      "value": -2');
    expect(lines).toContain('"seq": 5');
    expect(await shown("sparkplug", text('{"online":true}'))).toBe('{\n  "online": true\n}');
  });
});
