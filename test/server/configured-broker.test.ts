// A broker that runs by a configuration file: who gets in, who may do what, and what changes while it runs.
import { describe, expect, it } from "vitest";
import { configured } from "../support/configured.ts";
import { until } from "../support/until.ts";

/** `secret`, hashed as mosquitto 1.x did: quick. */
const SECRET =
  "$6$EDvZiY8kgfNBOeND$dHeOmrnbR5USxS18bN9RNdoVSpXnwotg3lKMBKd3LaMM8sw5ZnsKKJfSvaut201SVl+5I61nwsueq3L83Tjy1g==";
const alice = { userName: "alice", password: "secret" };
const bob = { userName: "bob", password: "secret" };

const LISTENERS = `
[[listeners]]
name = "main"
port = 0
[persistence]
mode = "memory"
`;
const LOGINS = `${LISTENERS}
[logins.password_file]
path = "users"
`;

describe("logins and rules of files", () => {
  it("let in and permit, refuse and deny, and say so", async () => {
    const broker = await configured({
      "martlet.toml": `${LOGINS}\n[access]\nacl_file = "acl"\n`,
      users: `alice:${SECRET}\n`,
      acl: "user alice\ntopic readwrite open/#\n",
    });
    const client = await broker.connect(alice);
    await client.publish("open/1", "x", { qos: 1 });
    await expect(client.publish("closed", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await expect(broker.connect(bob)).rejects.toMatchObject({ reasonCode: 0x86 });
    await expect(broker.connect()).rejects.toMatchObject({ reasonCode: 0x87 });
    const text = broker.lines.join("\n");
    expect(text).toMatch(/warn Login of \S+ as 'bob' from 127\.0\.0\.1:\d+ refused by password-file: /);
    expect(text).not.toContain("secret");
  });

  it("count anew when a file is replaced, and stay when it is broken", async () => {
    const broker = await configured({
      "martlet.toml": `${LOGINS}\n[access]\nacl_file = "acl"\n`,
      users: `alice:${SECRET}\n`,
      acl: "user alice\ntopic readwrite a\n",
    });
    const client = await broker.connect(alice);
    const gone: string[] = [];
    broker.served.broker.on("clientDisconnected", ({ reason }) => gone.push(reason.kind));
    await client.publish("a", "x", { qos: 1 });

    broker.replace("acl", "user alice\ntopic readwrite b\n");
    await broker.said("acl has changed");
    await expect(client.publish("a", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await client.publish("b", "x", { qos: 1 });

    broker.replace("acl", "topic sideways c\n");
    await broker.said("acl is not taken over");
    await client.publish("b", "x", { qos: 1 });

    broker.replace("users", `bob:${SECRET}\n`);
    await broker.said("users has changed");
    await until("alice has to go", () => gone.includes("login-withdrawn"));
    await broker.connect(bob);
    await expect(broker.connect(alice)).rejects.toMatchObject({ reasonCode: 0x86 });
  });

  it("let in whoever says nothing only where that is allowed", async () => {
    const broker = await configured({
      "martlet.toml": `
[persistence]
mode = "memory"
[logins.password_file]
path = "users"
[[listeners]]
name = "main"
port = 0
[[listeners]]
name = "inside"
protocol = "unix"
path = "inside.sock"
allow_anonymous = true
`,
      users: `alice:${SECRET}\n`,
    });
    await expect(broker.connect()).rejects.toMatchObject({ reasonCode: 0x87 });
    const { connect } = await import("#client");
    const inside = await connect(`unix:${broker.folder}/inside.sock`, { reconnect: false });
    await inside.close();
  });
});

describe("a changed configuration", () => {
  it("gives clients that are there other rules, and new ones other logins", async () => {
    const rules = (topic: string) => `${LOGINS}
[[access.rules]]
effect = "allow"
topics = ["${topic}"]
`;
    const broker = await configured({ "martlet.toml": rules("a/#"), users: `alice:${SECRET}\n` });
    const client = await broker.connect(alice);
    await client.publish("a/1", "x", { qos: 1 });
    broker.replace("martlet.toml", rules("b/#"));
    expect(await broker.reload()).toBe("applied");
    await expect(client.publish("a/1", "x", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
    await client.publish("b/1", "x", { qos: 1 });
  });

  it("that is wrong changes nothing, in none of its parts", async () => {
    const broker = await configured({
      "martlet.toml": `${LISTENERS}[limits]\nmaximum_subscriptions = 5\n`,
    });
    const { broker: inner } = broker.served;
    broker.replace(
      "martlet.toml",
      `${LISTENERS}[limits]\nmaximum_subscriptions = 7\n[logins.password_file]\npath = "nowhere"\n`,
    );
    expect(await broker.reload()).toBe("kept");
    expect(inner.settings.maximumSubscriptions).toBe(5);
    expect(broker.lines.join("\n")).toContain("nowhere");
    await broker.connect();
    broker.replace("martlet.toml", `${LISTENERS}[limits]\nmaximum_subscriptions = 7\n`);
    expect(await broker.reload()).toBe("applied");
    expect(inner.settings.maximumSubscriptions).toBe(7);
  });

  it("sends away who said nothing, or proved nothing, where that is not enough any more", async () => {
    const broker = await configured({ "martlet.toml": LISTENERS, users: `alice:${SECRET}\n` });
    const gone: string[] = [];
    broker.served.broker.on("clientDisconnected", ({ clientId, reason }) =>
      gone.push(`${clientId} ${reason.kind}`),
    );
    await broker.connect({ clientId: "nameless" });
    await broker.connect({ ...alice, password: "unproved", clientId: "unproved" });
    broker.replace("martlet.toml", `${LOGINS}[logins]\nallow_anonymous = true\n`);
    expect(await broker.reload()).toBe("applied");
    await until("one is gone", () => gone.length > 0);
    await broker.connect({ ...alice, clientId: "proved" });
    expect(gone).toEqual(["unproved login-withdrawn"]);
    broker.replace("martlet.toml", LOGINS);
    expect(await broker.reload()).toBe("applied");
    await until("two are gone", () => gone.length > 1);
    expect(gone).toEqual(["unproved login-withdrawn", "nameless login-withdrawn"]);
    const there = [...broker.served.broker.clients()].filter(({ connected }) => connected);
    expect(there.map(({ clientId }) => clientId)).toEqual(["proved"]);
  });

  it("adds logins to a broker that had none, and takes them away", async () => {
    const broker = await configured({ "martlet.toml": LISTENERS, users: `alice:${SECRET}\n` });
    await broker.connect();
    broker.replace("martlet.toml", LOGINS);
    expect(await broker.reload()).toBe("applied");
    await expect(broker.connect()).rejects.toMatchObject({ reasonCode: 0x87 });
    await broker.connect(alice);
    broker.replace("martlet.toml", LISTENERS);
    expect(await broker.reload()).toBe("applied");
    await broker.connect();
  });

  it("limits one listener and not the others", async () => {
    const broker = await configured({
      "martlet.toml": `${LISTENERS.replace("port = 0", "port = 0\n[listeners.limits]\nmaximum_subscriptions = 1")}`,
    });
    const client = await broker.connect();
    await client.subscribe("a").ready;
    await expect(client.subscribe("b").ready).rejects.toMatchObject({ reasonCode: 0x97 });
  });

  it("limits some users and not the others", async () => {
    const broker = await configured({
      "martlet.toml": `${LOGINS}[[users]]\nnames = ["a*"]\n[users.limits]\nmaximum_subscriptions = 1\n`,
      users: `alice:${SECRET}\nbob:${SECRET}\n`,
    });
    const limited = await broker.connect(alice);
    await limited.subscribe("a").ready;
    await expect(limited.subscribe("b").ready).rejects.toMatchObject({ reasonCode: 0x97 });
    const free = await broker.connect(bob);
    await free.subscribe("a").ready;
    await free.subscribe("b").ready;
  });

  it("that needs a restart is told, and the rest is applied", async () => {
    const broker = await configured({ "martlet.toml": LISTENERS });
    broker.replace(
      "martlet.toml",
      `${LISTENERS.replace('"main"', '"other"')}[limits]\nmaximum_subscriptions = 3\n`,
    );
    expect(await broker.reload()).toBe("applied");
    expect(broker.served.broker.settings.maximumSubscriptions).toBe(3);
    expect(broker.lines.join("\n")).toMatch(/restart/);
  });
});
