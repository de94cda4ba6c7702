/**
 * From the model of a mosquitto.db into a new store of Martlet's broker: what the broker finds when it is started on it.
 *
 * What has expired is left out. QoS 2 messages of clients that mosquitto held back until their PUBREL are published, as Martlet
 * does when they come; their packet identifiers stay taken, so that the client's next try is no second message.
 */

import { type Clock, type Random, silentLog } from "#base";
import { type AdoptedDelivery, type AdoptedMessage, type AdoptedSession, adoptState, Broker } from "#broker";
import { SESSION_NEVER_EXPIRES } from "#protocol";
import type { Store } from "#store";
import type { MosquittoDatabase, OutgoingMessage, StoredMessage, StoredSession } from "./database.ts";

/** What an import has done, in numbers and sentences. */
export interface ImportReport {
  readonly retained: number;
  readonly sessions: number;
  readonly subscriptions: number;
  /** Messages that wait for their client. */
  readonly queued: number;
  /** Messages that their client has got and has not acknowledged to the end. */
  readonly inFlight: number;
  /** Messages of clients that were published now. */
  readonly published: number;
  /** A sentence on each kind of thing that was left out. */
  readonly leftOut: readonly string[];
}

export interface ImportOptions {
  readonly database: MosquittoDatabase;
  /** Makes a store that is not open yet; each on the same folder, which is empty or new. */
  readonly makeStore: () => Store;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Writes `database` into the store.
 *
 * @throws StateError when the store is not empty; nothing has changed then
 * @throws StoreError when it cannot be opened or written
 */
export async function importMosquittoDatabase(options: ImportOptions): Promise<ImportReport> {
  const { database, makeStore, clock } = options;
  const plan = new Plan(database, Math.floor(clock.epochMs() / 1000));
  await adoptState(makeStore(), clock, { retained: plan.retained, sessions: plan.sessions });
  if (plan.toPublish.length > 0) await publish(plan.toPublish, options);
  return plan.report();
}

/** What becomes of each part. */
class Plan {
  readonly retained: AdoptedMessage[] = [];
  readonly sessions: AdoptedSession[] = [];
  /** In the order of the file. */
  readonly toPublish: StoredMessage[] = [];
  readonly #nowSeconds: number;
  readonly #messages = new Map<StoredMessage, AdoptedMessage>();
  readonly #leftOut: string[] = [];
  #expiredRetained = 0;
  #expiredQueued = 0;
  #systemTopics = 0;

  constructor({ retained, sessions, leftOut }: MosquittoDatabase, nowSeconds: number) {
    this.#nowSeconds = nowSeconds;
    for (const message of retained) this.#retain(message);
    for (const session of sessions) this.#takeSession(session);
    for (const { offset, says } of leftOut) this.#leftOut.push(`byte ${offset}: ${says}`);
  }

  report(): ImportReport {
    const deliveries = this.sessions.flatMap((session) => session.deliveries);
    const queued = deliveries.filter(({ state }) => state === "queued").length;
    return {
      retained: this.retained.length,
      sessions: this.sessions.length,
      subscriptions: this.sessions.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0),
      queued,
      inFlight: deliveries.length - queued,
      published: this.toPublish.length,
      leftOut: [...this.#counted(), ...this.#leftOut],
    };
  }

  #counted(): string[] {
    const said: string[] = [];
    if (this.#expiredRetained > 0) said.push(`retained messages that have expired: ${this.#expiredRetained}`);
    if (this.#expiredQueued > 0) said.push(`queued messages that have expired: ${this.#expiredQueued}`);
    if (this.#systemTopics > 0) said.push(`retained messages below $SYS: ${this.#systemTopics}`);
    return said;
  }

  #retain(message: StoredMessage): void {
    if (message.topicName.startsWith("$SYS")) this.#systemTopics++;
    else if (this.#isPast(message.expiresAtSeconds)) this.#expiredRetained++;
    else this.retained.push(this.#adopted(message));
  }

  #takeSession(session: StoredSession): void {
    const { clientId, expiryIntervalSeconds, subscriptions } = session;
    if (expiryIntervalSeconds === 0) {
      this.#leftOut.push(`the session of "${clientId}", which ends with its connection`);
      return;
    }
    if (this.#isPast(session.expiresAtSeconds)) {
      this.#leftOut.push(`the session of "${clientId}", which has expired`);
      return;
    }
    this.sessions.push({
      clientId,
      expirySeconds: expiryIntervalSeconds,
      awaySinceMs: this.#awaySince(session) * 1000,
      subscriptions,
      deliveries: this.#deliveries(session.outgoing),
      received: session.incoming.map(({ packetId }) => packetId),
    });
    for (const { message } of session.incoming) {
      if (this.#isPast(message.expiresAtSeconds)) this.#expiredQueued++;
      else this.toPublish.push(message);
    }
  }

  #deliveries(outgoing: readonly OutgoingMessage[]): AdoptedDelivery[] {
    const deliveries: AdoptedDelivery[] = [];
    for (const each of outgoing) {
      if (each.state === "queued" && this.#isPast(each.message.expiresAtSeconds)) this.#expiredQueued++;
      else deliveries.push({ ...each, message: this.#adopted(each.message) });
    }
    return deliveries;
  }

  /** Seconds since 1970. Of one that never ends mosquitto does not keep it. */
  #awaySince({ expiryIntervalSeconds, expiresAtSeconds }: StoredSession): number {
    if (expiryIntervalSeconds === SESSION_NEVER_EXPIRES || expiresAtSeconds === 0) return this.#nowSeconds;
    return Math.min(this.#nowSeconds, Math.max(1, expiresAtSeconds - expiryIntervalSeconds));
  }

  #isPast(seconds: number): boolean {
    return seconds !== 0 && seconds <= this.#nowSeconds;
  }

  #adopted(message: StoredMessage): AdoptedMessage {
    let adopted = this.#messages.get(message);
    if (adopted === undefined) {
      const { expiresAtSeconds, ...same } = message;
      adopted = { ...same, expiresAtMs: expiresAtSeconds === 0 ? undefined : expiresAtSeconds * 1000 };
      this.#messages.set(message, adopted);
    }
    return adopted;
  }
}

/** As mosquitto would when their PUBREL comes: to all sessions that want them, behind what waits there. */
async function publish(messages: readonly StoredMessage[], options: ImportOptions): Promise<void> {
  const { makeStore, clock, random } = options;
  const unlimited = Number.MAX_SAFE_INTEGER;
  const broker = new Broker({
    clock,
    random,
    log: silentLog,
    store: makeStore(),
    settings: { sysIntervalSeconds: 0, maximumQueuedMessages: unlimited, maximumQueuedBytes: unlimited },
  });
  await broker.restore();
  broker.open();
  try {
    for (const { topicName, payload, qos, retain, properties, expiresAtSeconds } of messages) {
      const leftSeconds = expiresAtSeconds - Math.floor(clock.epochMs() / 1000);
      const expiry = expiresAtSeconds === 0 ? {} : { messageExpiryInterval: Math.max(1, leftSeconds) };
      await broker.publish({ topicName, payload, qos, retain, properties: { ...properties, ...expiry } });
    }
  } finally {
    await broker.close();
  }
}
