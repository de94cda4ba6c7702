// Decisions about access files against a matcher that is short enough to be believed, on random files, names and topics; and random
// texts as files.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AclFile, accessRules } from "#access";
import type { Identity } from "#auth";
import { ConfigError } from "#base";
import { topicFilterProblem, topicMatches } from "#protocol";

type Kind = "topic" | "pattern" | "user";
type Word = "" | "read" | "write" | "readwrite" | "deny";

interface Line {
  readonly kind: Kind;
  readonly word: Word;
  readonly filter: string;
  readonly userName: string;
}

const someNames = ["a", "b", "u1", "c1", "$x", "a b", "u+", "c/d"];
const level = fc.constantFrom("a", "b", "c1", "u1", "", "+", "%c", "%u", "$x", "$SYS", "a b");
const filter = fc
  .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, hash]) => (hash ? [...levels, "#"] : levels).join("/"))
  .filter((text) => topicFilterProblem(text) === undefined && text.trim() === text);
const nameLevel = fc.constantFrom(
  "a",
  "b",
  "c1",
  "u1",
  "",
  "%c",
  "%u",
  "$x",
  "$SYS",
  "a b",
  "c",
  "d",
  "undefined",
);
const topic = fc
  .array(nameLevel, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join("/"))
  .filter((text) => text !== "");
const line: fc.Arbitrary<Line> = fc.record({
  kind: fc.constantFrom<Kind>("topic", "topic", "pattern", "user"),
  word: fc.constantFrom<Word>("", "read", "write", "readwrite", "deny", "deny"),
  filter,
  userName: fc.constantFrom(...someNames),
});
const identity: fc.Arbitrary<Identity> = fc.record({
  clientId: fc.constantFrom(...someNames),
  userName: fc.option(fc.constantFrom(...someNames), { nil: undefined }),
  address: fc.constant({ transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1 }),
  listener: fc.constant(""),
  certificate: fc.constant(undefined),
  claims: fc.constant(undefined),
});

function textOf({ kind, word, filter: of, userName }: Line): string {
  if (kind === "user") return `user ${userName}`;
  // Without a word a filter with spaces could not be told from one.
  const access = word === "" && of.includes(" ") ? "readwrite" : word;
  return `${kind} ${access}${access === "" ? "" : " "}${of}`;
}

/** `filter` with the client's names put in; undefined when that is no level. */
function filledIn(of: string, { clientId, userName }: Identity): string | undefined {
  const levels = of.split("/").map((each) => (each === "%c" ? clientId : each === "%u" ? userName : each));
  const isWhole = levels.every(
    (each, index) => each !== undefined && (each === of.split("/")[index] || !/[/+#]/.test(each)),
  );
  return isWhole ? levels.join("/") : undefined;
}

function matches(of: string, name: string, client: Identity, kind: Kind): boolean {
  if (name.startsWith("$") && !of.startsWith("$")) return false;
  const full = kind === "pattern" ? filledIn(of, client) : of;
  return full !== undefined && topicMatches(full, name);
}

/** Line by line, as facts have it. */
function reference(
  lines: readonly Line[],
  client: Identity,
  name: string,
  access: "read" | "write",
): boolean {
  if (
    access === "write" &&
    name.startsWith("$SYS") &&
    !topicMatches("$SYS/broker/connection/+/state", name)
  ) {
    return false;
  }
  let owner: string | undefined;
  const topics: Line[] = [];
  const patterns: Line[] = [];
  for (const each of lines) {
    if (each.kind === "user") owner = each.userName;
    else if (each.kind === "pattern") patterns.push(each);
    else if (owner === client.userName) topics.push(each);
  }
  const decide = (list: readonly Line[]): boolean | undefined => {
    const fitting = list.filter((each) => matches(each.filter, name, client, each.kind));
    if (fitting.some(({ word }) => word === "deny")) return false;
    const allowing = fitting.some(({ word }) => word === "" || word === "readwrite" || word === access);
    return allowing ? true : undefined;
  };
  const own = decide(topics);
  if (own !== undefined) return own;
  if (patterns.length > 0 && /[+#]/.test(`${client.clientId}${client.userName ?? ""}`)) return false;
  return decide(patterns) ?? false;
}

describe("access files", () => {
  test("decide as the reference does", () => {
    let allowed = 0;
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 30 }),
        fc.array(identity, { minLength: 1, maxLength: 4 }),
        fc.array(topic, { minLength: 1, maxLength: 12 }),
        (lines, clients, names) => {
          const file = AclFile.parse(lines.map(textOf).join("\n"), "f");
          for (const client of clients) {
            for (const name of names) {
              const write = file.mayPublish(client, name) === true;
              expect(write).toBe(reference(lines, client, name, "write"));
              expect(file.mayReceive(client, name) === true).toBe(reference(lines, client, name, "read"));
              if (write) allowed++;
            }
          }
        },
      ),
      { numRuns: 1500 },
    );
    // The random topics do meet the random rules.
    expect(allowed).toBeGreaterThan(150);
  });

  test("throw nothing but ConfigErrors, whatever the text", () => {
    const word = fc.constantFrom(
      "user",
      "topic",
      "pattern",
      "read",
      "deny",
      "a/#",
      "%c",
      "x%u",
      "#",
      "\0",
      "\t",
      "",
    );
    const almost = fc.array(
      fc.array(word, { maxLength: 5 }).map((words) => words.join(" ")),
      { maxLength: 8 },
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      almost.map((lines) => lines.join("\n")),
    );
    let files = 0;
    fc.assert(
      fc.property(text, identity, (random, client) => {
        try {
          const file = AclFile.parse(random, "f");
          file.mayPublish(client, "a");
          files++;
        } catch (error) {
          if (!(error instanceof ConfigError) || !/^f:\d+$/.test(error.path)) throw error;
        }
      }),
      { numRuns: 3000 },
    );
    expect(files).toBeGreaterThan(100);
  });
});

describe("rules", () => {
  const rule = fc.record({
    effect: fc.constantFrom("allow" as const, "deny" as const),
    topics: fc.array(filter, { minLength: 1, maxLength: 3 }),
    who: fc.option(
      fc.record({ userNames: fc.array(fc.constantFrom(...someNames, "u*"), { minLength: 1, maxLength: 2 }) }),
      { nil: undefined },
    ),
  });

  test("publishing is decided by the first rule that fits", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 20 }),
        identity,
        fc.array(topic, { maxLength: 8 }),
        (rules, client, names) => {
          const source = accessRules(rules);
          for (const name of names) {
            const first = rules.find(({ topics, who }) => {
              const isMeant =
                who === undefined ||
                who.userNames.some((each) =>
                  each === "u*" ? client.userName?.startsWith("u") : client.userName === each,
                );
              return isMeant && topics.some((each) => matches(each, name, client, "pattern"));
            });
            expect(source.mayPublish?.(client, name, 0, false) === true).toBe(first?.effect === "allow");
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("what may be subscribed to holds no topic that is denied, and none that is not allowed", () => {
    const filling = fc.tuple(nameLevel, nameLevel, fc.array(nameLevel, { maxLength: 3 }));
    const wide = fc.constantFrom("#", "a/#", "+/#", "$SYS/#", "%c/#");
    const wideRule = fc.record({
      effect: fc.constant("allow" as const),
      topics: fc.tuple(wide),
      who: fc.constant(undefined),
    });
    const rules = fc.array(fc.oneof(rule, wideRule), { minLength: 1, maxLength: 6 });
    let looked = 0;
    fc.assert(
      fc.property(
        rules,
        identity,
        filter,
        fc.array(filling, { maxLength: 10 }),
        (list, client, wanted, fillings) => {
          const source = accessRules(list);
          if (source.maySubscribe?.(client, wanted, 0) !== true) return;
          for (const [first, second, rest] of fillings) {
            const name = nameOf(wanted, first, second, rest);
            if (name === "" || !topicMatches(wanted, name)) continue;
            looked++;
            expect(source.mayPublish?.(client, name, 0, false), `${wanted} has ${name}`).toBe(true);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(looked).toBeGreaterThan(200);
  });
});

/** A topic name that `wanted` matches, if nothing begins with $. */
function nameOf(wanted: string, first: string, second: string, rest: readonly string[]): string {
  const plus = [first, second];
  const levels = wanted.split("/").flatMap((each) => {
    if (each === "#") return rest;
    return each === "+" ? [plus.shift() ?? second] : [each];
  });
  return levels.join("/");
}
