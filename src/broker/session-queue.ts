/**
 * What waits in one session, and its way out: sent as far as the client takes it, in its order. HOT.
 *
 * What the queue knows by its record only is read first, and the gate may be asked whether a retained message is still to be
 * given out; while one of them takes its time, everything behind it waits too. Whatever is not sent has its outcome here. There
 * is such a queue only while something waits.
 */

import { isPromise } from "#base";
import type { Qos } from "#protocol";
import type { Channel } from "./channel.ts";
import { Delivery, DeliveryQueue, type QueueOwner, type RetainedBacklog } from "./delivery-queue.ts";
import type { DurableState } from "./durable-state.ts";
import { loadDelivery } from "./load-delivery.ts";
import { type Message, NEVER } from "./message.ts";
import type { Outcomes, UndeliveredKind } from "./outcome.ts";
import { RetainedDebt } from "./retained-debt.ts";
import type { DeliveryTerms } from "./route.ts";
import { sendInFlight } from "./send-in-flight.ts";
import type { Session, SessionHost } from "./session.ts";
import type { BrokerSettings } from "./settings.ts";
import { StoredQueue } from "./stored-queue.ts";

export class SessionQueue implements QueueOwner {
  readonly #session: Session;
  readonly #host: SessionHost;
  readonly #deliveries = new DeliveryQueue();
  /** A record is being read. */
  #isLoading = false;
  /** The gate is asked about a retained message. */
  #isJudging = false;
  /** The one that it took its time for, and what it says. */
  #judged: { readonly delivery: Delivery; readonly isGivenOut: boolean } | undefined = undefined;

  constructor(session: Session, host: SessionHost) {
    this.#session = session;
    this.#host = host;
  }

  get clientId(): string {
    return this.#session.clientId;
  }

  get limits(): BrokerSettings {
    return this.#session.limits;
  }

  get outcomes(): Outcomes {
    return this.#host.outcomes;
  }

  /** Messages that wait, without retained ones still to be read. */
  get size(): number {
    return this.#deliveries.size;
  }

  get isEmpty(): boolean {
    return this.#deliveries.isEmpty;
  }

  /** Adds a message that is kept in memory only. */
  push(message: Message, terms: DeliveryTerms, qos: Qos): void {
    this.#deliveries.push(new Delivery(message, terms, qos), this);
  }

  /** Adds a message of a session that is kept: it is written to the store, if there is room for it here. */
  pushDurably(message: Message, terms: DeliveryTerms, qos: Qos): void {
    if (!this.#deliveries.admit(message, qos, this)) return;
    const durable = this.#host.durable as DurableState;
    const recordId = durable.deliver(this.#session, message, terms, qos, 0);
    // Those of shared subscriptions may have to be handed on, so they stay at hand.
    if (terms.group === undefined) this.#deliveries.appendStored(recordId, message.sizeBytes);
    else this.#deliveries.append(new Delivery(message.settle(), terms, qos, recordId));
  }

  /** Adds a delivery that waited before a restart. */
  restore(recordId: number, sizeBytes: number): void {
    this.#deliveries.appendStored(recordId, sizeBytes);
  }

  /** Retained messages for a new subscription; where the session is kept, they are owed from now on. */
  addRetained(backlog: Omit<RetainedBacklog, "debt">): void {
    const { durable } = this.#host;
    const isOwed = this.#session.recordId !== 0 && backlog.terms.qos > 0 && durable !== undefined;
    const debt = isOwed ? new RetainedDebt(durable, this.#session, backlog.topicFilter) : undefined;
    this.restoreRetained({ ...backlog, debt });
  }

  /** Those that were not sent before a restart. */
  restoreRetained(backlog: RetainedBacklog): void {
    this.#deliveries.addBacklog(backlog);
  }

  withdrawRetained(topicFilter: string): void {
    this.#deliveries.removeBacklog(topicFilter);
  }

  retainedDebtOf(topicFilter: string): RetainedDebt | undefined {
    return this.#deliveries.debtOf(topicFilter);
  }

  /** Sends what `channel`, which is the session's, may be sent now. */
  pump(channel: Channel): void {
    const session = this.#session;
    const deliveries = this.#deliveries;
    while (channel.isWritable && session.channel === channel) {
      const { unloaded } = deliveries;
      if (unloaded !== 0 && !this.#load(unloaded)) return;
      const next = deliveries.peek(session.limits);
      if (next === undefined || (next.qos > 0 && !session.sender.ready)) return;
      const isGivenOut = next.terms.isRetained ? this.#sourceVerdict(next) : true;
      if (isGivenOut === undefined) return;
      deliveries.shift();
      const { message, terms, qos } = next;
      const obstacle = this.#obstacleOf(message) ?? (isGivenOut ? undefined : "publisher-not-permitted");
      if (obstacle !== undefined) {
        this.outcomes.record(obstacle, session.clientId, message);
        this.onDropped(next);
      } else if (qos === 0) channel.outbound.sendQos0(message, terms);
      else sendInFlight(session, channel.outbound, message, terms, qos, next.recordId);
    }
  }

  /** Why a message that has waited is not sent any more. */
  #obstacleOf({ expiresAt, topic }: Message): UndeliveredKind | undefined {
    if (expiresAt !== NEVER && expiresAt <= this.#host.now()) return "message-expired"; // [MQTT-3.3.2-5]
    // A retained one, or what was allowed when it came.
    return this.#session.permissions?.mayReceive(topic) === false ? "receiver-not-permitted" : undefined;
  }

  /** Whether a retained message is given out; undefined while the gate thinks about it, `pump` follows then. */
  #sourceVerdict(next: Delivery): boolean | undefined {
    if (this.#isJudging) return undefined;
    const judged = this.#judged;
    this.#judged = undefined;
    if (next === judged?.delivery) return judged.isGivenOut;
    const verdict = this.#host.mayGiveOut?.(next.message) ?? true;
    if (!isPromise(verdict)) return verdict;
    const session = this.#session;
    this.#isJudging = true;
    verdict
      .then((isGivenOut) => {
        this.#isJudging = false;
        if (session.channel === undefined) return;
        this.#judged = { delivery: next, isGivenOut };
        session.pump();
      })
      .catch((error: unknown) => session.channel?.onFault(error, false));
    return undefined;
  }

  /** Reads the next delivery from the store. Returns whether it was at hand; if not, `pump` follows. */
  #load(recordId: number): boolean {
    if (this.#isLoading) return false;
    const session = this.#session;
    const deliveries = this.#deliveries;
    const loading = loadDelivery(this.#host.durable as DurableState, recordId);
    if (loading instanceof Delivery) {
      deliveries.load(loading);
      return true;
    }
    this.#isLoading = true;
    loading
      .then(
        (delivery) => {
          // It may have been dropped meanwhile.
          if (deliveries.unloaded === recordId && session.channel !== undefined) deliveries.load(delivery);
        },
        (error: unknown) => {
          if (deliveries.unloaded === recordId) this.#host.onReadFailure(error, session);
        },
      )
      .finally(() => {
        this.#isLoading = false;
        if (deliveries.unloaded !== recordId) session.pump();
      })
      .catch((error: unknown) => session.channel?.onFault(error, false));
    return false;
  }

  /** It fell out of the queue, or came to its end there. */
  onDropped(delivery: Delivery): void {
    if (delivery.recordId !== 0) this.#host.durable?.finish(delivery.recordId, delivery.message.recordId);
  }

  /** So did this one. */
  onStoredDropped(recordId: number): void {
    const stored = new StoredQueue();
    stored.push(recordId, 0);
    this.#host.discard(stored, this.clientId, "queue-full");
  }

  /** The client is away: what was read is let go, and what others can have now goes to them. */
  onDisconnected(): void {
    this.#deliveries.unload();
    const session = this.#session;
    const { queueQos0 } = this.#host.settings;
    const movable = this.#deliveries.extract(
      ({ qos, terms }) => (qos === 0 && !queueQos0) || terms.group?.hasOnline(session) === true,
    );
    this.#dispose(movable, "receiver-offline");
  }

  /** The session is over: everything goes to others, or has its outcome. */
  end(): void {
    this.#dispose(this.#deliveries.drain(), "session-ended");
    const stored = this.#deliveries.takeStored();
    if (stored !== undefined) this.#host.discard(stored, this.clientId, "session-ended");
  }

  #dispose(deliveries: readonly Delivery[], kind: UndeliveredKind): void {
    for (const delivery of deliveries) {
      const { message, terms } = delivery;
      if (!this.#session.handOn(message, terms)) this.outcomes.record(kind, this.clientId, message);
      this.onDropped(delivery);
    }
  }
}
