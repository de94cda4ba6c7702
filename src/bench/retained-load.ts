/**
 * Messages are retained, read back by one new subscription to all of them, and cleared again. A run that is broken off
 * leaves them behind.
 */

import type { Findings, LoadContext } from "./findings.ts";
import { isGranted } from "./granted.ts";
import type { Link } from "./link.ts";
import type { LoadRun } from "./load-run.ts";
import { Measurement } from "./measurement.ts";
import { Outbox } from "./outbox.ts";
import type { RetainedLoad } from "./scenario.ts";
import { type StorePlan, store } from "./store.ts";
import { Subscriber } from "./subscriber.ts";
import { UnorderedTally } from "./tally.ts";
import { filterForAll } from "./topics.ts";

const WINDOW = 1000;
const FETCH_LIMIT_MS = 60_000;
/** For what might come twice. */
const AFTERMATH_MS = 100;

export async function runRetained(context: LoadContext, load: RetainedLoad): Promise<Findings> {
  const { run, usage } = context;
  const { messages, payloadBytes } = load;
  const publisherLink = run.link("p", 0);
  const subscriberLink = run.link("s", 0);
  await run.connect([publisherLink, subscriberLink]);

  const tally = new UnorderedTally(messages);
  const plan: StorePlan = {
    phase: "store",
    messages,
    topics: "each",
    payloadBytes,
    qos: 1,
    retain: true,
    window: WINDOW,
    tally,
    receivers: 1,
  };
  const stored = await store(run, publisherLink, plan);
  const { state } = stored;
  const { unacknowledged } = stored.publisher;

  subscriberLink.handler = new Subscriber(state, 0, new Outbox(subscriberLink, state));
  run.enter("measure", { counter: () => state.received, share: () => tally.distinct / messages });
  const measurement = new Measurement(usage);
  const subscribedMs = performance.now();
  state.lastProgressMs = subscribedMs;
  run.problems.subscriptions++;
  const codes = subscriberLink.subscribe([filterForAll(run.tag)], 1);
  await run.until(
    () => tally.distinct >= state.expected,
    FETCH_LIMIT_MS,
    () => performance.now() - state.lastProgressMs > run.patienceMs,
  );
  measurement.end();
  const allReceivedMs = state.lastProgressMs - subscribedMs;
  const deliveries = state.received;
  await run.pass(AFTERMATH_MS);
  const [code] = await run.ended(codes);
  isGranted(code, 1, run.problems);
  await run.leave([subscriberLink]);
  await clear(run, publisherLink, plan);
  return {
    measurement,
    deliveries,
    published: state.published,
    counts: {
      lost: Math.max(0, state.expected - tally.distinct),
      duplicated: tally.duplicated,
      disordered: 0,
      unacknowledged,
      unexpected: state.unexpected,
    },
    promises: { delivery: true, once: false },
    special: { allReceivedMs, storedPerSecond: state.published / stored.seconds },
  };
}

/** An empty message to each topic removes what is retained there. */
async function clear(run: LoadRun, link: Link, plan: StorePlan): Promise<void> {
  const tally = new UnorderedTally(0);
  await store(run, link, { ...plan, phase: "clean-up", payloadBytes: 0, tally, receivers: 0 });
}
