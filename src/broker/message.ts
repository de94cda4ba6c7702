/**
 * One application message on its way through the broker. HOT.
 *
 * While it is routed its payload usually lies in the chunk it arrived in. Whoever needs it longer (in flight, queued,
 * retained) takes `keep()`: the first one copies the bytes, once for all, into a slab that many small messages share. A
 * message that waits for long, in the queue of an absent session or as retained, is `settled`: it gets bytes of its own,
 * so that one small message does not hold a whole slab.
 *
 * Topic, QoS and properties are what the publisher sent; what a receiver gets of them is the business of its terms.
 */

import { copyBytes, EMPTY_BYTES, newSlab } from "#base";
import { NO_EXPIRY, type Qos } from "#protocol";
import type { RetainedSource } from "./retained-source.ts";
import type { Topic } from "./topic.ts";

/** `expiresAt` of a message that does not expire. */
export const NEVER: number = Number.POSITIVE_INFINITY;

const SLAB_SIZE = 64 * 1024;
/** Larger payloads get a buffer of their own at once. */
const LARGEST_IN_SLAB = 4 * 1024;

let slab: Uint8Array = EMPTY_BYTES;
let slabUsed = 0;

/** Bytes that were copied, and how far each of them is from where it was. */
export interface KeptBytes {
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/** Where `length` bytes may be written in the slab. */
function roomInSlab(length: number): number {
  if (slabUsed + length > slab.length) {
    slab = newSlab(Math.max(SLAB_SIZE, length));
    slabUsed = 0;
  }
  return slabUsed;
}

export class Message {
  topic: Topic;
  /** The payload is `bytes[payloadStart, payloadEnd)`. */
  bytes: Uint8Array;
  payloadStart: number;
  payloadEnd: number;
  /** Raw properties that travel unchanged: all but alias, expiry and subscription identifiers. */
  properties: Uint8Array = EMPTY_BYTES;
  qos: Qos;
  retain: boolean;
  /** On the clock's `now` scale, or `NEVER`. */
  expiresAt: number = NEVER;
  /** Who published it; empty for the broker itself. */
  publisherId = "";
  /** What else is known of its publisher; only of messages to be retained, and only where that is asked for later. */
  source: RetainedSource | undefined = undefined;
  /** The kept form of a message that lies in a chunk; itself when it is kept. */
  #kept: Message | undefined = undefined;
  #inSlab = false;
  /** Of its record in the store; 0 while nobody holds it there. */
  #recordId = 0;

  constructor(
    topic: Topic,
    bytes: Uint8Array,
    payloadStart: number,
    payloadEnd: number,
    qos: Qos,
    retain: boolean,
  ) {
    this.topic = topic;
    this.bytes = bytes;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
    this.qos = qos;
    this.retain = retain;
  }

  /** A message whose payload is a buffer of its own. */
  static of(topic: Topic, payload: Uint8Array, qos: Qos, retain: boolean): Message {
    const message = new Message(topic, payload, 0, payload.length, qos, retain);
    message.#kept = message;
    return message;
  }

  /** A message whose payload lies in bytes that it shares with others and that stay as they are. */
  static inSlab(
    topic: Topic,
    bytes: Uint8Array,
    payloadStart: number,
    payloadEnd: number,
    qos: Qos,
    retain: boolean,
  ): Message {
    const message = new Message(topic, bytes, payloadStart, payloadEnd, qos, retain);
    message.#kept = message;
    message.#inSlab = true;
    return message;
  }

  /**
   * Copies `bytes[start, end)`, several packets that lie side by side, to where kept messages lie, for `inSlab` to be called
   * with.
   */
  static keepTogether(bytes: Uint8Array, start: number, end: number): KeptBytes {
    const at = roomInSlab(end - start);
    slabUsed = copyBytes(slab, at, bytes, start, end);
    return { bytes: slab, offset: at - start };
  }

  /** @internal of its record in the store, whichever form of it is asked; 0 for none */
  get recordId(): number {
    return this.#kept === undefined ? this.#recordId : this.#kept.#recordId;
  }

  set recordId(id: number) {
    if (this.#kept === undefined) this.#recordId = id;
    else this.#kept.#recordId = id;
  }

  get payloadLength(): number {
    return this.payloadEnd - this.payloadStart;
  }

  /** What counts against limits in bytes. */
  get sizeBytes(): number {
    return this.payloadEnd - this.payloadStart + this.properties.length + this.topic.bytes.length;
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd);
  }

  /** Makes this object stand for another message that lies in a chunk; only its owner, who routes it, does this. */
  reuse(
    topic: Topic,
    bytes: Uint8Array,
    payloadStart: number,
    payloadEnd: number,
    qos: Qos,
    retain: boolean,
  ): void {
    this.topic = topic;
    this.bytes = bytes;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
    this.properties = EMPTY_BYTES;
    this.qos = qos;
    this.retain = retain;
    this.expiresAt = NEVER;
    this.source = undefined;
    this.#kept = undefined;
    this.#recordId = 0;
  }

  /** This message in a form that outlives the turn: the same object for all who ask. */
  keep(): Message {
    if (this.#kept !== undefined) return this.#kept;
    const length = this.payloadEnd - this.payloadStart;
    let kept: Message;
    if (length > LARGEST_IN_SLAB) {
      const own = this.bytes.slice(this.payloadStart, this.payloadEnd);
      kept = new Message(this.topic, own, 0, length, this.qos, this.retain);
    } else {
      const start = roomInSlab(length);
      slabUsed = copyBytes(slab, start, this.bytes, this.payloadStart, this.payloadEnd);
      kept = new Message(this.topic, slab, start, slabUsed, this.qos, this.retain);
      kept.#inSlab = true;
    }
    kept.properties = this.properties;
    kept.expiresAt = this.expiresAt;
    kept.publisherId = this.publisherId;
    kept.source = this.source;
    kept.#recordId = this.#recordId;
    kept.#kept = kept;
    this.#kept = kept;
    return kept;
  }

  /** The kept form with bytes of its own, for a long wait. */
  settle(): Message {
    const kept = this.keep();
    if (kept.#inSlab) {
      kept.bytes = kept.bytes.slice(kept.payloadStart, kept.payloadEnd);
      kept.payloadEnd -= kept.payloadStart;
      kept.payloadStart = 0;
      kept.#inSlab = false;
    }
    return kept;
  }

  /** The same message with another payload, in a buffer of its own. */
  withPayload(payload: Uint8Array): Message {
    const changed = Message.of(this.topic, payload, this.qos, this.retain);
    changed.properties = this.properties;
    changed.expiresAt = this.expiresAt;
    changed.publisherId = this.publisherId;
    changed.source = this.source;
    return changed;
  }

  /** Seconds left of its Message Expiry Interval at `now` [MQTT-3.3.2-6], or `NO_EXPIRY`. */
  remainingExpiry(now: number): number {
    return this.expiresAt === NEVER ? NO_EXPIRY : Math.max(0, Math.ceil((this.expiresAt - now) / 1000));
  }
}
