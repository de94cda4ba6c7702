/** From the bytes of a topic name to those who get its messages. */

import type { Session } from "../../src/broker/session.ts";
import { Subscription } from "../../src/broker/subscription.ts";
import { SubscriptionTree } from "../../src/broker/subscription-tree.ts";
import { TopicTable } from "../../src/broker/topic.ts";
import { ProtocolVersion, parseTopicFilter } from "../../src/protocol/index.ts";
import { type Benchmark, type Loop, sink } from "./benchmark.ts";

const { MQTT_3_1_1 } = ProtocolVersion;
const TOPICS = 1_000;
const FILTERS = 10_000;

/** The tree hands it on and looks no further. */
const session = { clientId: "bench" } as Session;

const nameOf = (i: number): string => `plant/${i % 100}/line/${Math.floor(i / 100)}/state`;

function resolving(count: number): Loop {
  const table = new TopicTable({ rejectControlCharacters: false });
  const names = Array.from({ length: count }, (_, i) => new TextEncoder().encode(nameOf(i)));
  return {
    operations: count,
    run() {
      for (const name of names) sink.value = table.resolve(name, 0, name.length, MQTT_3_1_1);
    },
  };
}

/** A tree of `FILTERS` filters, and its answers for some topics. */
function routing(filterOf: (i: number) => string, use: (tree: SubscriptionTree, i: number) => unknown): Loop {
  const tree = new SubscriptionTree();
  for (let i = 0; i < FILTERS; i++) subscribe(tree, filterOf(i));
  return {
    operations: TOPICS,
    run() {
      for (let i = 0; i < TOPICS; i++) sink.value = use(tree, i);
    },
  };
}

function subscribe(tree: SubscriptionTree, topicFilter: string): Subscription {
  const filter = parseTopicFilter(topicFilter);
  if (filter === undefined) throw new Error(`${topicFilter} is no filter`);
  const wish = { qos: 0, noLocal: false, retainAsPublished: false, identifier: 0, group: undefined } as const;
  const subscription = new Subscription(session, topicFilter, wish);
  tree.add(filter, subscription, undefined);
  return subscription;
}

const names = Array.from({ length: TOPICS }, (_, i) => nameOf(i));
/** A quarter each: exact, with +, with # behind, with a leading +. */
function mixedFilter(i: number): string {
  const [a, b] = [i % 100, Math.floor(i / 100)];
  return [nameOf(i), `plant/${a}/+/${b}/state`, `plant/${a}/line/${b}/#`, `+/${a}/line/${b}/state`][
    i % 4
  ] as string;
}

export const routingBenchmarks: readonly Benchmark[] = [
  { name: "topics/1k", what: "TopicTable.resolve among 1,000 topics", prepare: () => resolving(1_000) },
  { name: "topics/50k", what: "the same among 50,000", prepare: () => resolving(50_000) },
  {
    name: "topics/200k",
    what: "the same among 200,000, more than the table keeps",
    prepare: () => resolving(200_000),
  },
  {
    name: "subscriptions/known",
    what: "SubscriptionTree.routeOf a topic whose route holds",
    prepare() {
      const table = new TopicTable({ rejectControlCharacters: false });
      const topics = names.map((name) => table.of(name, MQTT_3_1_1));
      return routing(nameOf, (tree, i) => tree.routeOf(topics[i] as (typeof topics)[number]));
    },
  },
  {
    name: "subscriptions/exact",
    what: "match among 10,000 filters without wildcards",
    prepare: () => routing(nameOf, (tree, i) => tree.match(names[i] as string)),
  },
  {
    name: "subscriptions/mixed",
    what: "match among 10,000 filters, three quarters with wildcards",
    prepare: () => routing(mixedFilter, (tree, i) => tree.match(names[i] as string)),
  },
  {
    name: "subscriptions/change",
    what: "add and remove a filter with + among 10,000",
    prepare: () => routing(mixedFilter, (tree, i) => tree.remove(subscribe(tree, `plant/${i}/+/other`))),
  },
];
