/**
 * From a frame to the TCP segment in it: Ethernet with VLAN tags, Linux cooked, loopback and raw IP, over IPv4 and IPv6.
 *
 *     link header | IPv4 or IPv6 header | TCP header | payload
 */

import type { Frame } from "./frames.ts";

/** An end of a connection, `192.0.2.1:1883` or `[2001:db8::1]:1883`. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Segment {
  readonly frame: Frame;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly isAck: boolean;
  readonly payload: Uint8Array;
}

/** Why a frame holds no segment; `other` is nothing to speak of, such as ARP or UDP. */
export type NoSegment = "unknown-link" | "fragment" | "other";

/** Numbers of tcpdump.org's list of link-layer header types. */
const LinkType = {
  NULL: 0,
  ETHERNET: 1,
  RAW: 101,
  LOOP: 108,
  LINUX_SLL: 113,
  IPV4: 228,
  IPV6: 229,
  LINUX_SLL2: 276,
} as const;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const vlanTags: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
const TCP = 6;
/** Hop-by-hop, routing and destination options. */
const extensionHeaders: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT_HEADER = 44;
const SYN = 0x02;
const ACK = 0x10;

/** The segment in `frame`, or why there is none. */
export function segmentOf(frame: Frame): Segment | NoSegment {
  const at = networkOffset(frame);
  if (at === undefined) return "unknown-link";
  const packet = frame.bytes.subarray(at);
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) return fromIpv4(frame, packet);
  return version === 6 ? fromIpv6(frame, packet) : "other";
}

/** Where the IP header begins; the end of the frame when it carries something else. */
function networkOffset({ linkType, bytes }: Frame): number | undefined {
  switch (linkType) {
    case LinkType.ETHERNET: {
      let at = 12;
      while (vlanTags.has(uint16(bytes, at))) at += 4;
      const etherType = uint16(bytes, at);
      return etherType === IPV4 || etherType === IPV6 ? at + 2 : bytes.length;
    }
    case LinkType.NULL:
    case LinkType.LOOP:
      return 4;
    case LinkType.LINUX_SLL:
      return 16;
    case LinkType.LINUX_SLL2:
      return 20;
    case LinkType.RAW:
    case LinkType.IPV4:
    case LinkType.IPV6:
    // What BSD systems call raw IP.
    case 12:
    case 14:
      return 0;
    default:
      return undefined;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function fromIpv4(frame: Frame, packet: Uint8Array): Segment | NoSegment {
  const headerLength = ((packet[0] ?? 0) & 0x0f) * 4;
  if (headerLength < 20 || packet.length < headerLength || packet[9] !== TCP) return "other";
  if ((uint16(packet, 6) & 0x3fff) !== 0) return "fragment";
  // 0 is left by network cards that cut large segments themselves.
  const said = uint16(packet, 2);
  const end = said === 0 ? packet.length : Math.min(said, packet.length);
  const address = (at: number): string => packet.subarray(at, at + 4).join(".");
  return fromTcp(frame, packet.subarray(headerLength, end), address(12), address(16));
}

function fromIpv6(frame: Frame, packet: Uint8Array): Segment | NoSegment {
  if (packet.length < 40) return "other";
  const said = uint16(packet, 4);
  const end = said === 0 ? packet.length : Math.min(40 + said, packet.length);
  let next = packet[6] as number;
  let at = 40;
  while (extensionHeaders.has(next) && at + 8 <= end) {
    next = packet[at] as number;
    at += ((packet[at + 1] as number) + 1) * 8;
  }
  if (next === FRAGMENT_HEADER) return "fragment";
  if (next !== TCP) return "other";
  return fromTcp(frame, packet.subarray(at, end), ipv6Text(packet, 8), ipv6Text(packet, 24));
}

function fromTcp(frame: Frame, bytes: Uint8Array, from: string, to: string): Segment | NoSegment {
  const headerLength = ((bytes[12] ?? 0) >> 4) * 4;
  if (bytes.length < 20 || headerLength < 20) return "other";
  const flags = bytes[13] as number;
  return {
    frame,
    from: { address: from, port: uint16(bytes, 0) },
    to: { address: to, port: uint16(bytes, 2) },
    sequence: uint16(bytes, 4) * 0x1_0000 + uint16(bytes, 6),
    isSyn: (flags & SYN) !== 0,
    isAck: (flags & ACK) !== 0,
    payload: bytes.subarray(headerLength),
  };
}

/** The short form: the longest run of zero groups as `::`. */
function ipv6Text(packet: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => uint16(packet, at + index * 2).toString(16));
  const text = groups.join(":");
  const [longest] = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].toSorted(
    (a, b) => b[0].length - a[0].length,
  );
  if (longest === undefined) return text;
  const before = text.slice(0, longest.index);
  return `${before}::${text.slice(longest.index + longest[0].length).replace(/^:/, "")}`;
}

/** `192.0.2.1:1883` */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** What kind of frame `bytes` are, if they are one that holds a TCP segment: for dumps, which do not say it. */
export function guessLinkType(bytes: Uint8Array): number | undefined {
  const candidates = [
    LinkType.RAW,
    LinkType.ETHERNET,
    LinkType.LINUX_SLL,
    LinkType.LINUX_SLL2,
    LinkType.NULL,
  ];
  return candidates.find((linkType) => {
    const frame: Frame = { number: 1, timeUs: undefined, linkType, bytes };
    const at = networkOffset(frame) as number;
    return typeof segmentOf(frame) !== "string" && isWholeIp(bytes.subarray(at), linkType);
  });
}

/** Whether the lengths in the IP header are those of `packet`; Ethernet fills frames that are too short. */
function isWholeIp(packet: Uint8Array, linkType: number): boolean {
  const length = (packet[0] as number) >> 4 === 4 ? uint16(packet, 2) : 40 + uint16(packet, 4);
  const filling = packet.length - length;
  return filling === 0 || (linkType === LinkType.ETHERNET && filling > 0 && packet.length === 46);
}
