/**
 * Who has promised what: messages, who acknowledged them, which subscriptions held meanwhile, and what every subscriber got.
 *
 * A message is owed to a subscriber when the subscription was acknowledged before the message was sent first, and
 * UNSUBSCRIBE was sent after its last acknowledgement. Around these moments it may come or not; outside it must not. Order counts
 * for each publisher and topic, over all QoS where the broker promises that. Subscriptions of one subscriber do not overlap.
 */

import type { Qos } from "#protocol";
import type { Findings } from "./findings.ts";

export interface Message {
  /** `publisher:number`, with numbers that rise. */
  readonly key: string;
  readonly number: number;
  readonly topicName: string;
  readonly qos: Qos;
  /** It asks whether a subscription is still there. */
  readonly isProbe: boolean;
  readonly firstSent: number;
  readonly history: string[];
  /** Step at which PUBACK or PUBCOMP came; never as long as it has not. */
  completed: number;
}

/** A subscription from SUBSCRIBE to UNSUBACK. Times are steps of the ledger. */
interface Span {
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly asked: number;
  granted: number;
  leaving: number;
  ended: number;
  /** Numbers of the latest messages, by what they are in order with. */
  readonly latest: Map<string, number>;
}

interface Subscriber {
  readonly name: string;
  readonly spans: Span[];
  readonly received: Set<string>;
  readonly owed: Set<Message>;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Ledger {
  readonly #findings: Findings;
  /** The broker keeps the order also between messages of different QoS. */
  readonly #hasOneOrder: boolean;
  readonly #messages = new Map<string, Message>();
  readonly #subscribers = new Map<string, Subscriber>();
  /** Rises with everything that happens. */
  step = 0;

  constructor(findings: Findings, { hasOneOrder }: { readonly hasOneOrder: boolean }) {
    this.#findings = findings;
    this.#hasOneOrder = hasOneOrder;
  }

  // Messages

  sent(key: string, fields: Pick<Message, "number" | "topicName" | "qos" | "isProbe">): Message {
    this.#findings.published++;
    const history = [`sent in ${this.#findings.moment}`];
    const message: Message = { key, ...fields, firstSent: ++this.step, history, completed: NEVER };
    this.#messages.set(key, message);
    return message;
  }

  sentAgain(message: Message): void {
    message.history.push(`again in ${this.#findings.moment}`);
  }

  accepted(message: Message): void {
    this.step++;
    message.history.push(`acknowledged in ${this.#findings.moment}`);
    this.#findings.accepted++;
  }

  completed(message: Message): void {
    message.completed = ++this.step;
    for (const subscriber of this.#subscribers.values()) {
      if (!subscriber.spans.some((span) => isOwed(message, span))) continue;
      this.#findings.owed++;
      if (!subscriber.received.has(message.key)) subscriber.owed.add(message);
    }
  }

  // Subscriptions

  asked(name: string, topicFilter: string, qos: Qos): void {
    const span: Span = {
      topicFilter,
      qos,
      asked: ++this.step,
      granted: NEVER,
      leaving: NEVER,
      ended: NEVER,
      latest: new Map(),
    };
    this.#subscriber(name).spans.push(span);
  }

  granted(name: string, topicFilter: string): void {
    this.#latest(name, topicFilter).granted = ++this.step;
  }

  leaving(name: string, topicFilter: string): void {
    this.#latest(name, topicFilter).leaving = ++this.step;
  }

  left(name: string, topicFilter: string): void {
    this.#latest(name, topicFilter).ended = ++this.step;
  }

  /** The broker has forgotten the session: what it still owed is lost, and the subscriptions are. */
  sessionLost(name: string): void {
    const findings = this.#findings;
    const subscriber = this.#subscriber(name);
    this.step++;
    findings.add("sessionsLost", `the session of ${name}, noticed in ${findings.moment}`);
    for (const span of subscriber.spans) {
      if (span.granted === NEVER || span.ended !== NEVER) continue;
      if (span.leaving === NEVER)
        findings.add("subscriptionsLost", `${span.topicFilter} of ${name}, with its session`);
      span.leaving = Math.min(span.leaving, this.step);
      span.ended = this.step;
    }
    this.#writeOff(subscriber);
  }

  // Deliveries

  received(name: string, key: string): void {
    this.step++;
    const findings = this.#findings;
    const subscriber = this.#subscriber(name);
    const message = this.#messages.get(key);
    if (message === undefined) {
      findings.add("unexpected", `${name} got ${key}, which nobody has sent`);
      return;
    }
    message.history.push(`${name} got it in ${findings.moment}`);
    const span = subscriber.spans.findLast((each) => mayCome(message, each));
    if (span === undefined) {
      findings.add("unexpected", `${name} had not subscribed to ${storyOf(message)}`);
      return;
    }
    if (subscriber.received.has(key)) {
      if (message.qos === 2 && span.qos === 2)
        findings.add("qos2Twice", `${name} got twice ${storyOf(message)}`);
      else findings.repeated++;
      return;
    }
    subscriber.received.add(key);
    subscriber.owed.delete(message);
    findings.delivered++;
    this.#judgeOrder(subscriber, span, message);
  }

  /** The most that one subscriber still waits for. */
  get backlog(): number {
    let most = 0;
    for (const { owed } of this.#subscribers.values()) most = Math.max(most, owed.size);
    return most;
  }

  /** Nothing more will come: what is owed is lost. */
  close(): void {
    for (const subscriber of this.#subscribers.values()) this.#writeOff(subscriber);
  }

  #writeOff({ name, owed }: Subscriber): void {
    for (const message of owed)
      this.#findings.add(
        message.isProbe ? "subscriptionsLost" : "lost",
        `${name} never got ${storyOf(message)}`,
      );
    owed.clear();
  }

  /** A message sent before the subscription held may come late when it is sent again; it says nothing. */
  #judgeOrder({ name }: Subscriber, span: Span, message: Message): void {
    if (message.firstSent < span.granted) return;
    const { topicName, qos, number } = message;
    const publisher = message.key.slice(0, message.key.indexOf(":"));
    const line = this.#hasOneOrder ? `${publisher} ${topicName}` : `${publisher} ${topicName} ${qos}`;
    const latest = span.latest.get(line) ?? 0;
    if (number < latest)
      this.#findings.add("outOfOrder", `${name} had number ${latest} before ${storyOf(message)}`);
    span.latest.set(line, Math.max(latest, number));
  }

  #subscriber(name: string): Subscriber {
    let subscriber = this.#subscribers.get(name);
    if (subscriber === undefined) {
      subscriber = { name, spans: [], received: new Set(), owed: new Set() };
      this.#subscribers.set(name, subscriber);
    }
    return subscriber;
  }

  #latest(name: string, topicFilter: string): Span {
    const span = this.#subscriber(name).spans.findLast((each) => each.topicFilter === topicFilter);
    if (span === undefined) throw new TypeError(`${name} has never subscribed to ${topicFilter}`);
    return span;
  }
}

/** Filters end with their only wildcard, and no topic has levels that the filter has not. */
function matches({ topicFilter }: Span, { topicName }: Message): boolean {
  return topicName.startsWith(topicFilter.slice(0, -1));
}

function isOwed(message: Message, span: Span): boolean {
  const { firstSent, completed } = message;
  return matches(span, message) && span.granted < firstSent && completed < span.leaving;
}

function mayCome(message: Message, span: Span): boolean {
  const { firstSent, completed } = message;
  return matches(span, message) && span.asked < completed && firstSent < span.ended;
}

function storyOf({ key, qos, topicName, history }: Message): string {
  return `${key} (QoS ${qos}, ${topicName}): ${history.join(", ")}`;
}
