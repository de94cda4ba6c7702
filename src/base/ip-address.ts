/**
 * IP addresses as bytes: 4 for IPv4, 16 for IPv6. Text comes in as the system, a file or a proxy writes it, and goes out
 * in one form, so that the same address always meets the same rules.
 */

const IPV4_PART = /^(?:0|[1-9]\d{0,2})$/;
const IPV6_PART = /^[\da-f]{1,4}$/i;
const IPV6_WORDS = 8;
/** `::ffff:0:0/96` holds all IPv4 addresses. */
const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/**
 * The bytes of an address, or undefined for what is none. `::ffff:192.0.2.7` is 192.0.2.7. A zone (`fe80::1%eth0`) is left
 * out. IPv4 is four decimal numbers without leading zeros, which some programs take for octal.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  if (!text.includes(":")) return parseIPv4(text);
  const zone = text.indexOf("%");
  const bytes = parseIPv6(zone === -1 ? text : text.slice(0, zone));
  return bytes === undefined ? undefined : withoutMapping(bytes);
}

/** `192.0.2.7` or `2001:db8::7` (RFC 5952) for 4 or 16 bytes. A mapped IPv4 address is written as IPv4. */
export function formatAddress(address: Uint8Array): string {
  const bytes = withoutMapping(address);
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: IPV6_WORDS }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  const [start, length] = longestZeros(words);
  if (length < 2) return words.join(":");
  return `${words.slice(0, start).join(":")}::${words.slice(start + length).join(":")}`;
}

function parseIPv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => IPV4_PART.test(part) && Number(part) < 256))
    return undefined;
  return Uint8Array.from(parts, Number);
}

function parseIPv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [front, back] = halves.map((half, index) => wordsOf(half, index === halves.length - 1));
  if (front === undefined || (halves.length === 2 && back === undefined)) return undefined;
  const missing = IPV6_WORDS - front.length - (back?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const words = [...front, ...new Array<number>(missing).fill(0), ...(back ?? [])];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The numbers between colons; the last two may be written as an IPv4 address. */
function wordsOf(half: string, mayEndInIPv4: boolean): number[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const last = parts.at(-1) ?? "";
  const embedded = mayEndInIPv4 && last.includes(".") ? parseIPv4(last) : undefined;
  if (embedded !== undefined) parts.pop();
  if (!parts.every((part) => IPV6_PART.test(part))) return undefined;
  const words = parts.map((part) => Number.parseInt(part, 16));
  if (embedded !== undefined) {
    const [a = 0, b = 0, c = 0, d = 0] = embedded;
    words.push((a << 8) | b, (c << 8) | d);
  }
  return words;
}

function withoutMapping(bytes: Uint8Array): Uint8Array {
  const isMapped = bytes.length === 16 && MAPPED_PREFIX.every((byte, index) => bytes[index] === byte);
  return isMapped ? bytes.subarray(12) : bytes;
}

/** Where the first longest run of zero words begins, and how many they are. */
function longestZeros(words: readonly string[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === "0") end++;
    if (end - start > best[1]) best = [start, end - start];
    start = Math.max(start, end);
  }
  return best;
}
