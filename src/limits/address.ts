/**
 * Addresses as limits see them. One customer of IPv6 has at least a /64, so that counts as one; of IPv4 each address counts.
 * `AddressSet` holds those that are exempt, as addresses and networks.
 */

const IPV4_BYTES = 4;
const IPV6_GROUPS = 8;
/** Bytes of an IPv6 address that name the network. */
const NETWORK_BYTES = 8;

/**
 * The bytes of an IPv4 (4) or IPv6 address (16), or undefined for what is neither. A zone (`%eth0`) does not count, and an IPv4
 * address in IPv6's clothes is IPv4.
 */
function parseAddress(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const zone = text.indexOf("%");
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES) return undefined;
  const bytes = new Uint8Array(IPV4_BYTES);
  for (const [index, part] of parts.entries()) {
    const value = wholeNumber(part, 255);
    if (value === undefined) return undefined;
    bytes[index] = value;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  let plain = text;
  const lastColon = text.lastIndexOf(":");
  if (text.includes(".", lastColon)) {
    const tail = parseIpv4(text.slice(lastColon + 1));
    if (tail === undefined) return undefined;
    const group = (at: number): string =>
      (((tail[at] as number) << 8) | (tail[at + 1] as number)).toString(16);
    plain = `${text.slice(0, lastColon + 1)}${group(0)}:${group(2)}`;
  }
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] as string);
  const tail = groupsOf(halves[1] ?? "");
  if (head === undefined || tail === undefined) return undefined;
  const missing = IPV6_GROUPS - head.length - tail.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const bytes = new Uint8Array(2 * IPV6_GROUPS);
  for (const [index, group] of [...head, ...new Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[2 * index] = group >> 8;
    bytes[2 * index + 1] = group & 0xff;
  }
  const isMapped =
    bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  for (const part of text.split(":")) {
    const value = /^[0-9a-fA-F]{1,4}$/.test(part) ? Number.parseInt(part, 16) : undefined;
    if (value === undefined) return undefined;
    groups.push(value);
  }
  return groups;
}

/** Undefined for what is no number without leading zeros up to `highest`. */
function wholeNumber(text: string, highest: number): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= highest ? value : undefined;
}

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

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  const bits = slash < 0 ? bytes.length * 8 : wholeNumber(text.slice(slash + 1), bytes.length * 8);
  return bits === undefined ? undefined : { bytes, bits };
}

/** Whether `text` is an address or a network as `AddressSet` takes them. */
export function isAddressOrNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/** Addresses and networks: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`. */
export class AddressSet {
  readonly #networks: readonly Network[];

  /** @param members what `isAddressOrNetwork` accepts; anything else matches nothing */
  constructor(members: readonly string[]) {
    this.#networks = members.flatMap((member) => parseNetwork(member) ?? []);
  }

  has(remoteAddress: string): boolean {
    if (this.#networks.length === 0) return false;
    const bytes = parseAddress(remoteAddress);
    return bytes !== undefined && this.#networks.some((network) => isWithin(bytes, network));
  }
}

function isWithin(address: Uint8Array, { bytes, bits }: Network): boolean {
  if (address.length !== bytes.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false;
  const rest = bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address[whole] as number) & mask) === ((bytes[whole] as number) & mask);
}
