import { isIP } from "node:net";
import { expect, test } from "vitest";
import { formatAddress, parseAddress } from "./ip-address.ts";
import { seededRandom } from "./random.ts";

const bytesOf = (text: string): number[] | undefined => {
  const bytes = parseAddress(text);
  return bytes === undefined ? undefined : [...bytes];
};

test.each([
  ["192.0.2.7", [192, 0, 2, 7]],
  ["::ffff:192.0.2.7", [192, 0, 2, 7]],
  ["::FFFF:c000:207", [192, 0, 2, 7]],
  ["::", new Array(16).fill(0)],
  ["::1", [...new Array(15).fill(0), 1]],
  ["fe80::1%eth0", [0xfe, 0x80, ...new Array(13).fill(0), 1]],
  ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ["64:ff9b::192.0.2.33", [0, 0x64, 0xff, 0x9b, ...new Array(8).fill(0), 192, 0, 2, 33]],
])("%s is read", (text, bytes) => {
  expect(bytesOf(text)).toEqual(bytes);
});

test.each([
  "",
  "localhost",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.-4",
  " 1.2.3.4",
  "1.2.3.4%eth0",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::9",
  "12345::",
  "g::",
  "1.2.3.4::",
  "::1.2.3",
])("%j is no address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  ["2001:0DB8:0:0:0:0:0:7", "2001:db8::7"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
])("%s is written as %s", (text, written) => {
  expect(formatAddress(parseAddress(text) as Uint8Array)).toBe(written);
});

test("what is written is read as the same bytes, and Node agrees that it is an address", () => {
  const random = seededRandom(7);
  for (let i = 0; i < 2_000; i++) {
    const bytes = random.bytes(i % 2 === 0 ? 16 : 4).map((byte) => (byte < 128 ? 0 : byte));
    const text = formatAddress(bytes);
    expect(isIP(text), text).not.toBe(0);
    expect(bytesOf(text), text).toEqual([...bytes]);
  }
});
