// The examples of docs/how-to/permissions.md: each block decides as the table below it says.
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import {
  type AccessRule,
  type AccessSource,
  AclFile,
  accessRules,
  combineAccess,
  DynamicSecurity,
} from "#access";
import type { Gate, Identity } from "#auth";
import { seededRandom, utf8Encode } from "#base";
import type { Qos } from "#protocol";
import { VirtualClock } from "#testing";
import { textOf } from "../docs/pages.ts";
import { syncHashing } from "../support/sync-hashing.ts";

const page = textOf("docs/how-to/permissions.md");

function section(title: string): string {
  const [, text = ""] = page.split(`\n## ${title}\n`);
  return text.split("\n## ")[0] as string;
}

/** The block of that language, the last one of several. */
function block(text: string, language: string): string {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].at(-1)?.[1] ?? "";
}

/** The rows of the table that begins with these columns. */
function rows(text: string, head: string): string[][] {
  const [, table = ""] = text.split(`| ${head} |\n`);
  const found: string[][] = [];
  for (const line of table.split("\n").slice(1)) {
    if (!line.startsWith("|")) break;
    found.push(
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  }
  expect(found.length).toBeGreaterThan(5);
  return found;
}

function identity(clientId: string, userName?: string, rest: Partial<Identity> = {}): Identity {
  const address = { transport: "tcp", remoteAddress: "203.0.113.1", remotePort: 1, localPort: 1883 };
  return { clientId, userName, address, listener: "", certificate: undefined, claims: undefined, ...rest };
}

function asked(source: AccessSource, who: Identity, what: string, topic: string, qos: Qos): unknown {
  const gate: Gate = { authenticate: () => ({ outcome: "accepted" }), ...combineAccess([source]) };
  switch (what) {
    case "publish":
      return gate.mayPublish?.(who, topic, qos, false) ?? true;
    case "publish retained":
      return gate.mayPublish?.(who, topic, qos, true) ?? true;
    case "subscribe":
      return gate.maySubscribe?.(who, topic, qos) ?? true;
    case "receive":
      return gate.mayReceive?.(who, topic) ?? true;
    default:
      throw new Error(`nobody knows what it is to ${what}`);
  }
}

const PEOPLE = "client | user | wants to | topic | may";

describe("docs/how-to/permissions.md", () => {
  test("an access file", () => {
    const text = section("An access file");
    const file = AclFile.parse(block(text, "acl"), "acl.conf");
    for (const [clientId = "", userName, what = "", topic = "", may] of rows(text, PEOPLE)) {
      const who = identity(clientId, userName === "" ? undefined : userName);
      expect(asked(file, who, what, topic, 0) === true ? "yes" : "no", `${clientId} ${what} ${topic}`).toBe(
        may,
      );
    }
  });

  test("rules", () => {
    const text = section("Rules");
    const source = accessRules(rulesOf(block(text, "toml")));
    const issuer = "CN=Acme Root";
    const certificate = {
      subject: "OU=Line 1\nCN=press",
      issuer,
      subjectAltName: undefined,
      serialNumber: "1",
      fingerprint256: "",
    };
    const lampAddress = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };
    const clients: Record<string, Identity> = {
      lamp: identity("lamp", undefined, { listener: "field", address: lampAddress }),
      boss: identity("boss", "boss", { claims: { role: "admin", site: "north" } }),
      press: identity("press", undefined, { certificate }),
    };
    for (const [client = "", what = "", topic = "", qos, may] of rows(
      text,
      "client | wants to | topic | QoS | may",
    )) {
      const answer = asked(source, clients[client] as Identity, what, topic, Number(qos) as Qos);
      expect(answer === true ? "yes" : "no", `${client} ${what} ${topic} ${qos}`).toBe(may);
    }
  });

  test("roles and groups", async () => {
    const text = section("Roles and groups");
    const security = await afterCommands(block(text, "console"));
    for (const [clientId = "", userName, what = "", topic = "", may] of rows(text, PEOPLE)) {
      const answer = asked(security, identity(clientId, userName), what, topic, 0);
      expect(answer === true ? "yes" : "no", `${userName} ${what} ${topic}`).toBe(may);
    }
  });
});

/** The rules of a configuration, whose keys are in snake case and whose conditions stand beside the rest. */
function rulesOf(toml: string): AccessRule[] {
  const { access } = parse(toml) as unknown as { access: { rules: Record<string, unknown>[] } };
  return access.rules.map((rule) => {
    const { name, effect, actions, topics, qos, retain, ...who } = rule;
    const subject = Object.fromEntries(
      Object.entries(who).map(([key, value]) => [
        key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        value,
      ]),
    );
    return { name, effect, actions, topics, qos, retain, who: subject } as AccessRule;
  });
}

/** What mosquitto_ctrl makes of its arguments; test/interop/dynsec.test.ts runs the program itself. */
function commandOf(args: readonly string[]): Record<string, unknown> {
  const [command, name, second, third, allow, priority] = args;
  switch (command) {
    case "createRole":
      return { command, rolename: name };
    case "createClient":
      return { command, username: name, password: args[3] };
    case "addClientRole":
      return { command, username: name, rolename: second };
    case "addRoleACL":
      return {
        command,
        rolename: name,
        acltype: second,
        topic: third,
        allow: allow === "allow",
        priority: Number(priority ?? 0),
      };
    default:
      throw new Error(`the page has a command ${command} that this test does not know`);
  }
}

async function afterCommands(console: string): Promise<DynamicSecurity> {
  const adminAcls = [{ acltype: "publishClientSend", topic: "$CONTROL/dynamic-security/#", allow: true }];
  const file = {
    roles: [{ rolename: "admin", acls: adminAcls }],
    clients: [{ username: "admin", roles: [{ rolename: "admin" }] }],
  };
  const security = new DynamicSecurity(JSON.stringify(file), {
    source: "dynamic-security.json",
    hashing: syncHashing,
    random: seededRandom(1),
    clock: new VirtualClock(),
    iterations: 1,
    save: async () => undefined,
  });
  const commands = console
    .trim()
    .split("\n")
    .map((line) => commandOf((line.split(" dynsec ")[1] as string).split(" ")));
  const answer = await security.handle(identity("admin", "admin"), utf8Encode(JSON.stringify({ commands })));
  expect(new TextDecoder().decode(answer)).not.toContain("error");
  return security;
}
