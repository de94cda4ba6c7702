/**
 * Who gets the messages of one topic: the outcome of matching it against all filters, merged to one target a session.
 * Made once for a topic and used until a subscription that matters to it changes.
 *
 * Several filters of one session may match. It then gets one copy: at the highest QoS of those filters [MQTT-3.3.4-2],
 * with all their Subscription Identifiers [MQTT-3.3.4-4], and with the publisher's RETAIN if any of them wants it.
 */

import type { Qos } from "#protocol";
import type { Session } from "./session.ts";
import type { SharedGroup } from "./shared-group.ts";
import type { Subscription } from "./subscription.ts";

/** How a message is delivered to one receiver. */
export class DeliveryTerms {
  /** The message's own QoS is lowered to this [MQTT-3.8.4-8]. */
  readonly qos: Qos;
  readonly retainAsPublished: boolean;
  readonly subscriptionIdentifiers: readonly number[] | undefined;
  /** The shared subscription it comes through. */
  readonly group: SharedGroup | undefined;
  /** It is sent because of a new subscription: RETAIN is set whatever else. */
  readonly isRetained: boolean;

  constructor(
    qos: Qos,
    retainAsPublished: boolean,
    subscriptionIdentifiers: readonly number[] | undefined,
    group?: SharedGroup,
    isRetained = false,
  ) {
    this.qos = qos;
    this.retainAsPublished = retainAsPublished;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
    this.group = group;
    this.isRetained = isRetained;
  }

  /** Nothing but a QoS: the bytes are the same for all such receivers. */
  get isPlain(): boolean {
    return !this.retainAsPublished && this.subscriptionIdentifiers === undefined && !this.isRetained;
  }
}

const plainTerms: readonly DeliveryTerms[] = [0, 1, 2].map(
  (qos) => new DeliveryTerms(qos as Qos, false, undefined),
);

/** Terms with nothing but a QoS are the same object for all. */
export function deliveryTerms(
  qos: Qos,
  retainAsPublished: boolean,
  subscriptionIdentifiers: readonly number[] | undefined,
  group?: SharedGroup,
): DeliveryTerms {
  return retainAsPublished || subscriptionIdentifiers !== undefined || group !== undefined
    ? new DeliveryTerms(qos, retainAsPublished, subscriptionIdentifiers, group)
    : (plainTerms[qos] as DeliveryTerms);
}

/** One session that gets a message, by one subscription or by several. */
export interface Target {
  readonly session: Session;
  readonly terms: DeliveryTerms;
  /** For messages that this very session published; undefined when No Local keeps them all away [MQTT-3.8.3-3]. */
  readonly ownTerms: DeliveryTerms | undefined;
}

const NO_GROUPS: readonly SharedGroup[] = [];

export class Route {
  readonly targets: readonly Target[];
  readonly groups: readonly SharedGroup[];
  /**
   * The only receiver, where there is just one, which is so for most topics. It and its terms stand here once more: among many
   * topics what is at hand here is three places less in memory to wait for. HOT.
   */
  readonly only: Session | undefined;
  readonly onlyTerms: DeliveryTerms | undefined;
  readonly onlyOwnTerms: DeliveryTerms | undefined;

  constructor(targets: readonly Target[], groups: readonly SharedGroup[]) {
    this.targets = targets;
    this.groups = groups.length === 0 ? NO_GROUPS : groups;
    const only = targets.length === 1 && groups.length === 0 ? targets[0] : undefined;
    this.only = only?.session;
    this.onlyTerms = only?.terms;
    this.onlyOwnTerms = only?.ownTerms;
  }
}

/** Nobody gets it. */
const NO_ROUTE = new Route([], NO_GROUPS);

/** Merges what matched into a route. Each list holds a session at most once, and is not changed later. */
export function makeRoute(
  lists: readonly (readonly Subscription[])[],
  groups: readonly SharedGroup[],
): Route {
  if (lists.length === 0 && groups.length === 0) return NO_ROUTE;
  if (lists.length <= 1) return new Route(lists[0] ?? [], groups);
  const bySession = new Map<Session, Subscription[]>();
  for (const list of lists) {
    for (const subscription of list) {
      const merged = bySession.get(subscription.session);
      if (merged === undefined) bySession.set(subscription.session, [subscription]);
      else merged.push(subscription);
    }
  }
  return new Route(Array.from(bySession.values(), makeTarget), groups);
}

function makeTarget(subscriptions: readonly Subscription[]): Target {
  const [first] = subscriptions as [Subscription];
  if (subscriptions.length === 1) return first;
  const { session } = first;
  const terms = mergeTerms(subscriptions);
  const forOwn = subscriptions.filter((subscription) => !subscription.noLocal);
  if (forOwn.length === subscriptions.length) return { session, terms, ownTerms: terms };
  return { session, terms, ownTerms: forOwn.length === 0 ? undefined : mergeTerms(forOwn) };
}

function mergeTerms(subscriptions: readonly Subscription[]): DeliveryTerms {
  let qos: Qos = 0;
  let retainAsPublished = false;
  let identifiers: number[] | undefined;
  for (const { terms } of subscriptions) {
    if (terms.qos > qos) qos = terms.qos;
    if (terms.retainAsPublished) retainAsPublished = true;
    if (terms.subscriptionIdentifiers !== undefined) {
      identifiers = [...(identifiers ?? []), ...terms.subscriptionIdentifiers];
    }
  }
  return deliveryTerms(qos, retainAsPublished, identifiers);
}
