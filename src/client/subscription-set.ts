/**
 * All subscriptions of a client: who shares which topic filter, what the broker knows of it, and who gets a message.
 *
 *     Subscription ┐
 *     Subscription ┴─▶ Shared (one topic filter) ─▶ SUBSCRIBE with one Subscription Identifier
 *
 * A new connection gets exactly what it lacks: everything when the broker has forgotten the session, nothing when it has
 * not. Messages are matched by topic; where several filters match one topic, Subscription Identifiers tell the copies apart.
 */

import { type Clock, utf8Decode } from "#base";
import {
  type ConnackProperties,
  FIRST_REFUSAL,
  type IncomingPublish,
  packetTypes,
  protocolError,
  type ReasonCode,
  readTopicName,
  reasons,
  type SubackPacket,
  topicMatches,
  type UnsubackPacket,
} from "#protocol";
import { DEFAULT_TOPIC_ALIAS_MAXIMUM, MOST_TOPICS } from "./defaults.ts";
import { foreseen, SubscribeRefusedError } from "./errors.ts";
import type { Inbox } from "./inbox.ts";
import type { Link } from "./link.ts";
import type { MessageParts } from "./message.ts";
import { Operation } from "./operation.ts";
import type { ConnectOptions, OperationOptions } from "./options.ts";
import type { AnySubscription } from "./subscription.ts";

/** `wanted`: the broker has yet to grant it. `leaving`: nobody uses it, and the broker has yet to be told. */
type SharedState = "wanted" | "granted" | "leaving";

interface Shared {
  readonly topicFilter: string;
  /** Without `$share/{name}/`. */
  readonly matched: string;
  readonly identifier: number;
  users: AnySubscription[];
  state: SharedState;
  /** Counts the SUBSCRIBEs that users asked for; retained messages are for the users of the last. */
  generation: number;
  closing: Operation<void>[];
}

/** A SUBSCRIBE or UNSUBSCRIBE on its way. */
interface Asked {
  readonly shared: Shared;
  readonly generation: number;
}

interface Topic {
  readonly name: string;
  /** Who matches, under this stamp. */
  receivers: readonly Shared[];
  stamp: number;
}

/** What stands for bytes that are no text. */
const REPLACEMENT = "\uFFFD";

/** Hands out packet identifiers that nothing in flight uses. */
export type TakePacketId = () => number;

export class SubscriptionSet {
  readonly #clock: Clock;
  readonly #inbox: Inbox;
  readonly #takePacketId: TakePacketId;
  readonly #shared = new Map<string, Shared>();
  /** What was asked of the broker on this connection. */
  readonly #asked = new Map<number, Asked>();
  #nextIdentifier = 1;
  #link: Link | undefined;
  #limits: ConnackProperties = {};
  /** The Topic Alias Maximum that brokers are told, and what the aliases of this connection stand for. */
  readonly #aliasMaximum: number;
  #aliases: (Topic | undefined)[] = [];
  /** Names that have been judged. */
  readonly #topics = new Map<string, Topic>();
  #stamp = 0;

  constructor(options: ConnectOptions, clock: Clock, inbox: Inbox, takePacketId: TakePacketId) {
    this.#aliasMaximum = options.topicAliasMaximum ?? DEFAULT_TOPIC_ALIAS_MAXIMUM;
    this.#clock = clock;
    this.#inbox = inbox;
    this.#takePacketId = takePacketId;
  }

  /** Whether `packetId` stands for a SUBSCRIBE or UNSUBSCRIBE on its way. */
  uses(packetId: number): boolean {
    return this.#asked.has(packetId);
  }

  /** A connection is there. */
  connect(link: Link, limits: ConnackProperties, sessionPresent: boolean): void {
    this.#link = link;
    this.#limits = limits;
    this.#aliases = [];
    this.#asked.clear();
    for (const shared of this.#shared.values()) {
      if (shared.state === "leaving") {
        if (sessionPresent) this.#unsubscribe(shared);
        else this.#forget(shared);
      } else if (!sessionPresent || shared.state === "wanted") this.#subscribe(shared);
    }
  }

  disconnect(): void {
    this.#link = undefined;
    for (const shared of this.#shared.values()) settleAll(shared);
  }

  /** The client closes: everything ends. */
  end(error: unknown): void {
    for (const { users } of this.#shared.values()) for (const user of users) user.end(error);
    this.#shared.clear();
    this.#stamp++;
  }

  add(user: AnySubscription): void {
    const { topicFilter } = user;
    let shared = this.#shared.get(topicFilter);
    if (shared === undefined) {
      shared = {
        topicFilter,
        matched: topicFilter.replace(/^\$share\/[^/]*\//, ""),
        identifier: this.#nextIdentifier++,
        users: [],
        state: "wanted",
        generation: 0,
        closing: [],
      };
      this.#shared.set(topicFilter, shared);
    }
    shared.users = [...shared.users, user];
    shared.state = "wanted";
    user.generation = ++shared.generation;
    this.#stamp++;
    if (this.#link !== undefined) this.#subscribe(shared);
  }

  async remove(user: AnySubscription, options: OperationOptions): Promise<void> {
    const shared = this.#shared.get(user.topicFilter);
    if (shared?.users.includes(user) !== true) return;
    shared.users = shared.users.filter((other) => other !== user);
    this.#stamp++;
    if (shared.users.length > 0) return;
    shared.state = "leaving";
    if (this.#link === undefined) return;
    const closing = new Operation<void>();
    closing.limit(this.#clock, `unsubscribe from "${shared.topicFilter}"`, options);
    shared.closing.push(closing);
    this.#unsubscribe(shared);
    await closing.promise;
  }

  onSuback({ packetId, reasonCodes, properties }: SubackPacket): void {
    const asked = this.#answered(packetId);
    if (asked === undefined) return;
    const { shared, generation } = asked;
    const reasonCode = reasonCodes[0] ?? reasons.UNSPECIFIED_ERROR;
    if (reasonCode >= FIRST_REFUSAL) this.#refused(shared, { reasonCode, properties });
    else {
      if (shared.state === "wanted" && generation === shared.generation) shared.state = "granted";
      for (const user of shared.users)
        if (user.generation <= generation) user.granting.resolve({ reasonCode });
    }
  }

  onUnsuback({ packetId }: UnsubackPacket): void {
    const asked = this.#answered(packetId);
    if (asked === undefined) return;
    if (asked.shared.state === "leaving") this.#forget(asked.shared);
    settleAll(asked.shared);
  }

  /** What was asked under `packetId`; the broker has answered it now. */
  #answered(packetId: number): Asked | undefined {
    const asked = this.#asked.get(packetId);
    if (this.#asked.delete(packetId)) this.#link?.answered();
    return asked;
  }

  /** HOT. */
  onPublish(publish: IncomingPublish): void {
    const topic = this.#topicOf(publish);
    const delivery = this.#inbox.take(publish);
    if (delivery === undefined) return;
    const { receivers } = topic;
    if (receivers.length > 0) {
      const { bytes, payloadStart, end, retain, dup, properties } = publish;
      const payload = bytes.slice(payloadStart, end);
      const parts: MessageParts = { topicName: topic.name, payload, retain, dup, properties, delivery };
      const wanted =
        receivers.length === 1 ? receivers : meant(receivers, properties.subscriptionIdentifiers);
      // Held until everybody has it: one who is done at once does not acknowledge for the others.
      delivery.open++;
      for (const shared of wanted) deliver(shared, parts);
      delivery.open--;
    }
    this.#inbox.settle(delivery);
  }

  #topicOf(publish: IncomingPublish): Topic {
    const { bytes, topicStart, topicEnd, properties } = publish;
    const { topicAlias = 0 } = properties;
    if (topicAlias > this.#aliasMaximum) {
      throw protocolError("U5-3.3.4a", reasons.TOPIC_ALIAS_INVALID);
    }
    let topic: Topic | undefined;
    if (topicStart === topicEnd) {
      topic = this.#aliases[topicAlias];
      if (topic === undefined) throw protocolError("U5-3.3.4b");
    } else {
      const known = this.#topics.get(utf8Decode(bytes, topicStart, topicEnd));
      topic = known ?? this.#newTopic(readTopicName(publish));
      if (topicAlias > 0) this.#aliases[topicAlias] = topic;
    }
    if (topic.stamp !== this.#stamp) {
      topic.stamp = this.#stamp;
      topic.receivers = [...this.#shared.values()].filter(
        ({ users, matched }) => users.length > 0 && topicMatches(matched, topic.name),
      );
    }
    return topic;
  }

  #newTopic(name: string): Topic {
    const topic = { name, receivers: [], stamp: -1 };
    if (this.#topics.size >= MOST_TOPICS) this.#topics.clear();
    if (!name.includes(REPLACEMENT)) this.#topics.set(name, topic);
    return topic;
  }

  #subscribe(shared: Shared): void {
    const refusal = this.#foreseenRefusal(shared.topicFilter);
    if (refusal !== undefined) return this.#refused(shared, foreseen(refusal));
    const options = shared.users.map((user) => user.options);
    const { retainHandling = 0, properties } = options.at(-1) ?? {};
    const hasIdentifiers = this.#limits.subscriptionIdentifierAvailable !== false;
    this.#ask(shared, (link, packetId) =>
      link.send({
        type: packetTypes.SUBSCRIBE,
        packetId,
        subscriptions: [
          {
            topicFilter: shared.topicFilter,
            qos: options.reduce((most, { qos = 2 }) => (qos > most ? qos : most), 0 as 0 | 1 | 2),
            noLocal: options.every(({ noLocal }) => noLocal === true),
            retainAsPublished: options.some(({ retainAsPublished }) => retainAsPublished === true),
            retainHandling,
          },
        ],
        properties: {
          ...properties,
          ...(hasIdentifiers && { subscriptionIdentifiers: [shared.identifier] }),
        },
      }),
    );
  }

  #unsubscribe(shared: Shared): void {
    this.#ask(shared, (link, packetId) =>
      link.send({
        type: packetTypes.UNSUBSCRIBE,
        packetId,
        topicFilters: [shared.topicFilter],
        properties: {},
      }),
    );
  }

  #ask(shared: Shared, send: (link: Link, packetId: number) => void): void {
    const link = this.#link;
    if (link === undefined) return;
    const packetId = this.#takePacketId();
    try {
      send(link, packetId);
    } catch (error) {
      this.#drop(shared, error);
      return;
    }
    this.#asked.set(packetId, { shared, generation: shared.generation });
    link.await();
  }

  /** What the broker said in CONNACK that it would refuse. */
  #foreseenRefusal(topicFilter: string): ReasonCode | undefined {
    const { wildcardSubscriptionAvailable, sharedSubscriptionAvailable } = this.#limits;
    if (wildcardSubscriptionAvailable === false && /[+#]/.test(topicFilter)) {
      return reasons.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED;
    }
    return sharedSubscriptionAvailable === false && topicFilter.startsWith("$share/")
      ? reasons.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
      : undefined;
  }

  #refused(shared: Shared, refusal: Pick<SubackPacket, "properties"> & { reasonCode: ReasonCode }): void {
    this.#drop(shared, new SubscribeRefusedError(shared.topicFilter, refusal));
  }

  /** Nobody has this subscription any more. */
  #drop(shared: Shared, error: unknown): void {
    for (const user of shared.users) user.end(error);
    this.#forget(shared);
  }

  #forget(shared: Shared): void {
    if (this.#shared.get(shared.topicFilter) === shared) this.#shared.delete(shared.topicFilter);
    this.#stamp++;
    settleAll(shared);
  }
}

function settleAll(shared: Shared): void {
  for (const closing of shared.closing) closing.resolve();
  shared.closing = [];
}

/** Retained messages are for those whom the broker sends them for; everybody else has had them. HOT. */
function deliver({ users, generation }: Shared, parts: MessageParts): void {
  for (let i = 0; i < users.length; i++) {
    const user = users[i] as AnySubscription;
    const hasHadIt = parts.retain && user.generation < generation && user.options.retainAsPublished !== true;
    if (!hasHadIt) user.deliver(parts);
  }
}

/** Of those who match, the ones that the broker names; all when it names none of them. */
function meant(receivers: readonly Shared[], ids: readonly number[] | undefined): readonly Shared[] {
  if (ids === undefined) return receivers;
  const named = receivers.filter(({ identifier }) => ids.includes(identifier));
  return named.length > 0 ? named : receivers;
}
