/**
 * One retained message as bytes in an arena, at some 200 beside topic and payload; a `Message` is made of them when it is
 * read.
 *
 *     [ expiry: 8, if it has one | topic length: 2 | properties length: 4 | topic | properties | payload ]
 */

import { ArenaEntry, type ByteArena, copyBytes, utf8Decode } from "#base";
import type { Qos } from "#protocol";
import { readUint16, readUint32 } from "./durable-records.ts";
import { Message, NEVER } from "./message.ts";
import type { RetainedSource } from "./retained-source.ts";
import { Topic } from "./topic.ts";

const QOS = 0x03;
const IS_SYSTEM = 0x04;
const HAS_EXPIRY = 0x08;
const LENGTHS_SIZE = 6;
const EXPIRY_SIZE = 8;

export class RetainedEntry extends ArenaEntry {
  #flags = 0;
  #publisherId = "";
  #source: RetainedSource | undefined = undefined;
  /** When it was stored, counted in stores; 0 once it is gone. */
  storedAt = 0;
  /** @internal of its message in the store; 0 if it is not there */
  recordId = 0;

  /** Takes the bytes of `message`; what it held before was dropped. */
  write(arena: ByteArena, message: Message, storedAt: number): void {
    const { topic, properties, expiresAt } = message;
    const hasExpiry = expiresAt !== NEVER;
    arena.add(this, (hasExpiry ? EXPIRY_SIZE : 0) + LENGTHS_SIZE + message.sizeBytes);
    this.#publisherId = message.publisherId;
    this.#source = message.source;
    this.#flags = message.qos | (topic.isSystem ? IS_SYSTEM : 0) | (hasExpiry ? HAS_EXPIRY : 0);
    this.storedAt = storedAt;

    const { bytes } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (hasExpiry) view.setFloat64(this.start, expiresAt);
    let at = this.#lengthsStart;
    view.setUint16(at, topic.bytes.length);
    view.setUint32(at + 2, properties.length);
    at = copyBytes(bytes, at + LENGTHS_SIZE, topic.bytes, 0, topic.bytes.length);
    at = copyBytes(bytes, at, properties, 0, properties.length);
    copyBytes(bytes, at, message.bytes, message.payloadStart, message.payloadEnd);
  }

  /** The message stays valid whatever becomes of this entry. */
  read(): Message {
    const { bytes } = this;
    const topicEnd = this.#topicEnd;
    const payloadStart = topicEnd + readUint32(bytes, this.#lengthsStart + 2);
    const topic = Topic.nameOnly(bytes.slice(this.#topicStart, topicEnd));
    const message = Message.inSlab(topic, bytes, payloadStart, this.end, (this.#flags & QOS) as Qos, true);
    if (payloadStart > topicEnd) message.properties = bytes.slice(topicEnd, payloadStart);
    message.expiresAt = this.expiresAt;
    message.publisherId = this.#publisherId;
    message.source = this.#source;
    message.recordId = this.recordId;
    return message;
  }

  /** Gives its bytes back. */
  drop(arena: ByteArena): void {
    arena.drop(this);
    this.storedAt = 0;
  }

  /** It has a message. */
  get isHeld(): boolean {
    return this.storedAt > 0;
  }

  get topicName(): string {
    return utf8Decode(this.bytes, this.#topicStart, this.#topicEnd);
  }

  get expires(): boolean {
    return (this.#flags & HAS_EXPIRY) !== 0;
  }

  get expiresAt(): number {
    if (!this.expires) return NEVER;
    return new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length).getFloat64(this.start);
  }

  get isSystem(): boolean {
    return (this.#flags & IS_SYSTEM) !== 0;
  }

  /** Payload, property and topic bytes. */
  get sizeBytes(): number {
    return this.end - this.#topicStart;
  }

  get #lengthsStart(): number {
    return this.start + (this.expires ? EXPIRY_SIZE : 0);
  }

  get #topicStart(): number {
    return this.#lengthsStart + LENGTHS_SIZE;
  }

  get #topicEnd(): number {
    const at = this.#lengthsStart;
    return at + LENGTHS_SIZE + readUint16(this.bytes, at);
  }
}
