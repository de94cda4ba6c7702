import { describe, expect, test } from "vitest";
import type { Qos } from "#protocol";
import { Outcomes } from "./outcome.ts";
import { DeliveryTerms, makeRoute, type Target } from "./route.ts";
import { Session } from "./session.ts";
import { defaultSettings } from "./settings.ts";
import { SharedGroup } from "./shared-group.ts";
import { Subscription } from "./subscription.ts";

const host = {
  settings: defaultSettings,
  outcomes: new Outcomes(),
  now: () => 0,
  onSessionTimer: () => undefined,
  durable: undefined,
  discard: () => undefined,
  onReadFailure: () => undefined,
};
const a = new Session("a", host);
const b = new Session("b", host);

function sub(
  session: Session,
  options: { qos?: Qos; noLocal?: boolean; retainAsPublished?: boolean; identifier?: number },
) {
  return new Subscription(session, "t", {
    qos: 0,
    noLocal: false,
    retainAsPublished: false,
    identifier: 0,
    group: undefined,
    ...options,
  });
}

const merged = (...options: Parameters<typeof sub>[1][]): Target => {
  const { targets } = makeRoute(
    options.map((each) => [sub(a, each)]),
    [],
  );
  expect(targets.length).toBe(1); // one copy
  return targets[0] as Target;
};

describe("overlapping filters of one session", () => {
  test("are one copy at the highest QoS", () => {
    expect(merged({ qos: 1 }, { qos: 2 }, { qos: 0 }).terms.qos).toBe(2);
  });

  test("carry all identifiers, those that are equal too", () => {
    expect(
      merged({ identifier: 3 }, {}, { identifier: 1 }, { identifier: 3 }).terms.subscriptionIdentifiers,
    ).toEqual([3, 1, 3]);
    expect(merged({}, {}).terms.subscriptionIdentifiers).toBeUndefined();
  });

  test("keep RETAIN as published if any of them wants it", () => {
    expect(merged({}, { retainAsPublished: true }).terms.retainAsPublished).toBe(true);
    expect(merged({}, {}).terms.retainAsPublished).toBe(false);
  });

  test("all with No Local: nothing of its own, everything of others", () => {
    const { terms, ownTerms } = merged({ noLocal: true, qos: 1 }, { noLocal: true });
    expect(ownTerms).toBeUndefined();
    expect(terms.qos).toBe(1);
  });

  test("some with No Local: of its own only what the others ask for", () => {
    const { terms, ownTerms } = merged(
      { noLocal: true, qos: 2, identifier: 1, retainAsPublished: true },
      { qos: 1, identifier: 2 },
    );
    expect(terms).toMatchObject({ qos: 2, retainAsPublished: true, subscriptionIdentifiers: [1, 2] });
    expect(ownTerms).toMatchObject({ qos: 1, retainAsPublished: false, subscriptionIdentifiers: [2] });
  });

  test("none with No Local: the same terms for all", () => {
    const { terms, ownTerms } = merged({ qos: 1 }, { qos: 2 });
    expect(ownTerms).toBe(terms);
  });
});

test("sessions stay apart", () => {
  const { targets } = makeRoute([[sub(a, { qos: 1 }), sub(b, { qos: 0 })], [sub(b, { qos: 2 })]], []);
  expect(targets.map(({ session, terms }) => [session.clientId, terms.qos])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
});

test("groups are passed on", () => {
  const group = new SharedGroup("g", "t");
  expect(makeRoute([], [group])).toMatchObject({ targets: [], groups: [group] });
});

test("the only receiver is at hand, and only where it is the only one", () => {
  const group = new SharedGroup("g", "t");
  const quiet = sub(a, { qos: 1, noLocal: true });
  const one = makeRoute([[quiet]], []);
  expect([one.only, one.onlyTerms, one.onlyOwnTerms]).toEqual([a, quiet.terms, undefined]);
  const merged = makeRoute([[quiet], [sub(a, { qos: 2 })]], []);
  expect([merged.only, merged.onlyTerms?.qos, merged.onlyOwnTerms?.qos]).toEqual([a, 2, 2]);
  for (const route of [
    makeRoute([], []),
    makeRoute([], [group]),
    makeRoute([[quiet]], [group]),
    makeRoute([[quiet, sub(b, {})]], []),
  ]) {
    expect(route.only).toBeUndefined();
  }
});

test("terms are plain when nothing but a QoS differs", () => {
  expect(new DeliveryTerms(2, false, undefined).isPlain).toBe(true);
  expect(new DeliveryTerms(0, true, undefined).isPlain).toBe(false);
  expect(new DeliveryTerms(0, false, [1]).isPlain).toBe(false);
  expect(new DeliveryTerms(0, false, undefined, undefined, true).isPlain).toBe(false);
});
