/**
 * Ranges of IP addresses as operators write them, `10.0.0.0/8` or `2001:db8::/32`, and whether an address lies in one.
 *
 * An IPv4 address lies in IPv4 ranges only, however it came in, and an IPv6 address in IPv6 ranges only: `::/0` is not
 * everybody.
 */

import { ConfigError } from "./error.ts";
import { formatAddress, parseAddress } from "./ip-address.ts";

interface Range {
  readonly network: Uint8Array;
  readonly prefixBits: number;
}

const LOOPBACK = "loopback";
const LOOPBACK_RANGES = ["127.0.0.0/8", "::1"];

/** A set of ranges. */
export class AddressRanges {
  readonly #ranges: readonly Range[];

  /**
   * @param texts each an address, an address and the length of its prefix, or `loopback` for this machine's own
   * @param path the setting's name, for errors
   * @throws ConfigError for what is none of them; its path is `path` and the index
   * @example new AddressRanges(["10.0.0.0/8", "2001:db8::7", "loopback"], "trustedProxies").has("10.1.2.3")
   */
  constructor(texts: readonly string[], path: string) {
    this.#ranges = texts.flatMap((text, index) =>
      text === LOOPBACK
        ? LOOPBACK_RANGES.map((range) => rangeOf(range, path))
        : [rangeOf(text, `${path}[${index}]`)],
    );
  }

  /** Whether `address` lies in one of them. What is no IP address, such as the name of a Unix socket, does not. */
  has(address: string): boolean {
    const bytes = parseAddress(address);
    return bytes !== undefined && this.#ranges.some((range) => isWithin(bytes, range));
  }
}

/** Whether `AddressRanges` takes `text`. */
export function isAddressRange(text: string): boolean {
  try {
    if (text !== LOOPBACK) rangeOf(text, "");
    return true;
  } catch {
    return false;
  }
}

function rangeOf(text: string, path: string): Range {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const network = address.includes("%") ? undefined : parseAddress(address);
  if (network === undefined) {
    throw new ConfigError(
      path,
      `"${text}" is no address; give one such as 192.0.2.7, a range such as 10.0.0.0/8 or 2001:db8::/32, or loopback.`,
    );
  }
  const mostBits = network.length * 8;
  // The prefix of a mapped address counts the bits before it as well.
  const mappedBits = network.length === 4 && address.includes(":") ? 96 : 0;
  const prefix = slash === -1 ? String(mostBits + mappedBits) : text.slice(slash + 1);
  const prefixBits = Number(prefix) - mappedBits;
  if (!/^\d{1,3}$/.test(prefix) || prefixBits < 0 || prefixBits > mostBits) {
    throw new ConfigError(
      path,
      `/${prefix} is no length of a prefix of ${address}; it is a whole number from ${mappedBits} to ${mostBits + mappedBits}.`,
    );
  }
  const start = startOf(network, prefixBits);
  if (!isWithin(network, { network: start, prefixBits: mostBits })) {
    throw new ConfigError(
      path,
      `${text} is not the start of a range; write ${formatAddress(start)}/${prefixBits}, or leave /${prefix} out for the one address.`,
    );
  }
  return { network, prefixBits };
}

/** `network` with all bits behind the prefix 0. */
function startOf(network: Uint8Array, prefixBits: number): Uint8Array {
  return network.map((byte, index) => byte & maskOf(index, prefixBits));
}

function isWithin(address: Uint8Array, { network, prefixBits }: Range): boolean {
  if (address.length !== network.length) return false;
  for (let i = 0; i * 8 < prefixBits; i++) {
    const mask = maskOf(i, prefixBits);
    if (((address[i] as number) & mask) !== ((network[i] as number) & mask)) return false;
  }
  return true;
}

/** The bits of byte `index` that belong to the prefix. */
function maskOf(index: number, prefixBits: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}
