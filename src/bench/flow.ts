/**
 * Publishers and subscribers that belong together: brings them up, sets their pace, and waits for what is under way.
 *
 * Topics fall into classes: those that the same subscribers get. With more topics than subscribers, subscriber s has the
 * topics s, s + subscribers and so on, and is the only one of its class; otherwise each topic is a class of its own. A
 * shared subscription is one class of all topics.
 */

import { type PublishProperties, reasonName } from "#protocol";
import { BenchError } from "./errors.ts";
import { FlowState, ticksOf } from "./flow-state.ts";
import { isGranted } from "./granted.ts";
import type { Link } from "./link.ts";
import type { LoadRun } from "./load-run.ts";
import { Outbox } from "./outbox.ts";
import { messageTemplate } from "./publish-batch.ts";
import { Publisher, type PublisherPlan, type TopicRange } from "./publisher.ts";
import type { FlowLoad, Pace } from "./scenario.ts";
import { Subscriber } from "./subscriber.ts";
import { SharedTally, Tally } from "./tally.ts";
import { sharedFilter, topicFilter } from "./topics.ts";

/** Clients that send their SUBSCRIBEs at the same time. */
const SUBSCRIBERS_AT_ONCE = 20;
/** Messages that are written together at most where no window bounds them: others have their turn soon. */
const PACED_BATCH = 64;
const FLAT_OUT_BATCH = 256;
/** The open loop looks at the clock in every turn when the next message is due within this time, else less often. */
const SPIN_MS = 2;
/** Where nothing is due earlier. */
const SHORTEST_TURN_MS = 0.005;
/** What is due is sent in portions, so that what comes is read in between. */
const MOST_DUE_A_TURN = 4096;
const MOST_UNACKNOWLEDGED = 16_384;

const messageProperties: PublishProperties = {
  contentType: "application/json",
  messageExpiryInterval: 600,
  userProperties: [
    ["source", "martlet-bench"],
    ["unit", "celsius"],
  ],
};

export interface FlowOptions {
  /** Distinguishes the clients of several flows in one run. */
  readonly role?: string;
  /** The first of its topics, where several flows have their own. */
  readonly firstTopic?: number;
}

export class Flow {
  readonly state: FlowState;
  /** Messages that were due and not sent, because the broker took no more. */
  unsent = 0;
  readonly #run: LoadRun;
  readonly #load: FlowLoad;
  readonly #role: string;
  readonly #firstTopic: number;
  readonly #publisherLinks: readonly Link[];
  readonly #subscriberLinks: readonly Link[];
  #publishers: readonly Publisher[] = [];

  // the open loop
  #isPacing = false;
  #sleeps = false;
  #startedMs = 0;
  #intervalMs = 0;
  /** Messages that were due and looked at. */
  #scheduled = 0;
  /** How many of them each publisher has sent. */
  #sent = new Uint32Array(0);
  readonly #pace = (): void => this.#sendDue();

  constructor(run: LoadRun, load: FlowLoad, options: FlowOptions = {}) {
    const { publishers, subscribers, topics } = load;
    this.#run = run;
    this.#load = load;
    this.#role = options.role ?? "";
    this.#firstTopic = options.firstTopic ?? 0;
    this.state = new FlowState({
      publishers,
      classes: load.shared === true ? 1 : Math.min(topics, subscribers),
      payloadTag: run.payloadTag,
      payloadBytes: load.payloadBytes,
      tally:
        load.shared === true ? new SharedTally(subscribers, publishers) : new Tally(subscribers * publishers),
    });
    const cleanStart = load.persistentSessions !== true;
    this.#subscriberLinks = Array.from({ length: subscribers }, (_, number) =>
      run.link(`${this.#role}s`, number, { cleanStart }),
    );
    this.#publisherLinks = Array.from({ length: publishers }, (_, number) =>
      run.link(`${this.#role}p`, number),
    );
  }

  /** All clients; connect them, then `subscribe`. */
  get links(): readonly Link[] {
    return [...this.#subscriberLinks, ...this.#publisherLinks];
  }

  get subscriberLinks(): readonly Link[] {
    return this.#subscriberLinks;
  }

  /** Subscribes those that are connected, and gets the publishers ready. */
  async subscribe(): Promise<void> {
    const { subscribers } = this.#load;
    const waiting = this.#subscriberLinks.map((link, number) => ({ link, number }));
    let done = 0;
    this.#run.enter("subscribe", { counter: () => done, share: () => done / subscribers });
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (next.link.isUp) await this.#subscribeOne(next.link, next.number);
        done++;
      }
    };
    const lanes = Promise.all(Array.from({ length: SUBSCRIBERS_AT_ONCE }, lane));
    await this.#run.ended(lanes);
    this.state.largestFanOut = this.state.fanOut.reduce((most, each) => Math.max(most, each), 0);
    if (this.state.largestFanOut === 0) {
      const why = this.#run.problems.sentences().join(" ");
      throw new BenchError(
        "refused",
        `The broker at ${this.#run.dialer.name} granted no subscription. ${why}`,
      );
    }
    this.#publishers = this.#publisherLinks.map((link, number) => this.#publisher(link, number));
    this.state.fillers = this.#publishers;
  }

  /** Publishers begin to send. */
  start(): void {
    const { pace } = this.#load;
    if (pace.kind === "rate") this.#startPacing(pace);
    else {
      this.state.running = true;
      this.state.wakeAll();
    }
  }

  /** Publishers send nothing more, but what was due by now. */
  stop(): void {
    this.state.running = false;
    if (!this.#isPacing) return;
    this.#sendDue();
    this.#isPacing = false;
    this.#countUnsent();
  }

  /** What was due and could not be sent has waited for as long as that: it must not fall out of the latency. */
  #countUnsent(): void {
    const { publishers } = this.#load;
    const now = ticksOf(performance.now());
    for (const { number } of this.#publishers) {
      for (let n = this.#nextOf(number); n < this.#scheduled; n += publishers) {
        this.unsent++;
        this.state.histogram.record((now - this.#dueTicks(n)) >>> 0);
      }
    }
  }

  /** Waits until everything has come and is acknowledged, or nothing comes any more. */
  async drain(limitMs: number): Promise<void> {
    const { state } = this;
    state.lastProgressMs = performance.now();
    const expected = state.expected;
    const missing = (): number => Math.max(0, expected - state.tally.distinct);
    const atStart = Math.max(1, missing());
    this.#run.enter("drain", { counter: () => state.received, share: () => 1 - missing() / atStart });
    await this.#run.until(
      () => missing() === 0 && this.unacknowledged === 0,
      limitMs,
      () => performance.now() - state.lastProgressMs > this.#run.patienceMs,
    );
  }

  get unacknowledged(): number {
    let sum = 0;
    for (const publisher of this.#publishers) sum += publisher.unacknowledged;
    return sum;
  }

  /** Messages that should have come and did not. */
  get lost(): number {
    return Math.max(0, this.state.expected - this.state.tally.distinct);
  }

  async #subscribeOne(link: Link, number: number): Promise<void> {
    const { qos, shared } = this.#load;
    const filters = this.#subscribedTopics(number).map((topic) => {
      const filter = topicFilter(this.#run.tag, this.#firstTopic + topic, this.#load.filters ?? "exact");
      return shared === true ? sharedFilter(filter) : filter;
    });
    link.handler = new Subscriber(this.state, number, new Outbox(link, this.state));
    this.#run.problems.subscriptions += filters.length;
    const codes = await link.subscribe(filters, qos);
    // A class counts on its subscriber when all of its filters were granted.
    const granted =
      codes.filter((code) => isGranted(code, qos, this.#run.problems)).length === filters.length;
    if (!granted) return;
    const group = number % this.state.fanOut.length;
    if (shared === true) this.state.fanOut.fill(1);
    else this.state.fanOut[group] = (this.state.fanOut[group] as number) + 1;
  }

  #subscribedTopics(subscriber: number): number[] {
    const { topics, subscribers, shared } = this.#load;
    if (shared === true) return Array.from({ length: topics }, (_, topic) => topic);
    if (topics <= subscribers) return [subscriber % topics];
    const count = Math.ceil((topics - subscriber) / subscribers);
    return Array.from({ length: count }, (_, index) => subscriber + index * subscribers);
  }

  #publisher(link: Link, number: number): Publisher {
    const { payloadBytes, properties } = this.#load;
    const topics = this.#topicsOf(number);
    const template = messageTemplate({
      version: this.#run.version,
      qos: this.#load.qos,
      retain: false,
      tag: this.#run.tag,
      payloadTag: this.#run.payloadTag,
      publisher: number,
      topic: this.#firstTopic + topics.first,
      payloadBytes,
      properties: properties === true ? messageProperties : {},
    });
    const { problems } = this.#run;
    const publisher = new Publisher(link, this.state, {
      plan: this.#planOf(link, number, topics),
      template,
      firstTopic: this.#firstTopic,
      outbox: new Outbox(link, this.state),
      onRefused: (reasonCode) => problems.add("message-refused", reasonName(reasonCode)),
    });
    link.handler = publisher;
    return publisher;
  }

  #planOf(link: Link, number: number, topics: TopicRange): PublisherPlan {
    const { pace, qos } = this.#load;
    const most = Math.min(link.receiveMaximum, MOST_UNACKNOWLEDGED);
    const window = pace.kind === "window" ? pace.messages : Number.POSITIVE_INFINITY;
    return {
      number,
      qos,
      topics,
      classes: this.state.fanOut.length,
      window: qos === 0 ? window : Math.min(window, most),
      awaitsDelivery: pace.kind === "window",
      messages: Number.POSITIVE_INFINITY,
      batchMessages: mostTogether(pace),
    };
  }

  #topicsOf(number: number): TopicRange {
    const { topics, publishers, topicChoice } = this.#load;
    if (topicChoice === "random") return { first: 0, step: 1, count: topics, order: "random" };
    if (topics <= publishers) return { first: number % topics, step: 1, count: 1, order: "in-turn" };
    const count = Math.ceil((topics - number) / publishers);
    return { first: number, step: publishers, count, order: "in-turn" };
  }

  #startPacing({ perSecond, sleeps = false }: Extract<Pace, { kind: "rate" }>): void {
    this.#isPacing = true;
    this.#sleeps = sleeps;
    this.#intervalMs = 1000 / perSecond;
    this.#startedMs = performance.now();
    this.#scheduled = 0;
    this.#sent = new Uint32Array(this.#publishers.length);
    setImmediate(this.#pace);
  }

  /**
   * Sends what is due: message n is due n intervals after the start, at the publishers in turn. One that cannot send keeps
   * what it owes, and each message carries the time at which it was due.
   */
  #sendDue(): void {
    if (!this.#isPacing) return;
    const { publishers } = this.#load;
    const nowMs = performance.now();
    const due = Math.floor((nowMs - this.#startedMs) / this.#intervalMs) + 1;
    const last = Math.min(due, this.#scheduled + MOST_DUE_A_TURN);
    for (; this.#scheduled < last; this.#scheduled++) {
      const number = this.#scheduled % publishers;
      const publisher = this.#publishers[number] as Publisher;
      // What it still owes goes first.
      for (let n = this.#nextOf(number); n <= this.#scheduled; n += publishers) {
        if (!publisher.publish(this.#sleeps ? ticksOf(nowMs) : this.#dueTicks(n))) break;
        this.#sent[number] = (this.#sent[number] as number) + 1;
      }
    }
    for (const publisher of this.#publishers) publisher.flush();
    const nextMs = this.#startedMs + this.#scheduled * this.#intervalMs;
    const spinMs = this.#sleeps ? 0 : SPIN_MS;
    if (nextMs - nowMs > spinMs) {
      setTimeout(this.#pace, nextMs - nowMs - spinMs);
      return;
    }
    // A turn leaves garbage, and collecting that would look like latency: so turns are not too short.
    const pauseMs = Math.min(nextMs, nowMs + SHORTEST_TURN_MS);
    while (performance.now() < pauseMs);
    setImmediate(this.#pace);
  }

  /** The message that a publisher has to send next. */
  #nextOf(publisher: number): number {
    return (this.#sent[publisher] as number) * this.#load.publishers + publisher;
  }

  #dueTicks(message: number): number {
    return ticksOf(this.#startedMs + message * this.#intervalMs);
  }
}

function mostTogether(pace: Pace): number {
  switch (pace.kind) {
    case "window":
      return pace.messages;
    case "rate":
      return PACED_BATCH;
    case "flat-out":
      return FLAT_OUT_BATCH;
  }
}
