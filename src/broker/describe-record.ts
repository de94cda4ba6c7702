/** The broker's records for people who look into a store. */

import { describeError, utf8Decode } from "#base";
import { deliveryOf } from "./delivery-record.ts";
import { HAS_EXPIRY, QOS, RecordKind, RecordReader } from "./durable-records.ts";
import { HAS_SOURCE } from "./message-records.ts";
import { readSession, readSubscription, sentOf } from "./session-records.ts";

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
      const { clientId, expiryInterval, disconnectedAt } = readSession(reader);
      const state =
        disconnectedAt === 0 ? "connected" : `away since ${new Date(disconnectedAt).toISOString()}`;
      return `"${clientId}", ${state}, expiry ${expiryInterval} s`;
    }
    case RecordKind.SUBSCRIPTION: {
      const { sessionId, topicFilter, qos } = readSubscription(reader);
      return `of session ${sessionId} to "${topicFilter}", QoS ${qos}`;
    }
    case RecordKind.MESSAGE: {
      const flags = reader.uint8();
      if ((flags & HAS_EXPIRY) !== 0) reader.float64();
      const topic = utf8Decode(reader.raw(reader.uint16()));
      reader.raw(reader.uint32());
      const publisher = reader.text();
      if ((flags & HAS_SOURCE) !== 0) reader.raw(reader.uint16());
      return `on "${topic}", QoS ${flags & QOS}, ${reader.rest().length} bytes from "${publisher}"`;
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
