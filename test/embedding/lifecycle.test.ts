/** Brokers inside a program: their beginning and end, several of them, and what the program publishes itself. */

import { type AddressInfo, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { ConfigError, StateError } from "#base";
import { InvalidPacketError, PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { createBroker, type ListenerOptions } from "#server";
import { connectTcp, ListenError } from "#transport";
import { nextTurn } from "../support/next-turn.ts";
import { RawClient } from "../support/raw-client.ts";
import { startTcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";
import { startVirtualBroker } from "../support/virtual-broker.ts";

const loopback: ListenerOptions = { protocol: "tcp", port: 0, host: "127.0.0.1" };

/** Whether somebody takes connections on `port`. */
async function isServed(port: number): Promise<boolean> {
  try {
    (await connectTcp({ port })).destroy();
    return true;
  } catch {
    return false;
  }
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()));
  return ports;
}

describe("start and stop", () => {
  test("starting twice is a StateError, and the first start goes on", async () => {
    const { broker, port } = await startTcpBroker();
    await expect(broker.start()).rejects.toThrow(StateError);
    expect(await isServed(port)).toBe(true);
    await broker.stop();
  });

  test("a broker that was stopped is not started again", async () => {
    const broker = await createBroker().start();
    await broker.stop();
    await expect(broker.start()).rejects.toThrow(StateError);
  });

  test("stopping twice, at the same time, or before start, is fine", async () => {
    const { broker, port } = await startTcpBroker();
    await Promise.all([broker.stop(), broker.stop()]);
    await broker.stop();
    expect(await isServed(port)).toBe(false);
    await createBroker({ listeners: [loopback] }).stop();
  });

  test.each([1, 2, 3])(
    "a broker of %i listeners that is stopped while it starts listens nowhere",
    async (count) => {
      const ports = await freePorts(count);
      const broker = createBroker({
        listeners: ports.map((port) => ({ protocol: "tcp", port, host: "127.0.0.1" })),
      });
      const starting = broker.start().catch((error: unknown) => error);
      await broker.stop();
      await starting;
      const served: number[] = [];
      for (const [index, port] of ports.entries()) if (await isServed(port)) served.push(index);
      // Whatever was left is not to disturb the other tests.
      await broker.stop();
      expect(served).toEqual([]);
    },
  );

  test("a port that is taken is a ListenError, and no other listener stays", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const taken = (blocker.address() as { port: number }).port;
    const [port] = (await freePorts(1)) as [number];
    const broker = createBroker({
      listeners: [
        { protocol: "tcp", port, host: "127.0.0.1" },
        { protocol: "tcp", port: taken, host: "127.0.0.1" },
      ],
    });
    await expect(broker.start()).rejects.toThrow(ListenError);
    expect(await isServed(port)).toBe(false);
    blocker.close();
  });

  test("clients of every stage are ended by stop, 5.0 ones with the reason", async () => {
    const { broker, client, open } = await startTcpBroker();
    const connected = await client("connected");
    const old = await client("old", { version: ProtocolVersion.MQTT_3_1_1 });
    const silent = await open();
    const half = await open();
    half.sendBytes(Uint8Array.of(0x10, 50, 0, 4));
    await until("all are there", () => broker.sizes.connections === 4);
    await broker.stop();
    await until("all are closed", () => [connected, old, silent, half].every(({ closed }) => closed));
    expect(connected.last(PacketType.DISCONNECT)?.reasonCode).toBe(ReasonCode.SERVER_SHUTTING_DOWN);
    expect(broker.sizes).toMatchObject({ connections: 0, clients: 0, timers: 0 });
  });

  test("a client that connects while the broker stops is not let in", async () => {
    const { broker, port } = await startTcpBroker({
      gate: { authenticate: async () => (await nextTurn(), { outcome: "accepted" }) },
    });
    const late = new RawClient(await connectTcp({ port }));
    late.connect({ clientId: "late" });
    const stopping = broker.stop();
    await stopping;
    await until("it is closed", () => late.closed);
    expect(late.last(PacketType.CONNACK)?.reasonCode ?? 0x80).toBeGreaterThanOrEqual(0x80);
    expect(broker.sizes).toMatchObject({ connections: 0, clients: 0, sessions: 0, timers: 0 });
  });

  test("one that never reads does not hold up the stop for ever", async () => {
    const { broker, clock, client } = await startVirtualBroker();
    const deaf = client("deaf");
    deaf.pipe.pauseReading();
    let stopped = false;
    const stopping = broker.stop().then(() => (stopped = true));
    clock.advance(10_000);
    await stopping;
    expect(stopped).toBe(true);
    expect(broker.sizes.connections).toBe(0);
    expect(clock.nextAlarm).toBeUndefined();
  });

  test("nothing of a stopped broker is left on its clock", async () => {
    const { broker, clock, client } = await startVirtualBroker({ settings: { sysIntervalSeconds: 10 } });
    client("a", { connect: { keepAliveSeconds: 60 } });
    client("b", {
      connect: { cleanStart: false, properties: { sessionExpiryInterval: 600 } },
    }).pipe.destroy();
    clock.runTurns();
    const stopping = broker.stop();
    clock.advance(10_000);
    await stopping;
    clock.runTurns();
    expect([clock.nextAlarm, clock.busy, broker.sizes.timers]).toEqual([undefined, false, 0]);
  });
});

describe("publishing as the program", () => {
  test("before start, and after stop, is a StateError", async () => {
    const broker = createBroker();
    await expect(broker.publish({ topicName: "a", payload: "x" })).rejects.toThrow(StateError);
    await broker.start();
    expect(await broker.publish({ topicName: "a", payload: "x" })).toEqual({ matched: 0 });
    await broker.stop();
    await expect(broker.publish({ topicName: "a", payload: "x" })).rejects.toThrow(StateError);
  });

  test.each([
    ["an empty name", ""],
    ["a wildcard", "a/+"],
    ["another wildcard", "#"],
    ["a null character", "a\0b"],
    ["65,536 bytes", "x".repeat(65_536)],
    ["65,537 bytes of fewer characters", "ä".repeat(32_768) + "x"],
  ])("to %s is an InvalidPacketError", async (_name, topicName) => {
    const broker = await createBroker().start();
    await expect(broker.publish({ topicName, payload: "x" })).rejects.toThrow(InvalidPacketError);
    await broker.stop();
  });

  test("the payload is the program's again when the call returns", async () => {
    const { broker, client, clock } = await startVirtualBroker();
    const subscriber = client("s", { answers: true });
    subscriber.subscribe(1, "t", 1);
    clock.runTurns();
    const payload = new TextEncoder().encode("first");
    const published = broker.publish({ topicName: "t", payload, qos: 1, retain: true });
    payload.fill(0x2e);
    await published;
    clock.runTurns();
    expect(subscriber.texts).toEqual(["first"]);
    const late = client("late");
    late.subscribe(1, "t", 0);
    clock.runTurns();
    expect(late.texts).toEqual(["first"]);
  });

  test("a subscriber of the program gets retained ones first, may publish and unsubscribe, and may throw", async () => {
    const { broker, clock, log } = await startVirtualBroker();
    await broker.publish({ topicName: "a/1", payload: "old", retain: true });
    const got: string[] = [];
    const end = broker.subscribe("a/#", ({ topicName, payload, retain }) => {
      got.push(`${topicName} ${new TextDecoder().decode(payload)}${retain ? " retained" : ""}`);
      if (got.length === 2) void broker.publish({ topicName: "a/echo", payload: "e" });
      if (got.length === 3) {
        end();
        throw new TypeError("mine");
      }
    });
    expect(got).toEqual([]);
    await broker.publish({ topicName: "a/2", payload: "new" });
    clock.runTurns();
    await nextTurn();
    clock.runTurns();
    await broker.publish({ topicName: "a/3", payload: "nobody" });
    clock.runTurns();
    expect(got).toEqual(["a/1 old retained", "a/2 new", "a/echo e"]);
    expect(log.at(-1)).toContain("mine");
    expect(broker.sizes.subscriptions).toBe(0);
    for (const bad of ["", "a/#/b", "$share/g/a"]) {
      expect(() => broker.subscribe(bad, () => undefined)).toThrow(InvalidPacketError);
    }
  });
});

test("several brokers in one process know nothing of each other", async () => {
  const brokers = await Promise.all(Array.from({ length: 4 }, () => startTcpBroker()));
  expect(new Set(brokers.map(({ port }) => port)).size).toBe(4);
  const clients = await Promise.all(
    brokers.map(async ({ client }) => {
      const each = await client("same", { answers: true });
      each.subscribe(1, "#", 2);
      return each;
    }),
  );
  await until("all are subscribed", () =>
    clients.every((each) => each.last(PacketType.SUBACK) !== undefined),
  );
  for (const [n, each] of clients.entries()) {
    each.publish("t", `of ${n}`, { qos: 2, packetId: 2, retain: true });
  }
  await until("each has its own", () => clients.every(({ texts }) => texts.length === 1));
  expect(clients.map(({ texts }) => texts)).toEqual([["of 0"], ["of 1"], ["of 2"], ["of 3"]]);
  await brokers[0]?.broker.stop();
  expect(clients.map(({ closed }) => closed).slice(1)).toEqual([false, false, false]);
  expect(brokers.slice(1).map(({ broker }) => broker.sizes.retained)).toEqual([1, 1, 1]);
  expect(brokers.map(({ broker }) => broker.metrics.publishReceived)).toEqual([1, 1, 1, 1]);
  for (const { broker } of brokers) await broker.stop();
});

test("a broker in memory starts at once", async (context) => {
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const start = performance.now();
    const broker = await createBroker().start();
    times.push(performance.now() - start);
    await broker.stop();
  }
  times.sort((a, b) => a - b);
  const medianMs = times[25] as number;
  await context.annotate(
    `create and start in memory: median ${medianMs.toFixed(2)} ms, most ${times.at(-1)?.toFixed(2)} ms`,
  );
  // Of the order of a millisecond, not of a second.
  expect(medianMs).toBeLessThan(500);
});

describe("settings that are not allowed", () => {
  test.each([
    [{ settings: { connectTimeoutMs: 0 } }, "connectTimeoutMs"],
    [{ settings: { maximumQos: 3 as 2 } }, "maximumQos"],
    [{ settings: { nonsense: 1 } as object }, "nonsense"],
    [{ settings: { versions: [] } }, "versions"],
    [{ listeners: [{ protocol: "tcp", port: 70_000 }] }, "listeners[0].port"],
    [{ listeners: [loopback, { protocol: "tcp", port: 0, host: "0.0.0.0" }] }, "listeners[1].host"],
  ] as const)("%j names the setting", (options, path) => {
    let error: unknown;
    try {
      createBroker(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).path).toBe(path);
  });
});
