/**
 * What the broker owes after a restart, as records in its store: sessions that outlive their connection, with their
 * subscriptions, wills, queued messages and messages in flight, and retained messages. Clean sessions never come here.
 *
 * Everything is written in the turn in which it happens, and whoever acknowledges it waits for the batch (`hasWritten`,
 * `batch`). A message lies in the store once, however many sessions hold it, and goes with the last of them. HOT: `hold`,
 * `deliver`, `finish`.
 */

import type { Clock } from "#base";
import { InFlight } from "#flow";
import type { Qos } from "#protocol";
import type { Store } from "#store";
import { deliverySize, LEAST_DELIVERY_SIZE, sentState, writeDelivery } from "./delivery-record.ts";
import { RecordKind, RecordWriter } from "./durable-records.ts";
import { HolderCounts } from "./holder-counts.ts";
import type { Message } from "./message.ts";
import { MessageRecords, retainedRecordOf, WAS_RETAINED } from "./message-records.ts";
import type { DeliveryTerms } from "./route.ts";
import type { Session } from "./session.ts";
import { writeSession, writeSubscription, writeWill } from "./session-records.ts";
import type { Subscription } from "./subscription.ts";
import type { WillMessage } from "./will.ts";

export class DurableState {
  readonly store: Store;
  /** What was written of messages, to be read. */
  readonly messages: MessageRecords;
  readonly #clock: Clock;
  readonly #writer = new RecordWriter();
  /** How many hold a message, where it is more than one. */
  readonly #holders = new HolderCounts();
  #writes = 0;
  #mark = 0;
  #delivery: Uint8Array = new Uint8Array(LEAST_DELIVERY_SIZE);

  constructor(store: Store, clock: Clock) {
    this.store = store;
    this.messages = new MessageRecords(store, clock);
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
    const { bytes, length } = this.#session(session, 0);
    if (session.recordId === 0) session.recordId = this.#add(RecordKind.SESSION, bytes, length);
    else this.#replace(session.recordId, RecordKind.SESSION, bytes, length);
  }

  leaveSession(session: Session): void {
    const { bytes, length } = this.#session(session, this.#clock.epochMs());
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
    const debt = session.retainedDebtOf(subscription.topicFilter);
    const isNewDebt = debt?.subscriptionId === 0;
    const isOwedRetained = debt !== undefined;
    const { bytes, length } = writeSubscription(this.#writer.begin(), session.recordId, subscription, {
      isOwedRetained,
    });
    if (replaced !== undefined && replaced.recordId !== 0 && !isNewDebt) {
      subscription.recordId = replaced.recordId;
      this.#replace(subscription.recordId, RecordKind.SUBSCRIPTION, bytes, length);
      return;
    }
    if (replaced !== undefined) this.unsubscribe(replaced);
    subscription.recordId = this.#add(RecordKind.SUBSCRIPTION, bytes, length);
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
    const { bytes, length } = writeWill(this.#writer.begin(), session.recordId, will);
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
    else this.#write(message, 0);
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
    this.#write(message, WAS_RETAINED);
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
    const id = store.reserve(RecordKind.DELIVERY, deliverySize(terms));
    const state = packetId === 0 ? 0 : sentState(qos);
    const { buffer, offset } = store;
    const { recordId, sizeBytes } = message;
    writeDelivery(buffer, offset, session.recordId, recordId, terms, qos, packetId, state, sizeBytes);
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
    const { recordId, sizeBytes } = message;
    this.#rewrite(id, session, recordId, terms, qos, packetId, sentState(qos), sizeBytes);
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

  drop(id: number): void {
    this.#writes++;
    this.store.drop(id);
  }

  #session({ clientId, expiryInterval }: Session, disconnectedAt: number): RecordWriter {
    return writeSession(this.#writer.begin(), { clientId, expiryInterval, disconnectedAt });
  }

  #write(message: Message, retained: 0 | typeof WAS_RETAINED): void {
    this.#writes++;
    message.recordId = this.messages.add(message, retained);
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
    const size = deliverySize(terms);
    if (size > this.#delivery.length) this.#delivery = new Uint8Array(2 * size);
    const bytes = this.#delivery;
    writeDelivery(bytes, 0, session.recordId, messageId, terms, qos, packetId, state, sizeBytes);
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
}
