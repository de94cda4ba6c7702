/**
 * What waits in one session for its turn: messages in the order in which they came, within bounds.
 *
 * When it is full the oldest QoS 0 message goes first; after that the setting decides whether the newest is refused or the
 * oldest is dropped. Retained messages of a new subscription stand before everything else, as cursors that are read when
 * there is room.
 *
 * What lies in the store is here by its number only, and is loaded by its owner when its turn comes (`unloaded`, `load`).
 */

import { Ring } from "#base";
import type { Qos } from "#protocol";
import type { Message } from "./message.ts";
import type { Outcomes } from "./outcome.ts";
import type { RetainedDebt } from "./retained-debt.ts";
import type { DeliveryTerms } from "./route.ts";
import { StoredQueue } from "./stored-queue.ts";

/** One message on its way to one session. */
export class Delivery {
  readonly message: Message;
  readonly terms: DeliveryTerms;
  readonly qos: Qos;
  /** In the store; 0 if it is not there. */
  readonly recordId: number;
  /** @internal so many deliveries of the queue that lie in the store were added before it */
  behind = 0;

  constructor(message: Message, terms: DeliveryTerms, qos: Qos, recordId = 0) {
    this.message = message;
    this.terms = terms;
    this.qos = qos;
    this.recordId = recordId;
  }
}

/** Retained messages that a new subscription is still to get. */
export interface RetainedBacklog {
  /** Of the subscription; one backlog a filter. */
  readonly topicFilter: string;
  readonly cursor: IterableIterator<Message>;
  readonly terms: DeliveryTerms;
  /** What is owed of it after a restart; undefined for a session that is not kept. */
  readonly debt?: RetainedDebt | undefined;
}

export interface QueueLimits {
  readonly maximumQueuedMessages: number;
  readonly maximumQueuedBytes: number;
  readonly queueOverflow: "refuse-newest" | "drop-oldest";
}

/** Who hears of what falls out of a queue. */
export interface QueueOwner {
  readonly clientId: string;
  readonly limits: QueueLimits;
  readonly outcomes: Outcomes;
  /** It has been dropped from the queue, with its outcome; what the store has of it goes too. */
  onDropped(delivery: Delivery): void;
  /** So has this one, of which only the record is known. */
  onStoredDropped(recordId: number): void;
}

export class DeliveryQueue {
  readonly #deliveries = new Ring<Delivery>();
  #stored: StoredQueue | undefined = undefined;
  /** The first one in the store, once it has been read. */
  #loaded: Delivery | undefined = undefined;
  #backlogs: RetainedBacklog[] | undefined = undefined;
  #sizeBytes = 0;
  #qos0 = 0;
  /** A retained message that was read from its cursor and could not be sent yet. */
  #read: Delivery | undefined = undefined;

  /** Waiting messages, without retained ones still to be read. */
  get size(): number {
    return this.#deliveries.size + (this.#stored?.size ?? 0);
  }

  get sizeBytes(): number {
    return this.#sizeBytes + (this.#stored?.sizeBytes ?? 0);
  }

  get isEmpty(): boolean {
    return this.size === 0 && this.#backlogs === undefined && this.#read === undefined;
  }

  /** Retained messages for a new subscription; takes the place of what an earlier one with this filter was still to get. */
  addBacklog(backlog: RetainedBacklog): void {
    this.removeBacklog(backlog.topicFilter);
    (this.#backlogs ??= []).push(backlog);
  }

  /** The subscription is gone: its retained messages are not begun any more [MQTT-3.10.4-2]. */
  removeBacklog(topicFilter: string): void {
    if (this.#backlogs === undefined) return;
    // What has been read and not sent is of the first one.
    if (this.#backlogs[0]?.topicFilter === topicFilter) this.#read = undefined;
    this.debtOf(topicFilter)?.cancel();
    this.#backlogs = this.#backlogs.filter((backlog) => backlog.topicFilter !== topicFilter);
    if (this.#backlogs.length === 0) this.#backlogs = undefined;
  }

  /** What the backlog of a filter is owed; undefined when there is none, or nothing is owed of it. */
  debtOf(topicFilter: string): RetainedDebt | undefined {
    return this.#backlogs?.find((backlog) => backlog.topicFilter === topicFilter)?.debt;
  }

  /** Adds `delivery` at the end, or records why not: `owner` hears of whatever falls out. */
  push(delivery: Delivery, owner: QueueOwner): void {
    if (this.admit(delivery.message, delivery.qos, owner)) this.append(delivery);
  }

  /** Adds what was admitted. */
  append(delivery: Delivery): void {
    delivery.behind = this.#stored?.pushed ?? 0;
    this.#deliveries.push(delivery);
    this.#sizeBytes += delivery.message.sizeBytes;
    if (delivery.qos === 0) this.#qos0++;
  }

  /** Adds a delivery of which only the record is kept; it was admitted, or was there before a restart. */
  appendStored(recordId: number, sizeBytes: number): void {
    this.#stored ??= new StoredQueue();
    this.#stored.push(recordId, sizeBytes);
  }

  /** Makes room for one more message. Returns false if there is none to be had; its outcome is recorded then. */
  admit(message: Message, qos: Qos, owner: QueueOwner): boolean {
    const { limits, outcomes, clientId } = owner;
    const size = message.sizeBytes;
    // What would not even fit into an empty queue drives nobody out.
    let isAdmitted = limits.maximumQueuedMessages > 0 && size <= limits.maximumQueuedBytes;
    while (
      isAdmitted &&
      (this.size >= limits.maximumQueuedMessages || this.sizeBytes + size > limits.maximumQueuedBytes)
    ) {
      isAdmitted = this.#makeRoom(qos, owner);
    }
    if (!isAdmitted) outcomes.record("queue-full", clientId, message);
    return isAdmitted;
  }

  /** The record that has to be read before `peek` can say what is next; 0 for none. */
  get unloaded(): number {
    return this.#loaded === undefined && this.#isStoredNext ? (this.#stored?.head ?? 0) : 0;
  }

  /** What was read of the record that was `unloaded`. */
  load(delivery: Delivery): void {
    this.#loaded = delivery;
  }

  /** Nobody is going to take it soon: what was read is read again then. */
  unload(): void {
    this.#loaded = undefined;
  }

  /** Takes what lies in the store out of the queue. */
  takeStored(): StoredQueue | undefined {
    const stored = this.#stored;
    this.#stored = undefined;
    this.#loaded = undefined;
    return stored;
  }

  /** What is next; it stays until `shift`. Retained messages have the QoS of their terms where that is wanted, even if it is higher. */
  peek({ upgradeQos = false }: { readonly upgradeQos?: boolean } = {}): Delivery | undefined {
    if (this.#read !== undefined) return this.#read;
    while (this.#backlogs !== undefined) {
      const backlog = this.#backlogs[0] as RetainedBacklog;
      const next = backlog.cursor.next();
      if (next.done !== true) {
        const { terms } = backlog;
        const qos = next.value.qos < terms.qos && !upgradeQos ? next.value.qos : terms.qos;
        this.#read = new Delivery(next.value, terms, qos);
        return this.#read;
      }
      this.#backlogs.shift();
      if (this.#backlogs.length === 0) this.#backlogs = undefined;
      backlog.debt?.settle();
    }
    return this.#isStoredNext ? this.#loaded : this.#deliveries.peek();
  }

  shift(): void {
    const read = this.#read;
    if (read !== undefined) {
      this.#read = undefined;
      this.#backlogs?.[0]?.debt?.onSent(read.message, read.qos);
      return;
    }
    if (this.#isStoredNext) {
      this.#loaded = undefined;
      this.#stored?.shift();
      return;
    }
    const delivery = this.#deliveries.shift();
    if (delivery !== undefined) this.#forget(delivery);
  }

  /** Takes out, in order, all that `wanted` says. */
  extract(wanted: (delivery: Delivery) => boolean): Delivery[] {
    const taken: Delivery[] = [];
    const count = this.#deliveries.size;
    for (let i = 0; i < count; i++) {
      const delivery = this.#deliveries.shift() as Delivery;
      if (wanted(delivery)) {
        taken.push(delivery);
        this.#forget(delivery);
      } else this.#deliveries.push(delivery);
    }
    return taken;
  }

  /** Empties the queue of what is in memory and returns that, retained messages excepted. */
  drain(): Delivery[] {
    for (const { debt } of this.#backlogs ?? []) debt?.cancel();
    this.#backlogs = undefined;
    this.#read = undefined;
    return this.extract(() => true);
  }

  /** Nothing in memory stands before the first one in the store. */
  get #isStoredNext(): boolean {
    const stored = this.#stored;
    if (stored === undefined || stored.size === 0) return false;
    const first = this.#deliveries.peek();
    return first === undefined || first.behind > stored.shifted;
  }

  #makeRoom(qos: Qos, owner: QueueOwner): boolean {
    if (this.#qos0 > 0) {
      this.#drop(this.#removeOldestQos0(), owner);
      return true;
    }
    if (owner.limits.queueOverflow === "refuse-newest" || qos === 0 || this.size === 0) return false;
    if (this.#isStoredNext) {
      this.#loaded = undefined;
      owner.onStoredDropped(this.#stored?.shift() as number);
    } else this.#drop(this.#deliveries.shift() as Delivery, owner);
    return true;
  }

  #removeOldestQos0(): Delivery {
    let i = 0;
    while ((this.#deliveries.at(i) as Delivery).qos !== 0) i++;
    return this.#deliveries.removeAt(i) as Delivery;
  }

  #drop(delivery: Delivery, owner: QueueOwner): void {
    this.#forget(delivery);
    owner.outcomes.record("queue-full", owner.clientId, delivery.message);
    owner.onDropped(delivery);
  }

  #forget(delivery: Delivery): void {
    this.#sizeBytes -= delivery.message.sizeBytes;
    if (delivery.qos === 0) this.#qos0--;
  }
}
