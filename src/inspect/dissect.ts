/**
 * Packets in a row: cuts bytes into packets by their Remaining Lengths, follows the version that a CONNECT tells, and goes
 * on behind a packet that is wrong, where a receiver would have closed the connection.
 */

import { fixedHeaderSize, PacketType, ProtocolVersion, readVariableByteInteger } from "#protocol";
import { dissectPacket } from "./dissect-packet.ts";
import type { DissectedPacket, Field, Sender } from "./field.ts";
import { hintsFor } from "./hints.ts";

export interface DissectOptions {
  /** In which the packets are written; a CONNECT overrules it. Default: what fits best. */
  readonly version?: ProtocolVersion | undefined;
  /** Who sent the bytes. Default: whoever may send each packet. */
  readonly sender?: Sender | undefined;
  /**
   * The bytes are those of a connection from its beginning, so that a client's first packet has to be CONNECT and no second
   * one may follow. Default: they may be any packets.
   */
  readonly isFromStart?: boolean | undefined;
}

/** Where the version of the packets comes from. */
export type VersionSource = "given" | "connect" | "guessed";

export interface KnownVersion {
  readonly version: ProtocolVersion;
  readonly source: VersionSource;
  /**
   * How a guess fits: the packets are right in this version only, in another as well, mean the same in both 3.1.1 and 5.0, or
   * are wrong in all.
   */
  readonly fit: "only" | "also-other" | "same" | "none";
}

/** Packets that are looked at to guess the version. */
const SAMPLE_PACKETS = 200;
/** Packets that are wrong and get hints. Behind the first few there is hardly anything to tell. */
const MOST_HINTED = 10;

/**
 * The packets in `bytes`, one after the other. Never throws, whatever the bytes are; together the packets are all of them.
 *
 * @example [...dissect(Uint8Array.of(0x10, 0x02, 0x00, 0x04))][0]?.problems[0]?.statement // "3.1.1/MQTT-3.1.2-1"
 */
export function* dissect(bytes: Uint8Array, options: DissectOptions = {}): Generator<DissectedPacket> {
  const { sender, isFromStart = false } = options;
  let { version } = versionOf(bytes, options);
  let isAfterConnect = false;
  let hinted = 0;
  for (let start = 0; start < bytes.length; ) {
    const position = { isFirst: isFromStart && start === 0, isAfterConnect };
    const context = { start, limit: bytes.length, version, sender, ...position };
    const packet = dissectPacket(bytes, context);
    if (packet.type === PacketType.CONNECT && packet.sender === "client") {
      version = packet.version;
      isAfterConnect = isFromStart;
    }
    const isFine = packet.problems.length === 0 && !packet.isIncomplete;
    yield isFine || hinted++ >= MOST_HINTED ? packet : { ...packet, hints: hintsFor(bytes, packet, context) };
    start += packet.length;
  }
}

/** The version that `bytes` begin in: that of the options, else of the first CONNECT, else the one that fits best. */
export function versionOf(bytes: Uint8Array, { version, sender }: DissectOptions): KnownVersion {
  if (version !== undefined) return { version, source: "given", fit: "only" };
  const told = connectVersion(bytes);
  if (told !== undefined) return { version: told, source: "connect", fit: "only" };
  const { MQTT_3_1, MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;
  const [in5, in4, in3] = [MQTT_5_0, MQTT_3_1_1, MQTT_3_1].map((each) => faultsIn(bytes, each, sender)) as [
    Faults,
    Faults,
    Faults,
  ];
  // What is right in several versions is most likely meant in the newest, where every byte has a meaning of its own.
  if (!isWorse(in5, in4) && !isWorse(in5, in3)) {
    const isBoth = in5.count === 0 && in4.count === 0;
    const fit = isBoth
      ? in5.reading === in4.reading
        ? "same"
        : "also-other"
      : in5.count > 0
        ? "none"
        : "only";
    return { version: MQTT_5_0, source: "guessed", fit };
  }
  const isOld = isWorse(in4, in3);
  const fit = (isOld ? in3 : in4).count > 0 ? "none" : "only";
  return { version: isOld ? MQTT_3_1 : MQTT_3_1_1, source: "guessed", fit };
}

/** Of the first CONNECT that tells one. */
function connectVersion(bytes: Uint8Array): ProtocolVersion | undefined {
  for (let start = 0; start < bytes.length; ) {
    const length = readVariableByteInteger(bytes, start + 1, bytes.length);
    const isConnect = (bytes[start] as number) >> 4 === PacketType.CONNECT;
    if (isConnect) {
      const context = {
        start,
        limit: bytes.length,
        version: ProtocolVersion.MQTT_3_1_1,
        sender: "client",
        isFirst: false,
        isAfterConnect: false,
      } as const;
      const packet = dissectPacket(bytes, context);
      const hasTold = !packet.problems.some(({ field }) => field.startsWith("Protocol "));
      if (hasTold && packet.length > 8) return packet.version;
    }
    if (length < 0) return undefined;
    start += fixedHeaderSize(length) + length;
  }
  return undefined;
}

interface Faults {
  count: number;
  /** Bytes before the first. */
  rightBytes: number;
  /** What the packets say. */
  reading: string;
}

function isWorse(one: Faults, other: Faults): boolean {
  return one.count > other.count || (one.count === other.count && one.rightBytes < other.rightBytes);
}

function faultsIn(bytes: Uint8Array, version: ProtocolVersion, sender: Sender | undefined): Faults {
  const faults: Faults = { count: 0, rightBytes: bytes.length, reading: "" };
  let packets = 0;
  for (let start = 0; start < bytes.length && packets < SAMPLE_PACKETS; packets++) {
    const context = { start, limit: bytes.length, version, sender, isFirst: false, isAfterConnect: false };
    const { problems, length, fields } = dissectPacket(bytes, context);
    if (faults.count === 0 && problems[0] !== undefined) faults.rightBytes = problems[0].offset;
    faults.count += problems.length;
    faults.reading += valuesIn(fields);
    start += length;
  }
  return faults;
}

function valuesIn(fields: readonly Field[]): string {
  return fields
    .map(({ length, value = "", children = [] }) => `${length} ${value} ${valuesIn(children)}`)
    .join("\n");
}
