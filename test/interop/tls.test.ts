// Other people's clients over TLS, with both kinds of pipes, with and without certificates of their own.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type ConfigError, silentLog } from "#base";
import { createBroker, type ListenerOptions, type MartletBroker } from "#server";
import { MartletProcess, outcomeOf } from "../cli/martlet-process.ts";
import { type Program, run, runWell, start } from "../support/programs.ts";
import { until } from "../support/until.ts";
import {
  type MutualCertificates,
  makeMutualCertificates,
  type Pair,
  textsOf,
} from "../transport/certificates.ts";

let certificates: MutualCertificates;

beforeAll(() => {
  certificates = makeMutualCertificates();
});

afterAll(() => certificates.remove());

interface TlsBroker {
  readonly broker: MartletBroker;
  readonly port: number;
  readonly warnings: string[];
}

/** A broker that listens on TLS only. Ends with the test. */
async function tlsBroker(pipes: "net" | "handle", isMutual = false): Promise<TlsBroker> {
  const warnings: string[] = [];
  const listener: ListenerOptions = {
    protocol: "tls",
    port: 0,
    host: "127.0.0.1",
    pipes,
    ...textsOf(certificates),
    ...(isMutual ? { ca: readFileSync(certificates.ca), requireCertificate: true } : {}),
  };
  const broker = createBroker({
    listeners: [listener],
    settings: { sysIntervalSeconds: 0 },
    log: {
      ...silentLog,
      write: (level, sentence) => void (level === "warn" && warnings.push(sentence)),
    },
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  return { broker, port: broker.addresses[0]?.port ?? 0, warnings };
}

/** Where to connect; what the arguments of mosquitto's clients begin with. */
function target(port: number, own?: Pair): string[] {
  const identity = own === undefined ? [] : ["--cert", own.cert, "--key", own.key];
  return ["-h", "127.0.0.1", "-p", String(port), "--cafile", certificates.ca, ...identity];
}

async function subscriber(
  { broker, port }: TlsBroker,
  args: readonly string[],
  own?: Pair,
): Promise<Program> {
  const program = start("mosquitto_sub", [...target(port, own), "-i", "sub", ...args]);
  await program.until("it has subscribed", () => {
    const client = [...broker.clients()].find(({ clientId }) => clientId === "sub");
    return client?.connected === true && client.subscriptions.length > 0;
  });
  return program;
}

async function connectMqttJs(port: number, options: IClientOptions): Promise<MqttClient> {
  const client = mqtt.connect(`mqtts://127.0.0.1:${port}`, {
    reconnectPeriod: 0,
    ca: readFileSync(certificates.ca),
    ...options,
  });
  onTestFinished(() => void client.end(true));
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed before CONNACK")));
  });
  return client;
}

describe.each(["net", "handle"] as const)("%s pipes", (pipes) => {
  test.each(["tlsv1.2", "tlsv1.3"])("mosquitto's clients in %s, QoS 0 to 2", async (version) => {
    const running = await tlsBroker(pipes);
    const tls = ["--tls-version", version];
    const sub = await subscriber(running, [...tls, "-t", "rooms/+", "-q", "2", "-F", "%t|%q|%p", "-C", "3"]);
    for (const qos of ["0", "1", "2"]) {
      const message = ["-t", "rooms/kitchen", "-q", qos, "-m", `größer ${qos}`];
      await runWell("mosquitto_pub", [...target(running.port), ...tls, ...message]);
    }
    const { stdout } = await sub.finished();
    expect(stdout).toBe("rooms/kitchen|0|größer 0\nrooms/kitchen|1|größer 1\nrooms/kitchen|2|größer 2\n");
    expect(running.warnings).toEqual([]);
  });

  test("a megabyte arrives as it was sent", async () => {
    const running = await tlsBroker(pipes);
    const payload = Buffer.from(createHash("shake256", { outputLength: 1_500_000 }).update("x").digest());
    const file = join(certificates.folder, `payload-${pipes}`);
    writeFileSync(file, payload);
    const sub = await subscriber(running, ["-t", "big", "-C", "1", "-F", "%l %x"]);
    await runWell("mosquitto_pub", [...target(running.port), "-t", "big", "-q", "1", "-f", file]);
    const { stdout } = await sub.finished();
    expect(stdout.trim()).toBe(`${payload.length} ${payload.toString("hex")}`);
  });

  test("mosquitto's clients prove who they are", async () => {
    const running = await tlsBroker(pipes, true);
    const sub = await subscriber(running, ["-t", "a", "-C", "1"], certificates.client);
    const publish = (own?: Pair): string[] => [...target(running.port, own), "-t", "a", "-m", "hello"];
    expect((await run("mosquitto_pub", publish())).code).not.toBe(0);
    expect((await run("mosquitto_pub", publish(certificates.stranger))).code).not.toBe(0);
    await runWell("mosquitto_pub", publish(certificates.client));
    expect((await sub.finished()).stdout).toBe("hello\n");
    expect(running.warnings[0]).toMatch(/^The TLS handshake with 127\.0\.0\.1 port \d+ failed: /);
  });

  test("mosquitto's clients are not fooled by another authority", async () => {
    const running = await tlsBroker(pipes);
    const args = ["-h", "127.0.0.1", "-p", String(running.port), "--cafile", certificates.stranger.cert];
    expect((await run("mosquitto_pub", [...args, "-t", "a", "-m", "hello"])).code).not.toBe(0);
    await until("it is reported", () => running.warnings.length > 0);
    expect([...running.broker.clients()]).toEqual([]);
  });

  test("MQTT.js, many messages both ways", async () => {
    const running = await tlsBroker(pipes, true);
    const own = textsOf(certificates.client);
    const client = await connectMqttJs(running.port, { protocolVersion: 5, ...own });
    const heard: string[] = [];
    client.on("message", (_topic, payload) => heard.push(payload.toString()));
    await client.subscribeAsync("echo", { qos: 1 });
    const sent = Array.from({ length: 2_000 }, (_, index) => `${index} ${"x".repeat(index % 700)}`);
    await Promise.all(sent.map((text) => client.publishAsync("echo", text, { qos: 1 })));
    await until("all are back", () => heard.length === sent.length);
    expect(heard).toEqual(sent);
  });
});

describe("martlet on the command line", () => {
  const files = (pair: Pair): string[] => ["--tls-cert", pair.cert, "--tls-key", pair.key];
  const anyPorts = ["--port", "0", "--no-ws", "--tls-port", "0"];

  test.each(["auto", "net", "handle"])("listens on TLS with --pipes %s", async (pipes) => {
    const mutual = ["--tls-ca", certificates.ca, "--tls-require-certificate"];
    const martlet = new MartletProcess([
      ...anyPorts,
      ...files(certificates),
      ...mutual,
      "-v",
      "--pipes",
      pipes,
    ]);
    const [, port = ""] = await martlet.line(/over TLS: mqtts:\/\/127\.0\.0\.1:(\d+)\s/);
    await martlet.running();
    const publish = ["-t", "a", "-m", "hello", "-i", "cli"];
    await runWell("mosquitto_pub", [...target(Number(port), certificates.client), ...publish]);
    await martlet.line(/New client connected from 127\.0\.0\.1:\d+ as cli /);
    expect(martlet.lines).toContain(`What comes over tls has ${pipes === "net" ? "net" : "handle"} pipes.`);
    expect(martlet.stderr).toBe("");
  });

  test("says which file is wrong", async () => {
    const missing = join(certificates.folder, "nowhere.pem");
    const sentences: readonly (readonly [readonly string[], string | RegExp])[] = [
      [
        ["--tls-cert", missing, "--tls-key", missing],
        `--tls-cert ${missing}: there is no such file; check the path.`,
      ],
      [
        ["--tls-cert", certificates.folder, "--tls-key", certificates.key],
        /: this is a folder; give the file in it\.$/,
      ],
      [
        files({ cert: certificates.key, key: certificates.key }),
        /^--tls-cert \S+server\.key: it holds no certificate/,
      ],
      [
        files({ ...certificates, key: certificates.client.key }),
        /^--tls-key \S+: it is not the key of the certificate/,
      ],
      [["--tls-cert", certificates.cert], "--tls-cert: its key is missing; add --tls-key."],
      [["--tls-key", certificates.key], "--tls-key: its certificate is missing; add --tls-cert."],
      [["--tls-port", "0"], "--tls-port: TLS needs a certificate and its key; add --tls-cert and --tls-key."],
      [
        [...files(certificates), "--tls-ca", certificates.ca],
        "--tls-ca: nobody is asked for a certificate; add --tls-require-certificate.",
      ],
      [
        [...files(certificates), "--tls-require-certificate"],
        "--tls-require-certificate: it needs the authority that signs them; add --tls-ca.",
      ],
      [
        ["-p", "9", "--tls-port", "9", ...files(certificates)],
        "--tls-port: 9 is the port for TCP; give TLS another.",
      ],
      [["--pipes", "fast"], '--pipes: "fast" is not allowed; give auto, net or handle.'],
    ];
    const outcomes = await Promise.all(sentences.map(([args]) => outcomeOf(args)));
    for (const [index, { code, stdout, stderr }] of outcomes.entries()) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr.replace(/^martlet: /, "").trimEnd()).toMatch(sentences[index]?.[1] ?? "");
    }
  });
});

test("a setting of the listener that is not allowed is named", () => {
  const problemOf = (listener: object): string => {
    try {
      createBroker({ listeners: [listener as ListenerOptions] });
    } catch (error) {
      return (error as ConfigError).message;
    }
    return "none";
  };
  const tls = { protocol: "tls", port: 0, ...textsOf(certificates) };
  expect([
    problemOf({ ...tls, key: textsOf(certificates.client).key }),
    problemOf({ ...tls, handshakeTimeoutMs: 0 }),
    problemOf({ ...tls, port: 65_536 }),
    problemOf({ ...tls, pipes: "fast" }),
    problemOf({ protocol: "tcp", port: 0, pipes: "fast" }),
    problemOf({ protocol: "unix", path: "/nowhere", pipes: 1 }),
    problemOf(tls),
  ]).toEqual([
    "listeners[0].key: it is not the key of the certificate; give the pair that was made together.",
    "listeners[0].handshakeTimeoutMs: 0 is not allowed; it is a whole number from 1 to 3600000.",
    "listeners[0].port: 65536 is not allowed; it is a whole number from 0 to 65535.",
    "listeners[0].pipes: fast is not allowed; it is auto, net or handle.",
    "listeners[0].pipes: fast is not allowed; it is auto, net or handle.",
    "listeners[0].pipes: 1 is not allowed; it is auto, net or handle.",
    "none",
  ]);
});
