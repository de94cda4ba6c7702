import { describe, expect, test } from "vitest";
import { AddressSet, addressKey, isAddressOrNetwork } from "./address.ts";

describe("what an address is counted by", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8::7", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:0DB8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:c000:207", "192.0.2.7"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
    ["memory", "memory"],
    ["no:address", "no:address"],
  ])("%s: %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe("a set of addresses and networks", () => {
  const set = new AddressSet([
    "192.0.2.7",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "2001:db8::/33",
    "::1",
    "0.0.0.0/32",
  ]);

  test.each([
    "192.0.2.7",
    "10.255.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "2001:db8:7fff::1",
    "::1",
    "::ffff:10.1.2.3",
    "0.0.0.0",
  ])("has %s", (address) => {
    expect(set.has(address)).toBe(true);
  });

  test.each([
    "192.0.2.8",
    "11.0.0.1",
    "172.32.0.1",
    "172.15.0.1",
    "2001:db8:8000::1",
    "::2",
    "memory",
    "",
    "10.0.0",
  ])("has not %s", (address) => {
    expect(set.has(address)).toBe(false);
  });

  test("of nothing has nothing; of everything has everything of its kind", () => {
    expect(new AddressSet([]).has("10.0.0.1")).toBe(false);
    expect(new AddressSet(["0.0.0.0/0"]).has("203.0.113.9")).toBe(true);
    expect(new AddressSet(["0.0.0.0/0"]).has("::1")).toBe(false);
  });
});

test.each(["192.0.2.7", "10.0.0.0/8", "::/0", "2001:db8::7/128", "1:2:3:4:5:6:7:8", "1::8"])(
  "%s is an address or a network",
  (text) => {
    expect(isAddressOrNetwork(text)).toBe(true);
  },
);

test.each([
  "",
  "192.0.2",
  "192.0.2.256",
  "192.0.2.07",
  "192.0.2.7/33",
  "192.0.2.7/",
  "192.0.2.7/-1",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1::2::3",
  "1:2:3:4:5:6:7::8:9",
  "12345::",
  "g::",
  "::1/129",
  "localhost",
])("%s is none", (text) => {
  expect(isAddressOrNetwork(text)).toBe(false);
});
