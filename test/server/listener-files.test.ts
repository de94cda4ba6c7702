// Password files and access files of one listener, in place of the general ones; and its mount point, by configuration.
import { describe, expect, it } from "vitest";
import { connect, type MqttClient } from "#client";
import { type Configured, configured } from "../support/configured.ts";
import { until } from "../support/until.ts";

/** `secret`, hashed as mosquitto 1.x did: quick. */
const SECRET =
  "$6$EDvZiY8kgfNBOeND$dHeOmrnbR5USxS18bN9RNdoVSpXnwotg3lKMBKd3LaMM8sw5ZnsKKJfSvaut201SVl+5I61nwsueq3L83Tjy1g==";
const alice = { userName: "alice", password: "secret" };
const bob = { userName: "bob", password: "secret" };
const denied = { reasonCode: 0x87 };

/** A listener `main` on a port and a listener `side` on a socket, with `lines` of its own. */
const listeners = (lines: string) => `
[persistence]
mode = "memory"
[[listeners]]
name = "main"
port = 0
[[listeners]]
name = "side"
protocol = "unix"
path = "side.sock"
${lines}
`;
const FILES = `logins.password_file = "side-users"\naccess.acl_file = "side-acl"\n`;
const GENERAL = `[logins.password_file]\npath = "users"\n[access]\nacl_file = "acl"\n`;
const files = {
  users: `alice:${SECRET}\n`,
  "side-users": `bob:${SECRET}\n`,
  acl: "user alice\ntopic main/#\nuser bob\ntopic main/#\n",
  "side-acl": "topic anybody\nuser bob\ntopic side/#\n",
};

/** Connects at the listener `side`; closed with the broker. */
function beside({ folder }: Configured, options: object = {}): Promise<MqttClient> {
  return connect(`unix:${folder}/side.sock`, { reconnect: false, ...options });
}

/** Whether a client may publish, for each topic. */
async function may(client: MqttClient, ...topics: string[]): Promise<boolean[]> {
  const answers = topics.map((topic) =>
    client.publish(topic, "x", { qos: 1 }).then(
      () => true,
      () => false,
    ),
  );
  return Promise.all(answers);
}

describe("files of a listener", () => {
  it("take the place of the general ones there, and nowhere else", async () => {
    const broker = await configured({ "martlet.toml": `${listeners(FILES)}${GENERAL}`, ...files });
    const main = await broker.connect(alice);
    const side = await beside(broker, bob);
    await expect(broker.connect(bob)).rejects.toMatchObject({ reasonCode: 0x86 });
    await expect(beside(broker, alice)).rejects.toMatchObject({ reasonCode: 0x86 });
    await expect(broker.connect()).rejects.toMatchObject(denied);
    await expect(beside(broker)).rejects.toMatchObject(denied);
    expect(await may(main, "main/1", "side/1")).toEqual([true, false]);
    expect(await may(side, "main/1", "side/1")).toEqual([false, true]);
    await side.close();
  });

  it("are enough for one listener, while the other asks nobody", async () => {
    const broker = await configured({ "martlet.toml": listeners(FILES), ...files });
    const main = await broker.connect();
    expect(await may(main, "main/1", "side/1")).toEqual([true, true]);
    await expect(beside(broker)).rejects.toMatchObject(denied);
    const side = await beside(broker, bob);
    expect(await may(side, "main/1", "side/1")).toEqual([false, true]);
    await side.close();
    // Rules of a file are about names, and here are neither rules nor proofs.
    expect(await may(await broker.connect(alice), "main/1", "side/1")).toEqual([true, true]);
  });

  it("leave it to the other listener to let anybody in under any name, where there are no rules", async () => {
    const broker = await configured({
      "martlet.toml": listeners(`logins.password_file = "side-users"\n`),
      ...files,
    });
    expect(await may(await broker.connect(alice), "a")).toEqual([true]);
    await expect(beside(broker, alice)).rejects.toMatchObject({ reasonCode: 0x86 });
  });

  it("let anybody in under any name at a listener without rules, while another has some; with rules for all they have to go", async () => {
    const open = `access.acl_file = "side-acl"\nallow_anonymous = true`;
    const broker = await configured({
      "martlet.toml": `${listeners(open)}[logins]\nallow_anonymous = true\n`,
      ...files,
    });
    const main = await broker.connect({ userName: "nobody-knows" });
    expect(await may(main, "anything")).toEqual([true]);
    await expect(beside(broker, { userName: "nobody-knows" })).rejects.toMatchObject({ reasonCode: 0x86 });
    const gone: string[] = [];
    broker.served.broker.on("clientDisconnected", ({ reason }) => gone.push(reason.kind));
    broker.replace(
      "martlet.toml",
      `${listeners(open)}[logins]\nallow_anonymous = true\n[access]\nacl_file = "acl"\n`,
    );
    expect(await broker.reload()).toBe("applied");
    await until("the name was nobody's", () => gone.includes("login-withdrawn"));
  });

  it("leave rules of the configuration as they are for the other listener", async () => {
    const rules = (otherwise: string) => `${listeners(`access.acl_file = "side-acl"\nallow_anonymous = true`)}
[access]
otherwise = "${otherwise}"
[[access.rules]]
effect = "deny"
topics = ["secret"]
`;
    const broker = await configured({ "martlet.toml": rules("allow"), ...files });
    const [main, side] = [await broker.connect(), await beside(broker)];
    expect(await may(main, "secret", "other")).toEqual([false, true]);
    expect(await may(side, "secret", "other", "anybody")).toEqual([false, false, true]);
    broker.replace("martlet.toml", rules("deny"));
    expect(await broker.reload()).toBe("applied");
    expect(await may(main, "secret", "other")).toEqual([false, false]);
    expect(await may(side, "secret", "other", "anybody")).toEqual([false, false, true]);
    await side.close();
  });

  it("are watched, and come and go when the configuration is read again", async () => {
    const broker = await configured({ "martlet.toml": `${listeners(FILES)}${GENERAL}`, ...files });
    const side = await beside(broker, bob);
    broker.replace("side-acl", "user bob\ntopic other\n");
    await broker.said("side-acl has changed");
    expect(await may(side, "side/1", "other")).toEqual([false, true]);
    const gone: string[] = [];
    broker.served.broker.on("clientDisconnected", ({ reason }) => gone.push(reason.kind));
    broker.replace("side-users", `carol:${SECRET}\n`);
    await broker.said("side-users has changed");
    await until("bob has to go", () => gone.includes("login-withdrawn"));
    broker.replace("martlet.toml", `${listeners("")}${GENERAL}`);
    expect(await broker.reload()).toBe("applied");
    const back = await beside(broker, alice);
    expect(await may(back, "main/1", "other")).toEqual([true, false]);
    await back.close();
  });

  it("come and go one by one", async () => {
    const broker = await configured({ "martlet.toml": listeners(""), ...files });
    const change = async (lines: string): Promise<void> => {
      broker.replace("martlet.toml", listeners(lines));
      expect(await broker.reload()).toBe("applied");
    };
    const side = await beside(broker);
    await change(`access.acl_file = "side-acl"`);
    expect(await may(side, "anybody", "other")).toEqual([true, false]);
    await change("");
    expect(await may(side, "anybody", "other")).toEqual([true, true]);
    await change(`logins.password_file = "side-users"`);
    await expect(beside(broker)).rejects.toMatchObject(denied);
    await side.close();
  });

  it("that are not there are a problem of the configuration", async () => {
    const broker = configured({ "martlet.toml": listeners(`access.acl_file = "nowhere"`) });
    await expect(broker).rejects.toThrow("nowhere");
  });
});

it("a listener's mount point is the configuration's, and a new one holds for who comes later", async () => {
  const broker = await configured({ "martlet.toml": listeners(`mount_point = "site-a/"`) });
  const seen: string[] = [];
  const reader = await broker.connect();
  await reader.subscribe("#", {}, (message) => void seen.push(message.topicName)).ready;
  const side = await beside(broker);
  await side.publish("t", "x", { qos: 1 });
  broker.replace("martlet.toml", listeners(`mount_point = "site-b/"`));
  expect(await broker.reload()).toBe("applied");
  await side.publish("u", "x", { qos: 1 });
  const young = await beside(broker);
  await young.publish("v", "x", { qos: 1 });
  await until("all have come", () => seen.length === 3);
  expect(seen).toEqual(["site-a/t", "site-a/u", "site-b/v"]);
  await Promise.all([side.close(), young.close()]);
});

it("a listener's socket family is the configuration's, whatever it speaks", async () => {
  const tls = `tls.psk_file = "keys"`;
  const protocols = { tcp: "", tls, websocket: "", wss: tls };
  const tables = Object.entries(protocols).map(
    ([protocol, lines]) =>
      `[[listeners]]\nname = "${protocol}"\nprotocol = "${protocol}"\nport = 0\nsocket_family = "ipv6"\n${lines}\n`,
  );
  const text = `[persistence]\nmode = "memory"\n[logins.psk]\n${tables.join("")}`;
  const broker = await configured({ "martlet.toml": text, keys: "me:00112233445566778899aabbccddeeff\n" });
  const { addresses } = broker.served.broker;
  expect(addresses.map(({ transport, address }) => `${transport} ${address}`)).toEqual(
    Object.keys(protocols).map((protocol) => `${protocol} ::1`),
  );
});
