/**
 * A session whose client is away is sent messages; the client comes back and fetches them. Each message is accounted for.
 */

import type { Findings, LoadContext } from "./findings.ts";
import { isGranted } from "./granted.ts";
import { Measurement } from "./measurement.ts";
import { Outbox } from "./outbox.ts";
import type { OfflineLoad } from "./scenario.ts";
import { store } from "./store.ts";
import { Subscriber } from "./subscriber.ts";
import { Tally } from "./tally.ts";
import { filterForAll } from "./topics.ts";

const WINDOW = 100;
const FETCH_LIMIT_MS = 60_000;
/** For what might come twice. */
const AFTERMATH_MS = 100;

export async function runOffline(context: LoadContext, load: OfflineLoad): Promise<Findings> {
  const { run, usage } = context;
  const { messages, payloadBytes, qos } = load;
  const first = run.link("s", 0, { cleanStart: false });
  const publisherLink = run.link("p", 0);
  await run.connect([first, publisherLink]);
  run.problems.subscriptions++;
  const [code] = await run.ended(first.subscribe([filterForAll(run.tag)], qos));
  isGranted(code, qos, run.problems);
  await run.leave([first]);

  const tally = new Tally(1);
  const { state, publisher, seconds } = await store(run, publisherLink, {
    phase: "store",
    messages,
    topics: "one",
    payloadBytes,
    qos,
    retain: false,
    window: WINDOW,
    tally,
    receivers: 1,
  });
  const { unacknowledged } = publisher;

  const second = run.link("s", 0, { cleanStart: false });
  second.handler = new Subscriber(state, 0, new Outbox(second, state));
  run.enter("measure", { counter: () => state.received, share: () => tally.distinct / messages });
  const measurement = new Measurement(usage);
  const connectedMs = performance.now();
  state.lastProgressMs = connectedMs;
  const connected = await run.connectOne(second);
  if (connected?.sessionPresent === false) {
    run.problems.remark("The broker did not keep the session while its client was away.");
  }
  await run.until(
    () => tally.distinct >= state.expected,
    FETCH_LIMIT_MS,
    () => performance.now() - state.lastProgressMs > run.patienceMs,
  );
  measurement.end();
  if (tally.distinct < state.expected) {
    run.problems.remark(
      "Brokers limit how much they queue for a client that is away; perhaps this one does.",
    );
  }
  const drainMs = state.lastProgressMs - connectedMs;
  const deliveries = state.received;
  await run.pass(AFTERMATH_MS);

  run.enter("clean-up", { counter: () => 0 });
  await run.leave([second]);
  await run.removeSessions([second]);
  return {
    measurement,
    deliveries,
    published: state.published,
    counts: {
      lost: Math.max(0, state.expected - tally.distinct),
      duplicated: tally.duplicated,
      disordered: tally.disordered,
      unacknowledged,
      unexpected: state.unexpected,
    },
    promises: { delivery: true, once: qos === 2 },
    special: { drainMs, storedPerSecond: state.published / seconds },
  };
}
