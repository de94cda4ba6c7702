// Each scenario, small, against a real broker on loopback: every count has to be exact.

import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Gate } from "#auth";
import { utf8Decode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { type BrokerOptions, createBroker, type MartletBroker } from "#server";
import { until } from "../../test/support/until.ts";
import { BenchError } from "./errors.ts";
import type { Progress, ScenarioResult } from "./result.ts";
import { type RunOptions, runScenario } from "./run.ts";
import type { FlowLoad, Load } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

async function startBroker(options: BrokerOptions = {}): Promise<{ broker: MartletBroker; url: string }> {
  const broker = createBroker({
    listeners: [{ protocol: "tcp", port: 0, host: "127.0.0.1" }],
    ...options,
    settings: { sysIntervalSeconds: 0, ...options.settings },
  });
  onTestFinished(() => broker.stop());
  await broker.start();
  return { broker, url: `mqtt://127.0.0.1:${broker.addresses[0]?.port}` };
}

const quick: RunOptions = { durationSeconds: 0.1, warmUpSeconds: 0.02, patienceSeconds: 0.5 };

async function run(load: Load, options: RunOptions = {}, url?: string): Promise<ScenarioResult> {
  const broker = url === undefined ? await startBroker() : undefined;
  const target = { url: url ?? (broker?.url as string) };
  return await runScenario({ name: "test", summary: "", load }, target, { ...quick, ...options });
}

const flow: FlowLoad = {
  kind: "flow",
  publishers: 4,
  subscribers: 4,
  topics: 4,
  qos: 0,
  payloadBytes: 64,
  pace: { kind: "window", messages: 10 },
};

function expectNothingWrong(result: ScenarioResult): void {
  expect(result.problems).toEqual([]);
  const { lost, duplicated, disordered, unacknowledged, refused, connectionsLost, unexpected } = result;
  expect({ lost, duplicated, disordered, unacknowledged, refused, connectionsLost, unexpected }).toEqual({
    lost: 0,
    duplicated: 0,
    disordered: 0,
    unacknowledged: 0,
    refused: 0,
    connectionsLost: 0,
    unexpected: 0,
  });
  expect(result.correct).toBe(true);
}

describe("a flow", () => {
  const loads: Record<string, FlowLoad> = {
    "one to one, QoS 0": flow,
    "one to one, QoS 1": { ...flow, qos: 1 },
    "one to one, QoS 2": { ...flow, qos: 2 },
    "one message in flight": { ...flow, pace: { kind: "window", messages: 1 } },
    "many to one": { ...flow, publishers: 20, subscribers: 1, topics: 20, qos: 1 },
    "one to many": { ...flow, publishers: 1, subscribers: 30, topics: 1 },
    "several publishers and subscribers a topic": {
      ...flow,
      publishers: 6,
      subscribers: 8,
      topics: 2,
      qos: 1,
    },
    "more topics than publishers": { ...flow, publishers: 2, subscribers: 3, topics: 50, qos: 1 },
    "random topics and filters of all kinds": {
      ...flow,
      publishers: 3,
      subscribers: 3,
      topics: 500,
      topicChoice: "random",
      filters: "mixed",
    },
    "large payloads": { ...flow, payloadBytes: 100_000 },
    "smallest payloads": { ...flow, payloadBytes: 16 },
    "5.0 with properties": {
      ...flow,
      qos: 1,
      protocolVersion: ProtocolVersion.MQTT_5_0,
      properties: true,
    },
    "a shared subscription": { ...flow, topics: 1, qos: 1, shared: true },
    "persistent sessions": { ...flow, qos: 1, persistentSessions: true },
    "a window above the broker's Receive Maximum": {
      ...flow,
      qos: 2,
      protocolVersion: ProtocolVersion.MQTT_5_0,
      pace: { kind: "window", messages: 5_000 },
    },
  };

  it.each(Object.entries(loads))("%s: every message comes once and in order", async (_, load) => {
    const result = await run(load);
    expectNothingWrong(result);
    expect(result.latency?.count).toBeGreaterThan(0);
    expect(result.latency?.p50Us).toBeLessThanOrEqual(result.latency?.maxUs as number);
  });

  it("at a fixed rate sends no more than is due", async () => {
    const startedMs = performance.now();
    const result = await run({ ...flow, pace: { kind: "rate", perSecond: 2_000 } });
    expectNothingWrong(result);
    expect(result.published).toBeGreaterThan(0);
    // The first is due at once.
    expect(result.published).toBeLessThanOrEqual(1 + 2 * (performance.now() - startedMs));
  });

  it("flat out leaves it to the connection", async () => {
    const result = await run({
      ...flow,
      publishers: 1,
      subscribers: 1,
      topics: 1,
      pace: { kind: "flat-out" },
    });
    expect(result.correct).toBe(true);
    expect(result.deliveries).toBeGreaterThan(0);
  });

  it("leaves no session, no subscription and no connection behind", async () => {
    const { broker, url } = await startBroker();
    await run({ ...flow, qos: 1, persistentSessions: true }, {}, url);
    await until("all gone", () => broker.sizes.sessions === 0 && broker.sizes.connections === 0);
    expect(broker.sizes.subscriptions).toBe(0);
  });
});

describe("other loads", () => {
  it("storm: counts connects", async () => {
    const { broker, url } = await startBroker();
    let connected = 0;
    broker.on("clientConnected", () => connected++);
    const result = await run({ kind: "storm", connections: 5 }, {}, url);
    expectNothingWrong(result);
    expect(result.deliveries).toBeGreaterThan(0);
    expect(result.deliveries).toBeLessThanOrEqual(connected);
    expect(result.connectsPerSecond).toBeCloseTo(result.deliveries / result.seconds);
  });

  it("idle: connections stand", async () => {
    const { broker, url } = await startBroker();
    let most = 0;
    const onProgress = (): void => void (most = Math.max(most, broker.sizes.connections));
    const load: Load = { kind: "idle", connections: 150 };
    const result = await runScenario(
      { name: "test", summary: "", load },
      { url, processIds: [process.pid] },
      { ...quick, onProgress },
    );
    expectNothingWrong(result);
    expect(result.connections).toBe(150);
    expect(most).toBe(150);
    expect(result.bytesPerConnection).toBeTypeOf("number");
    expect(result.brokerCpuSecondsPerMillion).toBeTypeOf("number");
  });

  it("retained: all messages come and are cleared", async () => {
    const { broker, url } = await startBroker();
    const result = await run({ kind: "retained", messages: 2_000, payloadBytes: 64 }, {}, url);
    expectNothingWrong(result);
    expect(result.deliveries).toBe(2_000);
    expect(result.allReceivedMs).toBeGreaterThan(0);
    expect(broker.sizes.retained).toBe(0);
  });

  it.each([1, 2] as const)("offline: what was queued at QoS %d comes", async (qos) => {
    const { broker, url } = await startBroker();
    const result = await run({ kind: "offline", messages: 3_000, payloadBytes: 64, qos }, {}, url);
    expectNothingWrong(result);
    expect(result.deliveries).toBe(3_000);
    await until("no session", () => broker.sizes.sessions === 0);
  });

  it("offline: counts what a short queue did not take", async () => {
    const { url } = await startBroker({ settings: { maximumQueuedMessages: 1_000 } });
    const result = await run({ kind: "offline", messages: 3_000, payloadBytes: 64, qos: 1 }, {}, url);
    expect(result.correct).toBe(false);
    expect(result.lost).toBe(3_000 - result.deliveries);
    expect(result.problems.join(" ")).toMatch(/did not arrive/);
  });

  it("fairness: compares quiet pairs alone and beside a flood", async () => {
    const load: Load = { kind: "fairness", pairs: 3, perSecond: 500, payloadBytes: 64 };
    const result = await run(load, { durationSeconds: 0.4 });
    expect(result.correct).toBe(true);
    const { aloneP99Us = 0, floodedP99Us = 0, ratio, floodPerSecond } = result.fairness ?? {};
    expect(aloneP99Us).toBeGreaterThan(0);
    expect(ratio).toBeCloseTo(floodedP99Us / aloneP99Us);
    expect(floodPerSecond).toBeGreaterThan(500);
  });
});

describe("over other transports", () => {
  it("WebSocket", async () => {
    const { broker } = await startBroker({
      listeners: [{ protocol: "websocket", port: 0, host: "127.0.0.1" }],
    });
    const url = `ws://127.0.0.1:${broker.addresses[0]?.port}/mqtt`;
    expectNothingWrong(await run({ ...flow, qos: 1 }, {}, url));
  });

  it("a Unix socket", async () => {
    const path = `/tmp/martlet-bench-${process.pid}.sock`;
    await startBroker({ listeners: [{ protocol: "unix", path }] });
    expectNothingWrong(await run(flow, {}, `unix:${path}`));
  });
});

describe("what a broker refuses", () => {
  it("nobody gets in: the run is not possible", async () => {
    const { broker, url } = await startBroker({ settings: { versions: [ProtocolVersion.MQTT_5_0] } });
    const failure = await run(flow, {}, url).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BenchError);
    expect(failure).toMatchObject({ kind: "refused", code: "MARTLET_BENCH" });
    expect((failure as BenchError).message).toMatch(/refuses the connection: unsupported protocol version/);
    await until("no connection", () => broker.sizes.connections === 0);
  });

  it("some do not get in: they are counted and the others go on", async () => {
    const { url } = await startBroker({ settings: { maximumConnections: 6 } });
    const result = await run({ kind: "idle", connections: 10 }, {}, url);
    expect(result.connections).toBe(6);
    expect(result.correct).toBe(false);
    expect(result.refused + result.connectionsLost).toBe(4);
    expect(result.problems.join(" ")).toMatch(/4 of 10 connections/);
  });

  it("a subscription is not granted: the run is not possible", async () => {
    const { url } = await startBroker({ settings: { sharedSubscriptionAvailable: false } });
    const failure = await run({ ...flow, topics: 1, shared: true }, {}, url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "refused" });
    expect((failure as BenchError).message).toMatch(/granted no subscription\. The broker refused 4 of 4/);
  });

  it("some subscriptions are not granted: their messages are not expected", async () => {
    const { url } = await startBroker({ settings: { wildcardSubscriptionAvailable: false } });
    const load: FlowLoad = { ...flow, filters: "mixed", topics: 4 };
    const result = await run(load, {}, url);
    expect(result.lost).toBe(0);
    expect(result.refused).toBe(3);
    expect(result.correct).toBe(false);
  });

  it("a login that is wrong, and takes one that is right", async () => {
    const gate: Gate = {
      authenticate: ({ userName, password }) =>
        userName === "ann" && utf8Decode(password ?? new Uint8Array()) === "secret"
          ? { outcome: "accepted" }
          : { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED },
    };
    const { url } = await startBroker({ gate });
    await expect(run(flow, {}, url)).rejects.toMatchObject({ kind: "refused" });
    expectNothingWrong(await run(flow, {}, url.replace("mqtt://", "mqtt://ann:secret@")));
  });

  it("messages: each refusal is told", async () => {
    const gate: Gate = {
      authenticate: () => ({ outcome: "accepted" }),
      mayPublish: (_, topicName) => !topicName.endsWith("/003/t"),
    };
    const { url } = await startBroker({ gate });
    const load: FlowLoad = { ...flow, qos: 1, protocolVersion: ProtocolVersion.MQTT_5_0 };
    const result = await run(load, {}, url);
    expect(result.correct).toBe(false);
    expect(result.refused).toBeGreaterThan(0);
    expect(result.problems.join(" ")).toMatch(/The broker refused \d+ messages: not authorized\./);
  });
});

describe("how a run ends", () => {
  it("rejects when nobody listens", async () => {
    const { broker, url } = await startBroker();
    await broker.stop();
    const failure = await run(flow, {}, url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "unreachable", code: "MARTLET_BENCH" });
    expect((failure as BenchError).message).toBe(
      `The broker at ${url} cannot be reached: nobody listens there.`,
    );
  });

  it.each(["mqtt//x", "http://127.0.0.1", "mqtt://"])(
    "rejects %s, which is no broker's address",
    async (url) => {
      await expect(run(flow, {}, url)).rejects.toMatchObject({ code: "MARTLET_CONFIG", path: "url" });
    },
  );

  it.each<[string, Partial<FlowLoad>]>([
    ["publishers", { publishers: 0 }],
    ["payloadBytes", { payloadBytes: 15 }],
    ["topics", { topics: 1.5 }],
    ["window", { pace: { kind: "window", messages: 0 } }],
    ["pace", { pace: { kind: "flat-out" }, qos: 1 }],
    ["properties", { properties: true }],
  ])("rejects a load whose %s cannot be", async (path, changes) => {
    await expect(run({ ...flow, ...changes }, {}, "mqtt://127.0.0.1:1")).rejects.toMatchObject({
      code: "MARTLET_CONFIG",
      path,
    });
  });

  it.each<[string, Load]>([
    ["flow", { ...flow, qos: 1 }],
    ["storm", { kind: "storm", connections: 5 }],
    ["idle", { kind: "idle", connections: 50 }],
    ["storm that is partly refused", { kind: "storm", connections: 100 }],
  ])("a %s that is aborted rejects and closes all connections", async (_, load) => {
    const { broker, url } = await startBroker({ settings: { maximumConnections: 60 } });
    const abort = new AbortController();
    const onProgress = ({ phase }: Progress): void => {
      if (phase === "measure") abort.abort();
    };
    const options = { durationSeconds: 600, signal: abort.signal, onProgress };
    const failure = await run(load, options, url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "aborted", code: "MARTLET_BENCH" });
    await until("no connection", () => broker.sizes.connections === 0);
  });

  it("ends at once also while a connection is being made", async () => {
    // Takes the connection and never answers the TLS handshake.
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.resume()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const abort = new AbortController();
    const failure = run(flow, { signal: abort.signal }, `mqtts://127.0.0.1:${port}`).catch(
      (error: unknown) => error,
    );
    await until("somebody connects", () => sockets.length === 1);
    abort.abort();
    expect(await failure).toMatchObject({ kind: "aborted" });
    await until("the connection is closed", () => sockets.every((socket) => socket.destroyed));
  });

  it("does not begin when it is aborted before", async () => {
    const failure = await run(flow, { signal: AbortSignal.abort() }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "aborted" });
  });

  it("tells how far it is, phase by phase", async () => {
    const phases: string[] = [];
    const shares: number[] = [];
    const onProgress = ({ phase, share = 0 }: Progress): void => {
      if (phases.at(-1) !== phase) phases.push(phase);
      shares.push(share);
    };
    await run(flow, { onProgress });
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(phases).toEqual(["connect", "subscribe", "warm-up", "measure", "drain"]);
  });

  it("counts connections that break off", async () => {
    const { broker, url } = await startBroker();
    const onProgress = ({ phase }: Progress): void => {
      if (phase === "measure") for (const { clientId } of broker.clients()) broker.disconnect(clientId);
    };
    const result = await run(flow, { onProgress }, url);
    expect(result.connectionsLost).toBe(8);
    expect(result.correct).toBe(false);
  });
});

it("the standard scenarios have names of their own and say what they are in one line", () => {
  const names = SCENARIOS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, summary } of SCENARIOS) {
    expect(name).toMatch(/^[a-z0-9-]{2,10}$/);
    expect(summary).toMatch(/^[^\n]{20,100}$/);
  }
});
