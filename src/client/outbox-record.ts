/**
 * The outbox's changes as bytes, for stores that keep a journal.
 *
 *     length: 4 | check: 4 | kind: 1 | key: 8 | what belongs to the kind
 *
 * A record that is cut off or does not check ends the journal: it was never reported as safe.
 */

import { concatBytes, hashBytes, utf8Decode, utf8Encode } from "#base";
import type { Qos } from "#protocol";
import type { OutboxChange, StoredPublish } from "./outbox-store.ts";

const PUT = 1;
const SENT = 2;
const RELEASED = 3;
const DONE = 4;
const HEADER_BYTES = 8;

export function encodeChange(change: OutboxChange): Uint8Array {
  const body = bodyOf(change);
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, body.length);
  view.setUint32(4, hashBytes(body, 0, body.length));
  return concatBytes([header, body]);
}

/** What the journal's changes leave, oldest first; and how many of its bytes are whole. */
export function replay(journal: Uint8Array): {
  readonly messages: StoredPublish[];
  readonly wholeBytes: number;
} {
  const messages = new Map<number, StoredPublish>();
  const view = new DataView(journal.buffer, journal.byteOffset, journal.length);
  let at = 0;
  while (at + HEADER_BYTES <= journal.length) {
    const start = at + HEADER_BYTES;
    const end = start + view.getUint32(at);
    if (end > journal.length || hashBytes(journal, start, end) !== view.getUint32(at + 4)) break;
    apply(messages, journal.subarray(start, end));
    at = end;
  }
  return { messages: [...messages.values()], wholeBytes: at };
}

function bodyOf(change: OutboxChange): Uint8Array {
  switch (change.kind) {
    case "put":
      return putBody(change.message);
    case "sent": {
      const packetId = new Uint8Array(2);
      new DataView(packetId.buffer).setUint16(0, change.packetId);
      return concatBytes([head(SENT, change.key), packetId]);
    }
    case "released":
      return head(RELEASED, change.key);
    case "done":
      return head(DONE, change.key);
  }
}

function putBody({
  key,
  topicName,
  payload,
  qos,
  retain,
  properties,
  expiresAtEpochMs,
}: StoredPublish): Uint8Array {
  const topic = utf8Encode(topicName);
  const fixed = new Uint8Array(15);
  const view = new DataView(fixed.buffer);
  view.setUint8(0, qos | (retain ? 4 : 0));
  view.setFloat64(1, expiresAtEpochMs ?? 0);
  view.setUint16(9, topic.length);
  view.setUint32(11, properties.length);
  return concatBytes([head(PUT, key), fixed, topic, properties, payload]);
}

function head(kind: number, key: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = kind;
  new DataView(bytes.buffer).setFloat64(1, key);
  return bytes;
}

function apply(messages: Map<number, StoredPublish>, body: Uint8Array): void {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const key = view.getFloat64(1);
  const known = messages.get(key);
  switch (body[0]) {
    case PUT:
      messages.set(key, readPut(key, body.subarray(9)));
      break;
    case SENT:
      if (known !== undefined) known.packetId = view.getUint16(9);
      break;
    case RELEASED:
      if (known !== undefined) known.isReleased = true;
      break;
    default:
      messages.delete(key);
  }
}

function readPut(key: number, body: Uint8Array): StoredPublish {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const flags = view.getUint8(0);
  const expiresAtEpochMs = view.getFloat64(1);
  const topicEnd = 15 + view.getUint16(9);
  const propertiesEnd = topicEnd + view.getUint32(11);
  return {
    key,
    topicName: utf8Decode(body, 15, topicEnd),
    payload: body.slice(propertiesEnd),
    qos: (flags & 3) as Qos,
    retain: (flags & 4) !== 0,
    properties: body.slice(topicEnd, propertiesEnd),
    expiresAtEpochMs: expiresAtEpochMs === 0 ? undefined : expiresAtEpochMs,
  };
}
