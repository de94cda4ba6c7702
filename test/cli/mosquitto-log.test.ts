// The log in mosquitto's words: the session of the source documents line by line, and a longer one beside Debian's mosquitto.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith } from "../config/folder.ts";
import { freePort } from "../support/ports.ts";
import { until } from "../support/until.ts";
import { connect5, HexClient, MartletProcess } from "./martlet-process.ts";
import { openFolderWith } from "./open-folder.ts";

/** CONNECT of 3.1.1, clean session, keep alive 60. */
function connect311(clientId: string): string {
  const id = Buffer.from(clientId);
  const digits = (value: number, count: number): string => value.toString(16).padStart(count, "0");
  return `10${digits(12 + id.length, 2)} 00044d515454 04 02 003c ${digits(id.length, 4)}${id.toString("hex")}`;
}

function publish0(topicName: string, payload: string): string {
  const topic = Buffer.from(topicName);
  const rest = `00${topic.length.toString(16).padStart(2, "0")}${topic.toString("hex")}${Buffer.from(payload).toString("hex")}`;
  return `30${(rest.length / 2).toString(16).padStart(2, "0")}${rest}`;
}

/** `hi` on `a/b`, with its packet id. */
const RETAINED = /35090003612f62(....)6869/;
const QOS_1 = /32090003612f62(....)6869/;

/** Times, and the ports of the listener and of clients, as the same text everywhere. */
function normalised(text: string, port: number): string {
  return text
    .replaceAll(/^\d{10}: /gm, "T: ")
    .replaceAll(`port ${port}.`, "port 1883.")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:SP");
}

interface Form {
  readonly words: string;
  readonly version: string;
  readonly start: readonly string[];
  readonly running: readonly string[];
  readonly accepted: string;
  readonly connected: string;
  readonly end: string;
}

const localOnly = [
  "Starting in local only mode. Connections will only be possible from clients running on this machine.",
  "Create a configuration file which defines a listener to allow remote access.",
  "For more details see https://mosquitto.org/documentation/authentication-methods/",
];

const forms: readonly Form[] = [
  {
    words: "mosquitto-1.5",
    version: "1.5.1",
    start: [],
    running: [],
    accepted: "New connection from 127.0.0.1 on port 1883.",
    connected: "New client connected from 127.0.0.1 as MQTT_FX_Client (c1, k60).",
    end: "Client MQTT_FX_Client disconnected.",
  },
  {
    words: "mosquitto-2.0",
    version: "2.0.20",
    start: localOnly,
    running: ["mosquitto version 2.0.20 running"],
    accepted: "New connection from 127.0.0.1:SP on port 1883.",
    connected: "New client connected from 127.0.0.1:SP as MQTT_FX_Client (p2, c1, k60).",
    end: "Client MQTT_FX_Client disconnected.",
  },
  {
    words: "mosquitto-2.1",
    version: "2.1.2",
    start: localOnly,
    running: ["mosquitto version 2.1.2 running"],
    accepted: "New connection from 127.0.0.1:SP on port 1883.",
    connected: "New client connected from 127.0.0.1:SP as MQTT_FX_Client (p2, c1, k60).",
    end: "Client MQTT_FX_Client [127.0.0.1:SP] disconnected.",
  },
];

describe.each(forms)("the session of the source documents in $words", (form) => {
  it.each([
    ["hello world\n", 12],
    ["hello world", 11],
  ])("with %j, byte for byte", async (payload, size) => {
    const { words, version } = form;
    const martlet = new MartletProcess([
      "-v",
      "-p",
      "0",
      "--no-ws",
      "--no-persistence",
      "--set",
      `log.words=${words}`,
      "--set",
      `log.program=mosquitto version ${version}`,
    ]);
    const [, port = ""] = await martlet.line(/Opening ipv4 listen socket on port (\d+)\.\n/);
    const client = new HexClient(Number(port));
    client.send(connect311("MQTT_FX_Client"));
    await client.expect(/^20020000/);
    client.send("c000");
    await client.expect(/d000/);
    client.send(publish0("home/garden/fountain/2", payload));
    client.send("c000");
    await client.expect(/d000d000/);
    client.send("e000");
    await martlet.line(/MQTT_FX_Client .*disconnected\.\n/);
    client.socket.destroy();
    martlet.child.kill("SIGTERM");
    await martlet.ended;
    const lines = [
      `mosquitto version ${version} starting`,
      "Using default config.",
      ...form.start,
      "Opening ipv4 listen socket on port 1883.",
      "Opening ipv6 listen socket on port 1883.",
      ...form.running,
      form.accepted,
      form.connected,
      "No will message specified.",
      "Sending CONNACK to MQTT_FX_Client (0, 0)",
      "Received PINGREQ from MQTT_FX_Client",
      "Sending PINGRESP to MQTT_FX_Client",
      `Received PUBLISH from MQTT_FX_Client (d0, q0, r0, m0, 'home/garden/fountain/2', ... (${size} bytes))`,
      "Received PINGREQ from MQTT_FX_Client",
      "Sending PINGRESP to MQTT_FX_Client",
      "Received DISCONNECT from MQTT_FX_Client",
      form.end,
      `mosquitto version ${version} terminating`,
    ];
    expect(normalised(martlet.stdout, Number(port))).toBe(lines.map((line) => `T: ${line}\n`).join(""));
    expect(martlet.stderr).toBe("");
  });
});

describe("how connections end", () => {
  it.each([
    ["mosquitto-1.5", "Socket error on client gone, disconnecting."],
    ["mosquitto-2.0", "Client gone closed its connection."],
    ["mosquitto-2.1", "Client gone [127.0.0.1:SP] disconnected: connection closed by client."],
  ])("without DISCONNECT, in %s", async (words, line) => {
    expect(await endOf(words, (client) => void client.socket.end())).toContain(line);
  });

  it.each([
    ["mosquitto-1.5", /^Client gone already connected, closing old connection\.$/],
    ["mosquitto-2.0", /^Client gone already connected, closing old connection\.$/],
    ["mosquitto-2.1", /^Client gone \[127\.0\.0\.1:SP\] disconnected: session taken over\.$/],
  ])("by another one of the same name, in %s", async (words, line) => {
    const lines = await endOf(words, (_client, port) => new HexClient(port).send(connect311("gone")));
    expect(lines).toContainEqual(expect.stringMatching(line));
  });

  it.each([
    ["mosquitto-1.5", /^Socket error on client gone, disconnecting\.$/],
    ["mosquitto-2.0", /^Client gone disconnected due to (malformed packet|protocol error)\./],
    ["mosquitto-2.1", /^Client gone \[127\.0\.0\.1:SP\] disconnected: (malformed packet|protocol error)\./],
  ])("by what is no packet, in %s", async (words, line) => {
    const lines = await endOf(words, (client) => client.send("8209 0001 00 0003 612f 23 07 00"));
    expect(lines).toContainEqual(expect.stringMatching(line));
  });

  async function endOf(
    words: string,
    end: (client: HexClient, port: number) => void,
  ): Promise<readonly string[]> {
    const martlet = new MartletProcess(["-p", "0", "--no-ws", "--set", `log.words=${words}`]);
    const [, port = ""] = await martlet.line(/Opening ipv4 listen socket on port (\d+)\.\n/);
    const client = new HexClient(Number(port));
    client.send(connect311("gone"));
    await client.expect(/^20020000/);
    end(client, Number(port));
    await martlet.line(/gone.*(disconnect|closed|closing).*\n/);
    return normalised(martlet.stdout, Number(port))
      .split("\n")
      .map((line) => line.replace(/^T: /, ""));
  }
});

it.each([
  ["mosquitto-1.5", "Socket error on client stranger, disconnecting."],
  ["mosquitto-2.0", "Client stranger disconnected, not authorised."],
  ["mosquitto-2.1", "Client stranger [127.0.0.1:SP] disconnected: not authorised."],
])("tells of a login that is refused, with the code of the client's version, in %s", async (words, end) => {
  const conf = `listener ${await freePort()} 127.0.0.1\nlog_dest stdout\nlog_type all\npassword_file FOLDER/users\n`;
  const folder = folderWith({ users: "" });
  const file = join(folderWith({ "mosquitto.conf": conf.replace("FOLDER", folder) }), "mosquitto.conf");
  const martlet = new MartletProcess(["-c", file, "--set", `log.words=${words}`]);
  const [, port = ""] = await martlet.line(/Opening ipv4 listen socket on port (\d+)\.\n/);
  const client = new HexClient(Number(port));
  client.send(connect311("stranger"));
  await client.expect(/^20020005$/);
  await martlet.line(/stranger.*(, disconnecting|authorised)\.\n/);
  const newer = new HexClient(Number(port));
  newer.send(connect5("newer"));
  await newer.expect(/^20..0087/);
  await martlet.line(/newer.*(, disconnecting|authorised)\.\n/);
  const lines = normalised(martlet.stdout, Number(port)).split("\n");
  expect(lines).toContain("T: Sending CONNACK to stranger (0, 5)");
  expect(lines).toContain("T: Sending CONNACK to newer (0, 135)");
  expect(lines).toContain(`T: ${end}`);
});

it("tells what is denied, beside what was asked for", async () => {
  const rules = '[{"name":"open","effect":"allow","topics":["open"]}]';
  const martlet = new MartletProcess([
    "-v",
    "-p",
    "0",
    "--no-ws",
    "--no-persistence",
    "--set",
    `access.rules=${rules}`,
  ]);
  const client = new HexClient(await martlet.running());
  client.send(connect311("curious"));
  await client.expect(/^20020000/);
  client.send(publish0("closed", "x"));
  client.send("820b 0001 0006 636c6f736564 00"); // SUBSCRIBE closed
  await martlet.line(/Sending SUBACK to curious\n/);
  const lines = martlet.lines;
  const at = lines.indexOf("Received PUBLISH from curious (d0, q0, r0, m0, 'closed', ... (1 bytes))");
  expect(at).toBeGreaterThan(0);
  expect(lines).toContain("Denied PUBLISH from curious (d0, q0, r0, m0, 'closed', ... (1 bytes))");
  expect(lines.slice(lines.indexOf("Received SUBSCRIBE from curious")).slice(0, 3)).toEqual([
    "Received SUBSCRIBE from curious",
    "\tclosed (QoS 0)",
    "\tclosed (denied)",
  ]);
});

describe("beside Debian's mosquitto", () => {
  it("a session with every QoS has the same lines in the same order", async () => {
    const port = await freePort();
    const told = await toldByMosquitto(["-v", "-p", String(port)], port);
    const martlet = await toldByMartlet(
      ["-v", "-p", String(port), "--no-ws", "--set", "log.words=mosquitto-2.0"],
      port,
      told,
    );
    expect(martlet).toBe(told);
  });

  it("so have a bridge that connects and a client that does not come back", async () => {
    const port = await freePort();
    const told = await toldByMosquitto(["-v", "-p", String(port)], port, briefVisits);
    const lines = told.split("\n");
    expect(lines).toContain("T: New bridge connected from 127.0.0.1:SP as house (p2, c1, k60).");
    expect(lines.at(-3)).toBe("T: Expiring client fx due to timeout.");
    const args = ["-v", "-p", String(port), "--no-ws", "--set", "log.words=mosquitto-2.0"];
    expect(await toldByMartlet(args, port, told, briefVisits)).toBe(told);
  });

  it("so has one by the same mosquitto.conf", async () => {
    const port = await freePort();
    const more = openFolderWith({ "a.conf": "log_type all\n" });
    const conf = `listener ${port} 127.0.0.1\nallow_anonymous true\ninclude_dir ${more}\n`;
    const file = join(openFolderWith({ "mosquitto.conf": conf }), "mosquitto.conf");
    const told = await toldByMosquitto(["-c", file], port);
    expect(told).toContain(`T: Loading config file ${more}/a.conf\n`);
    expect(told).toContain(`T: Config loaded from ${file}.\n`);
    const martlet = await toldByMartlet(["-c", file, "--set", "log.destination=stdout"], port, told);
    expect(martlet).toBe(told);
  });

  async function toldByMosquitto(
    args: readonly string[],
    port: number,
    { visit, end }: Visit = wholeSession,
  ): Promise<string> {
    const mosquitto = new Mosquitto(args);
    await until("mosquitto listens", () => mosquitto.said.includes(" running\n"));
    await visit(port);
    await until("mosquitto has told the end", () => mosquitto.said.includes(end));
    await mosquitto.stop();
    return normalised(mosquitto.said, port);
  }

  /** As a program of the same name. */
  async function toldByMartlet(
    args: readonly string[],
    port: number,
    told: string,
    { visit, end }: Visit = wholeSession,
  ): Promise<string> {
    const [, program = ""] = /^T: (.*) starting$/m.exec(told) ?? [];
    const martlet = new MartletProcess([...args, "--no-persistence", "--set", `log.program=${program}`]);
    await martlet.line(/ running\n/);
    await visit(port);
    await until("Martlet has told the end", () => martlet.stdout.includes(end));
    martlet.child.kill("SIGTERM");
    await martlet.ended;
    return normalised(martlet.stdout, port);
  }

  /** What clients do, and the line after which no other comes. */
  interface Visit {
    readonly visit: (port: number) => Promise<void>;
    readonly end: string;
  }

  const wholeSession: Visit = { visit: session, end: "Client fx disconnected.\n" };
  const briefVisits: Visit = { visit: bridgeAndGuest, end: "Expiring client fx due to timeout.\n" };

  /** A bridge, which says so in the protocol's level, and a client whose session is kept for a second. */
  async function bridgeAndGuest(port: number): Promise<void> {
    const bridge = new HexClient(port);
    bridge.send("1011 00044d515454 84 02 003c 0005 686f757365"); // CONNECT house
    await bridge.expect(/^20020000/);
    bridge.send("e000");
    await bridge.peerEnd();
    bridge.socket.destroy();
    const guest = new HexClient(port);
    guest.send("1014 00044d515454 05 00 003c 05 11 00000001 0002 6678"); // CONNECT fx, expiry 1 s
    await guest.expect(/^20..0000/);
    guest.send("e000");
    await guest.peerEnd();
    guest.socket.destroy();
  }

  async function session(port: number): Promise<void> {
    const client = new HexClient(port);
    client.send(connect311("fx"));
    await client.expect(/^20020000/);
    // Martlet delivers QoS 2 before PUBREL comes, so nobody has subscribed yet.
    client.send("3509 0003 612f62 0008 6869"); // PUBLISH, QoS 2, RETAIN
    await client.expect(/50020008/);
    client.send("6202 0008");
    await client.expect(/70020008/);
    client.send("8208 0001 0003 612f62 02"); // SUBSCRIBE a/b, QoS 2
    await client.expect(/9003000102/);
    await client.expect(RETAINED);
    const packetId = RETAINED.exec(client.received)?.[1];
    client.send(`5002 ${packetId}`);
    await client.expect(new RegExp(`6202${packetId}`));
    client.send(`7002 ${packetId}`);
    client.send("3007 0003 612f62 6869"); // PUBLISH, QoS 0
    await client.expect(/30070003612f626869/);
    client.send("3209 0003 612f62 0007 6869"); // PUBLISH, QoS 1
    await client.expect(/40020007/);
    await client.expect(QOS_1);
    client.send(`4002 ${QOS_1.exec(client.received)?.[1]}`);
    client.send("a207 0002 0003 612f62"); // UNSUBSCRIBE
    await client.expect(/b0020002/);
    client.send("c000");
    await client.expect(/d000$/);
    client.send("e000");
    await client.peerEnd();
    client.socket.destroy();
  }
});

/** Debian's broker with all its lines. */
class Mosquitto {
  said = "";
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(args: readonly string[]) {
    this.#child = spawn("/usr/sbin/mosquitto", args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once("close", resolve);
      this.#child.once("error", reject); // a program that is missing fails the test and is named
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.said += text;
      });
    }
    onTestFinished(() => void this.#child.kill("SIGKILL"));
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
