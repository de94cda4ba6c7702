/** What one session asked for with one topic filter. Replaced as a whole when it asks again [MQTT-3.8.4-3]. */

import type { Qos } from "#protocol";
import { type DeliveryTerms, deliveryTerms, type Target } from "./route.ts";
import type { Session } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";

/** There may be millions of these: what most have in common stands in terms that they share. */
export class Subscription implements Target {
  readonly session: Session;
  /** As the client wrote it, `$share/name/` included. */
  readonly topicFilter: string;
  readonly terms: DeliveryTerms;
  readonly noLocal: boolean;
  /** @internal where it stands among those with the same filter */
  position = 0;
  /** @internal in the store; 0 while it is not there */
  recordId = 0;

  constructor(
    session: Session,
    topicFilter: string,
    options: {
      qos: Qos;
      noLocal: boolean;
      retainAsPublished: boolean;
      identifier: number;
      group: SharedGroup | undefined;
    },
  ) {
    this.session = session;
    this.topicFilter = topicFilter;
    const identifiers = options.identifier === 0 ? undefined : [options.identifier];
    this.terms = deliveryTerms(options.qos, options.retainAsPublished, identifiers, options.group);
    this.noLocal = options.noLocal;
  }

  get ownTerms(): DeliveryTerms | undefined {
    return this.noLocal ? undefined : this.terms; // [MQTT-3.8.3-3]
  }

  /** Set for a member of a shared subscription. */
  get group(): SharedGroup | undefined {
    return this.terms.group;
  }
}

/** What one session has asked for, by topic filter. Most have asked once or never: they own no map. */
export class HeldSubscriptions {
  #held: Subscription | Map<string, Subscription> | undefined = undefined;

  get size(): number {
    const held = this.#held;
    return held === undefined ? 0 : held instanceof Subscription ? 1 : held.size;
  }

  get(topicFilter: string): Subscription | undefined {
    const held = this.#held;
    if (held instanceof Subscription) return held.topicFilter === topicFilter ? held : undefined;
    return held?.get(topicFilter);
  }

  /** Takes the place of the one with the same filter. */
  set(subscription: Subscription): void {
    const held = this.#held;
    if (
      held === undefined ||
      (held instanceof Subscription && held.topicFilter === subscription.topicFilter)
    ) {
      this.#held = subscription;
    } else if (held instanceof Subscription) {
      this.#held = new Map([
        [held.topicFilter, held],
        [subscription.topicFilter, subscription],
      ]);
    } else held.set(subscription.topicFilter, subscription);
  }

  delete(topicFilter: string): void {
    const held = this.#held;
    if (held instanceof Map) held.delete(topicFilter);
    else if (held?.topicFilter === topicFilter) this.#held = undefined;
  }

  clear(): void {
    this.#held = undefined;
  }

  /** In the order in which they were first asked for. */
  all(): Iterable<Subscription> {
    const held = this.#held;
    return held === undefined ? [] : held instanceof Subscription ? [held] : held.values();
  }
}
