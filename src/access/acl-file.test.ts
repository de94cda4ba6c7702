import { describe, expect, test } from "vitest";
import type { Identity, Permission } from "#auth";
import { ConfigError } from "#base";
import { AclFile } from "./acl-file.ts";

function identity(clientId: string, userName?: string): Identity {
  const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };
  return { clientId, userName, address, listener: "", certificate: undefined, claims: undefined };
}

const denied = (rule: string): Permission => ({ outcome: "denied", rule });
const nothing = denied("no rule of acl.conf allows it");
const parse = (...lines: string[]): AclFile => AclFile.parse(lines.join("\n"), "acl.conf");

function problemOf(...lines: string[]): string {
  try {
    parse(...lines);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  return "none";
}

const alice = identity("c1", "alice");
const nobody = identity("c1");

describe("whose topics they are", () => {
  const file = parse(
    "# comments, and blank lines",
    "",
    "topic read open/#",
    "user alice",
    "topic write a/w",
    "topic read a/r",
    "topic a/rw",
    "topic readwrite with space/x",
    "user two words",
    "topic w/#",
    "user alice",
    "topic later",
  );

  test("lines before any user are for clients without a user name, and only for them", () => {
    expect(file.mayReceive(nobody, "open/x")).toBe(true);
    expect(file.mayPublish(nobody, "open/x")).toEqual(nothing);
    expect(file.mayReceive(alice, "open/x")).toEqual(nothing);
  });

  test("read is receiving, write is publishing, without a word it is both", () => {
    expect(file.mayPublish(alice, "a/w")).toBe(true);
    expect(file.mayReceive(alice, "a/w")).toEqual(nothing);
    expect(file.mayPublish(alice, "a/r")).toEqual(nothing);
    expect(file.mayReceive(alice, "a/r")).toBe(true);
    expect(file.mayPublish(alice, "a/rw")).toBe(true);
    expect(file.mayReceive(alice, "a/rw")).toBe(true);
  });

  test("spaces in topics and in user names", () => {
    expect(file.mayPublish(alice, "with space/x")).toBe(true);
    expect(file.mayPublish(identity("c", "two words"), "w/x")).toBe(true);
  });

  test("a user may come twice, and one who does not come may nothing", () => {
    expect(file.mayPublish(alice, "later")).toBe(true);
    expect(file.mayPublish(identity("c", "bob"), "w/x")).toEqual(nothing);
  });

  test("subscribing and unsubscribing are granted", () => {
    expect(file.maySubscribe()).toBe(true);
    expect(file.mayUnsubscribe()).toBe(true);
  });
});

describe("order", () => {
  const file = parse(
    "user alice",
    "topic #",
    "topic deny secret/#",
    "topic both",
    "pattern deny both",
    "pattern deny mine/%c",
    "pattern mine/#",
  );

  test("what denies goes before what allows, wherever it stands", () => {
    expect(file.mayPublish(alice, "secret/x")).toEqual(denied("acl.conf line 3: topic deny secret/#"));
    expect(file.mayReceive(alice, "secret/x")).toEqual(denied("acl.conf line 3: topic deny secret/#"));
    expect(file.mayPublish(identity("c9", "bob"), "mine/c9")).toEqual(
      denied("acl.conf line 6: pattern deny mine/%c"),
    );
    expect(file.mayPublish(identity("c9", "bob"), "mine/c8")).toBe(true);
  });

  test("the topics of the user go before the patterns, as in mosquitto", () => {
    expect(file.mayPublish(alice, "both")).toBe(true);
    expect(file.mayPublish(identity("c", "bob"), "both")).toEqual(
      denied("acl.conf line 5: pattern deny both"),
    );
  });
});

describe("patterns", () => {
  const file = parse("user alice", "topic own", "pattern c/%c/#", "pattern read u/%u", "pattern %u/%c");

  test("stand for the names of the client, level by level", () => {
    expect(file.mayPublish(alice, "c/c1/x/y")).toBe(true);
    expect(file.mayPublish(alice, "c/c2/x")).toEqual(nothing);
    expect(file.mayReceive(alice, "u/alice")).toBe(true);
    expect(file.mayPublish(alice, "u/alice")).toEqual(nothing);
    expect(file.mayPublish(alice, "alice/c1")).toBe(true);
  });

  test("with %u are not for clients without a user name", () => {
    expect(file.mayPublish(nobody, "c/c1")).toBe(true);
    expect(file.mayReceive(nobody, "u/")).toEqual(nothing);
    expect(file.mayReceive(nobody, "u/undefined")).toEqual(nothing);
  });

  test("are not for names with + or #", () => {
    const rule = (what: string): Permission =>
      denied(`the patterns of acl.conf are not for a ${what} with + or #`);
    expect(file.mayPublish(identity("a+", "alice"), "c/x")).toEqual(rule("client identifier"));
    expect(file.mayPublish(identity("a", "al#ice"), "c/a")).toEqual(rule("user name"));
    // Topics of the user are no patterns; mosquitto looks at them before.
    expect(file.mayPublish(identity("a+", "alice"), "own")).toBe(true);
  });

  test("a name with a slash fills no level", () => {
    expect(file.mayPublish(identity("a/b", "alice"), "c/a/b/x")).toEqual(nothing);
  });
});

describe("topics that begin with $", () => {
  const file = parse("user alice", "topic #", "topic $SYS/#", "topic $x/#", "pattern +/p");

  test("need entries that begin with $", () => {
    expect(file.mayPublish(alice, "$x/a")).toBe(true);
    expect(file.mayPublish(alice, "$y/a")).toEqual(nothing);
    expect(file.mayPublish(alice, "$y/p")).toEqual(nothing);
    expect(file.mayReceive(alice, "$SYS/broker/uptime")).toBe(true);
  });

  test("$SYS belongs to the broker, but for the states of bridges", () => {
    expect(file.mayPublish(alice, "$SYS/broker/uptime")).toEqual(denied("only the broker publishes to $SYS"));
    expect(file.mayPublish(alice, "$SYS/broker/connection/b1/state")).toBe(true);
    expect(parse("user bob").mayPublish(alice, "$SYS/broker/connection/b1/state")).toEqual(nothing);
  });
});

describe("what is no file", () => {
  test.each([
    [
      ["# ok", "allow all"],
      'acl.conf:2: the line begins with "allow"; write user, topic, pattern or a # for a comment.',
    ],
    [
      ["topic\ta"],
      'acl.conf:1: the line begins with "topic\ta"; write user, topic, pattern or a # for a comment.',
    ],
    [["user"], "acl.conf:1: the user name is missing; write user <name>."],
    [["user   "], "acl.conf:1: the user name is missing; write user <name>."],
    [["topic"], "acl.conf:1: the topic is missing; write topic [read|write|readwrite|deny] <topic>."],
    [
      ["", "pattern all a/b"],
      'acl.conf:2: the access is "all"; write read, write, readwrite or deny. A topic with a space needs one of them.',
    ],
    [["topic write a#"], 'acl.conf:1: the topic is "a#"; # stands alone in its level.'],
    [["topic a/#/b"], 'acl.conf:1: the topic is "a/#/b"; # is the last level.'],
    [["pattern x%c/y"], 'acl.conf:1: the topic has the level "x%c"; %c and %u fill a whole level.'],
    [[`topic ${"a/".repeat(200)}`], "acl.conf:1: the topic has 201 levels; it has at most 200."],
  ])("%j", (lines, problem) => {
    expect(problemOf(...lines)).toBe(problem);
  });

  test("long lines are cut in the message", () => {
    expect(problemOf("x".repeat(10_000)).length).toBeLessThan(200);
  });

  test("what mosquitto takes is taken", () => {
    expect(
      problemOf("", "   ", "#", " topic a", "topic  read   a b ", "user  x y ", "topic a\r", "topic read"),
    ).toBe("none");
    // One word alone is a topic, whatever it says.
    expect(parse("topic read").mayPublish(nobody, "read")).toBe(true);
    expect(parse("topic read  ").mayPublish(nobody, "read")).toBe(true);
  });

  test("an empty file denies everything but subscribing", () => {
    expect(parse("").mayPublish(alice, "a")).toEqual(nothing);
    expect(parse("").mayReceive(nobody, "a")).toEqual(nothing);
  });
});
