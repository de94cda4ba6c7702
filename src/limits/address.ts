/** Addresses as limits see them: one customer of IPv6 has at least a /64, so that counts as one; of IPv4 each address counts. */

import { parseAddress } from "#base";

const IPV4_BYTES = 4;
/** Bytes of an IPv6 address that name the network. */
const NETWORK_BYTES = 8;

/**
 * What limits count by: an IPv4 address as it is, the /64 of an IPv6 address, and anything else as it is.
 *
 * @example
 * addressKey("192.0.2.7"); // "192.0.2.7"
 * addressKey("2001:db8::7"); // "2001:db8:0:0::/64"
 */
export function addressKey(remoteAddress: string): string {
  if (!remoteAddress.includes(":")) return remoteAddress;
  const bytes = parseAddress(remoteAddress);
  if (bytes === undefined) return remoteAddress;
  if (bytes.length === IPV4_BYTES) return bytes.join(".");
  let key = "";
  for (let at = 0; at < NETWORK_BYTES; at += 2) {
    key += `${(((bytes[at] as number) << 8) | (bytes[at + 1] as number)).toString(16)}:`;
  }
  return `${key}:/64`;
}
