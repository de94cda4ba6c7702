/** The broker's records for people who look into a store. */

import { describeError, utf8Decode } from "#base";
import { RecordKind, RecordReader } from "./durable-records.ts";
import { deliveryOf, sentOf } from "./durable-state.ts";

/** What each kind of record is called. */
export const recordNames: ReadonlyMap<number, string> = new Map([
  [RecordKind.SESSION, "session"],
  [RecordKind.SUBSCRIPTION, "subscription"],
  [RecordKind.MESSAGE, "message"],
  [RecordKind.DELIVERY, "delivery"],
  [RecordKind.RECEIVED, "received"],
  [RecordKind.RETAINED, "retained"],
  [RecordKind.WILL, "will"],
  [RecordKind.SENT, "sent"],
]);

/** One record in a sentence; undefined for a kind that is not the broker's. Payloads are left out. */
export function describeRecord(kind: number, bytes: Uint8Array): string | undefined {
  try {
    return described(kind, new RecordReader(bytes), bytes);
  } catch (error) {
    return `not as the broker writes it: ${describeError(error)}`;
  }
}

function described(kind: number, reader: RecordReader, bytes: Uint8Array): string | undefined {
  switch (kind) {
    case RecordKind.SESSION: {
      const expiryInterval = reader.uint32();
      const disconnectedAt = reader.float64();
      const state =
        disconnectedAt === 0 ? "connected" : `away since ${new Date(disconnectedAt).toISOString()}`;
      return `"${reader.restText()}", ${state}, expiry ${expiryInterval} s`;
    }
    case RecordKind.SUBSCRIPTION: {
      const sessionId = reader.id();
      const options = reader.uint8();
      reader.uint32();
      return `of session ${sessionId} to "${reader.restText()}", QoS ${options & 0x03}`;
    }
    case RecordKind.MESSAGE: {
      const flags = reader.uint8();
      if ((flags & 0x08) !== 0) reader.float64();
      const topic = utf8Decode(reader.raw(reader.uint16()));
      reader.raw(reader.uint32());
      const publisher = reader.text();
      if ((flags & 0x20) !== 0) reader.raw(reader.uint16());
      return `on "${topic}", QoS ${flags & 0x03}, ${reader.rest().length} bytes from "${publisher}"`;
    }
    case RecordKind.DELIVERY: {
      const { sessionId, messageId, qos, packetId } = deliveryOf(bytes, 0, bytes.length);
      const state = packetId === 0 ? "queued" : `in flight as ${packetId}`;
      return `message ${messageId} to session ${sessionId}, QoS ${qos}, ${state}`;
    }
    case RecordKind.RECEIVED:
      return `packet identifier of session ${reader.id()}: ${reader.uint16()}`;
    case RecordKind.RETAINED:
      return `message ${reader.id()}`;
    case RecordKind.WILL:
      return `of session ${reader.id()}`;
    case RecordKind.SENT:
      return `${sentOf(bytes, 0, bytes.length).length} retained messages to subscription ${reader.id()}`;
    default:
      return undefined;
  }
}
