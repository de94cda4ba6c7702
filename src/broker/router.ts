/**
 * From one message to everybody who is to get it. HOT. Fan-out never waits: a receiver takes the message, queues it or has
 * an outcome, here and now.
 */

import { EMPTY_BYTES } from "#base";
import { Message } from "./message.ts";
import type { Outcomes } from "./outcome.ts";
import { PublishRun } from "./publish-run.ts";
import type { RetainedMessages } from "./retained.ts";
import type { DeliveryTerms, Route, Target } from "./route.ts";
import type { Session } from "./session.ts";
import type { SubscriptionTree } from "./subscription-tree.ts";
import { Topic } from "./topic.ts";

export class Router {
  readonly #tree: SubscriptionTree;
  readonly #retained: RetainedMessages;
  readonly outcomes: Outcomes;
  /** The one message object that is used again for every message that lies in a chunk. */
  readonly transit: Message = new Message(Topic.nameOnly(EMPTY_BYTES), new Uint8Array(0), 0, 0, 0, false);
  /** QoS 0 messages of the client whose bytes are being handled. */
  readonly run: PublishRun = new PublishRun(this);

  constructor(tree: SubscriptionTree, retained: RetainedMessages, outcomes: Outcomes) {
    this.#tree = tree;
    this.#retained = retained;
    this.outcomes = outcomes;
  }

  routeOf(topic: Topic): Route {
    return this.#tree.routeOf(topic);
  }

  /** A figure of the broker itself: that nobody asked for it is no outcome. */
  publishSystem(message: Message): void {
    this.#retained.store(message);
    this.#fanOut(message, undefined);
  }

  /**
   * Delivers `message` to all matching sessions and, if it says so, retains it. `publisher` is the session it comes from,
   * for No Local. Returns how many sessions it was for.
   */
  publish(message: Message, publisher: Session | undefined): number {
    if (message.retain && !this.#retained.store(message)) {
      this.outcomes.record("retained-full", "", message);
    }
    const matched = this.#fanOut(message, publisher);
    if (matched === 0) this.outcomes.record("no-subscriber", "", message);
    return matched;
  }

  #fanOut(message: Message, publisher: Session | undefined): number {
    const route = this.#tree.routeOf(message.topic);
    const { only } = route;
    if (only !== undefined) {
      this.#hand(message, only, only === publisher ? route.onlyOwnTerms : route.onlyTerms);
      return 1;
    }
    const { targets, groups } = route;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as Target;
      this.#hand(message, target.session, target.session === publisher ? target.ownTerms : target.terms);
    }
    for (const group of groups) group.deliver(message);
    return targets.length + groups.length;
  }

  #hand(message: Message, session: Session, terms: DeliveryTerms | undefined): void {
    if (terms === undefined) this.outcomes.record("no-local", session.clientId, message);
    else session.deliver(message, terms);
  }
}
