/** The end of what waits in the store and is not delivered any more: each message has its outcome, and goes. */

import { isPromise } from "#base";
import type { BrokerCore } from "./core.ts";
import type { DurableState } from "./durable-state.ts";
import { loadDelivery } from "./load-delivery.ts";
import type { UndeliveredKind } from "./outcome.ts";
import type { StoredQueue } from "./stored-queue.ts";

/** So many in one turn, where none has to be waited for. */
const BATCH = 1000;

/**
 * Takes `stored` apart, in as many turns as the disk needs. Rejects with `StoreError` when it cannot be read: what is left is
 * then dropped when the broker starts again, since nobody owns it any more.
 */
export async function discardStored(
  core: BrokerCore,
  durable: DurableState,
  stored: StoredQueue,
  clientId: string,
  kind: UndeliveredKind,
): Promise<void> {
  for (let count = 1; stored.size > 0; count++) {
    const recordId = stored.shift();
    const loading = loadDelivery(durable, recordId);
    const { message } = isPromise(loading) ? await loading : loading;
    core.outcomes.record(kind, clientId, message);
    durable.finish(recordId, message.recordId);
    if (count % BATCH === 0) await new Promise<void>((resolve) => core.clock.afterTurn(resolve));
  }
}
