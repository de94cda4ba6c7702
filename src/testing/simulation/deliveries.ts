/**
 * What must be true of messages on their way: everything that was acknowledged arrives or has an outcome, QoS 2 arrives once,
 * and messages of one publisher to one topic come in their order.
 */

import { FIRST_REFUSAL, type PublishPacket, ReasonCode } from "#protocol";
import type { Link } from "./link.ts";
import type { Publication, Publications } from "./publication.ts";
import type { SessionTruths } from "./session-truths.ts";
import type { Trace } from "./trace.ts";

/** The one receiver that all members of the shared subscription are. */
const GROUP = "group";
/** The topic of the shared subscription, which nothing else selects. */
const SHARED_TOPIC = "s";

/** `publication` is owed to `receiver`, as long as its sessions are those. */
interface Due {
  readonly publication: Publication;
  readonly receiver: string;
  readonly instances: ReadonlyMap<string, number>;
  isVoid: boolean;
}

/** What the deliveries have to know of the simulation. */
export interface DeliverySource {
  readonly clientIds: readonly string[];
  readonly publications: Publications;
  readonly sessions: SessionTruths;
  now(): number;
  /** The broker or its disk has failed at some time. */
  isRough(): boolean;
  hadTrouble(): boolean;
  readFailures(): number;
  /** How often a will may have been published. */
  mostWills(): number;
  onWillReceived(publication: Publication): void;
  /** It came, in whatever way. */
  onAnyReceived(clientId: string, publication: Publication): void;
  /** It came as a retained one at QoS 2, and is no repetition. */
  onRetainedCounted(clientId: string, publication: Publication): void;
}

export class Deliveries {
  readonly #source: DeliverySource;
  readonly #trace: Trace;
  #due: Due[] = [];
  /** What each receiver got at least once, and what its broker was told so. */
  readonly #arrived = new Map<string, Set<number>>();
  readonly #completed = new Map<string, Set<number>>();
  /** Messages that came at QoS 2 and counted. */
  readonly #once = new Map<string, Set<number>>();
  readonly #lastOfTopic = new Map<string, number>();
  /** By receiver, publisher and topic. */
  readonly #outcomes = new Map<string, number>();
  received = 0;
  outcomes = 0;

  constructor(source: DeliverySource, trace: Trace) {
    this.#source = source;
    this.#trace = trace;
  }

  /** The publisher may forget it: whoever was certainly subscribed before `tick` gets it. */
  owe(publication: Publication, tick: number): void {
    const { clientIds, sessions } = this.#source;
    if (publication.clears) return;
    const { topicName, qos } = publication;
    const members = new Map<string, number>();
    for (const clientId of clientIds) {
      const instance = sessions.instanceOf(clientId);
      if (instance === undefined || Math.min(qos, sessions.grantedQos(clientId, topicName, tick)) < 1)
        continue;
      if (topicName === SHARED_TOPIC) members.set(clientId, instance);
      else
        this.#due.push({
          publication,
          receiver: clientId,
          instances: new Map([[clientId, instance]]),
          isVoid: false,
        });
    }
    // Who may be a member and was not certainly granted QoS 1 may get it at QoS 0.
    const isSure = clientIds.every(
      (clientId) => members.has(clientId) || !sessions.mayWant(clientId, SHARED_TOPIC),
    );
    if (members.size > 0 && isSure)
      this.#due.push({ publication, receiver: GROUP, instances: members, isVoid: false });
  }

  /** It will not be delivered: the broker has forgotten it legally. */
  forgive(publication: Publication): void {
    for (const due of this.#due) if (due.publication === publication) due.isVoid = true;
  }

  /** The broker refused it: only what cannot be stored may be. */
  onRefused(publication: Publication, reasonCode: number): void {
    if (
      reasonCode >= FIRST_REFUSAL &&
      !(reasonCode === ReasonCode.QUOTA_EXCEEDED && this.#source.hadTrouble())
    )
      this.#trace.fail(`message ${publication.number} was refused with ${reasonCode}`);
  }

  onReceived(
    clientId: string,
    link: Link,
    packet: PublishPacket,
    publication: Publication | undefined,
    { isRepeated }: { readonly isRepeated: boolean },
  ): void {
    const { topicName, payload, retain, qos } = packet;
    if (!this.#source.sessions.mayWant(clientId, topicName))
      this.#trace.fail(`${clientId}: nobody subscribed to ${topicName}`);
    if (publication === undefined) {
      if (payload.length > 0) this.#trace.fail(`${clientId}: nobody published what came on ${topicName}`);
      return;
    }
    const { number } = publication;
    if (publication.topicName !== topicName || publication.payload.length !== payload.length)
      this.#trace.fail(`${clientId}: message ${number} is not what was published`);
    if (publication.isWill) this.#source.onWillReceived(publication);
    this.#source.onAnyReceived(clientId, publication);
    if (retain) {
      if (!publication.retain) this.#trace.fail(`${clientId}: message ${number} comes as a retained one`);
      if (qos === 2 && !isRepeated) this.#source.onRetainedCounted(clientId, publication);
      return;
    }
    if (qos > publication.qos) this.#trace.fail(`${clientId}: message ${number} came at a higher QoS`);
    this.#countOnLink(clientId, link, publication, isRepeated);
    if (isRepeated) return;
    this.received++;
    const receiver = topicName === SHARED_TOPIC ? GROUP : clientId;
    if (qos === 2 && !add(this.#once, receiver, number))
      this.#trace.fail(`${receiver}: message ${number} came twice at QoS 2`);
    if (add(this.#arrived, receiver, number)) this.#checkOrder(receiver, publication, qos);
  }

  /** The client has acknowledged it, and the broker has read that. */
  onCompleted(clientId: string, number: number | undefined): void {
    if (number === undefined) return;
    const publication = this.#source.publications.all[number];
    add(this.#completed, publication?.topicName === SHARED_TOPIC ? GROUP : clientId, number);
  }

  onOutcome(clientId: string, publisherId: string, topicName: string): void {
    this.outcomes++;
    if (clientId === "") return;
    const key = `${topicName === SHARED_TOPIC ? GROUP : clientId} ${publisherId} ${topicName}`;
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
  }

  /** Everything has come to rest: what was owed is there, or has an outcome. */
  checkEnd(): void {
    const missing = new Map<string, number[]>();
    const { sessions } = this.#source;
    const isRough = this.#source.isRough();
    for (const { publication, receiver, instances, isVoid } of this.#due) {
      if (isVoid || this.#arrived.get(receiver)?.has(publication.number) === true) continue;
      // A session that ended in a life that crashed afterwards may have lost its messages without a word.
      const isThere = [...instances].every(
        ([clientId, instance]) => sessions.instanceOf(clientId) === instance,
      );
      if (isRough && !isThere) continue;
      const key = `${receiver} ${publication.publisherId} ${publication.topicName}`;
      missing.set(key, [...(missing.get(key) ?? []), publication.number]);
    }
    for (const [key, numbers] of missing) {
      const outcomes = this.#outcomes.get(key) ?? 0;
      // What falls out of a queue and cannot be read is told of in the log only.
      if (numbers.length > outcomes + this.#source.readFailures())
        this.#trace.fail(`${key}: ${numbers.join()} did not arrive, and ${outcomes} outcomes say why`);
    }
    if (!isRough) this.#checkOutcomes();
  }

  /** Without a crash no message is delivered and has an outcome, too. */
  #checkOutcomes(): void {
    for (const [key, count] of this.#outcomes) {
      const [receiver = "", publisherId, topicName] = key.split(" ");
      let most = 0;
      for (const publication of this.#source.publications.all) {
        if (publication.publisherId !== publisherId || publication.topicName !== topicName) continue;
        const isCompleted = this.#completed.get(receiver)?.has(publication.number) === true;
        const times = publication.isWill ? 1 : publication.sends;
        // QoS 1 that was sent twice was perhaps published twice.
        most += isCompleted
          ? publication.qos === 1
            ? times - 1
            : 0
          : publication.qos === 1
            ? times
            : Math.min(1, times);
        // Retained messages have an outcome for each subscription that asked for them.
        if (publication.retain) most += 100;
      }
      if (count > most) this.#trace.fail(`${key}: ${count} outcomes, and no more than ${most} messages`);
    }
  }

  /** A connection does not get a message more often than it was published. */
  #countOnLink(clientId: string, link: Link, publication: Publication, isRepeated: boolean): void {
    const { number, sends, isWill, topicName } = publication;
    const times = (link.received.get(number) ?? 0) + 1;
    link.received.set(number, times);
    const most = isWill ? this.#source.mostWills() : sends;
    if (times > most && topicName !== SHARED_TOPIC)
      this.#trace.fail(
        `${clientId}: message ${number} came ${times} times on one connection${isRepeated ? ", repeated" : ""}`,
      );
  }

  #checkOrder(
    receiver: string,
    { number, publisherId, topicName, isWill, qos, sends }: Publication,
    arrivedAt: number,
  ): void {
    if (isWill || receiver === GROUP) return;
    // QoS 1 that was sent again was perhaps published a second time, behind others.
    if (qos === 1 && sends > 1) return;
    const key = `${receiver} ${publisherId} ${topicName}`;
    // What fell out of a queue comes back if a crash forgets that, and what is not QoS 2 does not wait for it to be safe.
    if (arrivedAt < 2 && this.#source.isRough() && this.#outcomes.has(key)) return;
    const last = this.#lastOfTopic.get(key) ?? -1;
    if (number < last) this.#trace.fail(`${receiver}: message ${number} came after ${last}`);
    this.#lastOfTopic.set(key, Math.max(last, number));
  }
}

/** Adds `number` to the set of `key`. Returns whether it was new. */
function add(sets: Map<string, Set<number>>, key: string, number: number): boolean {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  if (set.has(number)) return false;
  set.add(number);
  return true;
}
