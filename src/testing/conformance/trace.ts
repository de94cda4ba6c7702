/**
 * What went over the connections of one case, for reports.
 *
 *     +0 ms  client  > 10 0c 00 04 …
 *     +1 ms  client  < CONNACK 20 02 00 00
 */

import { toHex } from "#base";

export interface TraceEntry {
  readonly atMs: number;
  /** The connection's name within the case. */
  readonly peer: string;
  readonly direction: "sent" | "received" | "closed" | "note";
  /** The packet's name, or what happened. */
  readonly what: string;
  readonly bytes?: Uint8Array;
}

const sentNames = [
  "reserved",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH",
];

/** The name that the first byte gives to a packet, right or wrong as it may be. */
export function firstByteName(bytes: Uint8Array): string {
  return sentNames[(bytes[0] ?? 0) >> 4] as string;
}

const arrows = { sent: ">", received: "<", closed: "x", note: "-" } as const;

/** The trace as lines for people; long packets are shortened to `limit` bytes. */
export function formatTrace(trace: readonly TraceEntry[], limit = 64): string {
  return trace
    .map(({ atMs, peer, direction, what, bytes }) => {
      const hex = bytes === undefined ? "" : ` ${toHex(bytes, limit)}`;
      return `+${atMs.toFixed(0)} ms  ${peer}  ${arrows[direction]} ${what}${hex}`;
    })
    .join("\n");
}
