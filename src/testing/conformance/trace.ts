/**
 * What went over the connections of one case, for reports: each packet in hex, and below it what it says.
 *
 *     +0 ms  client  > CONNECT 10 0d 00 04 4d 51 54 54 04 02 00 00 00 01 63
 *            MQTT 3.1.1, client id "c", clean session, keep alive 0
 *     +1 ms  client  < CONNACK 20 02 00 00
 *            return code 0x00
 */

import { toHex } from "#base";
import type { ProtocolVersion } from "#protocol";
import { dissect } from "./wire/dissect.ts";

export interface TraceEntry {
  readonly atMs: number;
  /** The connection's name within the case. */
  readonly peer: string;
  readonly direction: "sent" | "received" | "closed" | "note";
  /** The packet's name, or what happened. */
  readonly what: string;
  readonly bytes?: Uint8Array;
  /** What the bytes are read as. */
  readonly version?: ProtocolVersion;
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

/** Each packet of the entry in words; empty where nothing was sent or the bytes are of no known version. */
export function dissectEntry({ bytes, version }: TraceEntry): string[] {
  return bytes === undefined || version === undefined ? [] : dissect(bytes, version);
}

/** The trace as lines for people; long packets are shortened to `limit` bytes. */
export function formatTrace(trace: readonly TraceEntry[], limit = 64): string {
  return trace
    .flatMap((entry) => {
      const { atMs, peer, direction, what, bytes } = entry;
      const hex = bytes === undefined ? "" : ` ${toHex(bytes, limit)}`;
      const time = `+${atMs.toFixed(0)} ms`;
      const head = `${time}  ${peer}  ${arrows[direction]} ${what}${hex}`;
      return [head, ...dissectEntry(entry).map((line) => `${" ".repeat(time.length + 2)}${line}`)];
    })
    .join("\n");
}
