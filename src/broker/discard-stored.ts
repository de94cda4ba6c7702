/** The end of what waits in the store and is not delivered any more: each message has its outcome, and goes. */

import { MartletError } from "#base";
import type { BrokerCore } from "./core.ts";
import type { Delivery } from "./delivery-queue.ts";
import type { DurableState } from "./durable-state.ts";
import { loadDelivery } from "./load-delivery.ts";
import type { UndeliveredKind } from "./outcome.ts";
import type { StoredQueue } from "./stored-queue.ts";

/** Between attempts to read a queued message. */
export const READ_RETRY_MS = 1_000;

/** What is damaged on the disk does not get better by being read again. */
export function isDamage(error: unknown): boolean {
  return error instanceof MartletError && error.code === "MARTLET_STORE_CORRUPT";
}

/** So many go together; the next ones when the store has written that, since it may have to tidy up behind them. */
const BATCH = 1000;
/** Between two looks whether it has. */
const LOOK_MS = 1;

/**
 * Takes `stored` apart, in as many turns as the disk needs. A disk that cannot be read is asked again; rejects with `StoreError`
 * for what is damaged: what is left is then dropped when the broker starts again, since nobody owns it any more.
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
    const { message } = await loadPatiently(core, durable, recordId);
    core.outcomes.record(kind, clientId, message);
    durable.finish(recordId, message.recordId);
    if (count % BATCH === 0) await whenWritten(core, durable);
  }
}

/** A store that cannot write is not waited for: what is dropped may be what it lacks room for. */
async function whenWritten(core: BrokerCore, { store }: DurableState): Promise<void> {
  const { batch } = store;
  await new Promise<void>((resolve) => core.clock.afterTurn(resolve));
  while (store.durableBatch < batch && store.isHealthy && !core.sessions.stopping)
    await new Promise<void>((resolve) => core.clock.schedule(LOOK_MS, resolve));
}

async function loadPatiently(core: BrokerCore, durable: DurableState, recordId: number): Promise<Delivery> {
  for (;;) {
    try {
      return await loadDelivery(durable, recordId);
    } catch (error) {
      if (isDamage(error) || core.sessions.stopping) throw error;
      await new Promise<void>((resolve) => core.clock.schedule(READ_RETRY_MS, resolve));
    }
  }
}
