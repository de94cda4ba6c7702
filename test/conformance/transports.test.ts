// The cases go over every transport: TLS and WebSocket over TLS on mosquitto, WebSocket and Unix sockets on Martlet.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createBroker, type MartletBroker } from "#server";
import { conformanceCases } from "../../src/testing/conformance/cases/index.ts";
import { preflight } from "../../src/testing/conformance/preflight.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { type UrlTargetOptions, urlTarget } from "../../src/testing/conformance/url-target.ts";
import { freePort } from "../support/ports.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { mosquittoProgram, untilListening } from "./mosquitto.ts";

/** Some of every kind: accepted, refused, malformed, delivered, retained, taken over, cut. */
const handful = [
  "connect/accepted",
  "connect/byte-by-byte",
  "connect/reserved-flag",
  "publish/qos0",
  "publish/qos2",
  "retain/kept",
  "session/survives-network-failure",
  "will/network-failure",
  "malformed/publish-qos-3",
  "topics/longest",
];
const cases = conformanceCases.filter(({ name }) => handful.includes(name));

async function expectAllPassed(url: string, options?: UrlTargetOptions): Promise<void> {
  const outcomes = await runConformance(urlTarget(url, options), { cases });
  for (const { case: each, version, status, reason, trace } of outcomes) {
    expect(status, `${each.name} ${version}: ${reason}\n${formatTrace(trace)}`).toBe("passed");
  }
  expect(new Set(outcomes.map(({ version }) => version))).toEqual(new Set([3, 4, 5]));
}

test("the cases named here exist", () => {
  expect(cases.map(({ name }) => name).toSorted()).toEqual(handful.toSorted());
});

describe("over TLS, on mosquitto", () => {
  let certificates: Certificates;
  let stop = async (): Promise<void> => undefined;
  let [port, webSocketPort] = [0, 0];

  beforeAll(async () => {
    certificates = makeCertificates();
    [port, webSocketPort] = [await freePort(), await freePort()];
    const tls = [`certfile ${certificates.cert}`, `keyfile ${certificates.key}`];
    const configuration = [
      "allow_anonymous true",
      "log_dest none",
      `listener ${port} 127.0.0.1`,
      ...tls,
      `listener ${webSocketPort} 127.0.0.1`,
      "protocol websockets",
      ...tls,
    ];
    const file = join(certificates.folder, "mosquitto.conf");
    writeFileSync(file, `${configuration.join("\n")}\n`);
    const child = spawn(mosquittoProgram, ["-c", file], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    stop = async () => {
      child.kill();
      await ended;
      certificates.remove();
    };
    await untilListening(port, child);
  });

  afterAll(async () => await stop());

  test("mqtts", async () => {
    await expectAllPassed(`mqtts://localhost:${port}`, { ca: readFileSync(certificates.ca, "utf8") });
  });

  test("wss", async () => {
    const ca = readFileSync(certificates.ca, "utf8");
    await expectAllPassed(`wss://localhost:${webSocketPort}/mqtt`, { ca });
  });

  test("an address instead of a name, and no verification on request", async () => {
    const target = urlTarget(`mqtts://127.0.0.1:${port}`, { insecure: true });
    expect(await preflight(target, 5)).toEqual({ kind: "ready" });
  });

  test("a certificate that nobody vouches for is said to be so", async () => {
    for (const url of [`mqtts://127.0.0.1:${port}`, `wss://127.0.0.1:${webSocketPort}/mqtt`]) {
      expect(await preflight(urlTarget(url), 5)).toEqual({
        kind: "unreachable",
        reason: expect.stringContaining("not signed by an authority known here"),
      });
    }
  });
});

describe("on Martlet", () => {
  const folder = mkdtempSync(join(tmpdir(), "martlet-"));
  const path = join(folder, "s");
  let broker: MartletBroker;

  beforeAll(async () => {
    broker = createBroker({
      listeners: [
        { protocol: "unix", path },
        { protocol: "websocket", port: 0 },
      ],
    });
    await broker.start();
  });

  afterAll(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("ws", async () => {
    const port = broker.addresses.find(({ transport }) => transport === "websocket")?.port;
    await expectAllPassed(`ws://127.0.0.1:${port}/mqtt`);
  });

  test("unix", async () => {
    await expectAllPassed(`unix:${path}`);
  });
});
