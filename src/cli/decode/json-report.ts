/** Packets for programs: everything that was found, as JSON. */

import type { CaptureEvent, DissectedPacket, Field } from "#inspect";
import { endpointText, packetToJson } from "#inspect";
import { decodePacket, versionName } from "#protocol";

type Json = Readonly<Record<string, unknown>>;

/** A packet whose first byte stands at `packet.offset` of `bytes`. */
export function packetJson(packet: DissectedPacket, bytes: Uint8Array): Json {
  const { offset, length, name, version, sender, isIncomplete, missingBytes } = packet;
  const isRight = packet.problems.length === 0 && !isIncomplete;
  return {
    offset,
    length,
    type: name,
    protocolVersion: versionName(version),
    ...(sender === undefined ? {} : { sender }),
    ...(isIncomplete ? { isIncomplete, missingBytes: missingBytes ?? null } : {}),
    problems: packet.problems,
    ...(packet.hints.length === 0 ? {} : { hints: packet.hints }),
    ...(isRight ? { packet: modelOf(packet, bytes) } : {}),
    fields: packet.fields.map(fieldJson),
  };
}

/** What `martlet encode` makes the same packet of. */
function modelOf({ offset, length, version, sender }: DissectedPacket, bytes: Uint8Array): Json {
  const side = sender === "client" ? "server" : "client";
  return packetToJson(decodePacket(bytes.subarray(offset, offset + length), version, side), version);
}

function fieldJson({ name, offset, length, raw, bits, value, note, children }: Field): Json {
  const isLeaf = children === undefined || children.some((child) => child.bits !== undefined);
  return {
    name,
    ...(bits === undefined ? { offset, length } : { bits: `${bits.highest}-${bits.lowest}` }),
    ...(isLeaf && bits === undefined ? { hex: Buffer.from(raw).toString("hex") } : {}),
    ...(value === undefined ? {} : { value }),
    ...(note === undefined ? {} : { note }),
    ...(children === undefined ? {} : { fields: children.map(fieldJson) }),
  };
}

/** A packet of a capture, or a gap in it. */
export function eventJson(event: CaptureEvent): Json {
  const { connection, sender, frame } = event;
  const travel = {
    time: frame.timeUs === undefined ? null : timeText(frame.timeUs),
    frame: frame.number,
    connection: connection.number,
    client: endpointText(connection.client),
    server: endpointText(connection.server),
    sender,
  };
  if (event.kind === "gap") {
    return { ...travel, gap: { missingBytes: event.missingBytes, skippedBytes: event.skippedBytes } };
  }
  return { ...travel, ...packetJson(event.packet, event.bytes) };
}

/** `2026-01-01T00:00:00.000000Z` */
export function timeText(timeUs: number): string {
  const whole = new Date(Math.floor(timeUs / 1000));
  if (Number.isNaN(whole.getTime())) return `${timeUs} us`;
  return whole.toISOString().replace("Z", `${String(timeUs % 1000).padStart(3, "0")}Z`);
}
