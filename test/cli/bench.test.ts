// `martlet bench` as a process, against a broker as a process.
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectPlain } from "node:net";
import { createServer } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Certificates, makeCertificates } from "../conformance/certificates.ts";
import { until } from "../support/until.ts";
import { brokerProcess, MartletProcess, outcomeOf } from "./martlet-process.ts";

const quick = ["--duration", "1", "--warm-up", "0", "--quiet"];

async function brokerUrl(...args: string[]) {
  const broker = brokerProcess(...args);
  const port = await broker.running();
  const webSocketPort = (await broker.line(/ws:\/\/127\.0\.0\.1:(\d+)/))[1];
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    webSocketPort: Number(webSocketPort),
    pid: String(broker.child.pid),
  };
}

/** TLS in front of a port; returns the port of that. */
async function inFrontOf(port: number, certificates: Certificates): Promise<number> {
  const credentials = { cert: readFileSync(certificates.cert), key: readFileSync(certificates.key) };
  const server = createServer(credentials, (secure) => {
    const plain = connectPlain(port, "127.0.0.1");
    secure.on("error", () => plain.destroy());
    plain.on("error", () => secure.destroy());
    secure.pipe(plain).pipe(secure);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("martlet bench", () => {
  it("writes results for programs", async () => {
    const { url, pid } = await brokerUrl();
    const args = ["bench", url, "qos1", "retained", "--pid", pid, "--json", ...quick];
    const { code, stdout, stderr } = await outcomeOf(args);
    expect(stderr).toBe("");
    const report = JSON.parse(stdout);
    expect(report.target).toBe(url);
    expect(report.results).toMatchObject([
      {
        scenario: "qos1",
        kind: "flow",
        correct: true,
        lost: 0,
        duplicated: 0,
        disordered: 0,
        unacknowledged: 0,
      },
      { scenario: "retained", kind: "retained", correct: true, deliveries: 100_000 },
    ]);
    for (const result of report.results) {
      expect(result.brokerCpuSecondsPerMillion).toBeGreaterThan(0);
      expect(result.ownCpuSecondsPerMillion).toBeGreaterThan(0);
      expect(result.brokerResidentBytes).toBeGreaterThan(1_000_000);
    }
    expect(code).toBe(0);
  });

  it("writes a report for people, without colours where it is no terminal", async () => {
    const { url } = await brokerUrl();
    const args = ["bench", url, "--publishers", "2", "--subscribers", "3", "--topics", "1", "--qos", "2"];
    const { code, stdout } = await outcomeOf([...args, ...quick]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("own  2 publishers, 3 subscribers, 1 topic, QoS 2, 64 bytes, window 100");
    expect(lines[1]).toMatch(/^ {2}messages {5}[\d,]+\/s {2}\([\d,]+ in \d\.\d s\)$/);
    expect(lines.at(-1)).toBe("  ✓ Every message came once and in order.");
    expect(stdout).not.toContain("\u001b");
    expect(code).toBe(0);
  });

  it("says on standard error how far it is, in lines where there is no terminal", async () => {
    const { url } = await brokerUrl();
    const { stderr } = await outcomeOf(["bench", url, "storm", "--duration", "1", "--warm-up", "0"]);
    expect(stderr).toMatch(/^storm: measuring, 0 s\n/);
    expect(stderr).not.toContain("\u001b");
  });

  it("ends with 1 when messages are missing", async () => {
    // Its queue for sessions that are away is shorter than what the scenario sends.
    const { url } = await brokerUrl();
    const { code, stdout } = await outcomeOf(["bench", url, "offline", ...quick]);
    expect(stdout).toMatch(/✗ [\d,]+ messages did not arrive\./);
    expect(code).toBe(1);
  });

  it("ends with 3 and says what to do when nobody is there", async () => {
    const { code, stdout, stderr } = await outcomeOf(["bench", "mqtt://127.0.0.1:1", ...quick]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toBe(
      "martlet: pairs: The broker at mqtt://127.0.0.1:1 cannot be reached: nobody listens there. Start one with martlet, or give the address of another: martlet bench mqtt://host:1883.\n",
    );
  });

  it("ends in order at Ctrl-C", async () => {
    const { url } = await brokerUrl();
    const martlet = new MartletProcess(["bench", url, "pairs", "--duration", "600", "--warm-up", "0"]);
    await until("it measures", () => martlet.stderr.includes("measuring"));
    martlet.child.kill("SIGINT");
    expect(await martlet.ended).toEqual({ code: 130, signal: null });
    expect(martlet.stdout).toBe("");
  });

  it("loads a broker over TLS, also below WebSocket", async () => {
    const { port, webSocketPort } = await brokerUrl();
    const certificates = makeCertificates();
    onTestFinished(() => certificates.remove());
    const secure = await inFrontOf(port, certificates);
    const secureWebSocket = await inFrontOf(webSocketPort, certificates);
    const options = ["--publishers", "3", "--qos", "1", ...quick];
    for (const url of [`mqtts://127.0.0.1:${secure}`, `wss://127.0.0.1:${secureWebSocket}/mqtt`]) {
      const trusted = await outcomeOf(["bench", url, ...options, "--ca", certificates.ca]);
      expect(trusted.stdout).toContain("Every message came once and in order.");
      expect(trusted.code).toBe(0);
      const strict = await outcomeOf(["bench", url, ...options]);
      expect(strict.stderr).toMatch(/its certificate is signed by nobody who is trusted here/);
      expect(strict.code).toBe(3);
    }
    const blind = await outcomeOf(["bench", `mqtts://127.0.0.1:${secure}`, ...options, "--insecure"]);
    expect(blind.code).toBe(0);
  });

  it("lists its scenarios", async () => {
    const { code, stdout } = await outcomeOf(["bench", "--list"]);
    expect(stdout).toMatch(/^pairs {6}10 publishers/);
    expect(stdout).toMatch(/^fairness {3}20 quiet pairs/m);
    expect(code).toBe(0);
  });

  it.each([
    [["qos3"], "qos3: there is no such scenario. Did you mean qos1?"],
    [["mqtt://a", "mqtt://b"], "<url>: it is given twice."],
    [["http://a", "pairs"], "<url>: http: is not known; give a URL such as"],
    [["--pid", "2147483647", "pairs"], "--pid: there is no process 2147483647."],
    [["--size", "1"], '--size: "1" is not allowed; give a whole number from 16 to 16000000.'],
    [["--ca", "/nowhere.pem"], "--ca: /nowhere.pem cannot be read"],
  ])("refuses %j", async (args, message) => {
    const { code, stdout, stderr } = await outcomeOf(["bench", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`martlet: ${message}`);
  });
});
