/**
 * Pairs what one client gets from both brokers, topic by topic: the same message from both, in any interleaving with other topics.
 * What has found no like within the window is told: as changed when something very like it is there, else as missing or extra.
 *
 * Pure: time comes in with each call. A client's acknowledgements are not handled here; whoever does is told of the pairs.
 */

import { type Delivery, deliveryWeight, type ServerSide, sameDelivery } from "./delivery.ts";
import type { DifferenceKind } from "./difference.ts";

export interface DeliverySink {
  /** `old` is undefined for what Martlet alone has sent, and the other way round. */
  onDifference(kind: DifferenceKind, old: Delivery | undefined, martlet: Delivery | undefined): void;
  /** They belong together, be they alike or not. */
  onPair(old: Delivery, martlet: Delivery): void;
  /** Nobody waits for it any more. */
  onAlone(side: ServerSide, delivery: Delivery): void;
}

export interface DeliveryOptions {
  readonly windowMs: number;
  readonly sink: DeliverySink;
  /** Whether the order within a topic counts; not in a group that shares its messages out. Default true. */
  readonly isOrdered?: boolean;
}

interface Topic {
  readonly old: Delivery[];
  readonly martlet: Delivery[];
  nextOld: number;
  nextMartlet: number;
  /** Of the pair that came farthest. */
  lastOld: number;
  lastMartlet: number;
}

/** Pairs remembered, to know a second copy from a message that nobody else has. */
const REMEMBERED_PAIRS = 256;

export class DeliveryComparison {
  readonly #options: DeliveryOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #recent: Delivery[] = [];
  #pending = 0;
  #pendingBytes = 0;
  #pairs = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Deliveries that wait for their like. */
  get pending(): number {
    return this.#pending;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get pairs(): number {
    return this.#pairs;
  }

  add(side: ServerSide, delivery: Delivery): void {
    let topic = this.#topics.get(delivery.topicName);
    if (topic === undefined) {
      topic = { old: [], martlet: [], nextOld: 0, nextMartlet: 0, lastOld: -1, lastMartlet: -1 };
      this.#topics.set(delivery.topicName, topic);
    }
    delivery.index = side === "old" ? topic.nextOld++ : topic.nextMartlet++;
    const others = side === "old" ? topic.martlet : topic.old;
    const found = others.findIndex((other) => sameDelivery(other, delivery));
    if (found < 0) {
      topic[side].push(delivery);
      this.#pending++;
      this.#pendingBytes += deliveryWeight(delivery);
      return;
    }
    const [other] = others.splice(found, 1) as [Delivery];
    this.#forget(other);
    const [old, martlet] = side === "old" ? [delivery, other] : [other, delivery];
    this.#judgeOrder(topic, old, martlet);
    this.#pair(old, martlet);
    this.#tidy(delivery.topicName, topic);
  }

  /**
   * Tells what has waited for longer than the window.
   *
   * @param mayBeEarly Martlet may rightly be ahead, because the client takes nothing from the old broker
   */
  expire(nowMs: number, { mayBeEarly }: { readonly mayBeEarly: boolean }): void {
    const dueMs = nowMs - this.#options.windowMs;
    for (const [name, topic] of this.#topics) {
      while (topic.old[0] !== undefined && topic.old[0].atMs <= dueMs) this.#alone("old", topic);
      if (!mayBeEarly)
        while (topic.martlet[0] !== undefined && topic.martlet[0].atMs <= dueMs)
          this.#alone("martlet", topic);
      this.#tidy(name, topic);
    }
  }

  /**
   * Tells all that waits, because nothing more will come. Returns how many of them came too late to tell anything: what Martlet
   * alone has sent within the window, and what the old broker has sent since `leftMs`, when the client left.
   */
  settle(nowMs: number, leftMs: number | undefined): number {
    let undecided = 0;
    const dueMs = nowMs - this.#options.windowMs;
    for (const topic of this.#topics.values()) {
      while (topic.old[0] !== undefined) {
        if (leftMs !== undefined && topic.old[0].atMs >= leftMs) {
          undecided++;
          this.#drop("old", topic);
        } else this.#alone("old", topic);
      }
      while (topic.martlet[0] !== undefined) {
        if (topic.martlet[0].atMs > dueMs) {
          undecided++;
          this.#drop("martlet", topic);
        } else this.#alone("martlet", topic);
      }
    }
    this.#topics.clear();
    return undecided;
  }

  /** Forgets all that waits, untold. */
  clear(): void {
    for (const topic of this.#topics.values()) {
      while (topic.old.length > 0) this.#drop("old", topic);
      while (topic.martlet.length > 0) this.#drop("martlet", topic);
    }
    this.#topics.clear();
  }

  /** Pairs cross each other when one is ahead with one broker and behind with the other. */
  #judgeOrder(topic: Topic, old: Delivery, martlet: Delivery): void {
    const isCrossed = old.index > topic.lastOld !== martlet.index > topic.lastMartlet;
    if (isCrossed && this.#options.isOrdered !== false)
      this.#options.sink.onDifference("order", old, martlet);
    topic.lastOld = Math.max(topic.lastOld, old.index);
    topic.lastMartlet = Math.max(topic.lastMartlet, martlet.index);
  }

  #pair(old: Delivery, martlet: Delivery): void {
    this.#pairs++;
    old.partner = martlet;
    martlet.partner = old;
    this.#recent.push(old);
    if (this.#recent.length > REMEMBERED_PAIRS) this.#recent.shift();
    this.#options.sink.onPair(old, martlet);
  }

  /** The oldest of `side` has no like. */
  #alone(side: ServerSide, topic: Topic): void {
    const delivery = topic[side].shift() as Delivery;
    this.#forget(delivery);
    const others = side === "old" ? topic.martlet : topic.old;
    const near = nearestOf(delivery, others, this.#options.windowMs / 2);
    if (near === undefined) {
      const [old, martlet] = side === "old" ? [delivery, undefined] : [undefined, delivery];
      this.#options.sink.onDifference(this.#kindOf(side, delivery), old, martlet);
      this.#options.sink.onAlone(side, delivery);
      return;
    }
    others.splice(others.indexOf(near.delivery), 1);
    this.#forget(near.delivery);
    const [old, martlet] = side === "old" ? [delivery, near.delivery] : [near.delivery, delivery];
    this.#options.sink.onDifference(near.kind, old, martlet);
    this.#pair(old, martlet);
  }

  #kindOf(side: ServerSide, delivery: Delivery): DifferenceKind {
    if (side === "old") return delivery.retain ? "missing-retained" : "missing-delivery";
    if (this.#recent.some((each) => sameDelivery(each, delivery))) return "duplicate-delivery";
    return delivery.retain ? "extra-retained" : "extra-delivery";
  }

  #drop(side: ServerSide, topic: Topic): void {
    const delivery = topic[side].shift() as Delivery;
    this.#forget(delivery);
    this.#options.sink.onAlone(side, delivery);
  }

  #forget(delivery: Delivery): void {
    this.#pending--;
    this.#pendingBytes -= deliveryWeight(delivery);
  }

  /** All of them are paired, so the places in the order may begin anew. */
  #tidy(name: string, topic: Topic): void {
    if (topic.old.length === 0 && topic.martlet.length === 0) this.#topics.delete(name);
  }
}

interface Near {
  readonly delivery: Delivery;
  readonly kind: "payload" | "qos" | "retain" | "properties";
}

/** The one that is meant to be the same, by all that it has in common with it, and what is wrong with it. */
function nearestOf(delivery: Delivery, others: readonly Delivery[], mostApartMs: number): Near | undefined {
  const near = others.filter(({ atMs }) => Math.abs(atMs - delivery.atMs) <= mostApartMs);
  const samePayload = near.filter(({ payloadHash }) => payloadHash === delivery.payloadHash);
  // What has most in common with it first.
  for (const ofSame of [samePayload.filter(({ qos }) => qos === delivery.qos), samePayload]) {
    const [found] = ofSame;
    if (found === undefined) continue;
    const kind =
      found.qos !== delivery.qos ? "qos" : found.retain !== delivery.retain ? "retain" : "properties";
    return { delivery: found, kind };
  }
  const changed = near.find(
    ({ qos, retain, properties }) =>
      qos === delivery.qos && retain === delivery.retain && properties === delivery.properties,
  );
  return changed === undefined ? undefined : { delivery: changed, kind: "payload" };
}
