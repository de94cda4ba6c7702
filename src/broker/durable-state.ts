/**
 * What the broker owes after a restart, as records in its store: sessions that outlive their connection, with their
 * subscriptions, wills, queued messages and messages in flight, and retained messages. Clean sessions never come here.
 *
 * Everything is written in the turn in which it happens, and whoever acknowledges it waits for the batch (`hasWritten`,
 * `batch`). A message lies in the store once, however many sessions hold it, and goes with the last of them. HOT: `hold`,
 * `deliver`, `finish`.
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
import { InFlight } from "#flow";
import type { Qos } from "#protocol";
import type { Store } from "#store";
import {
  RecordKind,
  RecordReader,
  RecordWriter,
  readId,
  readUint16,
  readUint32,
  writeId,
  writeUint32,
} from "./durable-records.ts";
import { HolderCounts } from "./holder-counts.ts";
import { Message, NEVER } from "./message.ts";
import { type RetainedSource, restoredSource } from "./retained-source.ts";
import type { DeliveryTerms } from "./route.ts";
import type { Session } from "./session.ts";
import type { Subscription } from "./subscription.ts";
import { Topic } from "./topic.ts";
import type { WillMessage } from "./will.ts";

const QOS = 0x03;
// Of messages.
const RETAIN = 0x04;
const HAS_EXPIRY = 0x08;
/** It was stored as the retained one of its topic; a `retained` record says whether it still is. */
const WAS_RETAINED = 0x10;
/** It says who retained it: user name and listener. */
const HAS_SOURCE = 0x20;
/** Of wills: it says where its client came in. */
export const HAS_LISTENER = 0x10;
// Of subscriptions, beside their QoS.
const NO_LOCAL = 0x04;
const SUBSCRIBED_AS_PUBLISHED = 0x08;
/** It is still to get retained messages that are older than its record. */
export const OWED_RETAINED = 0x10;
// Of deliveries.
const RETAIN_AS_PUBLISHED = 0x04;
const IS_RETAINED = 0x08;
const STATE_SHIFT = 4;

const ID_SIZE = 6;
const DELIVERY_SIZE = 19;

/** A delivery as it stands in the store. */
export interface StoredDelivery {
  readonly sessionId: number;
  readonly messageId: number;
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  readonly isRetained: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** 0 while it is queued. */
  readonly packetId: number;
  readonly state: InFlight | 0;
  readonly sizeBytes: number;
}

export class DurableState {
  readonly store: Store;
  readonly #clock: Clock;
  readonly #writer = new RecordWriter();
  /** How many hold a message, where it is more than one. */
  readonly #holders = new HolderCounts();
  #writes = 0;
  #mark = 0;
  /** What was read last, as it lies in the store's memory. */
  #topic = Topic.nameOnly(EMPTY_BYTES);
  #delivery: Uint8Array = new Uint8Array(DELIVERY_SIZE);
  readonly #message = new Message(this.#topic, EMPTY_BYTES, 0, 0, 0, false);
  #publisherId = "";
  #publisherBytes: Uint8Array = new Uint8Array(0);

  constructor(store: Store, clock: Clock) {
    this.store = store;
    this.#clock = clock;
  }

  /** A packet is about to be handled. */
  begin(): void {
    this.#mark = this.#writes;
  }

  /** Since `begin` something has been written that an acknowledgement has to wait for. */
  get hasWritten(): boolean {
    return this.#writes !== this.#mark;
  }

  // Sessions

  openSession(session: Session): void {
    const { length, bytes } = this.#session(session, 0);
    if (session.recordId === 0) session.recordId = this.#add(RecordKind.SESSION, bytes, length);
    else this.#replace(session.recordId, RecordKind.SESSION, bytes, length);
  }

  leaveSession(session: Session): void {
    const { length, bytes } = this.#session(session, this.#clock.epochMs());
    this.#replace(session.recordId, RecordKind.SESSION, bytes, length);
  }

  /** Its messages are not dropped here: each of them has an outcome of its own. */
  endSession(session: Session): void {
    this.drop(session.recordId);
    session.recordId = 0;
    for (const subscription of session.subscriptions.all()) this.unsubscribe(subscription);
    this.setWill(session, undefined);
    for (const recordId of session.receivedRecords?.values() ?? []) this.drop(recordId);
    session.receivedRecords = undefined;
  }

  /**
   * What it is owed of the retained messages goes with it: those that are older than its record, so one that begins to get
   * them has a new record.
   *
   * @param replaced the one with the same filter before; it may be the same
   */
  subscribe(session: Session, subscription: Subscription, replaced: Subscription | undefined): void {
    const { terms, noLocal, topicFilter } = subscription;
    const debt = session.retainedDebtOf(topicFilter);
    const isNewDebt = debt?.subscriptionId === 0;
    const writer = this.#writer
      .begin()
      .id(session.recordId)
      .uint8(
        terms.qos |
          (noLocal ? NO_LOCAL : 0) |
          (terms.retainAsPublished ? SUBSCRIBED_AS_PUBLISHED : 0) |
          (debt === undefined ? 0 : OWED_RETAINED),
      )
      .uint32(terms.subscriptionIdentifiers?.[0] ?? 0)
      .raw(utf8Encode(topicFilter));
    if (replaced !== undefined && replaced.recordId !== 0 && !isNewDebt) {
      subscription.recordId = replaced.recordId;
      this.#replace(subscription.recordId, RecordKind.SUBSCRIPTION, writer.bytes, writer.length);
      return;
    }
    if (replaced !== undefined) this.unsubscribe(replaced);
    subscription.recordId = this.#add(RecordKind.SUBSCRIPTION, writer.bytes, writer.length);
    if (debt !== undefined) debt.subscriptionId = subscription.recordId;
  }

  unsubscribe(subscription: Subscription): void {
    if (subscription.recordId === 0) return;
    this.drop(subscription.recordId);
    subscription.recordId = 0;
  }

  setWill(session: Session, will: WillMessage | undefined): void {
    if (will === undefined) {
      if (session.willRecordId !== 0) this.drop(session.willRecordId);
      session.willRecordId = 0;
      return;
    }
    const { message, client, delaySeconds, expirySeconds } = will;
    const { bytes, length } = this.#writer
      .begin()
      .id(session.recordId)
      .uint8(
        message.qos |
          (message.retain ? RETAIN : 0) |
          (expirySeconds === undefined ? 0 : HAS_EXPIRY) |
          HAS_LISTENER,
      )
      .uint8(client.protocolVersion)
      .uint32(delaySeconds)
      .uint32(expirySeconds ?? 0)
      .text(client.userName ?? "")
      .text(client.listener)
      .uint16(message.topic.bytes.length)
      .raw(message.topic.bytes)
      .uint32(message.properties.length)
      .raw(message.properties)
      .raw(message.bytes, message.payloadStart, message.payloadEnd);
    if (session.willRecordId === 0) session.willRecordId = this.#add(RecordKind.WILL, bytes, length);
    else this.#replace(session.willRecordId, RecordKind.WILL, bytes, length);
  }

  /** A QoS 2 identifier of the client is taken. */
  receive(session: Session, packetId: number): void {
    const { bytes, length } = this.#writer.begin().id(session.recordId).uint16(packetId);
    session.receivedRecords ??= new Map();
    session.receivedRecords.set(packetId, this.#add(RecordKind.RECEIVED, bytes, length));
  }

  /** It is free again. */
  release(session: Session, packetId: number): void {
    const recordId = session.receivedRecords?.get(packetId);
    if (recordId === undefined) return;
    session.receivedRecords?.delete(packetId);
    this.drop(recordId);
  }

  // Messages

  /** One more holds `message`; it is written if nobody did. */
  hold(message: Message): void {
    // A message that was read as a retained one may have been let go of since.
    if (message.recordId !== 0 && this.store.has(message.recordId)) this.holdStored(message.recordId);
    else message.recordId = this.#addMessage(message, false);
  }

  /** One more holds the message of this record. */
  holdStored(messageId: number): void {
    this.#holders.add(messageId);
  }

  /** One less holds it. */
  letGo(messageId: number): void {
    if (this.#holders.remove(messageId) === 0) this.drop(messageId);
  }

  /** `message` becomes the retained one of its topic. Nobody holds it yet. */
  retain(message: Message): void {
    message.recordId = this.#addMessage(message, true);
    const { bytes, length } = this.#writer.begin().id(message.recordId);
    this.#add(RecordKind.RETAINED, bytes, length);
  }

  /** The message of this record is no longer the retained one. */
  unretain(messageId: number): void {
    this.drop(retainedRecordOf(messageId));
    this.letGo(messageId);
  }

  /**
   * These retained messages were sent to the subscription of a record, in the place of what `recordId` noted before. Returns the
   * record's id.
   */
  noteSent(subscriptionId: number, messageIds: readonly number[], recordId: number | undefined): number {
    const writer = this.#writer.begin().id(subscriptionId);
    for (const messageId of messageIds) writer.id(messageId);
    if (recordId === undefined) return this.#add(RecordKind.SENT, writer.bytes, writer.length);
    this.#replace(recordId, RecordKind.SENT, writer.bytes, writer.length);
    return recordId;
  }

  // Deliveries

  /**
   * `message` is for `session`. Returns the record's id.
   *
   * @param packetId 0 while it is queued
   */
  deliver(session: Session, message: Message, terms: DeliveryTerms, qos: Qos, packetId: number): number {
    this.hold(message);
    this.#writes++;
    const { store } = this;
    const identifiers = terms.subscriptionIdentifiers;
    const id = store.reserve(RecordKind.DELIVERY, DELIVERY_SIZE + 4 * (identifiers?.length ?? 0));
    const { buffer } = store;
    const at = writeId(buffer, writeId(buffer, store.offset, session.recordId), message.recordId);
    const state = packetId === 0 ? 0 : qos === 1 ? InFlight.AWAITING_PUBACK : InFlight.AWAITING_PUBREC;
    writeDeliveryRest(buffer, at, terms, qos, packetId, state, message.sizeBytes);
    return id;
  }

  /** A queued delivery goes out under `packetId`. */
  send(
    id: number,
    session: Session,
    message: Message,
    terms: DeliveryTerms,
    qos: Qos,
    packetId: number,
  ): void {
    const state = qos === 1 ? InFlight.AWAITING_PUBACK : InFlight.AWAITING_PUBREC;
    this.#rewrite(id, session, message.recordId, terms, qos, packetId, state, message.sizeBytes);
  }

  /** PUBREC came: the message is the client's now, and only the identifier is still owed. */
  releaseOut(
    id: number,
    session: Session,
    message: Message | undefined,
    terms: DeliveryTerms,
    packetId: number,
  ): void {
    this.#rewrite(id, session, 0, terms, 2, packetId, InFlight.AWAITING_PUBCOMP, 0);
    if (message !== undefined) this.letGo(message.recordId);
  }

  /** The delivery is over, one way or another. `messageId` is 0 when its message was let go of before. */
  finish(id: number, messageId: number): void {
    this.drop(id);
    if (messageId !== 0) this.letGo(messageId);
  }

  /** The delivery of a record. HOT. */
  readDelivery(id: number): MaybePromise<StoredDelivery> {
    const { store } = this;
    if (store.find(id)) return deliveryOf(store.foundBytes, store.foundStart, store.foundEnd);
    const bytes = this.store.read(id);
    return bytes instanceof Uint8Array ? deliveryOf(bytes, 0, bytes.length) : bytes.then(deliveryOfAll);
  }

  /** The message of a record. HOT. */
  readMessage(id: number): MaybePromise<Message> {
    const { store } = this;
    if (store.find(id)) return this.messageOf(id, store.foundBytes, store.foundStart, store.foundEnd);
    const bytes = this.store.read(id);
    if (bytes instanceof Uint8Array) return this.messageOf(id, bytes, 0, bytes.length);
    return bytes.then((read) => this.messageOf(id, read, 0, read.length));
  }

  /** Whether the message whose record begins at `start` was stored as a retained one. */
  wasRetained(bytes: Uint8Array, start: number): boolean {
    return ((bytes[start] as number) & WAS_RETAINED) !== 0;
  }

  /** The message whose record `id` is `bytes[start, end)`, in a form that outlives the turn; to wait for long, it has to settle. */
  messageOf(id: number, bytes: Uint8Array, start: number, end: number): Message {
    const flags = bytes[start] as number;
    const hasExpiry = (flags & HAS_EXPIRY) !== 0;
    const topicStart = start + (hasExpiry ? 11 : 3);
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

  drop(id: number): void {
    this.#writes++;
    this.store.drop(id);
  }

  #session(session: Session, disconnectedAt: number): RecordWriter {
    return this.#writer
      .begin()
      .uint32(session.expiryInterval)
      .float64(disconnectedAt)
      .raw(utf8Encode(session.clientId));
  }

  #addMessage(message: Message, isRetained: boolean): number {
    this.#writes++;
    const { store } = this;
    const { topic, properties, payloadStart, payloadEnd, expiresAt } = message;
    const publisher = this.#publisher(message.publisherId);
    const source = message.source === undefined ? undefined : bytesOfSource(message.source);
    const hasExpiry = expiresAt !== NEVER;
    const size =
      9 +
      (hasExpiry ? 8 : 0) +
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
      (isRetained ? WAS_RETAINED : 0) |
      (source === undefined ? 0 : HAS_SOURCE);
    if (hasExpiry) {
      new DataView(buffer.buffer, buffer.byteOffset).setFloat64(at, this.#toEpoch(expiresAt));
      at += 8;
    }
    buffer[at++] = topic.bytes.length >>> 8;
    buffer[at++] = topic.bytes.length;
    at = copyBytes(buffer, at, topic.bytes, 0, topic.bytes.length);
    at = writeUint32(buffer, at, properties.length);
    at = copyBytes(buffer, at, properties, 0, properties.length);
    buffer[at++] = publisher.length >>> 8;
    buffer[at++] = publisher.length;
    at = copyBytes(buffer, at, publisher, 0, publisher.length);
    if (source !== undefined) {
      buffer[at++] = source.length >>> 8;
      buffer[at++] = source.length;
      at = copyBytes(buffer, at, source, 0, source.length);
    }
    copyBytes(buffer, at, message.bytes, payloadStart, payloadEnd);
    return id;
  }

  /** Most messages of a queue have the topic of the one before. */
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

  /** Most messages come from the same client as the one before. */
  #publisher(publisherId: string): Uint8Array {
    if (publisherId !== this.#publisherId) {
      this.#publisherId = publisherId;
      this.#publisherBytes = utf8Encode(publisherId);
    }
    return this.#publisherBytes;
  }

  #rewrite(
    id: number,
    session: Session,
    messageId: number,
    terms: DeliveryTerms,
    qos: Qos,
    packetId: number,
    state: InFlight,
    sizeBytes: number,
  ): void {
    const identifiers = terms.subscriptionIdentifiers;
    const size = DELIVERY_SIZE + 4 * (identifiers?.length ?? 0);
    if (size > this.#delivery.length) this.#delivery = new Uint8Array(2 * size);
    const bytes = this.#delivery;
    writeId(bytes, writeId(bytes, 0, session.recordId), messageId);
    writeDeliveryRest(bytes, 2 * ID_SIZE, terms, qos, packetId, state, sizeBytes);
    this.#replace(id, RecordKind.DELIVERY, bytes, size);
  }

  #add(kind: RecordKind, bytes: Uint8Array, length: number): number {
    this.#writes++;
    return this.store.add(kind, bytes, 0, length);
  }

  #replace(id: number, kind: RecordKind, bytes: Uint8Array, length: number): void {
    this.#writes++;
    this.store.replace(id, kind, bytes, 0, length);
  }

  #toEpoch(time: number): number {
    return this.#clock.epochMs() + (time - this.#clock.now());
  }

  #toClock(epochMs: number): number {
    return this.#clock.now() + (epochMs - this.#clock.epochMs());
  }
}

/** Writes what follows the ids in the record of a delivery. HOT. */
function writeDeliveryRest(
  bytes: Uint8Array,
  start: number,
  terms: DeliveryTerms,
  qos: Qos,
  packetId: number,
  state: InFlight | 0,
  sizeBytes: number,
): void {
  bytes[start] =
    qos |
    (terms.retainAsPublished ? RETAIN_AS_PUBLISHED : 0) |
    (terms.isRetained ? IS_RETAINED : 0) |
    (state << STATE_SHIFT);
  bytes[start + 1] = packetId >>> 8;
  bytes[start + 2] = packetId;
  let at = writeUint32(bytes, start + 3, sizeBytes);
  const identifiers = terms.subscriptionIdentifiers;
  if (identifiers === undefined) return;
  for (let i = 0; i < identifiers.length; i++) at = writeUint32(bytes, at, identifiers[i] as number);
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

/** A message that is retained is followed by the record that says so. */
export function retainedRecordOf(messageId: number): number {
  return messageId + 1;
}

/** The messages that a `sent` record notes, which is `bytes[start, end)`. */
export function sentOf(bytes: Uint8Array, start: number, end: number): number[] {
  const messageIds: number[] = [];
  for (let at = start + ID_SIZE; at + ID_SIZE <= end; at += ID_SIZE) messageIds.push(readId(bytes, at));
  return messageIds;
}

/** The delivery whose record is `bytes[start, end)`. */
export function deliveryOf(bytes: Uint8Array, start: number, end: number): StoredDelivery {
  const flags = bytes[start + 12] as number;
  let identifiers: number[] | undefined;
  for (let at = start + DELIVERY_SIZE; at < end; at += 4) {
    identifiers ??= [];
    identifiers.push(readUint32(bytes, at));
  }
  return {
    sessionId: readId(bytes, start),
    messageId: readId(bytes, start + 6),
    qos: (flags & QOS) as Qos,
    retainAsPublished: (flags & RETAIN_AS_PUBLISHED) !== 0,
    isRetained: (flags & IS_RETAINED) !== 0,
    subscriptionIdentifiers: identifiers,
    packetId: readUint16(bytes, start + 13),
    state: (flags >> STATE_SHIFT) as InFlight | 0,
    sizeBytes: readUint32(bytes, start + 15),
  };
}

function deliveryOfAll(bytes: Uint8Array): StoredDelivery {
  return deliveryOf(bytes, 0, bytes.length);
}
