import { describe, expect, test } from "vitest";
import { readHex } from "./hex-text.ts";

/** CONNECT of 118 bytes: a length that is no multiple of a row. */
const bytes = Buffer.from(
  "107400044d51545404c0007800336162637c7365637572656d6f64653d332c7369676e6d6574686f643d686d6163736861312c74696d657374616d703d3132307c00093536373826313233340028" +
    "32323237353044454446453446373734303032454538374545443239434644303633384335463636",
  "hex",
);

function hexIn(text: string): string | undefined {
  const reading = readHex(text);
  return reading.kind === "bytes" ? Buffer.concat(reading.blocks).toString("hex") : undefined;
}

describe("digits", () => {
  test.each([
    ["10 74 00", "107400"],
    ["107400", "107400"],
    ["10:74:00", "107400"],
    ["10-74-00", "107400"],
    ["0x10 0x74 0x0", "107400"],
    ["0x10,0x74,0x00", "107400"],
    ["0X10 0X74", "1074"],
    ["0x1074 0004", "10740004"],
    ["10h 74H 00h", "107400"],
    ["\\x10\\x74\\x00", "107400"],
    ["  1074\r\n\t00\n", "107400"],
    ["\ufeff10 74", "1074"],
    ["{0x10, 0x74}", "1074"],
    ["const uint8_t packet[3] = {\n  0x10, /* CONNECT */ 0x74, // length\n  0x00,\n};", "107400"],
    ["[0x10, 0x74]", "1074"],
    ["new Uint8Array([0x10, 0x74, 0x00])", "107400"],
    ["<Buffer 10 74 00>", "107400"],
    ["# the first bytes\n10 74 # and so on\n00", "107400"],
    ["10 74 00 04  |.t..|", "10740004"],
    ["I (309) mqtt: 10 74 00\nI (310) mqtt: 04", "10740004"],
    ["\u001b[0;32mI (309) mqtt: 10 74\u001b[0m", "1074"],
  ])("%j", (text, hex) => {
    expect(hexIn(text)).toBe(hex);
  });

  test.each([
    ['"\\x10\\x0c\\x00\\x04MQTT"', "100c00044d515454"],
    ["b'\\x10\\x0c\\x00\\x04MQTT\\x04\\x02\\x00<\\x00\\x00'", "100c00044d5154540402003c0000"],
    ['"\\x10\\x0c"\n  "\\x00\\x04"', "100c0004"],
    ["'\\0\\1\\17\\n\\r\\t\\\\\\'\\e'", "00010f0a0d095c271b"],
    ['"\\x41é"', "41c3a9"],
  ])("the literal %j", (text, hex) => {
    expect(hexIn(text)).toBe(hex);
  });

  test.each([
    ["c0 0g", 1, 4, '"0g" is no hex.'],
    ["c0\n 00\n\n zz", 4, 2, '"zz" is no hex.'],
    ["10 7", 1, 4, '"7" has 1 digit; a byte has two. Decimal 7 is 07 in hex.'],
    ["[16, 116]", 1, 6, '"116" has 3 digits; a byte has two. Decimal 116 is 74 in hex.'],
    ["10 74 fff", 1, 7, '"fff" has 3 digits; a byte has two.'],
    ["999", 1, 1, '"999" has 3 digits; a byte has two.'],
    ["<Buffer 10 74 ... 68 more bytes>", 1, 15, '"..." is no hex.'],
    ["", 1, 1, "There are no hex digits."],
    ["// only words", 1, 1, "There are no hex digits."],
    ["this-is-no-hex-at-all-and-quite-a-long-word", 1, 1, '"this" is no hex.'],
  ])("%j is refused", (text, line, column, reason) => {
    expect(readHex(text)).toEqual({ kind: "no-hex", line, column, reason });
  });
});

/** The lines of a dump, made like the program makes them. */
function dump(
  offsetOf: (at: number) => string,
  rowOf: (row: Buffer) => string,
  end: (length: number) => string = () => "",
  content: Buffer = bytes,
): string {
  const lines: string[] = [];
  for (let at = 0; at < content.length; at += 16) {
    lines.push(`${offsetOf(at)}${rowOf(content.subarray(at, at + 16))}`);
  }
  return [...lines, end(content.length), ""].join("\n");
}

const pairs = (row: Buffer): string => row.toString("hex").replaceAll(/..(?=.)/g, "$& ");
const words = (row: Buffer): string => row.toString("hex").replaceAll(/....(?=.)/g, "$& ");
const swapped = (row: Buffer): string =>
  Buffer.concat([row, Buffer.alloc(row.length % 2)])
    .swap16()
    .toString("hex")
    .replaceAll(/..../g, " $&");
const shown = (row: Buffer): string => row.toString("latin1").replaceAll(/[^ -~]/g, ".");
const hex = (at: number, digits: number): string => at.toString(16).padStart(digits, "0");
const canonical = (row: Buffer): string =>
  `  ${`${pairs(row.subarray(0, 8))}  ${pairs(row.subarray(8))}`.padEnd(49)} |${shown(row)}|`;

const dumps: Record<string, (content: Buffer) => string> = {
  "hexdump -C": (content) =>
    dump(
      (at) => hex(at, 8),
      canonical,
      (length) => hex(length, 8),
      content,
    ),
  hexdump: (content) =>
    dump(
      (at) => hex(at, 7),
      swapped,
      (length) => hex(length, 7),
      content,
    ),
  xxd: (content) =>
    dump(
      (at) => `${hex(at, 8)}: `,
      (row) => `${words(row).padEnd(39)}  ${shown(row)}`,
      undefined,
      content,
    ),
  "xxd -g1": (content) =>
    dump(
      (at) => `${hex(at, 8)}: `,
      (row) => `${pairs(row).padEnd(47)}  ${shown(row)}`,
      undefined,
      content,
    ),
  "od -t x1": (content) =>
    dump(
      (at) => at.toString(8).padStart(7, "0"),
      (row) => ` ${pairs(row)}`,
      (length) => length.toString(8).padStart(7, "0"),
      content,
    ),
  "od -A d -t x1": (content) =>
    dump(
      (at) => String(at).padStart(7, "0"),
      (row) => ` ${pairs(row)}`,
      (length) => String(length).padStart(7, "0"),
      content,
    ),
  "od -A x -t x1z": (content) =>
    dump(
      (at) => hex(at, 6),
      (row) => ` ${pairs(row).padEnd(47)}  >${shown(row)}<`,
      (length) => hex(length, 6),
      content,
    ),
  "od -x": (content) =>
    dump(
      (at) => at.toString(8).padStart(7, "0"),
      swapped,
      (length) => length.toString(8).padStart(7, "0"),
      content,
    ),
  "tcpdump -X": (content) =>
    `12:00:00.000000 IP 127.0.0.1.50000 > 127.0.0.1.1883: Flags [P.], length ${content.length}\n${dump(
      (at) => `\t0x${hex(at, 4)}:  `,
      (row) => `${words(row).padEnd(39)}  ${shown(row)}`,
      undefined,
      content,
    )}`,
  Wireshark: (content) =>
    dump(
      (at) => `${hex(at, 4)}   `,
      (row) => `${pairs(row).padEnd(47)}   ${shown(row)}`,
      undefined,
      content,
    ),
  "tshark -x": (content) =>
    `Frame (${content.length} bytes):\n${dump(
      (at) => `${hex(at, 4)}  `,
      (row) => `${pairs(row).padEnd(47)}   ${shown(row)}`,
      undefined,
      content,
    )}\n`,
  "a device": (content) =>
    dump((at) => `I (${300 + at}) mqtt: 0x${hex(0x3ffb4280 + at, 8)} `, canonical, undefined, content),
};

describe.each(Object.keys(dumps))("a dump of %s", (program) => {
  const made = dumps[program] as (content: Buffer) => string;

  test("is read, whatever its length", () => {
    for (const length of [118, 16, 32, 31, 17, 15, 9, 8, 7, 2]) {
      const content = bytes.subarray(0, length);
      expect(hexIn(made(content)), made(content)).toBe(content.toString("hex"));
    }
  });

  test("is read also when its characters look like digits", () => {
    const digits = Buffer.from("beef 00 12 34 56 face 99aa bbcc ", "latin1");
    for (const length of [8, 16, 24, 31, 32]) {
      const content = digits.subarray(0, length);
      expect(hexIn(made(content)), made(content)).toBe(content.toString("hex"));
    }
  });
});

describe("dumps", () => {
  test("of equal rows, which hexdump leaves out", () => {
    const text =
      "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000040  ff  |.|\n00000041\n";
    expect(hexIn(text)).toBe(`${"00".repeat(64)}ff`);
  });

  test("of a debugger", () => {
    expect(hexIn("0x7ffe8a0:\t0x10\t0x74\t0x00\t0x04\n0x7ffe8a4:\t0x4d\t0x51")).toBe("107400044d51");
  });

  test("in a row are blocks of their own", () => {
    const reading = readHex("0000   10 74   .t\n\n0000   c0 00   ..\n");
    expect(reading).toEqual({ kind: "bytes", blocks: [Uint8Array.of(0x10, 0x74), Uint8Array.of(0xc0, 0)] });
  });

  test("are not seen where digits only look like offsets", () => {
    expect(hexIn("1074 0004\n4d51 5454")).toBe("107400044d515454");
    expect(hexIn("0010 0004 4d51")).toBe("001000044d51");
    expect(hexIn("0000\n0000")).toBe("00000000");
  });
});
