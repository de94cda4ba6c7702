// What mosquitto_sub 2.1 adds; everything else is compared with mosquitto_sub itself in test/cli/sub-golden.test.ts.
import { describe, expect, it } from "vitest";
import { readFormat } from "./format-text.ts";
import type { ShownMessage } from "./shown-message.ts";

function message(payload: Uint8Array): ShownMessage {
  return {
    topicName: "a",
    payload,
    qos: 0,
    retain: false,
    packetId: 0,
    properties: {},
    topicAlias: undefined,
    atMs: 0,
  };
}

function shown(format: string, payload: Uint8Array): { text: string; complaints: string[] } {
  const complaints: string[] = [];
  const complain = (sentence: string): void => void complaints.push(sentence);
  return { text: readFormat(format)(message(payload), { isPretty: false, complain }), complaints };
}

describe("formats of 2.1", () => {
  it("shows numbers of 4 and 8 bytes", () => {
    const single = new Uint8Array(new Float32Array([1.5]).buffer);
    const double = new Uint8Array(new Float64Array([-2.25]).buffer);
    expect(shown("%f", single)).toEqual({ text: "1.500000", complaints: [] });
    expect(shown("<%8.2d|%-8.2d>", double).text).toBe("<   -2.25|-2.25   >");
    expect(shown("<%d>", single)).toEqual({
      text: "<>",
      complaints: ["Error: Message payload on topic a is 4 bytes, %d needs 8."],
    });
  });

  it("puts a character between the bytes of hex", () => {
    expect(shown("%:x %-X", Uint8Array.of(1, 0xab, 0xff)).text).toBe("01:ab:ff 01ABFF");
  });
});
