/**
 * One publishing client: sends what its pace allows, and settles what the broker acknowledges. HOT.
 *
 * Each message is numbered in its stream, which is this publisher and one class of topics: those that the same receivers
 * get. Its identifiers rise, and it stops when the next one is still in use, so an acknowledgement that never comes is
 * seen and not overwritten.
 */

import { PacketType, type Qos } from "#protocol";
import type { FlowState } from "./flow-state.ts";
import type { Link, LinkHandler } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import { type MessageTemplate, PublishBatch } from "./publish-batch.ts";

/** The topics of a publisher: `first`, `first + step` and so on, `count` of them. */
export interface TopicRange {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly order: "in-turn" | "random";
}

/** Bytes that one write holds at most, unless one packet is larger. */
const BATCH_BYTES = 64 * 1024;
/** Batches that the pipe may keep of a publisher without a window, before it waits. */
const KEPT_BATCHES = 2;
const MOST_KEPT_BATCHES = 64;
/** Batches filled in one turn before others have theirs. */
const BATCHES_A_TURN = 8;
const FIRST_REFUSAL = 0x80;

const FREE = 0;
const AWAITING_PUBACK = 1;
const AWAITING_PUBREC = 2;
const AWAITING_PUBCOMP = 3;

/** How a publisher is told what it may send. */
export interface PublisherPlan {
  readonly number: number;
  readonly qos: Qos;
  readonly topics: TopicRange;
  /** Topics with the same remainder of this are a class: the same receivers get them. */
  readonly classes: number;
  /** Messages in flight at most, acknowledged ones aside; Infinity for QoS 0 without a window. */
  readonly window: number;
  /** Whether undelivered messages count against the window. */
  readonly awaitsDelivery: boolean;
  /** Messages to send in all. */
  readonly messages: number;
  /** Messages that are written together at most. */
  readonly batchMessages: number;
}

export interface PublisherParts {
  readonly plan: PublisherPlan;
  readonly template: MessageTemplate;
  /** Added to the numbers of its topics. */
  readonly firstTopic: number;
  readonly outbox: Outbox;
  /** Told of each acknowledgement that refuses. */
  readonly onRefused: (reasonCode: number) => void;
}

export class Publisher implements LinkHandler {
  readonly link: Link;
  readonly number: number;
  /** Messages above QoS 0 that are not acknowledged. */
  unacknowledged = 0;
  readonly #state: FlowState;
  readonly #plan: PublisherPlan;
  readonly #template: MessageTemplate;
  readonly #firstTopic: number;
  readonly #outbox: Outbox;
  readonly #onRefused: (reasonCode: number) => void;

  // what is in flight: slots by the low bits of the packet identifier
  readonly #inFlight: Uint8Array;
  readonly #packetIds: Uint16Array;
  #packetId = 0;

  // where it is
  readonly #sequences: Uint32Array;
  /** Of its only topic. */
  readonly #onlyClass: number;
  readonly #isPlain: boolean;
  #topicAt = 0;
  #random: number;
  #left: number;

  // what it writes with
  readonly #capacity: number;
  readonly #free: PublishBatch[] = [];
  #batchesLeft: number;
  #batch: PublishBatch | undefined;
  #used = 0;

  constructor(link: Link, state: FlowState, parts: PublisherParts) {
    const { plan, template } = parts;
    this.link = link;
    this.number = plan.number;
    this.#state = state;
    this.#plan = plan;
    this.#template = template;
    this.#firstTopic = parts.firstTopic;
    this.#outbox = parts.outbox;
    this.#onRefused = parts.onRefused;
    this.#left = plan.messages;
    this.#random = (plan.number + 1) * 0x9e37_79b9;
    this.#onlyClass = plan.topics.first % plan.classes;
    this.#isPlain = plan.qos === 0 && plan.topics.count === 1;
    this.#sequences = new Uint32Array(plan.topics.count === 1 ? 1 : plan.classes);
    const most = Math.min(plan.window, plan.messages);
    const slots = plan.qos === 0 ? 0 : ringSize(most);
    this.#inFlight = new Uint8Array(slots);
    this.#packetIds = new Uint16Array(slots);
    const fitting = Math.floor(BATCH_BYTES / template.bytes.length);
    this.#capacity = Math.max(1, Math.min(most, plan.batchMessages, fitting));
    this.#batchesLeft = Number.isFinite(most)
      ? Math.min(MOST_KEPT_BATCHES, Math.ceil(most / this.#capacity) + 1)
      : KEPT_BATCHES;
  }

  /** Whether all of its messages are sent. */
  get done(): boolean {
    return this.#left === 0;
  }

  get sendableBytes(): number {
    const { window, awaitsDelivery } = this.#plan;
    const { largestFanOut, outstanding } = this.#state;
    const undelivered = awaitsDelivery ? (outstanding[this.number] as number) / largestFanOut : 0;
    return (window - Math.max(this.unacknowledged, undelivered)) * this.#template.bytes.length;
  }

  /** Sends up to its window, or until the pipe takes no more. */
  fill(): boolean {
    const isFlatOut = this.#plan.window === Number.POSITIVE_INFINITY;
    const batches = isFlatOut ? 1 : BATCHES_A_TURN;
    for (let filled = 0; filled < batches; filled++) {
      const count = this.#isPlain ? this.#putRun() : this.#putEach();
      if (count === 0) return false;
      if (!this.flush()) return false;
    }
    return isFlatOut || this.#mayPublish();
  }

  /** Sends one message that was due at `ticks`, with the next `flush`; false when that is not possible now. */
  publish(ticks: number): boolean {
    if (!this.#mayPublish()) return false;
    if (this.#used === this.#capacity) this.flush();
    if (!this.#hasRoom()) return false;
    this.#put(ticks);
    return true;
  }

  /** Writes what was put; false when the pipe keeps it. */
  flush(): boolean {
    const batch = this.#batch;
    const used = this.#used;
    if (batch === undefined || used === 0) return true;
    this.#used = 0;
    if (this.link.write(batch.view(used), batch)) return true;
    this.#batch = undefined;
    return false;
  }

  onChunk(): void {
    this.#state.stamp();
  }

  onPublish(): void {
    this.#state.unexpected++;
  }

  onAcknowledgement(type: number, packetId: number, reasonCode: number): void {
    const slot = packetId & (this.#inFlight.length - 1);
    const state = this.#packetIds[slot] === packetId ? this.#inFlight[slot] : FREE;
    if (type === PacketType.PUBREC && state === AWAITING_PUBREC && reasonCode < FIRST_REFUSAL) {
      this.#inFlight[slot] = AWAITING_PUBCOMP;
      this.#outbox.acknowledge(0x62, packetId >>> 8, packetId & 0xff);
      return;
    }
    const isLast =
      (type === PacketType.PUBACK && state === AWAITING_PUBACK) ||
      (type === PacketType.PUBCOMP && state === AWAITING_PUBCOMP) ||
      (type === PacketType.PUBREC && state === AWAITING_PUBREC);
    if (!isLast) {
      this.#state.unexpected++;
      return;
    }
    if (reasonCode >= FIRST_REFUSAL) this.#onRefused(reasonCode);
    this.#inFlight[slot] = FREE;
    this.unacknowledged--;
    this.#state.acknowledged++;
    this.#state.wake(this.number);
  }

  onChunkEnd(): void {
    this.#state.endChunk();
  }

  onTaken(batch: PublishBatch): void {
    this.#free.push(batch);
    this.#state.wake(this.number);
  }

  #mayPublish(): boolean {
    const { window } = this.#plan;
    if (this.#left === 0 || !this.link.isUp) return false;
    if (this.#plan.qos !== 0) {
      if (this.unacknowledged >= window) return false;
      const slot = this.#nextPacketId() & (this.#inFlight.length - 1);
      if (this.#inFlight[slot] !== FREE) return false;
    }
    if (!this.#plan.awaitsDelivery) return true;
    const { largestFanOut, outstanding } = this.#state;
    return (outstanding[this.number] as number) + largestFanOut <= window * largestFanOut;
  }

  #hasRoom(): boolean {
    if (this.#batch !== undefined) return true;
    this.#batch = this.#free.pop();
    if (this.#batch !== undefined) return true;
    if (this.#batchesLeft === 0) return false;
    this.#batchesLeft--;
    this.#batch = new PublishBatch(this.#template, this.#capacity);
    return true;
  }

  /** Puts into the batch what may be sent; how many that are. */
  #putEach(): number {
    let count = 0;
    while (count < this.#capacity && this.#mayPublish() && this.#hasRoom()) {
      this.#put(this.#state.now);
      count++;
    }
    return count;
  }

  /** The same where nothing but their numbers distinguishes messages: QoS 0 to one topic. */
  #putRun(): number {
    if (!this.#mayPublish() || !this.#hasRoom()) return 0;
    const { window, awaitsDelivery } = this.#plan;
    const state = this.#state;
    const outstanding = state.outstanding[this.number] as number;
    let count = Math.min(this.#capacity - this.#used, this.#left);
    if (awaitsDelivery) count = Math.min(count, Math.floor(window - outstanding / state.largestFanOut));
    const sequence = this.#sequences[0] as number;
    this.#sequences[0] = sequence + count;
    (this.#batch as PublishBatch).setMessages(this.#used, count, sequence, state.now);
    const deliveries = count * (state.fanOut[this.#onlyClass] as number);
    state.outstanding[this.number] = outstanding + deliveries;
    state.expected += deliveries;
    state.published += count;
    this.#left -= count;
    this.#used += count;
    return count;
  }

  #put(ticks: number): void {
    const { qos, topics, classes } = this.#plan;
    const state = this.#state;
    const batch = this.#batch as PublishBatch;
    const index = this.#used;
    let group = this.#onlyClass;
    let stream = 0;
    if (topics.count > 1) {
      const topic = topics.first + this.#nextTopic() * topics.step;
      batch.setTopic(index, this.#firstTopic + topic);
      group = topic % classes;
      stream = group;
    }
    if (qos !== 0) {
      const packetId = this.#nextPacketId();
      const slot = packetId & (this.#inFlight.length - 1);
      this.#packetId = packetId;
      this.#packetIds[slot] = packetId;
      this.#inFlight[slot] = qos === 1 ? AWAITING_PUBACK : AWAITING_PUBREC;
      this.unacknowledged++;
      batch.setPacketId(index, packetId);
    }
    const sequence = this.#sequences[stream] as number;
    this.#sequences[stream] = sequence + 1;
    if (state.payloadBytes > 0) batch.setMessages(index, 1, sequence, ticks);
    const fanOut = state.fanOut[group] as number;
    state.outstanding[this.number] = (state.outstanding[this.number] as number) + fanOut;
    state.expected += fanOut;
    state.published++;
    this.#left--;
    this.#used = index + 1;
  }

  #nextPacketId(): number {
    return this.#packetId === 65_535 ? 1 : this.#packetId + 1;
  }

  #nextTopic(): number {
    const { order, count } = this.#plan.topics;
    if (order === "in-turn") {
      const at = this.#topicAt;
      this.#topicAt = at + 1 === count ? 0 : at + 1;
      return at;
    }
    // xorshift32: cheap, and good enough to visit all topics alike
    let random = this.#random;
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    this.#random = random;
    return Math.floor(((random >>> 0) / 0x1_0000_0000) * count);
  }
}

/** A power of two with room for `messages` in flight even when they are not acknowledged in order. */
function ringSize(messages: number): number {
  let size = 16;
  while (size < messages * 2 && size < 65_536) size *= 2;
  return size;
}
