// Memory comes back: after a storm of 15,000 connections and a million messages, when everything has closed and the garbage is
// collected, the broker's process is about as large as before.
//
// "Before" is a broker that has worked: it has served 1,000 clients and 100,000 messages, so its code is compiled and its
// pools and V8's young generation have grown to what it keeps on purpose. It is a process of its own, and its size is what the
// system says (resident), so what the allocator does not give back counts too. V8 gives pages back only after some seconds,
// so the size may fall until the deadline.
//
// The clients are all connected at once where the limit on open files lets them; otherwise they come in waves.
import { expect, onTestFinished, test } from "vitest";
import { MeasuredBroker } from "../../bench/measured/broker.ts";
import type { BrokerAnswers, BrokerQuestion } from "../../bench/measured/broker-process.ts";
import { socketLimit } from "../../bench/measured/socket-limit.ts";
import { storm } from "./storm.ts";

const CONNECTIONS = 15_000;
const MESSAGES_EACH = 67;
const WARM_UP = { connections: 1_000, messages: 100_000 };
const MOST_GROWTH = 1.3;
/** V8 keeps the pages of collected objects for 8 seconds, and looks at them when it collects again. */
const GIVES_BACK_WITHIN_MS = 18_000;
const LOOK_EVERY_MS = 500;

test("the process is within 30 % of its size before 15,000 connections and a million messages", {
  timeout: 120_000,
}, async ({ annotate }) => {
  const broker = await MeasuredBroker.start();
  onTestFinished(() => broker.stop());
  await storm(broker.port, WARM_UP);
  const before = (await broker.ask("memory")).collected.residentBytes;

  const atOnce = Math.min(CONNECTIONS, socketLimit());
  for (let begun = 0; begun < CONNECTIONS; begun += atOnce) {
    const connections = Math.min(atOnce, CONNECTIONS - begun);
    await storm(broker.port, { connections, messages: connections * MESSAGES_EACH });
  }

  const sizes = await untilAsked(broker, "sizes", (all) => Object.values(all).every((size) => size === 0));
  expect(Object.entries(sizes).filter(([, size]) => size > 0)).toEqual([]);
  const most = MOST_GROWTH * before;
  const { collected: after } = await untilAsked(
    broker,
    "memory",
    ({ collected }) => collected.residentBytes <= most,
  );
  const inMib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  const found = `${inMib(before)} before, ${inMib(after.residentBytes)} after (${inMib(after.heapBytes)} live), ${atOnce} connections at once`;
  await annotate(found);
  expect(after.residentBytes, found).toBeLessThan(most);
});

/** Asks again until the answer is as wished or the time is over, and returns the last one. */
async function untilAsked<Question extends BrokerQuestion>(
  broker: MeasuredBroker,
  question: Question,
  isGood: (answer: BrokerAnswers[Question]) => boolean,
): Promise<BrokerAnswers[Question]> {
  const deadline = performance.now() + GIVES_BACK_WITHIN_MS;
  for (;;) {
    const answer = await broker.ask(question);
    if (isGood(answer) || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
