// Other people's programs on what a TLS listener can do beside plain TLS: mosquitto's clients with pre-shared keys, revoked
// certificates and ALPN, openssl with names and keys, MQTT.js over WebSocket on TLS, and a proxy in front.
import { readFileSync } from "node:fs";
import { connect as connectNet, createServer } from "node:net";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Gate, Login } from "#auth";
import { silentLog, systemClock } from "#base";
import { CertificateFolder } from "#credentials";
import { createBroker, type ListenerOptions, type MartletBroker } from "#server";
import { run, runWell } from "../../support/programs.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { Authority, type Issued } from "../../transport/authority.ts";
import { proxyLine } from "../../transport/through-proxy.ts";

let authority: Authority;
let server: Issued;
let other: Issued;
let sensor: Issued;
let lost: Issued;
let list = "";

beforeAll(() => {
  authority = new Authority("Martlet test authority");
  server = authority.server("localhost", "127.0.0.1");
  other = authority.server("other.example.org");
  sensor = authority.client("sensor-1");
  lost = authority.client("sensor-2");
  authority.revoke(lost);
  list = authority.revocationList();
});

afterAll(() => authority.remove());

type Seen = Pick<Login, "listener" | "certificate" | "pskIdentity" | "openingRequest" | "address">;

interface Running {
  readonly broker: MartletBroker;
  readonly port: number;
  readonly logins: Seen[];
  readonly warnings: string[];
}

type Secure = Extract<ListenerOptions, { protocol: "tls" | "wss" }>;

type Unbound<T> = T extends unknown ? Omit<T, "port" | "host"> : never;

/** A broker that lets everybody in whom the listener lets in, and remembers what it was told of them. */
async function brokerOn(listener: Unbound<Secure>): Promise<Running> {
  const logins: Seen[] = [];
  const warnings: string[] = [];
  const gate: Gate = {
    authenticate(login) {
      // A certificate is known for as long as the connection is.
      const { listener, certificate, pskIdentity, openingRequest, address } = login;
      logins.push({ listener, certificate, pskIdentity, openingRequest, address });
      return { outcome: "accepted" };
    },
  };
  const broker = createBroker({
    listeners: [{ ...listener, port: 0, host: "127.0.0.1" } as ListenerOptions],
    gate,
    settings: { sysIntervalSeconds: 0 },
    log: { ...silentLog, write: (level, sentence) => void (level === "warn" && warnings.push(sentence)) },
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  return { broker, port: broker.addresses[0]?.port ?? 0, logins, warnings };
}

const pairOf = ({ cert, key }: Issued) => ({ cert, key });
const at = (port: number): string[] => ["-h", "127.0.0.1", "-p", String(port), "-t", "a", "-m", "hello"];

describe.each(["net", "handle"] as const)("mosquitto_pub, %s", (pipes) => {
  const trusting = (): string[] => ["--cafile", authority.caFile];
  const asClient = ({ files }: Issued): string[] => ["--cert", files.cert, "--key", files.key];

  test("with a pre-shared key is known by its identity; a wrong key and a wrong identity are refused", async () => {
    const keys = new Map([["sensor-1", Buffer.from("0123456789abcdef", "hex")]]);
    const psk = { lookup: (identity: string) => keys.get(identity), hint: "plant" };
    for (const own of [{}, pairOf(server)]) {
      const { port, logins, warnings } = await brokerOn({ protocol: "tls", pipes, psk, ...own });
      const publish = (identity: string, key: string) =>
        run("mosquitto_pub", [...at(port), "--psk-identity", identity, "--psk", key]);
      expect((await publish("sensor-1", "0123456789abcdef")).code).toBe(0);
      expect((await publish("sensor-1", "0123456789abcdee")).code).not.toBe(0);
      expect((await publish("sensor-2", "0123456789abcdef")).code).not.toBe(0);
      expect(logins.map(({ pskIdentity }) => pskIdentity)).toEqual(["sensor-1"]);
      expect(warnings.join()).not.toMatch(/0123456789abcde/);
    }
  });

  test("with a certificate that was taken back is refused, and it is said why", async () => {
    const mutual = { ca: authority.ca, crl: list, clientCertificate: "require" } as const;
    const { port, logins, warnings } = await brokerOn({
      protocol: "tls",
      name: "plant",
      pipes,
      ...pairOf(server),
      ...mutual,
    });
    await runWell("mosquitto_pub", [...at(port), ...trusting(), ...asClient(sensor)]);
    expect((await run("mosquitto_pub", [...at(port), ...trusting(), ...asClient(lost)])).code).not.toBe(0);
    expect(logins.map(({ listener, certificate }) => [listener, certificate?.subject])).toEqual([
      ["plant", "CN=sensor-1"],
    ]);
    expect(warnings[0]).toMatch(/ failed: its certificate was not accepted: CERT_REVOKED \(its authority/);
  });

  test("with a name in ALPN that is on the list is let in, with another it is not", async () => {
    const { port, warnings } = await brokerOn({
      protocol: "tls",
      pipes,
      ...pairOf(server),
      alpn: ["mqtt", "x-amzn-mqtt-ca"],
    });
    const publish = (name: string) => run("mosquitto_pub", [...at(port), ...trusting(), "--tls-alpn", name]);
    expect((await publish("mqtt")).code).toBe(0);
    expect((await publish("x-amzn-mqtt-ca")).code).toBe(0);
    expect((await publish("h2")).code).not.toBe(0);
    expect(warnings).toEqual([expect.stringMatching(/ failed: no application protocol$/)]);
  });

  test("through a proxy is known by its own address", async () => {
    const { port, logins } = await brokerOn({
      protocol: "tls",
      pipes,
      ...pairOf(server),
      proxyProtocol: true,
      trustedProxies: ["loopback"],
    });
    const proxy = createServer((client) => {
      const broker = connectNet(port, "127.0.0.1");
      broker.write(proxyLine);
      client.pipe(broker).pipe(client);
      for (const socket of [client, broker]) socket.on("error", () => socket.destroy());
    });
    onTestFinished(() => void proxy.close());
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port: proxyPort } = proxy.address() as { port: number };
    await runWell("mosquitto_pub", [...at(proxyPort), ...trusting()]);
    expect(logins[0]?.address).toMatchObject({ remoteAddress: "192.0.2.7", remotePort: 56_324 });
  });
});

describe("openssl s_client", () => {
  const talk = async (port: number, args: readonly string[]): Promise<string> => {
    const common = [
      "s_client",
      "-connect",
      `127.0.0.1:${port}`,
      "-CAfile",
      authority.caFile,
      "-verify_return_error",
    ];
    const { stdout, stderr } = await run("openssl", [...common, ...args], { input: "Q\n" });
    return stdout + stderr;
  };

  test("is shown the certificate for the name that it asks for", async () => {
    const { port } = await brokerOn({ protocol: "tls", ...pairOf(server), sni: [pairOf(other)] });
    expect(await talk(port, ["-servername", "other.example.org"])).toMatch(
      /subject=CN = other\.example\.org/,
    );
    expect(await talk(port, ["-servername", "elsewhere.example"])).toMatch(/subject=CN = localhost/);
    expect(await talk(port, ["-noservername"])).toMatch(/Verify return code: 0 \(ok\)/);
  });

  test("agrees on versions, ciphers, ALPN and pre-shared keys", async () => {
    const key = Buffer.from("00112233445566778899aabbccddeeff", "hex");
    const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256";
    const { port } = await brokerOn({
      protocol: "tls",
      ...pairOf(server),
      ciphers,
      psk: { lookup: () => key },
    });
    expect(await talk(port, [])).toMatch(
      /Protocol {2}: TLSv1\.2\n\s+Cipher {4}: ECDHE-ECDSA-AES256-GCM-SHA384/,
    );
    expect(await talk(port, ["-psk", key.toString("hex"), "-psk_identity", "x", "-cipher", "PSK"])).toMatch(
      /Cipher {4}: PSK-AES128-GCM-SHA256/,
    );
    const strict = await brokerOn({ protocol: "tls", ...pairOf(server), minVersion: "TLSv1.3" });
    expect(await talk(strict.port, ["-alpn", "mqtt"])).toMatch(/ALPN protocol: mqtt/);
    expect(await talk(strict.port, ["-tls1_2"])).toMatch(/alert protocol version/);
  });

  test("takes what our own authority has signed, and an encrypted key works", async () => {
    const folder = temporaryFolder();
    const own = new CertificateFolder(folder, systemClock());
    const options = { keyKind: "rsa", days: 1, isForced: false } as const;
    await own.makeAuthority("Own authority", options);
    const { certificate, key } = await own.issueServer(["localhost"], options);
    const encrypted = join(folder, "encrypted.key");
    await runWell("openssl", ["pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted]);
    const { port } = await brokerOn({
      protocol: "tls",
      cert: readFileSync(certificate),
      key: readFileSync(encrypted),
      passphrase: "secret",
    });
    const answer = await talk(port, ["-CAfile", own.authorityFile, "-verify_hostname", "localhost"]);
    expect(answer).toMatch(/Verify return code: 0 \(ok\)/);
  });
});

describe("MQTT.js over wss", () => {
  test("brings its certificate, and the request that it began with", async () => {
    const { port, logins, broker } = await brokerOn({
      protocol: "wss",
      name: "pages",
      ...pairOf(server),
      ca: authority.ca,
      clientCertificate: "request",
    });
    const client = await mqtt.connectAsync(`wss://127.0.0.1:${port}/mqtt?token=1`, {
      ca: authority.ca,
      ...pairOf(sensor),
      protocolVersion: 5,
      wsOptions: { ca: authority.ca, ...pairOf(sensor), headers: { "x-plant": "north" } },
    });
    onTestFinished(() => client.endAsync(true));
    const heard: string[] = [];
    client.on("message", (_topic, payload) => heard.push(payload.toString()));
    await client.subscribeAsync("echo", { qos: 1 });
    const sent = Array.from({ length: 500 }, (_, index) => `${index} ${"x".repeat(index * 20)}`);
    await Promise.all(sent.map((text) => client.publishAsync("echo", text, { qos: 1 })));
    await until("all are back", () => heard.length === sent.length);
    expect(heard).toEqual(sent);
    const [login] = logins;
    expect(login).toMatchObject({ listener: "pages", openingRequest: { url: "/mqtt?token=1" } });
    expect(login?.openingRequest?.headers["x-plant"]).toBe("north");
    expect(login?.certificate?.subject).toBe("CN=sensor-1");
    expect(login?.address.transport).toBe("wss");
    expect(broker.addresses[0]?.transport).toBe("wss");
  });
});
