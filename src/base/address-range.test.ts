import { BlockList, isIPv4 } from "node:net";
import { describe, expect, test } from "vitest";
import { AddressRanges } from "./address-range.ts";
import { ConfigError } from "./error.ts";
import { formatAddress } from "./ip-address.ts";
import { seededRandom } from "./random.ts";

const has = (ranges: readonly string[], address: string): boolean =>
  new AddressRanges(ranges, "ranges").has(address);

describe("an address lies in", () => {
  test.each([
    ["10.0.0.0/8", "10.255.0.1"],
    ["10.0.0.0/8", "::ffff:10.1.2.3"],
    ["::ffff:10.0.0.0/104", "10.1.2.3"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.6/31", "192.0.2.7"],
    ["0.0.0.0/0", "198.51.100.1"],
    ["2001:db8::/32", "2001:db8:ffff::1"],
    ["fe80::/10", "fe80::1%eth0"],
    ["::/0", "2001:db8::1"],
    ["loopback", "127.8.8.8"],
    ["loopback", "::1"],
  ])("%s: %s", (range, address) => {
    expect(has([range], address)).toBe(true);
  });
});

describe("an address does not lie in", () => {
  test.each([
    ["10.0.0.0/8", "11.0.0.0"],
    ["192.0.2.6/31", "192.0.2.8"],
    ["0.0.0.0/0", "::1"],
    ["::/0", "10.0.0.1"],
    ["::/0", "::ffff:10.0.0.1"],
    ["loopback", "128.0.0.1"],
    ["loopback", "::2"],
    ["0.0.0.0/0", ""],
    ["0.0.0.0/0", "/run/martlet.sock"],
  ])("%s: %j", (range, address) => {
    expect(has([range], address)).toBe(false);
  });

  test("no ranges at all", () => {
    expect(has([], "127.0.0.1")).toBe(false);
  });
});

test("Node's own list says the same of any range", () => {
  const random = seededRandom(11);
  for (let i = 0; i < 1_000; i++) {
    const size = i % 2 === 0 ? 4 : 16;
    const prefix = random.below(size * 8 + 1);
    const keep = (byte: number, index: number): number =>
      byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - index * 8))));
    const network = random.bytes(size).map(keep);
    // Near the range's edges too: the address shares a random number of bits with the network.
    const address = random.bytes(size);
    address.set(network.subarray(0, random.below(size + 1)));
    const [start, text] = [formatAddress(network), formatAddress(address)];
    const list = new BlockList();
    const family = isIPv4(start) ? "ipv4" : "ipv6";
    list.addSubnet(start, prefix, family);
    expect(has([`${start}/${prefix}`], text), `${text} in ${start}/${prefix}`).toBe(list.check(text, family));
  }
});

test("what is no range is an error that names the setting", () => {
  const problemOf = (...texts: string[]): string => {
    try {
      new AddressRanges(texts, "trustedProxies");
    } catch (error) {
      return error instanceof ConfigError ? error.message : String(error);
    }
    return "none";
  };
  const noAddress = (text: string) =>
    `"${text}" is no address; give one such as 192.0.2.7, a range such as 10.0.0.0/8 or 2001:db8::/32, or loopback.`;
  expect([
    problemOf("::1", "proxy.example"),
    problemOf("fe80::1%eth0"),
    problemOf("10.0.0.0/33"),
    problemOf("10.0.0.0/"),
    problemOf("10.0.0.0/8/8"),
    problemOf("::ffff:10.0.0.0/8"),
    problemOf("10.1.2.3/8"),
    problemOf("2001:db8::1/32"),
  ]).toEqual([
    `trustedProxies[1]: ${noAddress("proxy.example")}`,
    `trustedProxies[0]: ${noAddress("fe80::1%eth0")}`,
    "trustedProxies[0]: /33 is no length of a prefix of 10.0.0.0; it is a whole number from 0 to 32.",
    "trustedProxies[0]: / is no length of a prefix of 10.0.0.0; it is a whole number from 0 to 32.",
    "trustedProxies[0]: /8/8 is no length of a prefix of 10.0.0.0; it is a whole number from 0 to 32.",
    "trustedProxies[0]: /8 is no length of a prefix of ::ffff:10.0.0.0; it is a whole number from 96 to 128.",
    "trustedProxies[0]: 10.1.2.3/8 is not the start of a range; write 10.0.0.0/8, or leave /8 out for the one address.",
    "trustedProxies[0]: 2001:db8::1/32 is not the start of a range; write 2001:db8::/32, or leave /32 out for the one address.",
  ]);
});
