/**
 * What a shadow knows beyond single connections: whose sessions began under its eyes, which topics had a message retained, who is in
 * which group, and what has been said once and need not be again. Each memory has its limit; a full one says so once.
 */

import { isSharedFilter, parseTopicFilter, topicMatches } from "#protocol";
import { DeliveryComparison, type DeliverySink } from "./delivery-comparison.ts";

export interface MemoriesOptions {
  readonly maximum: number;
  readonly windowMs: number;
  readonly onFull: (what: string) => void;
  /** Who hears of the differences in a group. */
  readonly sinkOf: (group: string) => DeliverySink;
}

interface Membership {
  /** `$share/name/filter`. */
  readonly topicFilter: string;
  readonly filter: string;
}

interface Session {
  /** The connection in which it began, or was last begun anew. */
  readonly connection: number;
  readonly memberships: Membership[];
}

export class Memories {
  readonly #options: MemoriesOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #retained = new Set<string>();
  readonly #groups = new Map<string, DeliveryComparison>();
  readonly #said = new Set<string>();
  readonly #full = new Set<string>();

  constructor(options: MemoriesOptions) {
    this.#options = options;
  }

  /** The groups' comparisons, by their filter. */
  get groups(): ReadonlyMap<string, DeliveryComparison> {
    return this.#groups;
  }

  /** The client's session began through the shadow, in this connection. */
  learnSession(clientId: string, connection: number): void {
    if (!this.#isFull("client ids", this.#sessions, clientId))
      this.#sessions.set(clientId, { connection, memberships: [] });
  }

  /** The session that began in this connection ended with it. */
  forgetSession(clientId: string, connection: number): void {
    if (this.#sessions.get(clientId)?.connection === connection) this.#sessions.delete(clientId);
  }

  knowsSession(clientId: string): boolean {
    return this.#sessions.has(clientId);
  }

  learnRetained(topicName: string): void {
    if (!this.#isFull("topics with retained messages", this.#retained, topicName))
      this.#retained.add(topicName);
  }

  knowsRetained(topicName: string): boolean {
    return this.#retained.has(topicName);
  }

  /** Remembers those of a client's filters that are shared. */
  learnShared(clientId: string, topicFilters: readonly string[]): void {
    const memberships = this.#sessions.get(clientId)?.memberships;
    if (memberships === undefined) return;
    for (const topicFilter of topicFilters) {
      const filter = isSharedFilter(topicFilter) ? parseTopicFilter(topicFilter)?.filter : undefined;
      if (filter === undefined || memberships.some((each) => each.topicFilter === topicFilter)) continue;
      if (this.#isFull("groups", this.#groups, topicFilter)) continue;
      if (!this.#groups.has(topicFilter)) {
        const { windowMs, sinkOf } = this.#options;
        const comparison = new DeliveryComparison({ windowMs, sink: sinkOf(topicFilter), isOrdered: false });
        this.#groups.set(topicFilter, comparison);
      }
      memberships.push({ topicFilter, filter });
    }
  }

  /** That of the first group through which the client may get a message of this topic. */
  groupOf(clientId: string, topicName: string): DeliveryComparison | undefined {
    const found = this.#sessions
      .get(clientId)
      ?.memberships.find(({ filter }) => topicMatches(filter, topicName));
    return found === undefined ? undefined : this.#groups.get(found.topicFilter);
  }

  /** Whether this is said for the first time. */
  isNew(what: string): boolean {
    if (this.#said.has(what) || this.#said.size >= this.#options.maximum) return false;
    this.#said.add(what);
    return true;
  }

  #isFull(what: string, memory: { readonly size: number; has(key: string): boolean }, key: string): boolean {
    if (memory.has(key) || memory.size < this.#options.maximum) return false;
    if (!this.#full.has(what)) {
      this.#full.add(what);
      this.#options.onFull(what);
    }
    return true;
  }
}
