/**
 * From the records of the store back to what the broker was: sessions with their subscriptions, wills, queues and messages
 * in flight, and retained messages. Bodies of queued messages stay where they are.
 *
 * Records come in the order of the log, which after cleaning is not that of their birth: they are collected first and put
 * together then, by their ids. What has lost its owner, because a session was ended and the process with it before its
 * messages were gone, is dropped.
 */

import { isPromise } from "#base";
import { InFlight } from "#flow";
import { type ParsedTopicFilter, parseTopicFilter } from "#protocol";
import type { RecoveryReport } from "#store";
import type { BrokerCore } from "./core.ts";
import { deliveryOf, type StoredDelivery } from "./delivery-record.ts";
import { RecordKind, RecordReader } from "./durable-records.ts";
import type { DurableState } from "./durable-state.ts";
import { termsOf } from "./load-delivery.ts";
import type { Message } from "./message.ts";
import { retainedRecordOf, wasRetained } from "./message-records.ts";
import { RetainedDebt, type RetainedSent } from "./retained-debt.ts";
import { DeliveryTerms } from "./route.ts";
import type { Session } from "./session.ts";
import {
  readSession,
  readSubscription,
  readWill,
  type StoredSession,
  type StoredSubscription,
  sentOf,
} from "./session-records.ts";
import { Subscription } from "./subscription.ts";

interface Found<T> {
  readonly id: number;
  readonly value: T;
}

/** Opens the store and fills the broker from it. Throws `StoreError`. */
export async function restore(core: BrokerCore, durable: DurableState): Promise<RecoveryReport> {
  const restoration = new Restoration(core, durable);
  const report = await durable.store.open((kind, id, bytes, start, end) =>
    restoration.take(kind, id, bytes, start, end),
  );
  await restoration.finish();
  return report;
}

class Restoration {
  readonly #core: BrokerCore;
  readonly #durable: DurableState;
  readonly #sessions: Found<StoredSession>[] = [];
  readonly #subscriptions: Found<StoredSubscription>[] = [];
  readonly #wills: Found<Uint8Array>[] = [];
  readonly #received: Found<{ readonly sessionId: number; readonly packetId: number }>[] = [];
  readonly #inFlight: Found<StoredDelivery>[] = [];
  readonly #queued = new Columns();
  readonly #messageIds: number[] = [];
  readonly #retainedIds = new Set<number>();
  /** By subscription: which retained messages it was sent, of those it is owed. */
  readonly #sent = new Map<number, { recordIds: number[]; messageIds: Set<number> }>();
  /** Subscriptions that are owed more. */
  readonly #owed: { readonly subscription: Subscription; readonly levels: readonly string[] }[] = [];
  readonly #bySessionId = new Map<number, Session>();
  #contradictions = 0;

  constructor(core: BrokerCore, durable: DurableState) {
    this.#core = core;
    this.#durable = durable;
  }

  take(kind: number, id: number, bytes: Uint8Array, start: number, end: number): void {
    const reader = new RecordReader(bytes, start, end);
    switch (kind) {
      case RecordKind.MESSAGE:
        this.#messageIds.push(id);
        this.#takeRetained(id, bytes, start, end);
        break;
      case RecordKind.DELIVERY: {
        const delivery = deliveryOf(bytes, start, end);
        if (delivery.packetId !== 0) this.#inFlight.push({ id, value: delivery });
        else this.#queued.push(id, delivery.sessionId, delivery.messageId, delivery.sizeBytes);
        break;
      }
      case RecordKind.RETAINED:
        this.#retainedIds.add(id);
        break;
      case RecordKind.SESSION:
        this.#sessions.push({ id, value: readSession(reader) });
        break;
      case RecordKind.SUBSCRIPTION:
        this.#subscriptions.push({ id, value: readSubscription(reader) });
        break;
      case RecordKind.RECEIVED:
        this.#received.push({ id, value: { sessionId: reader.id(), packetId: reader.uint16() } });
        break;
      case RecordKind.SENT:
        this.#takeSent(id, reader.id(), sentOf(bytes, start, end));
        break;
      case RecordKind.WILL:
        this.#wills.push({ id, value: bytes.slice(start, end) });
        break;
      default:
        // Of somebody else, or of a newer version: it stays as it is.
        break;
    }
  }

  async finish(): Promise<void> {
    this.#restoreSessions();
    this.#restoreSubscriptions();
    this.#restoreWills();
    this.#restoreReceived();
    this.#restoreQueues();
    await this.#restoreInFlight();
    this.#restoreRetained();
    this.#restoreOwed();
    this.#countHolders();
    this.#leaveAlone();
    this.#tellContradictions();
  }

  /** Of several with one topic, the youngest; `#restoreRetained` takes those out that are no longer retained. */
  #takeRetained(id: number, bytes: Uint8Array, start: number, end: number): void {
    if (wasRetained(bytes, start))
      this.#core.retained.restore(this.#durable.messages.messageOf(id, bytes, start, end));
  }

  #takeSent(id: number, subscriptionId: number, messageIds: readonly number[]): void {
    let sent = this.#sent.get(subscriptionId);
    if (sent === undefined) {
      sent = { recordIds: [], messageIds: new Set() };
      this.#sent.set(subscriptionId, sent);
    }
    sent.recordIds.push(id);
    for (const messageId of messageIds) sent.messageIds.add(messageId);
  }

  #restoreSessions(): void {
    for (const { id, value } of sorted(this.#sessions)) {
      const older = this.#core.sessions.get(value.clientId);
      if (older !== undefined) {
        this.#bySessionId.delete(older.recordId);
        this.#dropContradiction(older.recordId);
      }
      const session = this.#core.sessions.restore(value.clientId);
      session.recordId = id;
      session.expiryInterval = value.expiryInterval;
      this.#bySessionId.set(id, session);
    }
  }

  #restoreSubscriptions(): void {
    const { tree, topics } = this.#core;
    for (const { id, value } of sorted(this.#subscriptions)) {
      const session = this.#bySessionId.get(value.sessionId);
      const filter = parseTopicFilter(value.topicFilter);
      if (session === undefined || filter === undefined) {
        this.#durable.drop(id);
        continue;
      }
      const subscription = new Subscription(session, value.topicFilter, {
        ...value,
        group: filter.shareName === undefined ? undefined : tree.groupOf(filter as ParsedTopicFilter),
      });
      subscription.recordId = id;
      tree.add(filter, subscription, undefined);
      session.subscriptions.set(subscription);
      if (value.isOwedRetained) this.#owed.push({ subscription, levels: filter.levels });
    }
    topics.expect(tree.size);
  }

  #restoreWills(): void {
    for (const { id, value } of this.#wills) {
      const reader = new RecordReader(value);
      const session = this.#bySessionId.get(reader.id());
      if (session === undefined) {
        this.#durable.drop(id);
        continue;
      }
      session.willRecordId = id;
      session.will = readWill(reader, session.clientId, this.#core.topics);
    }
  }

  #restoreReceived(): void {
    for (const { id, value } of this.#received) {
      const session = this.#bySessionId.get(value.sessionId);
      if (session === undefined) {
        this.#durable.drop(id);
        continue;
      }
      session.receiver.restore(value.packetId);
      session.receivedRecords ??= new Map();
      session.receivedRecords.set(value.packetId, id);
    }
  }

  #restoreQueues(): void {
    this.#queued.forEachInOrder((id, sessionId, messageId, sizeBytes) => {
      const session = this.#bySessionId.get(sessionId);
      if (session === undefined) this.#durable.drop(id);
      else if (!this.#durable.store.has(messageId)) this.#dropContradiction(id);
      else {
        session.restoreQueued(id, sizeBytes);
        this.#queued.keep(messageId);
      }
    });
  }

  async #restoreInFlight(): Promise<void> {
    for (const { id, value } of sorted(this.#inFlight)) {
      const session = this.#bySessionId.get(value.sessionId);
      if (session === undefined) {
        this.#durable.drop(id);
        continue;
      }
      const message = await this.#messageInFlight(value);
      const isWhole = message !== undefined || value.state === InFlight.AWAITING_PUBCOMP;
      if (
        !isWhole ||
        !session.sender.restore(value.packetId, value.state as InFlight, message, termsOf(value))
      ) {
        this.#dropContradiction(id);
        continue;
      }
      session.sender.mark(value.packetId, id);
      if (message !== undefined) this.#queued.keep(value.messageId);
    }
  }

  /** The message that waits for PUBACK or PUBREC; undefined when there is none, or the store has lost it. */
  async #messageInFlight({ state, messageId }: StoredDelivery): Promise<Message | undefined> {
    const waits = state === InFlight.AWAITING_PUBACK || state === InFlight.AWAITING_PUBREC;
    if (!waits || !this.#durable.store.has(messageId)) return undefined;
    const read = this.#durable.messages.read(messageId);
    return (isPromise(read) ? await read : read).settle();
  }

  /** A record that cannot be beside the others goes. Only what salvage has lost leaves such a store. */
  #dropContradiction(id: number): void {
    this.#durable.drop(id);
    this.#contradictions++;
  }

  #tellContradictions(): void {
    if (this.#contradictions === 0) return;
    this.#core.log.write(
      "warn",
      `${this.#contradictions} stored records contradict others or belong to what is gone, and were dropped. The store was damaged at some time.`,
    );
  }

  #restoreRetained(): void {
    this.#core.retained.dropRestored((id) => !this.#retainedIds.has(retainedRecordOf(id)));
    for (const recordId of this.#retainedIds) {
      if (this.#durable.store.has(recordId - 1)) this.#queued.keep(recordId - 1);
      else this.#dropContradiction(recordId);
    }
  }

  /** Cursors that were not done begin anew, without what was sent at QoS 2. */
  #restoreOwed(): void {
    const nothing: RetainedSent = { recordIds: [], messageIds: new Set() };
    for (const { subscription, levels } of this.#owed) {
      const { session, topicFilter, terms, recordId: subscriptionId } = subscription;
      const sent = this.#sent.get(subscriptionId) ?? nothing;
      this.#sent.delete(subscriptionId);
      session.restoreRetained({
        topicFilter,
        cursor: this.#core.retained.restoredCursor(levels, { before: subscriptionId, sent: sent.messageIds }),
        terms: new DeliveryTerms(terms.qos, true, terms.subscriptionIdentifiers, undefined, true),
        debt: new RetainedDebt(this.#durable, session, topicFilter, { subscriptionId, sent }),
      });
    }
    for (const { recordIds } of this.#sent.values()) for (const id of recordIds) this.#durable.drop(id);
  }

  /** Who holds each message, and which ones nobody does. */
  #countHolders(): void {
    const holders = this.#queued.holders;
    const held = new Set<number>();
    for (const messageId of holders) {
      if (held.has(messageId)) this.#durable.holdStored(messageId);
      else held.add(messageId);
    }
    for (const messageId of this.#messageIds) if (!held.has(messageId)) this.#durable.drop(messageId);
  }

  /** Everybody is away now; those who were connected have just lost their connection. */
  #leaveAlone(): void {
    const { clock, sessions } = this.#core;
    const now = clock.epochMs();
    for (const { id, value } of this.#sessions) {
      const session = this.#bySessionId.get(id);
      if (session === undefined) continue;
      const awayMs = value.disconnectedAt === 0 ? 0 : Math.max(0, now - value.disconnectedAt);
      sessions.leaveRestored(session, awayMs, value.disconnectedAt === 0);
    }
  }
}

/** Deliveries that wait, in columns: there may be millions. */
class Columns {
  readonly #ids: number[] = [];
  readonly #sessionIds: number[] = [];
  readonly #messageIds: number[] = [];
  readonly #sizes: number[] = [];
  /** Messages that somebody holds, once for each who does. */
  readonly holders: number[] = [];

  push(id: number, sessionId: number, messageId: number, sizeBytes: number): void {
    this.#ids.push(id);
    this.#sessionIds.push(sessionId);
    this.#messageIds.push(messageId);
    this.#sizes.push(sizeBytes);
  }

  keep(messageId: number): void {
    this.holders.push(messageId);
  }

  forEachInOrder(visit: (id: number, sessionId: number, messageId: number, sizeBytes: number) => void): void {
    const ids = this.#ids;
    const isSorted = ids.every((id, i) => i === 0 || id > (ids[i - 1] as number));
    const order = isSorted
      ? undefined
      : ids.map((_, i) => i).sort((a, b) => (ids[a] as number) - (ids[b] as number));
    for (let i = 0; i < ids.length; i++) {
      const at = order === undefined ? i : (order[i] as number);
      visit(
        ids[at] as number,
        this.#sessionIds[at] as number,
        this.#messageIds[at] as number,
        this.#sizes[at] as number,
      );
    }
  }
}

function sorted<T>(found: readonly Found<T>[]): readonly Found<T>[] {
  return found.toSorted((a, b) => a.id - b.id);
}
