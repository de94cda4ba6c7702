/**
 * What a client sends most, straight into a slab: PUBLISH and acknowledgements. HOT: nothing is allocated and nothing checked.
 */

import { copyBytes } from "#base";
import type { AcknowledgementPacket } from "../packet.ts";
import { variableByteIntegerSize, writeVariableByteInteger } from "../variable-byte-integer.ts";
import { MESSAGE_EXPIRY_INTERVAL, TOPIC_ALIAS } from "./kinds.ts";
import * as packetTypes from "./packet-types.ts";

/** The parts of a PUBLISH; one object for many. */
export interface PublishParts {
  firstByte: number;
  /** Empty when an alias stands in. */
  topic: Uint8Array;
  /** 0 at QoS 0. */
  packetId: number;
  /** Seconds, or -1 for none. */
  expiry: number;
  /** 0 for none. */
  alias: number;
  /** Further properties, ready to be sent. */
  raw: Uint8Array;
  payload: Uint8Array;
}

/** What `writeShortAcknowledgement` needs at most. */
export const LONGEST_ACKNOWLEDGEMENT = 5;

/** The length of the properties, without its own bytes. */
function propertiesLength({ expiry, alias, raw }: PublishParts): number {
  return (expiry < 0 ? 0 : 5) + (alias > 0 ? 3 : 0) + raw.length;
}

/** The remaining length of such a PUBLISH; only 5.0 has properties. */
export function remainingLength(parts: PublishParts, isVersion5: boolean): number {
  const length = propertiesLength(parts);
  const properties = isVersion5 ? variableByteIntegerSize(length) + length : 0;
  return 2 + parts.topic.length + (parts.packetId > 0 ? 2 : 0) + properties + parts.payload.length;
}

/** Bytes of a packet with such a remaining length. */
export function packetSize(remaining: number): number {
  return 1 + variableByteIntegerSize(remaining) + remaining;
}

/** Returns the offset behind the packet. */
export function writePublish(
  target: Uint8Array,
  start: number,
  remaining: number,
  parts: PublishParts,
  isVersion5: boolean,
): number {
  const { firstByte, topic, packetId, expiry, alias, raw, payload } = parts;
  target[start] = firstByte;
  let at = writeUint16(target, writeVariableByteInteger(target, start + 1, remaining), topic.length);
  at = copyBytes(target, at, topic, 0, topic.length);
  if (packetId > 0) at = writeUint16(target, at, packetId);
  if (isVersion5) {
    at = writeVariableByteInteger(target, at, propertiesLength(parts));
    if (expiry >= 0) {
      target[at++] = MESSAGE_EXPIRY_INTERVAL;
      at = writeUint16(target, writeUint16(target, at, expiry >>> 16), expiry);
    }
    if (alias > 0) {
      target[at++] = TOPIC_ALIAS;
      at = writeUint16(target, at, alias);
    }
    at = copyBytes(target, at, raw, 0, raw.length);
  }
  target.set(payload, at);
  return at + payload.length;
}

/** Writes an acknowledgement without properties and returns the offset behind it; 3.x has no reason codes. */
export function writeShortAcknowledgement(
  target: Uint8Array,
  at: number,
  type: AcknowledgementPacket["type"],
  packetId: number,
  reasonCode: number,
  isVersion5: boolean,
): number {
  const hasReason = reasonCode > 0 && isVersion5;
  target[at] = (type << 4) | (type === packetTypes.PUBREL ? 2 : 0);
  target[at + 1] = hasReason ? 3 : 2;
  const next = writeUint16(target, at + 2, packetId);
  if (!hasReason) return next;
  target[next] = reasonCode;
  return next + 1;
}

function writeUint16(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 8;
  target[at + 1] = value;
  return at + 2;
}
