// Bridges between Martlet and Debian's mosquitto, in both roles, over the loopback.
import { describe, expect, test } from "vitest";
import { createBroker } from "#server";
import { configured } from "../support/configured.ts";
import { until } from "../support/until.ts";
import { makeMutualCertificates } from "../transport/certificates.ts";
import { client, cuttingProxy, heard, mosquittoBroker, said } from "./mosquitto-broker.ts";

const STATE = "$SYS/broker/connection/house.hub/state";

const LISTENER =
  '[[listeners]]\nprotocol = "tcp"\nport = 0\n[persistence]\nfolder = "data"\n[sys]\ninterval_seconds = 0\n';

/** A bridge to `port` with further lines of its table, and its topics. */
function bridgeTo(port: number, lines: readonly string[], topics: readonly string[]): string {
  const table = [
    "[[bridges]]",
    'name = "house"',
    `addresses = ["127.0.0.1:${port}"]`,
    'remote_client_id = "house.hub"',
    "restart_timeout = [1, 1]",
    ...lines,
  ];
  return `${LISTENER}${table.join("\n")}\n${topics.map((topic) => `[[bridges.topics]]\n${topic}\n`).join("")}`;
}

/** Martlet with a bridge that is connected. */
async function bridged(port: number, lines: readonly string[], topics: readonly string[]) {
  const martlet = await configured({ "martlet.toml": bridgeTo(port, lines, topics) });
  await martlet.said("Bridge house is connected");
  return martlet;
}

const EVERYTHING = [
  'pattern = "up/#"\ndirection = "out"\nqos = 2\nlocal_prefix = "l/"\nremote_prefix = "r/"',
  'pattern = "down/#"\ndirection = "in"\nqos = 2\nlocal_prefix = "l/"\nremote_prefix = "r/"',
  'pattern = "chat"\ndirection = "both"\nqos = 1',
];

describe("Martlet bridges to mosquitto", () => {
  test.each(["3.1", "3.1.1", "5.0"])(
    "in, out, both, prefixes and all QoS with version %s",
    async (version) => {
      const { port } = await mosquittoBroker();
      const martlet = await bridged(port, [`protocol_version = "${version}"`], EVERYTHING);
      const [here, there] = [await heard(martlet.port(), "#"), await heard(port, "#")];
      const [local, remote] = [await client(martlet.port()), await client(port)];
      for (const qos of [0, 1, 2] as const) {
        await local.publish("l/up/a", `o${qos}`, { qos });
        await remote.publish("r/down/b", `i${qos}`, { qos });
      }
      await local.publish("chat", "from here", { qos: 1 });
      await remote.publish("chat", "from there", { qos: 1 });
      for (const line of ["r/up/a o0", "r/up/a o1", "r/up/a o2", "chat from here"]) await said(there, line);
      for (const line of ["l/down/b i0", "l/down/b i1", "l/down/b i2", "chat from there"])
        await said(here, line);
      // What comes behind them shows that nothing came back.
      await local.publish("chat", "last here", { qos: 1 });
      await remote.publish("chat", "last there", { qos: 1 });
      await Promise.all([said(there, "chat last here"), said(here, "chat last there")]);
      await Promise.all([said(here, "chat last here"), said(there, "chat last there")]);
      for (const lines of [here, there]) {
        const chat = lines.filter((line) => line.startsWith("chat "));
        expect(chat.toSorted()).toEqual([
          "chat from here",
          "chat from there",
          "chat last here",
          "chat last there",
        ]);
      }
    },
  );

  test("retained messages stay retained, and the state is said at both brokers", async () => {
    const { port, program } = await mosquittoBroker();
    const martlet = await bridged(port, [], ['pattern = "kept/#"\ndirection = "both"\nqos = 1']);
    const [local, remote] = [await client(martlet.port()), await client(port)];
    await local.publish("kept/a", "1", { qos: 1, retain: true });
    await remote.publish("kept/b", "2", { qos: 1, retain: true });
    const [here, there] = [await heard(martlet.port(), "kept/#"), await heard(port, "kept/#")];
    for (const lines of [here, there]) {
      await said(lines, "kept/a 1 R");
      await said(lines, "kept/b 2 R");
    }
    const [hereState, thereState] = [await heard(martlet.port(), STATE), await heard(port, STATE)];
    await said(thereState, `${STATE} 1 R`);
    await said(hereState, `${STATE} 1 R`);
    await martlet.served.bridges.stop();
    await said(thereState, `${STATE} 0 R`);
    await said(hereState, `${STATE} 0 R`);
    expect(program.isRunning).toBe(true);
  });

  test("what is published while mosquitto is away is there when it is back", async () => {
    const { port } = await mosquittoBroker();
    const proxy = await cuttingProxy(port);
    const martlet = await bridged(proxy.port, [], ['pattern = "n"\nqos = 1']);
    const there = await heard(port, "n");
    proxy.close();
    await martlet.said("Bridge house has lost");
    const local = await client(martlet.port());
    await Promise.all(Array.from({ length: 200 }, (_, i) => local.publish("n", `${i}`, { qos: 1 })));
    expect(there).toEqual([]);
    proxy.open();
    await until("all are there", () => there.length >= 200, 8_000);
    expect(there).toEqual(Array.from({ length: 200 }, (_, i) => `n ${i}`));
  });

  test.each([
    ["PUBLISH", "out", 3],
    ["PUBREC", "in", 5],
    ["PUBREL", "out", 6],
    ["PUBCOMP", "in", 7],
  ] as const)(
    "a link that is cut at %s of QoS 2 brings each message exactly once",
    async (_, direction, type) => {
      const { port } = await mosquittoBroker();
      const proxy = await cuttingProxy(port);
      const martlet = await bridged(proxy.port, [], ['pattern = "o"\nqos = 2']);
      const there = await heard(port, "o");
      const local = await client(martlet.port());
      proxy.cutAt(direction, type, 2);
      for (let i = 0; i < 10; i++) await local.publish("o", `${i}`, { qos: 2 });
      await local.publish("o", "end", { qos: 2 });
      await said(there, "o end");
      expect(proxy.cuts).toBe(2);
      expect(there.toSorted()).toEqual([...Array.from({ length: 10 }, (_value, i) => `o ${i}`), "o end"]);
    },
  );

  test.each([
    ["PUBLISH", "in", 3],
    ["PUBREC", "out", 5],
    ["PUBREL", "in", 6],
    ["PUBCOMP", "out", 7],
  ] as const)("and so does one that comes in, cut at %s", async (_, direction, type) => {
    const { port } = await mosquittoBroker();
    const proxy = await cuttingProxy(port);
    const martlet = await bridged(
      proxy.port,
      ["notifications = false"],
      ['pattern = "i"\ndirection = "in"\nqos = 2'],
    );
    const here = await heard(martlet.port(), "i");
    const remote = await client(port);
    proxy.cutAt(direction, type, 2);
    for (let i = 0; i < 10; i++) await remote.publish("i", `${i}`, { qos: 2 });
    await until("it was cut", () => proxy.cuts > 0);
    await remote.publish("i", "end", { qos: 2 });
    await said(here, "i end");
    expect(here.toSorted()).toEqual([...Array.from({ length: 10 }, (_value, i) => `i ${i}`), "i end"]);
  });

  test("over TLS, with the authority given and a certificate of its own", async () => {
    const certificates = makeMutualCertificates();
    try {
      const { port } = await mosquittoBroker([
        `cafile ${certificates.ca}`,
        `certfile ${certificates.cert}`,
        `keyfile ${certificates.key}`,
        "require_certificate true",
      ]);
      const tls = (ca: string) =>
        `tls = { ${ca}cert = "${certificates.client.cert}", key = "${certificates.client.key}" }`;
      const martlet = await bridged(port, [tls(`ca = "${certificates.ca}", `)], ['pattern = "n"\nqos = 1']);
      martlet.replace("martlet.toml", bridgeTo(port, [tls("")], ['pattern = "n"\nqos = 1']));
      await martlet.reload();
      await martlet.said("cannot connect");
      expect(martlet.served.bridges.get("house")?.isConnected).toBe(false);
    } finally {
      certificates.remove();
    }
  });

  test("over TLS with a pre-shared key", async () => {
    const { port } = await mosquittoBroker(["psk_hint hub", "psk_file FOLDER/keys"], {
      files: { keys: "house:0123456789abcdef\n" },
    });
    const tls = (key: string) => `tls = { psk_identity = "house", psk = "${key}" }`;
    const martlet = await bridged(port, [tls("0123456789abcdef")], ['pattern = "n"\nqos = 1']);
    martlet.replace("martlet.toml", bridgeTo(port, [tls("0123456789abcdee")], ['pattern = "n"\nqos = 1']));
    await martlet.reload();
    await martlet.said("cannot connect");
    expect(martlet.lines.join("\n")).not.toContain("0123456789abcde");
  });

  test("bridges come, change and go while the broker runs", async () => {
    const { port, printed } = await mosquittoBroker();
    const martlet = await configured({ "martlet.toml": LISTENER });
    martlet.replace("martlet.toml", bridgeTo(port, [], ['pattern = "a"\nqos = 1']));
    await martlet.reload();
    await martlet.said("Bridge house is connected");
    const there = await heard(port, "#");
    const local = await client(martlet.port());
    martlet.replace("martlet.toml", bridgeTo(port, [], ['pattern = "b"\nqos = 1']));
    await martlet.reload();
    const connected = (): number => martlet.lines.filter((line) => line.includes("is connected")).length;
    await until("it is connected again", () => connected() === 2);
    const ofBridge = (): readonly string[] =>
      [...martlet.served.broker.clients()].find(({ clientId }) => clientId === "local.house.hub")
        ?.subscriptions ?? [];
    await until("it listens here", () => ofBridge().includes("b"));
    await local.publish("a", "no more", { qos: 1 });
    await local.publish("b", "now", { qos: 1 });
    await said(there, "b now");
    expect(there).not.toContain("a no more");
    await martlet.reload();
    martlet.replace("martlet.toml", LISTENER);
    await martlet.reload();
    await martlet.said("Bridge house is gone");
    expect(connected()).toBe(2);
    expect([...martlet.served.broker.clients()].map(({ clientId }) => clientId)).not.toContain(
      "local.house.hub",
    );
    expect(printed()).toContain("house.hub");
  });

  test("where others need a password, the bridge comes in all the same", async () => {
    const { port } = await mosquittoBroker();
    const access = '[logins]\nallow_anonymous = false\n[logins.password_file]\npath = "users"\n';
    const martlet = await configured({
      "martlet.toml": bridgeTo(port, [], ['pattern = "n"\ndirection = "in"\nqos = 1']).replace(
        "[sys]",
        `${access}[sys]`,
      ),
      users: "",
    });
    await martlet.said("Bridge house is connected");
    const got: string[] = [];
    martlet.served.broker.subscribe("n", ({ payload }) => void got.push(new TextDecoder().decode(payload)));
    const remote = await client(port);
    await remote.publish("n", "1", { qos: 1 });
    await said(got, "1");
    await expect(client(martlet.port(), { reconnect: false })).rejects.toThrow(/refused/);
  });
});

describe("mosquitto bridges to Martlet", () => {
  test.each([
    ["mqttv311", "true"],
    ["mqttv311", "false"],
    ["mqttv50", "true"],
  ])("with %s and try_private %s", async (version, tryPrivate) => {
    const broker = createBroker({
      listeners: [{ protocol: "tcp", port: 0 }],
      settings: { sysIntervalSeconds: 0 },
    });
    await broker.start();
    const port = broker.addresses[0]?.port ?? 0;
    try {
      const mosquitto = await mosquittoBroker([
        "connection hub",
        `address 127.0.0.1:${port}`,
        "remote_clientid house.hub",
        `bridge_protocol_version ${version}`,
        `try_private ${tryPrivate}`,
        "topic chat both 1",
        "topic kept/# out 1",
        "topic # in 1 from/ to/",
      ]);
      const [here, there] = [await heard(port, "#"), await heard(mosquitto.port, "#")];
      const state = await heard(port, STATE);
      await said(state, `${STATE} 1 R`);
      const [local, remote] = [await client(port), await client(mosquitto.port)];
      await remote.publish("kept/a", "1", { qos: 1, retain: true });
      await local.publish("to/x", "2", { qos: 1 });
      await said(here, "kept/a 1 R");
      await said(there, "from/x 2");
      await remote.publish("chat", "once", { qos: 1 });
      await said(here, "chat once");
      await local.publish("chat", "end", { qos: 1 }); // behind what may come back
      await said(there, "chat end");
      // Without the bit, and in 3.x, nobody can know that the bridge sent it.
      const copies = there.filter((line) => line === "chat once").length;
      expect(copies).toBe(tryPrivate === "true" ? 1 : 2);
      mosquitto.program.kill("SIGKILL");
      await said(state, `${STATE} 0 R`);
    } finally {
      await broker.stop();
    }
  });
});
