/** What a case expects: the fields of a packet that matter to it, and how a connection has to end. */

import { bytesEqual, toHex } from "#base";
import type { WireProperties } from "./wire/properties.ts";
import type { PacketName, ServerPacket, ServerPackets } from "./wire/read.ts";

/** The fields of a packet that matter to a case; properties are a subset again. */
export type Pattern<Name extends PacketName> = Partial<
  Omit<ServerPackets[Name], "name" | "bytes" | "properties">
> & {
  readonly properties?: WireProperties;
};

/** What may come before the connection is closed. */
export interface CloseExpectation {
  /**
   * The reason codes that the standard names for this error. Without them any will do. A 5.0 server may choose another
   * code, or close without a word: the first is noted, and the second where the standard prefers words.
   */
  readonly reasons?: readonly number[];
  /** Saying one of `reasons` is demanded, not just allowed. */
  readonly mustSay?: boolean;
  /** The standard prefers that it is said. Without this, that is so on a connection that was accepted (section 4.13.1). */
  readonly shouldSay?: boolean;
  /** Return codes of 3.x that may come in CONNACK; without them the connection has to close without a packet. */
  readonly returnCodes?: readonly number[];
  /** Not before this many milliseconds. */
  readonly afterMs?: number;
  /** At the latest after this many milliseconds; the patience of the run when absent. */
  readonly withinMs?: number;
}

/** Why `packet` is not the one expected; undefined when it is. */
export function mismatch(
  packet: ServerPacket,
  name: PacketName,
  pattern: Pattern<PacketName>,
): string | undefined {
  if (packet.name !== name) return `got ${packet.name} ${toHex(packet.bytes)}`;
  for (const [field, wanted] of Object.entries(pattern)) {
    const actual = (packet as unknown as Record<string, unknown>)[field];
    if (field === "properties") {
      for (const [property, value] of Object.entries(wanted as object)) {
        const got = (actual as Record<string, unknown>)[property];
        if (!same(got, value)) return `${property} is ${show(got)} instead of ${show(value)}`;
      }
    } else if (!same(actual, wanted)) return `${field} is ${show(actual)} instead of ${show(wanted)}`;
  }
  return undefined;
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return bytesEqual(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, index) => same(each, b[index]));
  }
  return a === b;
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  return value === undefined ? "absent" : JSON.stringify(value);
}

export function describe(pattern: object): string {
  const fields = Object.entries(pattern).map(([field, value]) =>
    field === "properties" ? describe(value as object) : `${field} ${show(value)}`,
  );
  return fields.join(", ");
}
