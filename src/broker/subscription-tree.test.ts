import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ParsedTopicFilter, ProtocolVersion, parseTopicFilter, topicMatches } from "#protocol";
import { Outcomes } from "./outcome.ts";
import type { Route } from "./route.ts";
import { Session, type SessionHost } from "./session.ts";
import { defaultSettings } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import { SubscriptionTree } from "./subscription-tree.ts";
import { TopicTable } from "./topic.ts";

const host: SessionHost = {
  settings: defaultSettings,
  outcomes: new Outcomes(),
  now: () => 0,
  onSessionTimer: () => undefined,
  durable: undefined,
  discard: () => undefined,
  onReadFailure: () => undefined,
};

const parsed = (filter: string): ParsedTopicFilter => parseTopicFilter(filter) as ParsedTopicFilter;

/** A tree, its topics, and the naive truth beside it. */
class Twin {
  readonly tree = new SubscriptionTree();
  readonly topics = new TopicTable({ rejectControlCharacters: false });
  readonly sessions = Array.from({ length: 4 }, (_, i) => new Session(`s${i}`, host));
  /** By session, then filter text. */
  readonly held = this.sessions.map(() => new Map<string, Subscription>());

  subscribe(index: number, topicFilter: string, qos: 0 | 1 | 2 = 0, identifier = 0, noLocal = false): void {
    const filter = parsed(topicFilter);
    const held = this.held[index] as Map<string, Subscription>;
    const subscription = new Subscription(this.sessions[index] as Session, topicFilter, {
      qos,
      noLocal,
      retainAsPublished: false,
      identifier,
      group: filter.shareName === undefined ? undefined : this.tree.groupOf(filter),
    });
    this.tree.add(filter, subscription, held.get(topicFilter));
    held.set(topicFilter, subscription);
  }

  unsubscribe(index: number, topicFilter: string): void {
    const held = this.held[index] as Map<string, Subscription>;
    const subscription = held.get(topicFilter);
    if (subscription === undefined) return;
    held.delete(topicFilter);
    this.tree.remove(subscription);
  }

  /** What the tree says, through the cached route. */
  routed(topicName: string): string[] {
    return describeRoute(this.tree.routeOf(this.topics.of(topicName, ProtocolVersion.MQTT_5_0)));
  }

  /** What has to come out. */
  expected(topicName: string): string[] {
    const targets: string[] = [];
    const groups = new Set<string>();
    for (const [index, held] of this.held.entries()) {
      const matching: Subscription[] = [];
      for (const [topicFilter, subscription] of held) {
        const { filter, shareName } = parsed(topicFilter);
        if (!topicMatches(filter, topicName)) continue;
        if (shareName === undefined) matching.push(subscription);
        else groups.add(`group ${shareName} ${filter}`);
      }
      if (matching.length === 0) continue;
      const qos = Math.max(...matching.map((each) => each.terms.qos));
      const identifiers = matching.flatMap((each) => each.terms.subscriptionIdentifiers ?? []);
      targets.push(`s${index} q${qos} ${identifiers.sort((a, b) => a - b).join("+")}`);
    }
    return [...targets.sort(), ...[...groups].sort()];
  }

  get size(): number {
    return this.held.reduce((sum, held) => sum + held.size, 0);
  }

  get sharedSize(): number {
    return this.held.reduce(
      (sum, held) => sum + [...held.keys()].filter((each) => each.startsWith("$share")).length,
      0,
    );
  }
}

function describeRoute({ targets, groups }: Route): string[] {
  const named = targets.map(({ session, terms }) => {
    const identifiers = [...(terms.subscriptionIdentifiers ?? [])].sort((a, b) => a - b);
    return `${session.clientId} q${terms.qos} ${identifiers.join("+")}`;
  });
  return [...named.sort(), ...groups.map(({ shareName, filter }) => `group ${shareName} ${filter}`).sort()];
}

const level = fc.constantFrom("a", "b", "", "$x", "$SYS", "ü");
const topicName = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join("/"))
  .filter((name) => name !== "");
const plainFilter = fc
  .tuple(
    fc.array(fc.oneof({ weight: 3, arbitrary: level }, { weight: 2, arbitrary: fc.constant("+") }), {
      maxLength: 3,
    }),
    fc.constantFrom("#", "+", "a", "b", ""),
  )
  .map(([levels, last]) => [...levels, last].join("/"))
  .filter((filter) => filter !== "");
const filter = fc.oneof(
  { weight: 4, arbitrary: plainFilter },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom("g", "h"), plainFilter)
      .map(([name, each]) => `$share/${name}/${each}`),
  },
);
const session = fc.nat(3);

const step = fc.oneof(
  fc.record({
    type: fc.constant("subscribe" as const),
    session,
    filter,
    qos: fc.constantFrom(0, 1, 2),
    id: fc.nat(3),
  }),
  fc.record({ type: fc.constant("unsubscribe" as const), session, filter }),
  fc.record({ type: fc.constant("unsubscribeHeld" as const), session, at: fc.nat(20) }),
  fc.record({ type: fc.constant("publish" as const), topicName }),
);

describe("the tree is the naive matcher", () => {
  test("under any sequence of subscribe, unsubscribe and publish, through cached routes", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const twin = new Twin();
        const asked = new Set<string>();
        for (const each of steps) {
          if (each.type === "subscribe") {
            twin.subscribe(each.session, each.filter, each.qos as 0 | 1 | 2, each.id);
          } else if (each.type === "unsubscribe") twin.unsubscribe(each.session, each.filter);
          else if (each.type === "unsubscribeHeld") {
            const held = [...(twin.held[each.session] as Map<string, Subscription>).keys()];
            if (held.length > 0) twin.unsubscribe(each.session, held[each.at % held.length] as string);
          } else asked.add(each.topicName);
          // Every topic that was ever asked for has a cached route, and none may be stale.
          for (const name of asked) expect(twin.routed(name)).toEqual(twin.expected(name));
          expect([twin.tree.size, twin.tree.sharedSize]).toEqual([twin.size, twin.sharedSize]);
        }
        // Nothing is left behind when all have gone.
        for (const [index, held] of twin.held.entries())
          for (const each of held.keys()) twin.unsubscribe(index, each);
        for (const name of asked) expect(twin.routed(name)).toEqual([]);
        expect([twin.tree.size, twin.tree.sharedSize]).toEqual([0, 0]);
      }),
      { numRuns: 600 },
    );
  });
});

describe("stamps", () => {
  const topicOf = (twin: Twin, name: string) => twin.topics.of(name, ProtocolVersion.MQTT_5_0);

  test("a route stays the same object while nothing that matters changes", () => {
    const twin = new Twin();
    twin.subscribe(0, "a/+");
    const route = twin.tree.routeOf(topicOf(twin, "a/b"));
    twin.subscribe(1, "zz/#");
    twin.subscribe(1, "zz/y");
    expect(twin.tree.routeOf(topicOf(twin, "a/b"))).toBe(route);
  });

  test.each(["a/b", "a/+", "a/#", "#", "+/b", "$share/g/a/b", "$share/g/#"])(
    "%s makes the route of a/b anew",
    (each) => {
      const twin = new Twin();
      expect(twin.routed("a/b")).toEqual([]);
      twin.subscribe(0, each);
      expect(twin.routed("a/b").length).toBe(1);
      twin.unsubscribe(0, each);
      expect(twin.routed("a/b")).toEqual([]);
    },
  );

  test("a member that joins or leaves a group leaves the route alone", () => {
    const twin = new Twin();
    twin.subscribe(0, "$share/g/a");
    const route = twin.tree.routeOf(topicOf(twin, "a"));
    twin.subscribe(1, "$share/g/a");
    twin.unsubscribe(0, "$share/g/a");
    expect(twin.tree.routeOf(topicOf(twin, "a"))).toBe(route);
    twin.unsubscribe(1, "$share/g/a");
    expect(twin.routed("a")).toEqual([]);
  });
});

test("one session may hold many filters in any order of removal", () => {
  const twin = new Twin();
  const filters = Array.from({ length: 50 }, (_, i) => `t/${i % 10}/${i}`);
  for (const index of [0, 1, 2, 3]) for (const each of filters) twin.subscribe(index, each);
  for (const each of filters.toReversed()) for (const index of [2, 0, 3, 1]) twin.unsubscribe(index, each);
  expect(twin.tree.size).toBe(0);
});

describe("what topics remember", () => {
  test("is shared by all that match the same one filter", () => {
    const twin = new Twin();
    twin.subscribe(0, "#");
    twin.subscribe(1, "#");
    const [a, b] = ["a", "b"].map((name) =>
      twin.tree.routeOf(twin.topics.of(name, ProtocolVersion.MQTT_5_0)),
    );
    expect(a?.targets).toBe(b?.targets);
  });

  test("is nothing where several filters make a large route: any name a client invents would hold it", () => {
    const tree = new SubscriptionTree();
    const topics = new TopicTable({ rejectControlCharacters: false });
    const options = {
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      identifier: 0,
      group: undefined,
    } as const;
    for (let i = 0; i < 20; i++) {
      const session = new Session(`s${i}`, host);
      for (const text of ["#", "+"])
        tree.add(parsed(text), new Subscription(session, text, options), undefined);
    }
    const topic = topics.of("a", ProtocolVersion.MQTT_5_0);
    expect(tree.routeOf(topic).targets.length).toBe(20);
    expect(topic.route).toBeUndefined();
  });
});
