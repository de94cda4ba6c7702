/** Reason codes in the words of the standard (2.4), which packet may carry which, and the return codes of 3.x. */

import type { Sender } from "./field.ts";
import { hexNumber } from "./value-text.ts";

const names: Readonly<Record<number, string>> = {
  0x00: "Success",
  0x01: "Granted QoS 1",
  0x02: "Granted QoS 2",
  0x04: "Disconnect with Will Message",
  0x10: "No matching subscribers",
  0x11: "No subscription existed",
  0x18: "Continue authentication",
  0x19: "Re-authenticate",
  0x80: "Unspecified error",
  0x81: "Malformed Packet",
  0x82: "Protocol Error",
  0x83: "Implementation specific error",
  0x84: "Unsupported Protocol Version",
  0x85: "Client Identifier not valid",
  0x86: "Bad User Name or Password",
  0x87: "Not authorized",
  0x88: "Server unavailable",
  0x89: "Server busy",
  0x8a: "Banned",
  0x8b: "Server shutting down",
  0x8c: "Bad authentication method",
  0x8d: "Keep Alive timeout",
  0x8e: "Session taken over",
  0x8f: "Topic Filter invalid",
  0x90: "Topic Name invalid",
  0x91: "Packet Identifier in use",
  0x92: "Packet Identifier not found",
  0x93: "Receive Maximum exceeded",
  0x94: "Topic Alias invalid",
  0x95: "Packet too large",
  0x96: "Message rate too high",
  0x97: "Quota exceeded",
  0x98: "Administrative action",
  0x99: "Payload format invalid",
  0x9a: "Retain not supported",
  0x9b: "QoS not supported",
  0x9c: "Use another server",
  0x9d: "Server moved",
  0x9e: "Shared Subscriptions not supported",
  0x9f: "Connection rate exceeded",
  0xa0: "Maximum connect time",
  0xa1: "Subscription Identifiers not supported",
  0xa2: "Wildcard Subscriptions not supported",
};

/** The codes that one packet may carry. */
export interface CodeSet {
  readonly codes: ReadonlySet<number>;
  /** Where they have other names in this packet. */
  readonly names: Readonly<Record<number, string>>;
}

function codeSet(codes: readonly number[], names: Readonly<Record<number, string>> = {}): CodeSet {
  return { codes: new Set(codes), names };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export const connackCodes = codeSet([
  0,
  ...range(0x80, 0x8a),
  0x8c,
  0x90,
  0x95,
  0x97,
  ...range(0x99, 0x9d),
  0x9f,
]);
/** PUBACK and PUBREC. */
export const receivedCodes = codeSet([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
/** PUBREL and PUBCOMP. */
export const releasedCodes = codeSet([0x00, 0x92]);
export const subackCodes = codeSet([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2], {
  0: "Granted QoS 0",
});
/** Of 3.x. */
export const subackCodes3 = codeSet([0x00, 0x01, 0x02, 0x80], { 0: "Granted QoS 0", 0x80: "Failure" });
export const unsubackCodes = codeSet([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);

const NORMAL = { 0: "Normal disconnection" };

const disconnectCodes: Readonly<Record<Sender, CodeSet>> = {
  client: codeSet([0x00, 0x04, ...range(0x80, 0x83), 0x90, ...range(0x93, 0x99)], NORMAL),
  // 0x8c stands in the standard's table 2-6 and not in its table 3-10; it is accepted.
  server: codeSet(
    [0x00, ...range(0x80, 0x83), 0x87, 0x89, ...range(0x8b, 0x90), ...range(0x93, 0xa2)],
    NORMAL,
  ),
};

const authCodes: Readonly<Record<Sender, CodeSet>> = {
  client: codeSet([0x18, 0x19]),
  server: codeSet([0x00, 0x18]),
};

export function disconnectCodesOf(sender: Sender): CodeSet {
  return disconnectCodes[sender];
}

export function authCodesOf(sender: Sender): CodeSet {
  return authCodes[sender];
}

/** `0x87, Not authorized`; what no packet carries has no name. */
export function codeText(code: number, { names: own }: CodeSet): string {
  return `${hexNumber(code)}, ${own[code] ?? names[code] ?? "not defined"}`;
}

/** `0x00, 0x80 to 0x83 or 0x87`: what would be allowed. */
export function allowedCodes({ codes }: CodeSet): string {
  const sorted = [...codes].toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    const first = sorted[i] as number;
    let last = first;
    while (codes.has(last + 1)) last++;
    const isRange = last - first > 1;
    if (isRange) parts.push(`${hexNumber(first)} to ${hexNumber(last)}`);
    else for (let code = first; code <= last; code++) parts.push(hexNumber(code));
    i += last - first + 1;
  }
  const end = parts.pop() as string;
  return parts.length === 0 ? end : `${parts.join(", ")} or ${end}`;
}

/** Of a CONNACK in 3.1 and 3.1.1, by number. */
export const returnCodes: readonly string[] = [
  "Connection Accepted",
  "unacceptable protocol version",
  "identifier rejected",
  "Server unavailable",
  "bad user name or password",
  "not authorized",
];
