/** From the numbers of what waits in the store back to messages. */

import { isPromise, type MaybePromise } from "#base";
import { Delivery } from "./delivery-queue.ts";
import { readDelivery, type StoredDelivery } from "./delivery-record.ts";
import type { DurableState } from "./durable-state.ts";
import type { Message } from "./message.ts";
import { DeliveryTerms, deliveryTerms } from "./route.ts";

/** The delivery of a record, with its message. Rejects with `StoreError` when the disk does not give it. */
export function loadDelivery(durable: DurableState, recordId: number): MaybePromise<Delivery> {
  const stored = readDelivery(durable.store, recordId);
  return isPromise(stored)
    ? stored.then((read) => withMessage(durable, recordId, read))
    : withMessage(durable, recordId, stored);
}

/** How it is delivered. The shared subscription that it may have come through is not remembered. */
export function termsOf(stored: StoredDelivery): DeliveryTerms {
  const { qos, retainAsPublished, isRetained, subscriptionIdentifiers } = stored;
  return isRetained
    ? new DeliveryTerms(qos, retainAsPublished, subscriptionIdentifiers, undefined, true)
    : deliveryTerms(qos, retainAsPublished, subscriptionIdentifiers);
}

function withMessage(
  durable: DurableState,
  recordId: number,
  stored: StoredDelivery,
): MaybePromise<Delivery> {
  const make = (message: Message): Delivery => new Delivery(message, termsOf(stored), stored.qos, recordId);
  const message = durable.messages.read(stored.messageId);
  return isPromise(message) ? message.then(make) : make(message);
}
