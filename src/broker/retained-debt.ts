/**
 * What a new subscription of a session that is kept is owed after a restart: the rest of the retained messages it matched
 * (ADR 0006). Its record says so from its SUBACK on until its cursor is done; a restart then begins the cursor anew.
 *
 * So that QoS 2 comes once all the same, the messages that have been sent at QoS 2 are noted, in records of many numbers each
 * that go with the debt. What was sent at QoS 1 is not noted: it may come again.
 */

import type { Qos } from "#protocol";
import type { DurableState } from "./durable-state.ts";
import type { Message } from "./message.ts";
import type { Session } from "./session.ts";

/** So many messages in one record, which is written again for each of them. */
const MOST_NUMBERS = 32;

/** Numbers of the records that note what was sent, and what they note; found by a restart. */
export interface RetainedSent {
  readonly recordIds: readonly number[];
  readonly messageIds: ReadonlySet<number>;
}

export class RetainedDebt {
  readonly #durable: DurableState;
  readonly #session: Session;
  readonly #topicFilter: string;
  /** Of the subscription's record, which is younger than every message that is owed; 0 before it is written. */
  subscriptionId: number;
  readonly #recordIds: number[];
  /** What the last of these records notes. */
  #noted: number[] = [];

  constructor(
    durable: DurableState,
    session: Session,
    topicFilter: string,
    restored?: { readonly subscriptionId: number; readonly sent: RetainedSent | undefined },
  ) {
    this.#durable = durable;
    this.#session = session;
    this.#topicFilter = topicFilter;
    this.subscriptionId = restored?.subscriptionId ?? 0;
    this.#recordIds = [...(restored?.sent?.recordIds ?? [])];
  }

  /** `message` goes out, in this turn. */
  onSent(message: Message, qos: Qos): void {
    if (qos < 2 || this.subscriptionId === 0) return;
    const isAnew = this.#noted.length === 0 || this.#noted.length >= MOST_NUMBERS;
    if (isAnew) this.#noted = [];
    this.#noted.push(message.recordId);
    const last = isAnew ? undefined : this.#recordIds.pop();
    this.#recordIds.push(this.#durable.noteSent(this.subscriptionId, this.#noted, last));
  }

  /** All of them have been sent. */
  settle(): void {
    this.cancel();
    const subscription = this.#session.subscriptions.get(this.#topicFilter);
    if (subscription !== undefined && subscription.recordId !== 0)
      this.#durable.subscribe(this.#session, subscription, subscription);
  }

  /** The rest is not owed any more: the subscription has gone, or another takes its place. */
  cancel(): void {
    for (const recordId of this.#recordIds.splice(0)) this.#durable.drop(recordId);
  }
}
