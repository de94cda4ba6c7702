/**
 * Ranges of IP addresses as CIDR writes them: `192.0.2.0/24`, `2001:db8::/32`, or one address alone. An IPv4 address within
 * IPv6 (`::ffff:192.0.2.7`), as sockets for both report it, is that IPv4 address.
 */

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const MAPPED_PREFIX = 12;

export class AddressRange {
  readonly #bytes: readonly number[];
  readonly #bits: number;

  private constructor(bytes: readonly number[], bits: number) {
    this.#bytes = bytes;
    this.#bits = bits;
  }

  /** Undefined for what is no range. */
  static parse(text: string): AddressRange | undefined {
    const [address = "", prefix, ...more] = text.split("/");
    const bytes = parseAddress(address);
    if (bytes === undefined || more.length > 0) return undefined;
    const most = bytes.length * 8;
    if (prefix === undefined) return new AddressRange(bytes, most);
    const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : most + 1;
    return bits > most ? undefined : new AddressRange(bytes, bits);
  }

  /** Whether `address` lies in it; false for what is no IP address. */
  includes(address: string): boolean {
    const bytes = parseAddress(address);
    if (bytes === undefined || bytes.length !== this.#bytes.length) return false;
    for (let bit = 0; bit < this.#bits; bit += 8) {
      const mask = this.#bits - bit >= 8 ? 0xff : (0xff << (8 - (this.#bits - bit))) & 0xff;
      const difference = (bytes[bit / 8] as number) ^ (this.#bytes[bit / 8] as number);
      if ((difference & mask) !== 0) return false;
    }
    return true;
  }
}

/** 4 or 16 bytes; undefined for what is no address. A zone (`%eth0`) does not count. */
function parseAddress(text: string): number[] | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text.replace(/%[^%]*$/, ""));
  if (bytes === undefined) return undefined;
  const isMapped =
    bytes.slice(0, MAPPED_PREFIX - 2).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return isMapped ? bytes.slice(MAPPED_PREFIX) : bytes;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    // No leading zero: some read it as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const front = groupBytes(halves[0] as string, halves.length === 1);
  const back = halves.length === 2 ? groupBytes(halves[1] as string, true) : [];
  if (front === undefined || back === undefined) return undefined;
  const missing = IPV6_BYTES - front.length - back.length;
  if (halves.length === 1) return missing === 0 ? front : undefined;
  if (missing < 2) return undefined;
  return [...front, ...new Array<number>(missing).fill(0), ...back];
}

/** The bytes of `1:2:3`; the last group may be an IPv4 address where `isEnd`. */
function groupBytes(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (isEnd && index === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      bytes.push(...ipv4);
      continue;
    }
    if (!/^[\da-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes.length > IPV6_BYTES ? undefined : bytes;
}
