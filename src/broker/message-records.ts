/**
 * Messages into the store, and out of it again. What the one before was is remembered, since most have the topic and the publisher
 * of the one before. It does not know who holds a message. HOT: all of it.
 */

import {
  type Clock,
  copyBytes,
  EMPTY_BYTES,
  type MaybePromise,
  rangesEqual,
  utf8Decode,
  utf8Encode,
} from "#base";
import type { Qos } from "#protocol";
import type { Store } from "#store";
import {
  HAS_EXPIRY,
  QOS,
  RETAIN,
  RecordKind,
  RecordReader,
  RecordWriter,
  readUint16,
  readUint32,
  writeUint32,
} from "./durable-records.ts";
import { Message, NEVER } from "./message.ts";
import { type RetainedSource, restoredSource } from "./retained-source.ts";
import { Topic } from "./topic.ts";

// In its flags, beside QoS, RETAIN and the expiry.
/** It was stored as the retained one of its topic; a `retained` record says whether it still is. */
export const WAS_RETAINED = 0x10;
/** It says who retained it: user name and listener. */
export const HAS_SOURCE = 0x20;

/** Flags and lengths of topic, properties and publisher. */
const FIXED_SIZE = 9;
const EXPIRY_SIZE = 8;

export class MessageRecords {
  readonly #store: Store;
  readonly #clock: Clock;
  /** What was read last, as it lies in the store's memory. */
  #topic = Topic.nameOnly(EMPTY_BYTES);
  readonly #message = new Message(this.#topic, EMPTY_BYTES, 0, 0, 0, false);
  #publisherId = "";
  #publisherBytes: Uint8Array = new Uint8Array(0);

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Writes `message`. Returns the record's id. */
  add(message: Message, retained: 0 | typeof WAS_RETAINED): number {
    const store = this.#store;
    const { topic, properties, payloadStart, payloadEnd, expiresAt } = message;
    const publisher = this.#bytesOfPublisher(message.publisherId);
    const source = message.source === undefined ? undefined : bytesOfSource(message.source);
    const hasExpiry = expiresAt !== NEVER;
    const size =
      FIXED_SIZE +
      (hasExpiry ? EXPIRY_SIZE : 0) +
      topic.bytes.length +
      properties.length +
      publisher.length +
      (source === undefined ? 0 : 2 + source.length) +
      payloadEnd -
      payloadStart;
    const id = store.reserve(RecordKind.MESSAGE, size);
    const { buffer } = store;
    let at = store.offset;
    buffer[at++] =
      message.qos |
      (message.retain ? RETAIN : 0) |
      (hasExpiry ? HAS_EXPIRY : 0) |
      retained |
      (source === undefined ? 0 : HAS_SOURCE);
    if (hasExpiry) {
      new DataView(buffer.buffer, buffer.byteOffset).setFloat64(at, this.#toEpoch(expiresAt));
      at += EXPIRY_SIZE;
    }
    at = writeShort(buffer, at, topic.bytes);
    at = writeUint32(buffer, at, properties.length);
    at = copyBytes(buffer, at, properties, 0, properties.length);
    at = writeShort(buffer, at, publisher);
    if (source !== undefined) at = writeShort(buffer, at, source);
    copyBytes(buffer, at, message.bytes, payloadStart, payloadEnd);
    return id;
  }

  /** The message of the record `id`. Rejects with `StoreError` when the disk does not give it. */
  read(id: number): MaybePromise<Message> {
    const store = this.#store;
    if (store.find(id)) return this.messageOf(id, store.foundBytes, store.foundStart, store.foundEnd);
    const bytes = store.read(id);
    if (bytes instanceof Uint8Array) return this.messageOf(id, bytes, 0, bytes.length);
    return bytes.then((read) => this.messageOf(id, read, 0, read.length));
  }

  /** The message whose record `id` is `bytes[start, end)`, in a form that outlives the turn; to wait for long, it has to settle. */
  messageOf(id: number, bytes: Uint8Array, start: number, end: number): Message {
    const flags = bytes[start] as number;
    const hasExpiry = (flags & HAS_EXPIRY) !== 0;
    const topicStart = start + (hasExpiry ? 3 + EXPIRY_SIZE : 3);
    const topicEnd = topicStart + readUint16(bytes, topicStart - 2);
    const propertiesStart = topicEnd + 4;
    const propertiesEnd = propertiesStart + readUint32(bytes, topicEnd);
    const publisherStart = propertiesEnd + 2;
    const publisherEnd = publisherStart + readUint16(bytes, propertiesEnd);
    const hasSource = (flags & HAS_SOURCE) !== 0;
    const payloadStart = hasSource ? publisherEnd + 2 + readUint16(bytes, publisherEnd) : publisherEnd;
    const message = this.#message;
    const topic = this.#topicOf(bytes, topicStart, topicEnd);
    message.reuse(topic, bytes, payloadStart, end, (flags & QOS) as Qos, (flags & RETAIN) !== 0);
    if (propertiesEnd > propertiesStart)
      message.properties = Uint8Array.prototype.slice.call(bytes, propertiesStart, propertiesEnd);
    message.publisherId = this.#publisherOf(bytes, publisherStart, publisherEnd);
    if (hasSource) message.source = sourceOf(bytes, publisherEnd + 2, payloadStart);
    if (hasExpiry)
      message.expiresAt = this.#toClock(new DataView(bytes.buffer, bytes.byteOffset).getFloat64(start + 1));
    message.recordId = id;
    return message.keep();
  }

  #topicOf(record: Uint8Array, start: number, end: number): Topic {
    if (!this.#topic.equals(record, start, end))
      this.#topic = Topic.nameOnly(Uint8Array.prototype.slice.call(record, start, end));
    return this.#topic;
  }

  #publisherOf(record: Uint8Array, start: number, end: number): string {
    const known = this.#publisherBytes;
    if (known.length !== end - start || !rangesEqual(known, 0, record, start, known.length)) {
      this.#publisherBytes = Uint8Array.prototype.slice.call(record, start, end);
      this.#publisherId = utf8Decode(this.#publisherBytes);
    }
    return this.#publisherId;
  }

  #bytesOfPublisher(publisherId: string): Uint8Array {
    if (publisherId !== this.#publisherId) {
      this.#publisherId = publisherId;
      this.#publisherBytes = utf8Encode(publisherId);
    }
    return this.#publisherBytes;
  }

  #toEpoch(time: number): number {
    return this.#clock.epochMs() + (time - this.#clock.now());
  }

  #toClock(epochMs: number): number {
    return this.#clock.now() + (epochMs - this.#clock.epochMs());
  }
}

/** Whether the message whose record begins at `start` was stored as a retained one. */
export function wasRetained(bytes: Uint8Array, start: number): boolean {
  return ((bytes[start] as number) & WAS_RETAINED) !== 0;
}

/** A message that is retained is followed by the record that says so. */
export function retainedRecordOf(messageId: number): number {
  return messageId + 1;
}

/** Writes `bytes` with their length in two bytes before them. Returns where they end. */
function writeShort(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  buffer[at] = bytes.length >>> 8;
  buffer[at + 1] = bytes.length;
  return copyBytes(buffer, at + 2, bytes, 0, bytes.length);
}

/** A user name that would leave no room for its length is left out: then nobody knows it. */
function bytesOfSource({ userName = "", listener }: RetainedSource): Uint8Array {
  const user = utf8Encode(userName);
  const fits = user.length + listener.length * 3 + 2 < 0x1_0000;
  const { bytes, length } = new RecordWriter()
    .begin()
    .text(fits ? userName : "")
    .raw(utf8Encode(listener));
  return bytes.slice(0, length);
}

function sourceOf(bytes: Uint8Array, start: number, end: number): RetainedSource {
  const reader = new RecordReader(bytes, start, end);
  return restoredSource(reader.text(), reader.restText());
}
