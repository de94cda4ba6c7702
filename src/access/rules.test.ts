import { describe, expect, test } from "vitest";
import type { Identity } from "#auth";
import { ConfigError } from "#base";
import type { AccessRule } from "./access-rule.ts";
import { type AccessRulesOptions, accessRules } from "./rules.ts";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };
const client: Identity = {
  clientId: "c1",
  userName: "alice",
  address,
  listener: "field",
  certificate: undefined,
  claims: undefined,
};
const anonymous: Identity = { ...client, userName: undefined };

/** Whether one rule, with nothing else allowed, lets `who` publish to `topic`. */
function allows(rule: Partial<AccessRule>, who: Identity = client, topic = "a/b"): boolean {
  const source = accessRules([{ effect: "allow", actions: ["publish"], topics: ["#"], ...rule }]);
  return source.mayPublish?.(who, topic, 1, false) === true;
}

function problemOf(rule: Partial<AccessRule>): string {
  try {
    accessRules([{ effect: "allow", topics: ["#"], ...rule }]);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  return "none";
}

describe("order and defaults", () => {
  const rules: AccessRule[] = [
    { name: "no secrets", effect: "deny", actions: ["publish"], topics: ["secret/#"] },
    { effect: "allow", actions: ["publish"], topics: ["secret/open", "a/#"] },
    { effect: "deny", actions: ["publish"], topics: ["a/b"] },
  ];
  const publish = (topic: string, options?: AccessRulesOptions) =>
    accessRules(rules, options).mayPublish?.(client, topic, 0, false);

  test("the first rule that fits decides", () => {
    expect(publish("secret/open")).toEqual({
      outcome: "denied",
      rule: "rules[0] (no secrets): deny publish secret/#",
    });
    expect(publish("a/b")).toBe(true);
  });

  test("none fits: denied, or what the setting says", () => {
    expect(publish("x")).toEqual({ outcome: "denied", rule: "no rule of rules allows it" });
    expect(publish("x", { name: "martlet.toml" })).toEqual({
      outcome: "denied",
      rule: "no rule of martlet.toml allows it",
    });
    expect(publish("x", { otherwise: "allow" })).toBe(true);
    expect(publish("x", { otherwise: "next" })).toBeUndefined();
  });

  test("receiving and unsubscribing are judged only where a rule is about them", () => {
    const source = accessRules(rules);
    expect(Object.keys(source)).not.toContain("mayReceive");
    expect(Object.keys(source)).not.toContain("mayUnsubscribe");
    const both = accessRules([
      { effect: "allow", actions: ["receive"], topics: ["a"] },
      { effect: "allow", actions: ["unsubscribe"], topics: ["b/#"] },
    ]);
    expect(both.mayReceive?.(client, "a")).toBe(true);
    expect(both.mayReceive?.(client, "b")).not.toBe(true);
    expect(both.mayUnsubscribe?.(client, "b/+")).toBe(true);
    expect(both.mayUnsubscribe?.(client, "a")).not.toBe(true);
  });

  test("without actions a rule is about publishing and subscribing", () => {
    const source = accessRules([{ effect: "allow", topics: ["a"] }]);
    expect(source.mayPublish?.(client, "a", 0, false)).toBe(true);
    expect(source.maySubscribe?.(client, "a", 0)).toBe(true);
    expect(Object.keys(source)).not.toContain("mayReceive");
  });

  test("no rules: nothing may be published or subscribed to", () => {
    expect(accessRules([]).mayPublish?.(client, "a", 0, false)).not.toBe(true);
    expect(accessRules([]).maySubscribe?.(client, "a", 0)).not.toBe(true);
  });
});

describe("subscribing", () => {
  const source = accessRules([
    { effect: "deny", actions: ["subscribe"], topics: ["secret/#"] },
    { effect: "allow", actions: ["subscribe"], topics: ["#", "news/+"] },
  ]);
  const may = (filter: string) => source.maySubscribe?.(client, filter, 0) === true;

  test("is denied when any topic of the filter is", () => {
    for (const filter of ["secret/x", "secret", "secret/+/x", "#", "+/x", "+"]) {
      expect(may(filter), filter).toBe(false);
    }
  });

  test("is allowed only when every topic of the filter is", () => {
    expect(may("news/#")).toBe(true);
    expect(may("$SYS/#")).toBe(false);
    const narrow = accessRules([{ effect: "allow", topics: ["a/+"] }]);
    expect(narrow.maySubscribe?.(client, "a/+", 0)).toBe(true);
    expect(narrow.maySubscribe?.(client, "a/#", 0)).not.toBe(true);
  });
});

describe("placeholders in topics", () => {
  test("names", () => {
    expect(allows({ topics: ["d/%c/#"] }, client, "d/c1/x")).toBe(true);
    expect(allows({ topics: ["d/%c/#"] }, client, "d/c2/x")).toBe(false);
    expect(allows({ topics: ["%u/x"] }, client, "alice/x")).toBe(true);
    expect(allows({ topics: ["%u/x"] }, anonymous, "undefined/x")).toBe(false);
  });

  test("claims, also in objects and lists", () => {
    const who: Identity = {
      ...client,
      claims: { site: "s1", deep: { sites: ["s2", "s3", 4] }, "a.b": "s5" },
    };
    const at = (claim: string, topic: string) => allows({ topics: [`%{claim.${claim}}/#`] }, who, topic);
    expect(at("site", "s1/x")).toBe(true);
    expect(at("site", "s2/x")).toBe(false);
    expect(at("deep.sites", "s3/x")).toBe(true);
    expect(at("deep.sites", "4/x")).toBe(true);
    expect(at("a.b", "s5/x")).toBe(true);
    expect(at("deep", "[object Object]/x")).toBe(false);
    expect(at("none", "undefined/x")).toBe(false);
    expect(at("constructor.name", "Object/x")).toBe(false);
    expect(at("site.length", "2/x")).toBe(false);
  });

  test("a name with a wildcard is no wildcard", () => {
    const source = accessRules([{ effect: "allow", topics: ["d/%c/#"] }]);
    for (const clientId of ["+", "#", "a/b"]) {
      expect(source.maySubscribe?.({ ...client, clientId }, `d/${clientId}/#`, 0), clientId).not.toBe(true);
    }
  });
});

describe("whom a rule is about", () => {
  const may = (who: AccessRule["who"], identity: Identity = client) => allows({ who }, identity);

  test("client identifier, user name, listener", () => {
    expect(may({ clientIds: ["x", "c*"] })).toBe(true);
    expect(may({ clientIds: ["x"] })).toBe(false);
    expect(may({ userNames: ["alice"] })).toBe(true);
    expect(may({ userNames: ["bob", "al*"] })).toBe(true);
    expect(may({ userNames: ["*"] }, anonymous)).toBe(false);
    expect(may({ anonymous: true }, anonymous)).toBe(true);
    expect(may({ anonymous: true })).toBe(false);
    expect(may({ anonymous: false })).toBe(true);
    expect(may({ anonymous: false }, anonymous)).toBe(false);
    expect(may({ listeners: ["field"] })).toBe(true);
    expect(may({ listeners: ["office"] })).toBe(false);
  });

  test("source address", () => {
    expect(may({ addresses: ["192.0.2.0/24"] })).toBe(true);
    expect(may({ addresses: ["198.51.100.0/24", "2001:db8::/32"] })).toBe(false);
  });

  test("certificate", () => {
    const certificate = {
      subject: "C=DE\nO=Acme\nOU=Line 1\nOU=Line 2\nCN=sensor-1",
      issuer: "CN=Acme Root",
      subjectAltName: "DNS:sensor-1.example.org, IP Address:192.0.2.7",
      serialNumber: "0A",
      fingerprint256: "AA:BB",
    };
    const shown: Identity = { ...client, certificate };
    const fits = (wish: Record<string, string | string[]>) => may({ certificate: wish }, shown);
    expect(fits({ "subject.CN": "sensor-*" })).toBe(true);
    expect(fits({ "subject.OU": "Line 2", "issuer.CN": "Acme Root" })).toBe(true);
    expect(fits({ "subject.OU": ["Line 3", "Line 4"] })).toBe(false);
    expect(fits({ "subject.CN": "sensor-*", "subject.O": "Other" })).toBe(false);
    expect(fits({ subjectAltName: "DNS:*.example.org" })).toBe(true);
    expect(fits({ serialNumber: "0A", fingerprint256: "AA:BB" })).toBe(true);
    expect(may({ certificate: { "subject.CN": "*" } })).toBe(false);
  });

  test("a certificate with a name that looks like several has that one", () => {
    // As Node writes one DNS name, and a subject with two parts in one line and a line feed in a value.
    const certificate = {
      subject: "O=Acme\\, Ltd\nOU=a + CN=device\nL=x\\0ACN=admin",
      issuer: "CN=Acme Root",
      subjectAltName: 'DNS:"x\\u002c DNS:admin.example.org\\u002c DNS:y", IP Address:192.0.2.7',
      serialNumber: "0A",
      fingerprint256: "AA:BB",
    };
    const shown: Identity = { ...client, certificate };
    const fits = (wish: Record<string, string>) => may({ certificate: wish }, shown);
    expect(fits({ subjectAltName: "DNS:admin.example.org" })).toBe(false);
    expect(fits({ subjectAltName: "DNS:admin*" })).toBe(false);
    expect(fits({ subjectAltName: "IP Address:192.0.2.7" })).toBe(true);
    expect(fits({ subjectAltName: "DNS:x, DNS:admin.example.org, DNS:y" })).toBe(true);
    expect(fits({ "subject.CN": "admin" })).toBe(false);
    expect(fits({ "subject.CN": "device", "subject.OU": "a", "subject.O": "Acme, Ltd" })).toBe(true);
  });

  test("claims", () => {
    const who: Identity = { ...client, claims: { role: "admin", groups: ["a", "b"], level: 3, ok: true } };
    const fits = (claims: NonNullable<NonNullable<AccessRule["who"]>["claims"]>) => may({ claims }, who);
    expect(fits({ role: "admin" })).toBe(true);
    expect(fits({ role: ["x", "adm*"] })).toBe(true);
    expect(fits({ groups: "b" })).toBe(true);
    expect(fits({ groups: "c" })).toBe(false);
    expect(fits({ level: 3, ok: true })).toBe(true);
    expect(fits({ level: 4 })).toBe(false);
    expect(fits({ missing: "*" })).toBe(false);
    expect(may({ claims: { role: "admin" } })).toBe(false);
  });

  test("all that is named has to hold", () => {
    expect(may({ clientIds: ["c1"], userNames: ["alice"], listeners: ["field"] })).toBe(true);
    expect(may({ clientIds: ["c1"], userNames: ["bob"] })).toBe(false);
  });

  test("a rule for a named user goes before and after others by its place", () => {
    const rules: AccessRule[] = [
      { effect: "deny", topics: ["a"], who: { clientIds: ["c9"] } },
      { effect: "allow", topics: ["a"], who: { userNames: ["alice"] } },
      { effect: "deny", topics: ["a"] },
    ];
    const source = accessRules(rules);
    expect(source.mayPublish?.(client, "a", 0, false)).toBe(true);
    expect(source.mayPublish?.({ ...client, clientId: "c9" }, "a", 0, false)).not.toBe(true);
    expect(source.mayPublish?.({ ...client, userName: "bob" }, "a", 0, false)).not.toBe(true);
  });
});

describe("QoS and RETAIN", () => {
  test("narrow a rule", () => {
    const source = accessRules([
      { effect: "allow", topics: ["q"], qos: [0, 1] },
      { effect: "allow", actions: ["publish"], topics: ["r"], retain: false },
    ]);
    expect(source.mayPublish?.(client, "q", 1, true)).toBe(true);
    expect(source.mayPublish?.(client, "q", 2, false)).not.toBe(true);
    expect(source.maySubscribe?.(client, "q", 0)).toBe(true);
    expect(source.maySubscribe?.(client, "q", 2)).not.toBe(true);
    expect(source.mayPublish?.(client, "r", 2, false)).toBe(true);
    expect(source.mayPublish?.(client, "r", 2, true)).not.toBe(true);
  });
});

describe("what is no rule", () => {
  test.each([
    [{ topics: [] }, "rules[0].topics: is empty; name one topic at least."],
    [{ topics: ["a/#/b"] }, 'rules[0].topics: has "a/#/b"; # is the last level.'],
    [{ topics: ["a%c"] }, 'rules[0].topics: has "a%c"; %c, %u and %{claim.name} fill a whole level.'],
    [{ topics: ["%{role}"] }, 'rules[0].topics: has "%{role}"; %c, %u and %{claim.name} fill a whole level.'],
    [{ topics: ["a/".repeat(300)] }, "rules[0].topics: has a topic of 301 levels; at most 200 are allowed."],
    [{ actions: [] }, "rules[0].actions: is empty; name one at least, or leave it out."],
    [{ qos: [] }, "rules[0].qos: is empty; name one at least, or leave it out."],
    [{ actions: ["receive"], qos: [1] }, 'rules[0].qos: is given; "receive" knows no QoS.'],
    [{ retain: true }, 'rules[0].retain: is given; "subscribe" knows no RETAIN, only "publish" does.'],
    [{ who: { clientIds: [] } }, "rules[0].who.clientIds: is empty; name one at least, or leave it out."],
    [
      { who: { addresses: ["10.0.0.0/99"] } },
      "rules[0].who.addresses[0]: /99 is no length of a prefix of 10.0.0.0; it is a whole number from 0 to 32.",
    ],
    [
      { who: { certificate: { CN: "x" } } },
      'rules[0].who.certificate: has "CN"; allowed are subject.CN, issuer.O and the like, subjectAltName, serialNumber, fingerprint256.',
    ],
    [
      { who: { anonymous: true, userNames: ["a"] } },
      "rules[0].who.anonymous: is true beside userNames; nobody is both.",
    ],
  ] as const satisfies [Partial<AccessRule>, string][])("%j", (rule, problem) => {
    expect(problemOf(rule)).toBe(problem);
  });
});
