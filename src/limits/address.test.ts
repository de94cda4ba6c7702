import { describe, expect, test } from "vitest";
import { addressKey } from "./address.ts";

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
