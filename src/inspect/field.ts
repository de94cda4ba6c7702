/**
 * What the dissector finds, as plain values: packets, their fields as trees, and what is wrong with them.
 *
 *     packet ── Fixed Header ──── Packet Type and Flags ── bits
 *            ├─ Variable Header ─ Protocol Name Length …
 *            └─ Payload ───────── Client Identifier Length …
 *
 * The fields without children tile their packet: no gap and no overlap, whatever the bytes are. Fields of bits lie in the
 * one byte above them.
 */

import type { ProtocolVersion } from "#protocol";

/** Who sent a packet. */
export type Sender = "client" | "server";

/** A part of one byte; bit 7 is the highest. */
export interface BitRange {
  readonly highest: number;
  readonly lowest: number;
}

export interface Field {
  /** In the words of the specification. */
  readonly name: string;
  /** Of the first byte, in the input. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** The bytes where they lie. */
  readonly raw: Uint8Array;
  /** Only of a part of a byte. */
  readonly bits?: BitRange;
  /** In words; absent where the children say it all. */
  readonly value?: string;
  /** What a reader may want to know beside the value. */
  readonly note?: string;
  readonly children?: readonly Field[];
}

/** Something that ends the connection at a receiver that keeps to the standard. */
export interface Problem {
  readonly kind: "malformed-packet" | "protocol-error";
  /** The name of the field at fault. */
  readonly field: string;
  /** Of the first byte at fault, in the input. */
  readonly offset: number;
  /** The same, counted from the packet's first byte. */
  readonly packetOffset: number;
  /** Bytes at fault; 0 where something is missing. */
  readonly length: number;
  /** Sentences: what was found and what is allowed. */
  readonly reason: string;
  /** The violated statement, like that of the errors of `#protocol`: `MQTT-3.3.1-4`, in 3.x `3.1.1/MQTT-3.3.1-4`. */
  readonly statement: string;
  /** What a server of 5.0 tells the client before it closes. */
  readonly reasonCode: number;
}

export interface DissectedPacket {
  /** Of its first byte, in the input. */
  readonly offset: number;
  /** Bytes of it that are there. */
  readonly length: number;
  /** The high four bits of its first byte. */
  readonly type: number;
  /** `CONNECT`, or `reserved type 0`. */
  readonly name: string;
  /** The version that it was read in. */
  readonly version: ProtocolVersion;
  /** Undefined where both may send such a packet. */
  readonly sender: Sender | undefined;
  readonly fields: readonly Field[];
  /** In the order in which a receiver meets them: the first is the one it would name. */
  readonly problems: readonly Problem[];
  /** The input ends before the packet does. */
  readonly isIncomplete: boolean;
  /** Bytes that are missing; 0 for a whole packet, undefined when not even the Remaining Length is there. */
  readonly missingBytes: number | undefined;
  /** Where a problem probably comes from, in sentences. */
  readonly hints: readonly string[];
}
