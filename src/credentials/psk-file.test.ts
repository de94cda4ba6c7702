import { expect, test } from "vitest";
import { parsePskFile } from "./psk-file.ts";

test("keys of a file, by identity", () => {
  const keys = parsePskFile("# keys\n\nsensor-1:00ff\r\nurn:x:2:ABCD\n", "keys.psk");
  expect([...keys]).toEqual([
    ["sensor-1", Buffer.from([0, 0xff])],
    ["urn:x:2", Buffer.from([0xab, 0xcd])],
  ]);
});

test.each([
  ["sensor-1", "keys.psk:2: it is no key; write identity:key, the key in hex."],
  [":00", "keys.psk:2: it is no key; write identity:key, the key in hex."],
  ["a:xy", "keys.psk:2: the key is not in hex; write two digits for each of its bytes."],
  ["a:123", "keys.psk:2: the key is not in hex; write two digits for each of its bytes."],
  ["a:", "keys.psk:2: the key is not in hex; write two digits for each of its bytes."],
  ["first:00", 'keys.psk:2: the identity "first" is there twice.'],
  [`a:${"00".repeat(257)}`, "keys.psk:2: the key is longer than 256 bytes."],
  [`${"a".repeat(129)}:00`, "keys.psk:2: the identity is longer than 128 bytes."],
])("%s is refused with its line", (line, message) => {
  expect(() => parsePskFile(`first:5ec7e7\n${line}\n`, "keys.psk")).toThrow(message);
  expect(message).not.toContain("5ec7e7");
});
