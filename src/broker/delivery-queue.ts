/**
 * What waits in one session for its turn: messages in the order in which they came, within bounds.
 *
 * When it is full the oldest QoS 0 message goes first; after that the setting decides whether the newest is refused or the
 * oldest is dropped. Retained messages of a new subscription stand before everything else, as cursors that are read when
 * there is room.
 */

import { Ring } from "#base";
import type { Qos } from "#protocol";
import type { Message } from "./message.ts";
import type { Outcomes } from "./outcome.ts";
import type { DeliveryTerms } from "./route.ts";

/** One message on its way to one session. */
export class Delivery {
  readonly message: Message;
  readonly terms: DeliveryTerms;
  readonly qos: Qos;

  constructor(message: Message, terms: DeliveryTerms, qos: Qos) {
    this.message = message;
    this.terms = terms;
    this.qos = qos;
  }
}

/** Retained messages that a new subscription is still to get. */
export interface RetainedBacklog {
  /** Of the subscription; one backlog a filter. */
  readonly topicFilter: string;
  readonly cursor: IterableIterator<Message>;
  readonly terms: DeliveryTerms;
}

export interface QueueLimits {
  readonly maximumQueuedMessages: number;
  readonly maximumQueuedBytes: number;
  readonly queueOverflow: "refuse-newest" | "drop-oldest";
}

export class DeliveryQueue {
  readonly #deliveries = new Ring<Delivery>();
  #backlogs: RetainedBacklog[] | undefined = undefined;
  #sizeBytes = 0;
  #qos0 = 0;
  /** A retained message that was read from its cursor and could not be sent yet. */
  #read: Delivery | undefined = undefined;

  /** Waiting messages, without retained ones still to be read. */
  get size(): number {
    return this.#deliveries.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isEmpty(): boolean {
    return this.#deliveries.size === 0 && this.#backlogs === undefined && this.#read === undefined;
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
    this.#backlogs = this.#backlogs.filter((backlog) => backlog.topicFilter !== topicFilter);
    if (this.#backlogs.length === 0) this.#backlogs = undefined;
  }

  /** Adds `delivery` at the end, or records why not: `outcomes` gets whatever falls out. */
  push(delivery: Delivery, limits: QueueLimits, clientId: string, outcomes: Outcomes): void {
    const size = delivery.message.sizeBytes;
    // What would not even fit into an empty queue drives nobody out.
    if (limits.maximumQueuedMessages === 0 || size > limits.maximumQueuedBytes) {
      outcomes.record("queue-full", clientId, delivery.message);
      return;
    }
    while (
      this.#deliveries.size >= limits.maximumQueuedMessages ||
      this.#sizeBytes + size > limits.maximumQueuedBytes
    ) {
      const dropped = this.#makeRoom(delivery, limits);
      outcomes.record("queue-full", clientId, dropped.message);
      if (dropped === delivery) return;
    }
    this.#deliveries.push(delivery);
    this.#sizeBytes += size;
    if (delivery.qos === 0) this.#qos0++;
  }

  /** What is next; it stays until `shift`. */
  peek(): Delivery | undefined {
    if (this.#read !== undefined) return this.#read;
    while (this.#backlogs !== undefined) {
      const backlog = this.#backlogs[0] as RetainedBacklog;
      const next = backlog.cursor.next();
      if (next.done !== true) {
        const { terms } = backlog;
        const qos = next.value.qos < terms.qos ? next.value.qos : terms.qos;
        this.#read = new Delivery(next.value, terms, qos);
        return this.#read;
      }
      this.#backlogs.shift();
      if (this.#backlogs.length === 0) this.#backlogs = undefined;
    }
    return this.#deliveries.peek();
  }

  shift(): void {
    if (this.#read !== undefined) {
      this.#read = undefined;
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

  /** Empties the queue and returns what was in it, retained messages excepted. */
  drain(): Delivery[] {
    this.#backlogs = undefined;
    this.#read = undefined;
    return this.extract(() => true);
  }

  #makeRoom(delivery: Delivery, limits: QueueLimits): Delivery {
    if (this.#qos0 > 0) {
      for (let i = 0; ; i++) {
        if ((this.#deliveries.at(i) as Delivery).qos !== 0) continue;
        const oldest = this.#deliveries.removeAt(i) as Delivery;
        this.#forget(oldest);
        return oldest;
      }
    }
    if (limits.queueOverflow === "refuse-newest" || delivery.qos === 0 || this.#deliveries.size === 0)
      return delivery;
    const oldest = this.#deliveries.shift() as Delivery;
    this.#forget(oldest);
    return oldest;
  }

  #forget(delivery: Delivery): void {
    this.#sizeBytes -= delivery.message.sizeBytes;
    if (delivery.qos === 0) this.#qos0--;
  }
}
