/**
 * The record of a delivery as bytes and back: which message is for which session, how, and how far it has come. It does not know when
 * one is written. HOT: all of it.
 */

import type { MaybePromise } from "#base";
import { InFlight } from "#flow";
import type { Qos } from "#protocol";
import type { Store } from "#store";
import { ID_SIZE, QOS, readId, readUint16, readUint32, writeId, writeUint32 } from "./durable-records.ts";
import type { DeliveryTerms } from "./route.ts";

// In its flags, beside the QoS.
const RETAIN_AS_PUBLISHED = 0x04;
const IS_RETAINED = 0x08;
const STATE_SHIFT = 4;

const MESSAGE_AT = ID_SIZE;
const FLAGS_AT = 2 * ID_SIZE;
const PACKET_ID_AT = 13;
const SIZE_AT = 15;
/** Of one without subscription identifiers. */
export const LEAST_DELIVERY_SIZE = 19;
const IDENTIFIER_SIZE = 4;

/** A delivery as it stands in the store. */
export interface StoredDelivery {
  readonly sessionId: number;
  readonly messageId: number;
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  readonly isRetained: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** 0 while it is queued. */
  readonly packetId: number;
  readonly state: InFlight | 0;
  readonly sizeBytes: number;
}

/** What a delivery waits for once it has been sent. */
export function sentState(qos: Qos): InFlight {
  return qos === 1 ? InFlight.AWAITING_PUBACK : InFlight.AWAITING_PUBREC;
}

/** Bytes of its record. */
export function deliverySize({ subscriptionIdentifiers }: DeliveryTerms): number {
  return LEAST_DELIVERY_SIZE + IDENTIFIER_SIZE * (subscriptionIdentifiers?.length ?? 0);
}

/** Writes it to `bytes[start, start + deliverySize(terms))`. */
export function writeDelivery(
  bytes: Uint8Array,
  start: number,
  sessionId: number,
  messageId: number,
  terms: DeliveryTerms,
  qos: Qos,
  packetId: number,
  state: InFlight | 0,
  sizeBytes: number,
): void {
  let at = writeId(bytes, writeId(bytes, start, sessionId), messageId);
  bytes[at] =
    qos |
    (terms.retainAsPublished ? RETAIN_AS_PUBLISHED : 0) |
    (terms.isRetained ? IS_RETAINED : 0) |
    (state << STATE_SHIFT);
  bytes[at + 1] = packetId >>> 8;
  bytes[at + 2] = packetId;
  at = writeUint32(bytes, at + 3, sizeBytes);
  const identifiers = terms.subscriptionIdentifiers;
  if (identifiers === undefined) return;
  for (let i = 0; i < identifiers.length; i++) at = writeUint32(bytes, at, identifiers[i] as number);
}

/** The delivery whose record is `bytes[start, end)`. */
export function deliveryOf(bytes: Uint8Array, start: number, end: number): StoredDelivery {
  const flags = bytes[start + FLAGS_AT] as number;
  let identifiers: number[] | undefined;
  for (let at = start + LEAST_DELIVERY_SIZE; at < end; at += IDENTIFIER_SIZE) {
    identifiers ??= [];
    identifiers.push(readUint32(bytes, at));
  }
  return {
    sessionId: readId(bytes, start),
    messageId: readId(bytes, start + MESSAGE_AT),
    qos: (flags & QOS) as Qos,
    retainAsPublished: (flags & RETAIN_AS_PUBLISHED) !== 0,
    isRetained: (flags & IS_RETAINED) !== 0,
    subscriptionIdentifiers: identifiers,
    packetId: readUint16(bytes, start + PACKET_ID_AT),
    state: (flags >> STATE_SHIFT) as InFlight | 0,
    sizeBytes: readUint32(bytes, start + SIZE_AT),
  };
}

/** The delivery of the record `id`. Rejects with `StoreError` when the disk does not give it. */
export function readDelivery(store: Store, id: number): MaybePromise<StoredDelivery> {
  if (store.find(id)) return deliveryOf(store.foundBytes, store.foundStart, store.foundEnd);
  const bytes = store.read(id);
  return bytes instanceof Uint8Array ? deliveryOf(bytes, 0, bytes.length) : bytes.then(deliveryOfAll);
}

function deliveryOfAll(bytes: Uint8Array): StoredDelivery {
  return deliveryOf(bytes, 0, bytes.length);
}
