/**
 * One point of one table, in a process of its own: builds up `count` of something in an embedded broker and prints a `Point`
 * as JSON. Started by `bench/linear.ts` with `--expose-gc`:  probe.ts <kind> <count>
 */

import { cpuMicroseconds, memoryNow } from "../measured/meter.ts";
import { EmbeddedBroker, type EmbeddedClient, publishChunks } from "./embedded.ts";

/** What one count came to. */
export interface Point {
  readonly count: number;
  readonly heapBytesEach: number;
  readonly residentBytesEach: number;
  /** Of the same traffic whatever the count: 1,000 topics that have one subscriber each. */
  readonly fixedMicroseconds: number;
  /** Of traffic that goes to all `count` of them in no order. */
  readonly spreadMicroseconds: number;
}

/** What is built up, and the traffic that goes with it. */
interface Subject {
  /** Before this nothing is measured; clients connect here. */
  prepare(): void;
  build(count: number): void;
  /** Traffic that reaches all that was built and comes to about `deliveries`; made beforehand, to be run later. */
  spread(count: number, deliveries: number): () => void;
}

const DELIVERIES = 500_000;
const FIXED_TOPICS = 1000;
/** The same number whatever the count: writes to many connections would be measured otherwise. */
const SUBSCRIBERS = 100;

class Probe {
  readonly embedded: EmbeddedBroker;
  readonly publisher: EmbeddedClient;

  constructor(embedded: EmbeddedBroker) {
    this.embedded = embedded;
    this.publisher = embedded.connect("publisher");
  }

  /** The same for every count. */
  fixedTraffic(deliveries: number): () => void {
    const chunks = [...publishChunks(fixedTopics, { retain: false })];
    return () => {
      for (let sent = 0; sent < deliveries; sent += FIXED_TOPICS) this.publisher.write(chunks);
    };
  }

  /** Microseconds a delivery, once caches and compiler have settled after what came before. */
  measure(traffic: () => void): number {
    traffic();
    const before = this.embedded.deliveries;
    const microseconds = cpuMicroseconds(traffic);
    return microseconds / (this.embedded.deliveries - before);
  }
}

const fixedTopics: readonly string[] = Array.from({ length: FIXED_TOPICS }, (_, i) => `fixed/${i}/state`);

/** `plant/123/line/456/state`: each of `count` once, 24 bytes at most. */
function topicOf(i: number): string {
  return `plant/${Math.floor(i / 1000)}/line/${i % 1000}/state`;
}

/** Numbers below `count` in an order that no cache likes; each call goes on where the last one stopped. */
function* shuffled(count: number, length: number): Generator<number> {
  // A step that shares no factor with a power of ten or two visits all before it repeats one.
  const step = (7_368_787 % count) | 1;
  for (let i = 0, at = 0; i < length; i++, at = (at + step) % count) yield at;
}

function* mapped(numbers: Iterable<number>, name: (i: number) => string): Generator<string> {
  for (const i of numbers) yield name(i);
}

function subscriptions(probe: Probe, filterOf: (i: number) => string): Subject {
  const clients: EmbeddedClient[] = [];
  return {
    prepare() {
      for (let i = 0; i < SUBSCRIBERS; i++) clients.push(probe.embedded.connect(`client-${i}`));
    },
    build(count) {
      const length = count / SUBSCRIBERS;
      for (const [i, client] of clients.entries()) {
        client.subscribe(Array.from({ length }, (_, k) => filterOf(i * length + k)));
      }
    },
    spread(count, deliveries) {
      const topics = mapped(shuffled(count, deliveries), topicOf);
      const chunks = [...publishChunks(topics, { retain: false })];
      return () => probe.publisher.write(chunks);
    },
  };
}

function retained(probe: Probe): Subject {
  return {
    prepare() {},
    build(count) {
      const topics = mapped(Array(count).keys(), topicOf);
      for (const chunk of publishChunks(topics, { retain: true })) probe.publisher.write([chunk]);
    },
    spread(count, deliveries) {
      return () => {
        for (let sent = 0; sent < deliveries; sent += count) {
          probe.embedded.connect("reader").subscribe(["plant/#"]);
        }
      };
    },
  };
}

const FAN_OUT_TOPIC = "plant/all/state";

function fanOut(probe: Probe): Subject {
  return {
    prepare() {},
    build(count) {
      for (let i = 0; i < count; i++) probe.embedded.connect(`receiver-${i}`).subscribe([FAN_OUT_TOPIC]);
    },
    spread(count, deliveries) {
      const length = Math.ceil(deliveries / count);
      const chunks = [...publishChunks(Array(length).fill(FAN_OUT_TOPIC), { retain: false })];
      return () => probe.publisher.write(chunks);
    },
  };
}

const subjects: Readonly<Record<string, (probe: Probe) => Subject>> = {
  exact: (probe) => subscriptions(probe, topicOf),
  // One level is a wildcard; each topic still matches one filter.
  plus: (probe) => subscriptions(probe, (i) => `plant/${Math.floor(i / 1000)}/+/${i % 1000}/state`),
  retained,
  "fan-out": fanOut,
};

async function main(kind: string, count: number): Promise<Point> {
  const make = subjects[kind];
  if (make === undefined)
    throw new Error(`there is no ${kind}; there are ${Object.keys(subjects).join(", ")}`);
  const probe = new Probe(await EmbeddedBroker.start());
  const subject = make(probe);
  probe.embedded.connect("fixed").subscribe(fixedTopics);
  const fixedTraffic = probe.fixedTraffic(DELIVERIES);
  fixedTraffic();
  subject.prepare();
  const before = await memoryNow();
  subject.build(count);
  const after = await memoryNow();
  const fixedMicroseconds = probe.measure(fixedTraffic);
  const spreadMicroseconds = probe.measure(subject.spread(count, DELIVERIES));
  return {
    count,
    heapBytesEach: (after.heapBytes - before.heapBytes) / count,
    residentBytesEach: (after.residentBytes - before.residentBytes) / count,
    fixedMicroseconds,
    spreadMicroseconds,
  };
}

const [kind = "", count = ""] = process.argv.slice(2);
console.log(JSON.stringify(await main(kind, Number(count))));
