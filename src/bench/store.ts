/** One publisher that puts a number of messages into the broker, to be fetched later. */

import { type Qos, reasonName } from "#protocol";
import { FlowState } from "./flow-state.ts";
import type { Link } from "./link.ts";
import type { LoadRun } from "./load-run.ts";
import { Outbox } from "./outbox.ts";
import { messageTemplate } from "./publish-batch.ts";
import { Publisher } from "./publisher.ts";
import type { Phase } from "./result.ts";
import type { Counter } from "./tally.ts";

/** All of it may take this long. */
const STORE_LIMIT_MS = 120_000;

export interface StorePlan {
  /** What this is called while it lasts. */
  readonly phase: Phase;
  readonly messages: number;
  /** Each message goes to a topic of its own, or all to one. */
  readonly topics: "each" | "one";
  readonly payloadBytes: number;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Messages that are not acknowledged, at most. */
  readonly window: number;
  /** Counts what is fetched. */
  readonly tally: Counter;
  /** Receivers of each message. */
  readonly receivers: 0 | 1;
}

export interface Stored {
  readonly state: FlowState;
  readonly publisher: Publisher;
  readonly seconds: number;
}

/** Publishes over `link`, and waits until all is acknowledged or nothing is any more. */
export async function store(run: LoadRun, link: Link, plan: StorePlan): Promise<Stored> {
  const { messages, payloadBytes, qos, retain, tally } = plan;
  const { tag, payloadTag, problems } = run;
  const state = new FlowState({ publishers: 1, classes: 1, payloadTag, payloadBytes, tally });
  state.fanOut[0] = plan.receivers;
  const template = messageTemplate({
    version: run.version,
    qos,
    retain,
    tag,
    payloadTag,
    publisher: 0,
    topic: 0,
    payloadBytes,
    properties: {},
  });
  const publisher = new Publisher(link, state, {
    template,
    firstTopic: 0,
    outbox: new Outbox(link, state),
    onRefused: (reasonCode) => problems.add("message-refused", reasonName(reasonCode)),
    plan: {
      number: 0,
      qos,
      topics: { first: 0, step: 1, count: plan.topics === "each" ? messages : 1, order: "in-turn" },
      classes: 1,
      window: Math.min(plan.window, link.receiveMaximum),
      awaitsDelivery: false,
      messages,
      batchMessages: Number.POSITIVE_INFINITY,
    },
  });
  link.handler = publisher;
  state.fillers = [publisher];
  state.lastProgressMs = performance.now();
  run.enter(plan.phase, { counter: () => state.acknowledged, share: () => state.acknowledged / messages });
  state.running = true;
  state.wakeAll();
  const startedMs = performance.now();
  await run.until(
    () => publisher.done && publisher.unacknowledged === 0,
    STORE_LIMIT_MS,
    () => performance.now() - state.lastProgressMs > run.patienceMs,
  );
  state.running = false;
  return { state, publisher, seconds: (performance.now() - startedMs) / 1000 };
}
