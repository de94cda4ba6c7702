/**
 * Where the fault in a packet probably lies: each of a few usual mistakes is mended on trial, and the one that makes the
 * packet right is named.
 */

import { concatBytes, toHex } from "#base";
import {
  PacketType,
  ProtocolVersion,
  variableByteIntegerSize,
  versionName,
  writeVariableByteInteger,
} from "#protocol";
import { dissectPacket, type PacketContext } from "./dissect-packet.ts";
import type { DissectedPacket, Field } from "./field.ts";
import { count } from "./value-text.ts";

/** Longer packets are not mended on trial. */
const MOST_BYTES = 65_536;
/** Remaining Lengths that are tried. */
const MOST_LENGTHS = 1_024;

/** Sentences about `packet`, which is wrong or not whole. */
export function hintsFor(bytes: Uint8Array, packet: DissectedPacket, context: PacketContext): string[] {
  const rest = bytes.subarray(packet.offset, Math.min(context.limit, packet.offset + MOST_BYTES));
  return [
    ...missingFirstByte(rest, context),
    ...wrongRemainingLength(rest, packet, context),
    ...decimalLength(rest, packet, context),
    ...wrongLevel(rest, packet, context),
    ...otherVersion(bytes, packet, context),
  ];
}

/** Whether `bytes` are exactly one packet without a problem. */
function isRight(bytes: Uint8Array, context: PacketContext): boolean {
  const { problems, isIncomplete, length } = dissectPacket(bytes, {
    ...context,
    start: 0,
    limit: bytes.length,
  });
  return problems.length === 0 && !isIncomplete && length === bytes.length;
}

/** `74 00 04 4d 51 54 54 …`: a CONNECT as some texts print it, from its second byte on. */
function missingFirstByte(rest: Uint8Array, context: PacketContext): string[] {
  if (context.start > 0) return [];
  const whole = concatBytes([Uint8Array.of(PacketType.CONNECT << 4), rest]);
  if (!isRight(whole, context)) return [];
  return ["With the byte 10 in front, this is a right CONNECT: its first byte is missing."];
}

/**
 * A Remaining Length with which the packet is right, and whatever follows it too. Only where that tells something: the payload
 * of a PUBLISH may have any length.
 */
function wrongRemainingLength(rest: Uint8Array, packet: DissectedPacket, context: PacketContext): string[] {
  const header = packet.fields[0];
  const isCertain = packet.problems.every(({ field }) => field !== "Packet Type and Flags");
  if (header === undefined || header.length < 2 || !isCertain) return [];
  const body = rest.subarray(header.length);
  const said = packet.length + (packet.missingBytes ?? 0) - header.length;
  const isAnyLengthRight = packet.type === PacketType.PUBLISH;
  for (let length = Math.min(body.length, MOST_LENGTHS); length >= 0; length--) {
    if (length === said || (isAnyLengthRight && length < body.length)) continue;
    const mended = withRemainingLength(rest, body.subarray(0, length));
    if (!isRight(mended, context) || !isRightFrom(body.subarray(length), context)) continue;
    const rightLength = toHex(mended.subarray(1, 1 + variableByteIntegerSize(length)));
    const end = length === body.length ? "it then ends with the input" : "what follows is then right, too";
    return [`With Remaining Length ${length} (${rightLength}) this is a right ${packet.name}: ${end}.`];
  }
  return [];
}

function withRemainingLength(rest: Uint8Array, body: Uint8Array): Uint8Array {
  const length = new Uint8Array(variableByteIntegerSize(body.length));
  writeVariableByteInteger(length, 0, body.length);
  return concatBytes([rest.subarray(0, 1), length, body]);
}

/** Whether `bytes` begin with a right packet, or are none. */
function isRightFrom(bytes: Uint8Array, context: PacketContext): boolean {
  if (bytes.length === 0) return true;
  const next = { ...context, start: 0, limit: bytes.length, isFirst: false };
  const { problems, isIncomplete } = dissectPacket(bytes, next);
  return problems.length === 0 && !isIncomplete;
}

/** A length written with decimal digits: `00 51` for 51 bytes, which are `00 33`. */
function decimalLength(rest: Uint8Array, packet: DissectedPacket, context: PacketContext): string[] {
  for (const { name, offset, length } of leaves(packet.fields)) {
    if (length !== 2 || !name.endsWith(" Length")) continue;
    const at = offset - packet.offset;
    const digits = toHex(rest.subarray(at, at + 2));
    if (!/^[0-9 ]+$/.test(digits)) continue;
    const meant = Number(digits.replace(" ", ""));
    const mended = copyOf(rest.subarray(0, packet.length));
    mended[at] = meant >>> 8;
    mended[at + 1] = meant;
    if (!isRight(mended, context)) continue;
    const right = toHex(mended.subarray(at, at + 2));
    return [`Lengths are hexadecimal: ${count(meant, "byte")} are ${right}, not ${digits} (${name}).`];
  }
  return [];
}

/** Unlike `slice`, also of a Buffer. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

function leaves(fields: readonly Field[]): Field[] {
  return fields.flatMap((field) => [field, ...leaves(field.children ?? [])]);
}

/** A CONNECT of 3.1.1 that calls itself 5.0, or the other way round. */
function wrongLevel(rest: Uint8Array, packet: DissectedPacket, context: PacketContext): string[] {
  if (packet.type !== PacketType.CONNECT || packet.isIncomplete) return [];
  const at = (packet.fields[0]?.length ?? 0) + 6;
  const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
  const level = rest[at];
  const other = level === MQTT_5_0 ? MQTT_3_1_1 : level === MQTT_3_1_1 ? MQTT_5_0 : undefined;
  if (other === undefined) return [];
  const mended = copyOf(rest.subarray(0, packet.length));
  mended[at] = other;
  if (!isRight(mended, context)) return [];
  const advice =
    other === MQTT_3_1_1
      ? "If 5.0 is meant, the Property Length (00 for none) is missing behind Keep Alive, and the Will's if there is one."
      : "If 3.1.1 is meant, the properties have to go: it has none.";
  return [`With Protocol Version ${other} this CONNECT is right. ${advice}`];
}

/** The packet in the form of another version, such as the CONNACK of a server that does not speak 5.0. */
function otherVersion(bytes: Uint8Array, packet: DissectedPacket, context: PacketContext): string[] {
  if (packet.type === PacketType.CONNECT || packet.isIncomplete) return [];
  const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
  for (const version of [MQTT_3_1_1, MQTT_5_0]) {
    if (version === packet.version) continue;
    const { problems } = dissectPacket(bytes, { ...context, version });
    if (problems.length === 0) return [`In MQTT ${versionName(version)} this ${packet.name} is right.`];
  }
  return [];
}
