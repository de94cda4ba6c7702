/**
 * What must be true of retained messages on their way to new subscriptions: one that a SUBACK promised arrives, whatever
 * breaks meanwhile, unless something else takes its place; and at QoS 2 it comes once for each SUBSCRIBE.
 */

import { type Qos, topicMatches } from "#protocol";
import type { Publication } from "./publication.ts";
import type { Trace } from "./trace.ts";

/** `publication` is owed to the session of that instance, since it asked for `filter`. */
interface Due {
  readonly clientId: string;
  readonly instance: number;
  readonly filter: string;
  readonly publication: Publication;
}

/** What the debts have to know of the simulation. */
export interface RetainedDebtSource {
  /** The session that is certainly there; undefined if there is none, or nobody knows. */
  instanceOf(clientId: string): number | undefined;
  /** What the topics certainly retain. */
  certain(): Iterable<Publication>;
}

export class RetainedDebts {
  readonly #source: RetainedDebtSource;
  readonly #trace: Trace;
  #dues: Due[] = [];
  /** Filters of every SUBSCRIBE, by client. */
  readonly #asked = new Map<string, string[]>();
  /** The tick of the latest SUBSCRIBE, by client and filter, until an UNSUBSCRIBE. */
  readonly #latest = new Map<string, number>();
  /** By client: how often a message counted at QoS 2. */
  readonly #once = new Map<string, Map<number, number>>();
  /** By client: the tick at which each message came last. */
  readonly #arrived = new Map<string, Map<number, number>>();

  constructor(source: RetainedDebtSource, trace: Trace) {
    this.#source = source;
    this.#trace = trace;
  }

  /** A SUBSCRIBE is sent, at this tick: what the one before was owed is owed to this one, if at all. */
  onSubscribe(clientId: string, filter: string, tick: number): void {
    this.#forgive(clientId, filter);
    this.#latest.set(`${clientId} ${filter}`, tick);
    const asked = this.#asked.get(clientId);
    if (asked === undefined) this.#asked.set(clientId, [filter]);
    else asked.push(filter);
  }

  onUnsubscribe(clientId: string, filter: string): void {
    this.#forgive(clientId, filter);
    this.#latest.delete(`${clientId} ${filter}`);
  }

  /** @param asked the tick of the SUBSCRIBE */
  onSuback(clientId: string, filter: string, qos: Qos, asked: number): void {
    const instance = this.#source.instanceOf(clientId);
    if (instance === undefined || qos === 0 || filter.startsWith("$share/")) return;
    if (this.#latest.get(`${clientId} ${filter}`) !== asked) return;
    for (const publication of this.#source.certain()) {
      const { topicName, acknowledged, number } = publication;
      const isOwed = publication.qos > 0 && acknowledged > 0 && acknowledged < asked;
      if (!isOwed || !topicMatches(filter, topicName)) continue;
      if ((this.#arrived.get(clientId)?.get(number) ?? 0) > asked) continue;
      this.#dues.push({ clientId, instance, filter, publication });
    }
  }

  /** Something else may be retained on this topic from now on. */
  onPossible(topicName: string): void {
    this.#dues = this.#dues.filter(({ publication }) => publication.topicName !== topicName);
  }

  /** `publication` came, as a retained message or a live one. */
  onReceived(clientId: string, { number }: Publication, tick: number): void {
    const arrived = this.#arrived.get(clientId) ?? new Map<number, number>();
    this.#arrived.set(clientId, arrived.set(number, tick));
    this.#dues = this.#dues.filter((due) => due.clientId !== clientId || due.publication.number !== number);
  }

  /** It came as a retained one at QoS 2, and counts. */
  onCounted(clientId: string, { number, topicName }: Publication): void {
    const counts = this.#once.get(clientId) ?? new Map<number, number>();
    this.#once.set(clientId, counts);
    const count = (counts.get(number) ?? 0) + 1;
    counts.set(number, count);
    const asked = (this.#asked.get(clientId) ?? []).filter((filter) => topicMatches(filter, topicName));
    if (count > asked.length)
      this.#trace.fail(
        `${clientId}: retained message ${number} came ${count} times at QoS 2, for ${asked.length} SUBSCRIBEs`,
      );
  }

  /** Everything has come to rest. */
  checkEnd(): void {
    for (const { clientId, instance, filter, publication } of this.#dues) {
      if (this.#source.instanceOf(clientId) !== instance) continue;
      this.#trace.fail(
        `${clientId}: retained message ${publication.number} did not come for the subscription to ${filter}`,
      );
    }
  }

  #forgive(clientId: string, filter: string): void {
    this.#dues = this.#dues.filter((due) => due.clientId !== clientId || due.filter !== filter);
  }
}
