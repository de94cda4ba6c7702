import { describe, expect, test } from "vitest";
import type { GateChange, Identity, Login, PasswordHashing } from "#auth";
import { seededRandom, utf8Decode, utf8Encode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { VirtualClock } from "#testing";
import { syncHashing } from "../../../test/support/sync-hashing.ts";
import { DynamicSecurity, type DynamicSecurityOptions } from "./dynamic-security.ts";

const address = { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 };

function identity(userName: string | undefined, clientId = "c1"): Identity {
  return { clientId, userName, address, listener: "", certificate: undefined, claims: undefined };
}

function login(userName: string | undefined, password: string | undefined, clientId = "c1"): Login {
  return {
    ...identity(userName, clientId),
    password: password === undefined ? undefined : utf8Encode(password),
    protocolVersion: ProtocolVersion.MQTT_5_0,
    keepAliveSeconds: 60,
    pskIdentity: undefined,
    openingRequest: undefined,
  };
}

type Command = Record<string, unknown>;

/** A fresh one, with what it saved and told. */
function started(file: object = {}, options: Partial<DynamicSecurityOptions> = {}) {
  const clock = new VirtualClock();
  const saved: string[] = [];
  const changes: GateChange[] = [];
  const roles = new DynamicSecurity(JSON.stringify(file), {
    source: "dynsec.json",
    hashing: syncHashing,
    random: seededRandom(1),
    clock,
    iterations: 10,
    save: async (text) => void saved.push(text),
    ...options,
  });
  roles.watch((change) => changes.push(change));
  const raw = async (payload: string): Promise<unknown> =>
    JSON.parse(utf8Decode(await roles.handle(identity("admin"), utf8Encode(payload))));
  const run = async (...commands: Command[]): Promise<Command[]> =>
    ((await raw(JSON.stringify({ commands }))) as { responses: Command[] }).responses;
  /** Runs commands that have to be good. */
  const good = async (...commands: Command[]): Promise<void> => {
    expect((await run(...commands)).filter(({ error }) => error !== undefined)).toEqual([]);
  };
  return { roles, clock, saved, changes, raw, run, good };
}

const acl = (acltype: string, topic: string, allow = true, priority = 0): Command => ({
  acltype,
  topic,
  allow,
  priority,
});

describe("decisions", () => {
  test("the client's roles by priority, then its groups and theirs; the first that matches decides", async () => {
    const { roles, good } = started();
    const role = (rolename: string, ...acls: Command[]): Command => ({
      command: "createRole",
      rolename,
      acls,
    });
    await good(
      role("low", acl("publishClientSend", "t/#", false), acl("publishClientSend", "only/low")),
      role("high", acl("publishClientSend", "t/a")),
      role("ingroup", acl("publishClientSend", "t/b"), acl("publishClientSend", "g/#")),
      role("inlater", acl("publishClientSend", "g/x", false), acl("publishClientSend", "later")),
      { command: "createGroup", groupname: "first", roles: [{ rolename: "ingroup" }] },
      { command: "createGroup", groupname: "later", roles: [{ rolename: "inlater" }] },
      {
        command: "createClient",
        username: "u",
        roles: [
          { rolename: "low", priority: 1 },
          { rolename: "high", priority: 2 },
        ],
        groups: [
          { groupname: "later", priority: 1 },
          { groupname: "first", priority: 2 },
        ],
      },
    );
    const may = (topic: string) => roles.mayPublish(identity("u"), topic);
    expect(may("t/a")).toBe(true);
    expect(may("t/b")).toEqual({ outcome: "denied", rule: "role low: publishClientSend deny t/#" });
    expect(may("only/low")).toBe(true);
    expect(may("g/x")).toBe(true);
    expect(may("later")).toBe(true);
    expect(may("nowhere")).toBeUndefined();
  });

  test("in a role the ACLs by priority, the older first among equals", async () => {
    const { roles, good } = started();
    await good(
      {
        command: "createRole",
        rolename: "r",
        acls: [
          acl("publishClientSend", "a/#", false),
          acl("publishClientSend", "a/b"),
          acl("publishClientSend", "a/+", true, 5),
        ],
      },
      { command: "createClient", username: "u", roles: [{ rolename: "r" }] },
    );
    expect(roles.mayPublish(identity("u"), "a/b")).toBe(true);
    expect(roles.mayPublish(identity("u"), "a/b/c")).not.toBe(true);
  });

  test("defaults: an allowing one allows all but $CONTROL, a denying one passes the question on", async () => {
    const { roles, good } = started();
    await good({ command: "createClient", username: "u" });
    expect(roles.mayReceive(identity("u"), "x")).toBe(true);
    expect(roles.mayUnsubscribe(identity("u"), "x")).toBe(true);
    expect(roles.mayPublish(identity("u"), "x")).toBeUndefined();
    expect(roles.maySubscribe(identity("u"), "x")).toBeUndefined();
    const acls = [
      { acltype: "publishClientSend", allow: true },
      { acltype: "SUBSCRIBE", allow: true },
      { acltype: "unsubscribe", allow: false },
    ];
    await good({ command: "setDefaultACLAccess", acls });
    expect(roles.mayPublish(identity("u"), "x")).toBe(true);
    expect(roles.mayPublish(identity("u"), "$CONTROL/dynamic-security/v1")).toBeUndefined();
    expect(roles.maySubscribe(identity("u"), "$CONTROL/#")).toBeUndefined();
    expect(roles.mayUnsubscribe(identity("u"), "x")).toBeUndefined();
  });

  test("users who are not known here are not judged, clients without a user name by their group", async () => {
    const { roles, good } = started();
    expect(roles.mayReceive(identity("stranger"), "x")).toBeUndefined();
    expect(roles.mayReceive(identity(undefined), "x")).toBe(true);
    await good(
      {
        command: "createRole",
        rolename: "r",
        acls: [acl("publishClientSend", "open/#"), acl("publishClientReceive", "x", false)],
      },
      { command: "createGroup", groupname: "g", roles: [{ rolename: "r" }] },
      { command: "setAnonymousGroup", groupname: "g" },
    );
    expect(roles.mayPublish(identity(undefined), "open/1")).toBe(true);
    expect(roles.mayReceive(identity(undefined), "x")).not.toBe(true);
  });

  test("subscriptions: literally, by pattern, and not by wildcards where a role forbids them", async () => {
    const { roles, good } = started();
    await good(
      {
        command: "createRole",
        rolename: "r",
        acls: [
          acl("subscribeLiteral", "l/+"),
          acl("subscribeLiteral", "c/%c/#"),
          acl("subscribePattern", "p/#"),
          acl("subscribePattern", "p/x", false, 9),
          acl("unsubscribeLiteral", "l/+", false),
          acl("unsubscribePattern", "p/#", false),
        ],
      },
      {
        command: "createRole",
        rolename: "narrow",
        allowwildcardsubs: false,
        acls: [acl("subscribePattern", "#"), acl("subscribeLiteral", "ok/#")],
      },
      { command: "createClient", username: "u", roles: [{ rolename: "r" }] },
      { command: "createClient", username: "n", roles: [{ rolename: "narrow" }] },
    );
    const may = (filter: string, client = identity("u")) => roles.maySubscribe(client, filter) === true;
    expect(may("l/+")).toBe(true);
    expect(may("l/a")).toBe(false);
    expect(may("c/c1/#")).toBe(true);
    expect(may("c/c2/#")).toBe(false);
    expect(may("c/+/#", identity("u", "+"))).toBe(false);
    expect(may("p/y/+")).toBe(true);
    expect(may("p/x")).toBe(false);
    expect(may("#")).toBe(false);
    expect(roles.mayUnsubscribe(identity("u"), "l/+")).not.toBe(true);
    expect(roles.mayUnsubscribe(identity("u"), "p/1")).not.toBe(true);
    expect(may("a", identity("n"))).toBe(true);
    expect(may("$SYS/x", identity("n"))).toBe(true);
    expect(may("ok/#", identity("n"))).toBe(true);
    expect(roles.maySubscribe(identity("n"), "a/+")).toEqual({
      outcome: "denied",
      rule: "role narrow: allowwildcardsubs is false",
    });
  });

  test("topics with names of the client", async () => {
    const { roles, good } = started();
    await good(
      { command: "createRole", rolename: "r", acls: [acl("publishClientSend", "d/%c/%u/#")] },
      { command: "createClient", username: "u", roles: [{ rolename: "r" }] },
    );
    expect(roles.mayPublish(identity("u"), "d/c1/u/x")).toBe(true);
    expect(roles.mayPublish(identity("u"), "d/c2/u/x")).toBeUndefined();
  });
});

describe("logins", () => {
  test("name and password, and only these", async () => {
    const { roles, good } = started();
    await good(
      { command: "createClient", username: "u", password: "pä$$" },
      { command: "createClient", username: "bare" },
    );
    expect(await roles.authenticate(login("u", "pä$$"))).toEqual({ outcome: "accepted" });
    expect(await roles.authenticate(login("u", "other"))).toEqual({
      outcome: "refused",
      reasonCode: ReasonCode.NOT_AUTHORIZED,
      reason: "the password of the client u is wrong",
    });
    expect(await roles.authenticate(login("bare", ""))).toMatchObject({
      reason: "the client bare has no password that could be verified",
    });
    expect(roles.authenticate(login("stranger", "x"))).toBeUndefined();
    expect(roles.authenticate(login("u", undefined))).toBeUndefined();
    expect(roles.authenticate(login(undefined, "x"))).toBeUndefined();
  });

  test("client identifier, disabled, deleted", async () => {
    const { roles, good } = started();
    await good({ command: "createClient", username: "u", password: "p", clientid: "mine" });
    expect(await roles.authenticate(login("u", "p", "mine"))).toEqual({ outcome: "accepted" });
    expect(await roles.authenticate(login("u", "p", "other"))).toMatchObject({
      reason: "the client u has another client identifier",
    });
    await good({ command: "disableClient", username: "u" });
    expect(await roles.authenticate(login("u", "p", "mine"))).toMatchObject({
      reason: "the client u is disabled",
    });
    await good({ command: "enableClient", username: "u" }, { command: "setClientId", username: "u" });
    expect(await roles.authenticate(login("u", "p", "other"))).toEqual({ outcome: "accepted" });
    const underWay = roles.authenticate(login("u", "p"));
    await good({ command: "deleteClient", username: "u" });
    expect(await underWay).toBeDefined();
    expect(roles.authenticate(login("u", "p"))).toBeUndefined();
  });

  test("a login that is under way when its client is disabled does not get in", async () => {
    let goOn: (() => void) | undefined;
    const waiting = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const slow: PasswordHashing = {
      ...syncHashing,
      pbkdf2Sha512: async (...args) => {
        await waiting;
        return await syncHashing.pbkdf2Sha512(...args);
      },
    };
    const first = started();
    await first.good({ command: "createClient", username: "u", password: "p" });
    const { roles, good } = started(JSON.parse(first.roles.toString()) as object, { hashing: slow });
    const underWay = roles.authenticate(login("u", "p"));
    await good({ command: "disableClient", username: "u" });
    goOn?.();
    expect(await underWay).toMatchObject({ outcome: "refused" });
  });

  test("a new password is written so that mosquitto 2.0 and 2.1 can read it", async () => {
    const { roles, good } = started();
    await good({ command: "createClient", username: "u", password: "p" });
    const [client] = (JSON.parse(roles.toString()) as { clients: Command[] }).clients;
    expect(client).toEqual({
      username: "u",
      roles: [],
      password: expect.stringMatching(/^[\w+/]{86}==$/),
      salt: expect.stringMatching(/^[\w+/]{16}$/),
      iterations: 10,
    });
    const other = started({}, { passwordMethod: "sha512" });
    await other.good({ command: "createClient", username: "u", password: "p" });
    expect(other.roles.toString()).toContain('"encoded_password": "$6$');
  });
});

describe("changes", () => {
  const setUp = async () => {
    const context = started();
    await context.good(
      { command: "createRole", rolename: "r" },
      { command: "createRole", rolename: "r2" },
      { command: "createGroup", groupname: "g", roles: [{ rolename: "r" }] },
      { command: "createGroup", groupname: "anon" },
      { command: "createClient", username: "a", password: "p", groups: [{ groupname: "g" }] },
      { command: "createClient", username: "b", password: "p", roles: [{ rolename: "r" }] },
      { command: "createClient", username: "c", password: "p" },
      { command: "setAnonymousGroup", groupname: "anon" },
    );
    context.clock.advance(1000);
    context.changes.length = 0;
    return context;
  };

  test.each<[Command, string[]]>([
    [{ command: "deleteClient", username: "c" }, ["c"]],
    [{ command: "disableClient", username: "c" }, ["c"]],
    [{ command: "enableClient", username: "c" }, []],
    [{ command: "setClientId", username: "c", clientid: "x" }, ["c"]],
    [{ command: "setClientPassword", username: "c", password: "q" }, ["c"]],
    [{ command: "modifyClient", username: "c", textname: "x" }, ["c"]],
    [{ command: "addClientRole", username: "c", rolename: "r" }, ["c"]],
    [{ command: "removeClientRole", username: "b", rolename: "r" }, ["b"]],
    [{ command: "addGroupClient", username: "c", groupname: "g" }, ["c"]],
    [{ command: "removeGroupClient", username: "a", groupname: "g" }, ["a"]],
    [{ command: "addGroupRole", groupname: "g", rolename: "r2" }, ["a"]],
    [{ command: "removeGroupRole", groupname: "g", rolename: "r" }, ["a"]],
    [{ command: "deleteGroup", groupname: "g" }, ["a"]],
    [{ command: "modifyGroup", groupname: "g", clients: [{ username: "c" }] }, ["a", "c"]],
    [{ command: "addRoleACL", rolename: "r", ...acl("publishClientSend", "x") }, ["a", "b"]],
    [{ command: "modifyRole", rolename: "r", textname: "only words" }, []],
    [{ command: "modifyRole", rolename: "r", acls: [] }, ["a", "b"]],
    [{ command: "modifyRole", rolename: "r", allowwildcardsubs: false }, ["a", "b"]],
    [{ command: "modifyRole", rolename: "r", allowwildcardsubs: true }, []],
    [{ command: "deleteRole", rolename: "r" }, ["a", "b"]],
    [{ command: "createRole", rolename: "new" }, []],
    [{ command: "createGroup", groupname: "new" }, []],
    [{ command: "getClient", username: "c" }, []],
  ])("%j: answers change at once, connections end a little later", async (command, userNames) => {
    const { clock, changes, good } = await setUp();
    await good(command);
    const byName = (list: readonly GateChange[]) => list.map(({ userName }) => String(userName)).sort();
    expect(byName(changes)).toEqual(userNames);
    expect(changes.every(({ disconnect }) => disconnect !== true)).toBe(true);
    changes.length = 0;
    clock.advance(100);
    expect(byName(changes)).toEqual(userNames);
    expect(changes.every(({ disconnect }) => disconnect === true)).toBe(true);
  });

  test("of a role that everybody has goes to everybody, and connections end some at a time", async () => {
    const clients = Array.from({ length: 250 }, (_, i) => ({
      username: `u${i}`,
      roles: [{ rolename: "r" }],
    }));
    const { clock, changes, good } = started({ clients, roles: [{ rolename: "r" }] });
    await good({ command: "deleteRole", rolename: "r" });
    expect(changes).toEqual([{}]);
    for (const told of [101, 201, 251, 251]) {
      clock.advance(100);
      expect(changes.length).toBe(told);
    }
    expect(new Set(changes.map(({ userName }) => userName)).size).toBe(251);
  });

  test("a new client may be connected already by another login: its answers change", async () => {
    const { clock, changes, good } = await setUp();
    await good({ command: "createClient", username: "new" });
    clock.advance(1000);
    expect(changes).toEqual([{ userName: "new" }]);
  });

  test.each<Command>([
    { command: "setDefaultACLAccess", acls: [] },
    { command: "setAnonymousGroup", groupname: "g" },
    { command: "addGroupRole", groupname: "anon", rolename: "r" },
  ])("%j: about everybody, and nobody has to go", async (command) => {
    const { clock, changes, good } = await setUp();
    await good(command);
    clock.advance(1000);
    expect(changes).toEqual([{}]);
  });
});

describe("saving", () => {
  test("comes before the answer, once a message, and only when something changed", async () => {
    let finish: (() => void) | undefined;
    const order: string[] = [];
    const save = () =>
      new Promise<void>((resolve) => {
        order.push("save");
        finish = resolve;
      });
    const { roles, run } = started({}, { save });
    const answered = run(
      { command: "createRole", rolename: "a" },
      { command: "createRole", rolename: "b" },
    ).then(() => order.push("answer"));
    while (finish === undefined) await Promise.resolve();
    expect(JSON.parse(roles.toString())).toMatchObject({ roles: [] });
    order.push("saved");
    finish();
    await answered;
    expect(order).toEqual(["save", "saved", "answer"]);
    expect(JSON.parse(roles.toString())).toMatchObject({ roles: [{ rolename: "a" }, { rolename: "b" }] });
    await run({ command: "listRoles" }, { command: "createRole", rolename: "a" });
    expect(order).toEqual(["save", "saved", "answer"]);
  });

  test("that fails answers errors, changes nothing and tells nobody", async () => {
    const failures: unknown[] = [];
    let isFull = true;
    const { roles, run, good, changes, clock } = started(
      { clients: [{ username: "a" }] },
      {
        save: async () => {
          if (isFull) throw new TypeError("no space");
        },
        failed: (error) => failures.push(error),
      },
    );
    const before = roles.toString();
    const responses = await run(
      { command: "deleteClient", username: "a", correlationData: "x" },
      { command: "deleteClient", username: "nobody" },
      { command: "listClients" },
    );
    expect(responses).toEqual([
      { command: "deleteClient", error: "The change could not be saved", correlationData: "x" },
      { command: "deleteClient", error: "Client not found" },
      { command: "listClients", error: "The change could not be saved" },
    ]);
    clock.advance(1000);
    expect(roles.toString()).toBe(before);
    expect(changes).toEqual([]);
    expect(failures).toEqual([new TypeError("no space")]);
    isFull = false;
    await good({ command: "deleteClient", username: "a" });
  });

  test("messages are worked off in their order, whatever each waits for", async () => {
    const { run, roles } = started();
    const answers = await Promise.all([
      run({ command: "createClient", username: "a", password: "p" }),
      run({ command: "addClientRole", username: "a", rolename: "r" }),
      run({ command: "createRole", rolename: "r" }),
      run({ command: "addClientRole", username: "a", rolename: "r" }),
      run({ command: "getDetails" }),
    ]);
    expect(answers.flat()).toEqual([
      { command: "createClient" },
      { command: "addClientRole", error: "Role not found" },
      { command: "createRole" },
      { command: "addClientRole" },
      { command: "getDetails", data: { clientCount: 1, groupCount: 0, roleCount: 1, changeIndex: 3 } },
    ]);
    expect(JSON.parse(roles.toString())).toMatchObject({ clients: [{ roles: [{ rolename: "r" }] }] });
  });

  test("a hash that cannot be made is an error of its command alone", async () => {
    const failures: unknown[] = [];
    const { run } = started(
      {},
      {
        passwordMethod: "argon2id",
        failed: (error) => failures.push(error),
        hashing: {
          ...syncHashing,
          argon2id: () => Promise.reject(new TypeError("no argon2")),
        },
      },
    );
    expect(
      await run(
        { command: "createClient", username: "a", password: "p" },
        { command: "createRole", rolename: "r" },
      ),
    ).toEqual([{ command: "createClient", error: "Internal error" }, { command: "createRole" }]);
    expect(failures.length).toBe(1);
  });
});

describe("answers", () => {
  test("connections of a client, where somebody knows them", async () => {
    const { run } = started({ clients: [{ username: "a" }] }, { connectionsOf: () => ["192.0.2.7"] });
    expect(await run({ command: "getClient", username: "a" })).toEqual([
      {
        command: "getClient",
        data: { client: { username: "a", roles: [], groups: [], connections: [{ address: "192.0.2.7" }] } },
      },
    ]);
  });

  test("what is no command", async () => {
    const { raw } = started({}, { mostCommandBytes: 1000 });
    const error = (text: string) => ({ responses: [{ command: "Unknown command", error: text }] });
    expect(await raw("x")).toEqual(error("Payload not valid JSON"));
    expect(await raw("[".repeat(900))).toEqual(error("Payload not valid JSON"));
    expect(await raw("[]")).toEqual(error("Invalid/missing commands"));
    expect(await raw('{"commands":{}}')).toEqual(error("Invalid/missing commands"));
    expect(await raw(`"${"x".repeat(1000)}"`)).toEqual(error("Payload too large"));
    expect(await raw('{"commands":[]}')).toEqual({ responses: [] });
    expect(await raw('{"commands":[{"command":"toString"}]}')).toEqual({
      responses: [{ command: "toString", error: "Unknown command" }],
    });
  });
});
