// `martlet conformance` as a real process, against brokers that are good, wrong in one thing, or none at all.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Gate } from "#auth";
import { utf8Decode } from "#base";
import { ReasonCode } from "#protocol";
import { type BrokerOptions, createBroker } from "#server";
import { root } from "../../scripts/checkout.ts";
import { makeCertificates } from "../conformance/certificates.ts";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const RUN_LIMIT_MS = 100_000;
const program = ["--conditions", "martlet-dev", join(root, "src", "cli", "main.ts")];

/** Runs `martlet conformance <url>` from the sources, to its end. */
async function grade(url: string, ...args: string[]): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [...program, "conformance", url, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

async function martlet(options: Omit<BrokerOptions, "listeners"> = {}) {
  const broker = createBroker({
    ...options,
    listeners: [
      { protocol: "tcp", port: 0 },
      { protocol: "websocket", port: 0 },
    ],
  });
  await broker.start();
  onTestFinished(async () => await broker.stop());
  const port = (transport: string): number =>
    broker.addresses.find((address) => address.transport === transport)?.port ?? 0;
  return { broker, port: port("tcp"), webSocketPort: port("websocket") };
}

/** A broker that answers PINGREQ with reserved flags, and is right in all else. */
async function martletWithBadPing(): Promise<number> {
  const { port } = await martlet();
  const proxy = createServer((client) => {
    const server = connect(port, "127.0.0.1");
    server.on("error", () => undefined);
    client.pipe(server);
    server.on("data", (bytes) => {
      const isPing = bytes.length === 2 && bytes[0] === 0xd0;
      client.write(isPing ? Uint8Array.of(0xd1, 0x00) : bytes);
    });
    server.on("close", () => client.end());
    client.on("close", () => server.destroy());
  });
  return await listen(proxy);
}

describe("a good broker", () => {
  test(
    "fails nothing, in every version, over TCP and WebSocket",
    async () => {
      const { port, webSocketPort } = await martlet();
      const webSocket = ["--ws-url", `ws://127.0.0.1:${webSocketPort}/mqtt`];
      const started = performance.now();
      const { code, stdout, stderr } = await grade(`mqtt://127.0.0.1:${port}`, ...webSocket);
      expect(stdout).not.toContain("FAILED");
      expect(stdout).not.toContain("Allowed, though");
      // No terminal, no progress.
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const heading of ["MQTT 3.1 ", "MQTT 3.1.1", "MQTT 5.0"]) {
        expect(stdout).toMatch(new RegExp(`^${heading} +passed  failed  not supported  inconclusive$`, "m"));
      }
      expect(stdout).toMatch(/^ {2}websocket +3 +- +- +-$/m);
      expect(stdout).toMatch(/^Nothing failed: \d+ cases in/m);
      expect(performance.now() - started).toBeLessThan(RUN_LIMIT_MS);
    },
    RUN_LIMIT_MS,
  );

  test(
    "that wants a user is graded as that user, and no report shows the password",
    async () => {
      const gate: Gate = {
        authenticate: ({ userName, password }) =>
          userName === "known" && password !== undefined && utf8Decode(password) === "Gruffalo9"
            ? { outcome: "accepted" }
            : { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD },
      };
      const { port } = await martlet({ gate });
      const all = await grade(`mqtt://127.0.0.1:${port}`, "-u", "known", "-P", "Gruffalo9", "--json");
      expect(all).toMatchObject({ code: 0, stderr: "" });
      const inUrl = await grade(`mqtt://known:Gruffalo9@127.0.0.1:${port}`, "--only", "connect/");
      expect(inUrl).toMatchObject({ code: 0, stderr: "" });
      for (const { stdout } of [all, inUrl]) {
        expect(stdout).not.toContain("Gruffalo9");
        expect(stdout).not.toContain(Buffer.from("Gruffalo9").toString("hex"));
      }
      const wrong = await grade(`mqtt://127.0.0.1:${port}`, "-u", "known", "-P", "Gruffalo8");
      expect(wrong).toMatchObject({ code: 5, stdout: "" });
      expect(wrong.stderr).toBe(
        `martlet: The broker at mqtt://127.0.0.1:${port} refused the login: bad user name or password (0x04).\n`,
      );
    },
    RUN_LIMIT_MS,
  );

  test("that speaks not all versions is graded in those it speaks", async () => {
    const { port } = await martlet({ settings: { versions: [3, 4] } });
    const url = `mqtt://127.0.0.1:${port}`;
    const { code, stdout } = await grade(url, "--only", "connect/accepted,retain/across-versions");
    expect(code).toBe(0);
    expect(stdout).toContain("MQTT 5.0: not supported. The broker at");
    const asked = await grade(url, "--only", "connect/accepted", "-V", "5.0");
    expect(asked).toMatchObject({ code: 6, stdout: "" });
    expect(asked.stderr).toContain("does not speak MQTT 5.0");
  });

  test("that does not let the user subscribe is not graded", async () => {
    const { port } = await martlet({
      gate: { authenticate: () => ({ outcome: "accepted" }), maySubscribe: () => false },
    });
    const { code, stdout, stderr } = await grade(`mqtt://127.0.0.1:${port}`);
    expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
    expect(stderr).toMatch(/needs the right to publish and subscribe below conformance\/\.\n$/);
  });
});

describe("a broker that is wrong in one thing", () => {
  const only = ["--only", "ping/,connect/accepted"];
  let folder = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "martlet-conformance-"));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("fails, with the packets in hex and in words", async () => {
    const port = await martletWithBadPing();
    const { code, stdout } = await grade(`mqtt://127.0.0.1:${port}`, "-V", "3.1.1,5.0", ...only);
    expect(code).toBe(1);
    expect(stdout).toContain("\nFAILED ping/");
    expect(stdout).toContain("\n  breaks 5.0/MQTT-2.1.3-1\n");
    expect(stdout).toContain("\n  breaks 3.1.1/MQTT-2.2.2-1\n");
    expect(stdout).toMatch(/^ {4}\+\d+ ms {2}c {2}> CONNECT 10 [0-9a-f ]+\n +MQTT 5\.0, client id "c/m);
    expect(stdout).toMatch(/^ {4}\+\d+ ms {2}c {2}< PINGRESP d1 00\n/m);
    expect(stdout).toMatch(/\n2 cases failed: 4 cases in/);
  });

  test("with the result of each statement", async () => {
    const port = await martletWithBadPing();
    const { stdout } = await grade(`mqtt://127.0.0.1:${port}`, "-V", "5.0", ...only, "--statements");
    expect(stdout).toMatch(/^ {2}failed +5\.0\/MQTT-2\.1\.3-1 /m);
    expect(stdout).toMatch(/^ {2}passed +5\.0\/MQTT-3\.2\.0-1 /m);
    // The case about PINGRESP knows that another statement was broken.
    expect(stdout).toMatch(/^ {2}inconclusive +5\.0\/MQTT-3\.12\.4-1 /m);
  });

  test("as JSON and as JUnit", async () => {
    const port = await martletWithBadPing();
    const junit = join(folder, "report.xml");
    const { code, stdout } = await grade(
      `mqtt://127.0.0.1:${port}`,
      "-V",
      "5.0",
      ...only,
      "--json",
      "--junit",
      junit,
    );
    expect(code).toBe(1);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ target: `mqtt://127.0.0.1:${port}` });
    expect(report.versions).toHaveLength(1);
    expect(report.versions[0]).toMatchObject({
      version: "5.0",
      counts: { passed: 1, failed: 1, "not-supported": 0, inconclusive: 0 },
    });
    const failed = report.versions[0].cases.find((each: { status: string }) => each.status === "failed");
    expect(failed.breaksOneOf).toEqual(["5.0/MQTT-2.1.3-1"]);
    expect(failed.trace).toContainEqual(
      expect.objectContaining({ direction: "received", what: "PINGRESP", hex: "d1 00" }),
    );
    const xml = readFileSync(junit, "utf8");
    expect(xml).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites /);
    expect(xml).toContain('<testsuite name="MQTT 5.0"');
    expect(xml).toContain('tests="2" failures="1" errors="0" skipped="0"');
    expect(xml).toMatch(/<failure message="[^"]+" type="conformance">[^<]+d1 00/);
    const toOutput = await grade(`mqtt://127.0.0.1:${port}`, "-V", "5.0", ...only, "--junit", "-");
    expect(toOutput.stdout).toMatch(/^<\?xml /);
    expect(toOutput.stdout.trimEnd()).toMatch(/<\/testsuites>$/);
  });
});

describe("what cannot be graded gets one sentence and its exit status", () => {
  async function expectSentence(ended: Ended, code: number, sentence: RegExp): Promise<void> {
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(/^martlet: [^\n]+\.\n$/);
    expect(ended.stderr).toMatch(sentence);
  }

  test("no broker", async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const url = `mqtt://127.0.0.1:${port}`;
    await expectSentence(await grade(url), 3, /There is no broker at mqtt:.*: the connection was refused/);
    await expectSentence(await grade(`ws://127.0.0.1:${port}/`), 3, /There is no broker at ws:/);
    await expectSentence(await grade("unix:/nonexistent/s"), 3, /the socket does not exist/);
    await expectSentence(await grade("mqtt://no-such-host.invalid"), 3, /its host name has no address/);
  });

  test("a server of HTTP", async () => {
    const port = await listen(createHttpServer((_, response) => response.writeHead(404).end()));
    await expectSentence(
      await grade(`mqtt://127.0.0.1:${port}`),
      4,
      /is no MQTT broker: it answered in HTTP/,
    );
    await expectSentence(
      await grade(`ws://127.0.0.1:${port}/mqtt`),
      3,
      /offers no WebSocket at this path: it answered with HTTP status 404/,
    );
  });

  test("a server that says nothing, one that hangs up, one that says something else", async () => {
    const silent = await listen(createServer(() => undefined));
    await expectSentence(
      await grade(`mqtt://127.0.0.1:${silent}`, "--patience", "1"),
      4,
      /said nothing for 1000 ms/,
    );
    const rude = await listen(createServer((socket) => void socket.destroy()));
    await expectSentence(await grade(`mqtt://127.0.0.1:${rude}`), 4, /closed the connection/);
    const other = await listen(createServer((socket) => void socket.write("220 mail.example ESMTP\r\n")));
    await expectSentence(await grade(`mqtt://127.0.0.1:${other}`), 4, /is no MQTT broker/);
  });

  test("TLS where there is none, none where there is, and a certificate that nobody knows", async () => {
    const { port } = await martlet();
    await expectSentence(
      await grade(`mqtts://127.0.0.1:${port}`, "--patience", "1"),
      3,
      /TLS|cannot be reached/,
    );
    const certificates = makeCertificates();
    onTestFinished(() => certificates.remove());
    const tls = createTlsServer({
      cert: readFileSync(certificates.cert),
      key: readFileSync(certificates.key),
    });
    tls.on("tlsClientError", () => undefined);
    const tlsPort = await listen(tls);
    await expectSentence(await grade(`mqtt://127.0.0.1:${tlsPort}`), 4, /TLS/);
    await expectSentence(await grade(`mqtts://127.0.0.1:${tlsPort}`), 3, /--cafile, or use --insecure/);
    await expectSentence(
      await grade(`mqtts://127.0.0.1:${tlsPort}`, "--cafile", certificates.ca, "--patience", "1"),
      4,
      /said nothing/,
    );
  });

  test.each([
    [["nonsense"], '<url>: "nonsense" is no URL such as mqtt://127.0.0.1:1883'],
    [["http://127.0.0.1/"], "<url>: http: is not known"],
    [["mqtt://"], '<url>: "mqtt://" '],
    [["mqtt://127.0.0.1", "--ws-url", "mqtt://127.0.0.1"], '--ws-url: "mqtt://127.0.0.1" is no URL'],
    [["mqtt://127.0.0.1", "--version", "4"], '--version: "4" is not known; give 3.1, 3.1.1 or 5.0.'],
    [["mqtt://127.0.0.1", "--only", "nothing/like-that"], "--only: no case and no statement begins with"],
    [["mqtt://127.0.0.1", "--cafile", "/nonexistent/ca.pem"], "--cafile: /nonexistent/ca.pem cannot be read"],
    [["mqtts://127.0.0.1", "--cert", "/nonexistent"], "--key: it is missing"],
    [["mqtt://127.0.0.1", "--json", "--junit", "-"], "--junit: it and --json cannot both"],
  ])("%j", async ([url = "", ...args], sentence) => {
    const { code, stdout, stderr } = await grade(url, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr.startsWith(`martlet: ${sentence}`), stderr).toBe(true);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a broker that goes away during the run", async () => {
    const { port } = await martlet();
    let connections = 0;
    const proxy: Server = createServer((client) => {
      // Two for each look at the broker, one more for what it announces; then it dies.
      if (++connections > 5) {
        proxy.close();
        client.destroy();
        return;
      }
      const server = connect(port, "127.0.0.1");
      server.on("error", () => undefined);
      client.pipe(server).pipe(client);
    });
    const proxyPort = await listen(proxy);
    const { code, stderr } = await grade(
      `mqtt://127.0.0.1:${proxyPort}`,
      "-V",
      "5.0",
      "--only",
      "connect/",
      "--concurrency",
      "1",
      "--patience",
      "1",
    );
    expect(stderr).toMatch(/^martlet: The broker went away during the run, at connect\/\S+ or before\. /);
    expect(code).toBe(3);
  });
});

test("--list needs no broker", async () => {
  const child = await grade("mqtt://127.0.0.1:1", "--list", "--only", "5.0/MQTT-3.3.1-4");
  expect(child).toEqual({
    code: 0,
    stdout: "malformed/publish-qos-3  (5.0)  QoS 3 closes the connection\n",
    stderr: "",
  });
});
