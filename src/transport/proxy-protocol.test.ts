import { describe, expect, test } from "vitest";
import { concatBytes, formatAddress, type Random, seededRandom } from "#base";
import { PipeError } from "./errors.ts";
import { LONGEST_PROXY_HEADER, type ProxyHeader, readProxyHeader } from "./proxy-protocol.ts";

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
const signature = Uint8Array.from(Buffer.from("0d0a0d0a000d0a515549540a", "hex"));

/** A header of version 2; `kind` is family and protocol. */
function binary(command: number, kind: number, body: Uint8Array): Uint8Array {
  const head = Uint8Array.of(command, kind, body.length >> 8, body.length & 0xff);
  return concatBytes([signature, head, body]);
}

function extension(type: number, value: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value]);
}

/** Source, destination, ports 56324 and 1883. */
function addresses(source: Uint8Array, destination: Uint8Array): Uint8Array {
  return concatBytes([source, destination, Uint8Array.of(0xdc, 0x04, 0x07, 0x5b)]);
}

const ipv4 = addresses(Uint8Array.of(192, 0, 2, 7), Uint8Array.of(198, 51, 100, 1));
const ipv6Source = Uint8Array.from(Buffer.from("20010db8000000000000000000000007", "hex"));
const ipv6 = addresses(ipv6Source, new Uint8Array(16));
/** PP2_TYPE_SSL with the version and the common name of a certificate in it. */
const tlsFacts = extension(
  0x20,
  concatBytes([
    Uint8Array.of(0x07, 0, 0, 0, 0),
    extension(0x21, latin1("TLSv1.3")),
    extension(0x22, latin1("sensor-1")),
  ]),
);
const authority = extension(0x02, latin1("broker.example"));

const fourth = { address: "192.0.2.7", port: 56_324 };
const sixth = { address: "2001:db8::7", port: 56_324 };

const headers: readonly (readonly [string, Uint8Array, ProxyHeader["client"]])[] = [
  ["version 1, IPv4", latin1("PROXY TCP4 192.0.2.7 198.51.100.1 56324 1883\r\n"), fourth],
  ["version 1, IPv6", latin1("PROXY TCP6 2001:DB8::7 2001:db8::1 56324 1883\r\n"), sixth],
  ["version 1, mapped", latin1("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 56324 1883\r\n"), fourth],
  ["version 1, unknown", latin1("PROXY UNKNOWN\r\n"), undefined],
  [
    "version 1, unknown, the longest",
    latin1(`PROXY UNKNOWN ${"ffff:".repeat(7)}ffff ${"ffff:".repeat(7)}ffff 65535 65535\r\n`),
    undefined,
  ],
  ["version 2, local", binary(0x20, 0x00, new Uint8Array(0)), undefined],
  ["version 2, local with an address", binary(0x20, 0x11, ipv4), undefined],
  ["version 2, unspecified", binary(0x21, 0x00, authority), undefined],
  ["version 2, IPv4", binary(0x21, 0x11, ipv4), fourth],
  ["version 2, IPv4, datagrams", binary(0x21, 0x12, ipv4), fourth],
  ["version 2, IPv6", binary(0x21, 0x21, ipv6), sixth],
  ["version 2, Unix", binary(0x21, 0x31, new Uint8Array(216)), undefined],
  ["version 2 with extensions", binary(0x21, 0x11, concatBytes([ipv4, authority, tlsFacts])), fourth],
  [
    "version 2, the longest",
    binary(
      0x21,
      0x11,
      concatBytes([ipv4, extension(0x04, new Uint8Array(LONGEST_PROXY_HEADER - 16 - 12 - 3))]),
    ),
    fourth,
  ],
];

describe.each(headers)("%s", (_name, header, client) => {
  test("is read, and what follows is left", () => {
    const followed = concatBytes([header, latin1("\x10\x0cMQTT")]);
    expect(readProxyHeader(followed)).toEqual({ lengthBytes: header.length, client });
  });

  test("waits for the rest, wherever it is cut", () => {
    for (let length = 0; length < header.length; length++) {
      expect(readProxyHeader(header.subarray(0, length)), `${length} bytes`).toBeUndefined();
    }
  });
});

const problemOf = (bytes: Uint8Array): string => {
  try {
    readProxyHeader(bytes);
  } catch (error) {
    return error instanceof PipeError ? error.message : "?";
  }
  return "none";
};

test.each([
  ["MQTT", latin1("\x10\x0c\x00\x04MQTT"), "the connection does not begin with one"],
  ["TLS", latin1("\x16\x03\x01"), "the connection does not begin with one"],
  [
    "almost a signature",
    signature.map((byte, index) => (index === 11 ? 0x0b : byte)),
    "the connection does not begin with one",
  ],
  ["small letters", latin1("proxy TCP4"), "the connection does not begin with one"],
  ["a line without end", latin1(`PROXY UNKNOWN ${"x".repeat(93)}`), "its line is longer than 107 bytes"],
  ["LF alone", latin1("PROXY UNKNOWN\n"), "its line does not end with CR LF"],
  ["nothing in it", latin1("PROXY \r\n"), "its line has another form"],
  ["another family", latin1("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), "its line has another form"],
  ["too many words", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), "its line has another form"],
  ["two spaces", latin1("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), "its line has another form"],
  ["a name", latin1("PROXY TCP4 example 1.2.3.4 1 2\r\n"), "it names no address of TCP4"],
  ["IPv6 as IPv4", latin1("PROXY TCP4 ::1 ::1 1 2\r\n"), "it names no address of TCP4"],
  ["IPv4 as IPv6", latin1("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n"), "it names no address of TCP6"],
  ["no destination", latin1("PROXY TCP4 1.2.3.4\r\n"), "it names no address of TCP4"],
  ["no port", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), "it names no port"],
  ["a large port", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), "it names no port"],
  ["a port with a zero in front", latin1("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), "it names no port"],
  ["version 3", binary(0x31, 0x11, ipv4), "it has the unknown version 3"],
  ["command 2", binary(0x22, 0x11, ipv4), "it has the unknown command 2"],
  ["family 4", binary(0x21, 0x41, ipv4), "it has an unknown kind of address"],
  ["protocol 3", binary(0x21, 0x13, ipv4), "it has an unknown kind of address"],
  ["IPv4 in 11 bytes", binary(0x21, 0x11, ipv4.subarray(1)), "it is too short for its addresses"],
  [
    "a cut extension",
    binary(0x21, 0x11, concatBytes([ipv4, authority.subarray(0, 9)])),
    "an extension is longer than the header",
  ],
  [
    "half of an extension's head",
    binary(0x21, 0x11, concatBytes([ipv4, authority.subarray(0, 2)])),
    "an extension is longer than the header",
  ],
  [
    "too much",
    binary(0x21, 0x11, new Uint8Array(LONGEST_PROXY_HEADER)),
    "it has 4112 bytes, more than the 4096 allowed",
  ],
])("%s is refused", (_name, bytes, problem) => {
  expect(problemOf(bytes)).toBe(problem);
});

test("too much is refused before it has come", () => {
  expect(problemOf(binary(0x21, 0x11, new Uint8Array(60_000)).subarray(0, 16))).toMatch(
    /^it has 60016 bytes/,
  );
});

describe("garbage", () => {
  /** A header of which some bytes are wrong. */
  function damaged(random: Random): Uint8Array {
    const [, header] = headers[random.below(headers.length)] as (typeof headers)[number];
    const bytes = Uint8Array.from(header);
    for (let i = random.below(4); i >= 0; i--) bytes[random.below(bytes.length)] = random.below(256);
    return bytes.subarray(0, random.below(bytes.length + 1));
  }

  /** What it says of ever longer parts of `bytes`, as far as that contradicts itself. */
  function contradictionIn(bytes: Uint8Array): string | undefined {
    let before = "wait";
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length);
      const problem = problemOf(part);
      if (problem === "?") return `another error at ${length} bytes`;
      const read = problem === "none" ? readProxyHeader(part) : undefined;
      if (read !== undefined && read.lengthBytes > length) return `more than was there at ${length} bytes`;
      const now = problem !== "none" ? "refused" : read === undefined ? "wait" : JSON.stringify(read);
      if (before !== "wait" && now !== before) return `${before}, then ${now} at ${length} bytes`;
      before = now;
    }
    return undefined;
  }

  test("is refused, waited for or read, and says the same of every longer part", () => {
    const random = seededRandom(3);
    const inputs = Array.from({ length: 1_000 }, (_, i) =>
      i % 2 === 0 ? damaged(random) : random.bytes(random.below(200)),
    );
    expect(inputs.map(contradictionIn).filter((each) => each !== undefined)).toEqual([]);
  });
});

test("any address comes through both versions alike", () => {
  const random = seededRandom(5);
  for (let i = 0; i < 500; i++) {
    const isSixth = i % 2 === 1;
    const source = random.bytes(isSixth ? 16 : 4);
    const port = random.below(65_536);
    const text = formatAddress(source);
    const other = isSixth ? "::1" : "127.0.0.1";
    const line = latin1(`PROXY ${isSixth ? "TCP6" : "TCP4"} ${text} ${other} ${port} 1\r\n`);
    const ports = Uint8Array.of(port >> 8, port & 0xff, 0, 1);
    const body = concatBytes([source, new Uint8Array(source.length), ports]);
    const client = { address: text, port };
    expect(readProxyHeader(line)?.client).toEqual(client);
    expect(readProxyHeader(binary(0x21, isSixth ? 0x21 : 0x11, body))?.client).toEqual(client);
  }
});
