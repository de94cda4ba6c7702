/** Spoiled and truncated packets by the hundred thousand: they end their connection and touch nothing else. */
// oxlint-disable vitest/no-conditional-expect -- what a step of a model or of a loop answers depends on the step

import { describe, expect, test } from "vitest";
import { concatBytes, type Random, seededRandom, toHex } from "#base";
import { refuse } from "#hooks";
import { checkTopicName, Framer, isWireError, PacketType, ProtocolVersion, ReasonCode } from "#protocol";
import { expectNoRejections, liveMebibytes } from "../support/heap.ts";
import { NOTHING_LEFT } from "../support/nothing-left.ts";
import { connectPacket, encodeOrFail, type RawClient } from "../support/raw-client.ts";
import { startTcpBroker } from "../support/tcp-broker.ts";
import { until } from "../support/until.ts";
import { ALL_VERSIONS, startVirtualBroker, type VirtualBroker } from "../support/virtual-broker.ts";
import { anyConnect, pick, spoiledConnect, spoiledPacket } from "./mutations.ts";

const SEED = 20_260_101;
const HOUR_MS = 3_600_000;

expectNoRejections();

/** Whether `stream` breaks a rule of the wire by itself, whatever the state of the broker. */
function isMalformed(stream: Uint8Array): boolean {
  const framer = new Framer(
    {
      onPublish: (view) => {
        const { bytes, topicStart, topicEnd, version } = view;
        if (topicEnd > topicStart) checkTopicName(bytes, topicStart, topicEnd, version, {});
      },
      onPacket: (packet) => {
        // What comes behind it is not read any more.
        if (packet.type === PacketType.DISCONNECT) framer.pause();
      },
    },
    { side: "server", maximumPacketSize: 2_000_000 },
  );
  try {
    framer.push(stream);
    return false;
  } catch (error) {
    if (isWireError(error)) return true;
    throw error;
  }
}

/** Bytes of one hostile connection, in the pieces in which they are sent, and how many packets are in them. */
function hostileStream(random: Random): { stream: Uint8Array; pieces: Uint8Array[]; packets: number } {
  const version = pick(random, ALL_VERSIONS);
  const parts: Uint8Array[] = [];
  if (random.below(3) === 0) parts.push(spoiledConnect(random, version));
  else parts.push(encodeOrFail(anyConnect(random, version), version));
  const count = 1 + random.below(12);
  for (let i = 0; i < count; i++) parts.push(spoiledPacket(random, version));
  const stream = concatBytes(parts);
  if (random.below(4) > 0) return { stream, pieces: [stream], packets: parts.length };
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + 1 + random.below(30));
    pieces.push(stream.subarray(at, end));
    at = end;
  }
  return { stream, pieces, packets: parts.length };
}

interface Tally {
  packets: number;
  connections: number;
  malformed: number;
}

/** Sends hostile connections, some at the same time, until `packets` have been sent. */
function assault(virtual: VirtualBroker, random: Random, packets: number): Tally {
  const tally: Tally = { packets: 0, connections: 0, malformed: 0 };
  const lingering: RawClient[] = [];
  while (tally.packets < packets) {
    const { stream, pieces, packets: sent } = hostileStream(random);
    const client = virtual.open({ version: ProtocolVersion.MQTT_5_0 });
    // What the broker answers is not judged here, and may be in any version.
    client.onBytes = () => undefined;
    for (const piece of pieces) {
      client.sendBytes(piece);
      if (pieces.length > 1) virtual.clock.runTurns();
    }
    virtual.clock.runTurns();
    tally.packets += sent;
    tally.connections++;
    if (isMalformed(stream)) {
      tally.malformed++;
      if (!client.closed) {
        expect.fail(
          `Connection ${tally.connections} sent malformed bytes and lives on: ${toHex(stream, 2000)}`,
        );
      }
    }
    if (virtual.broker.metrics.invariantErrors > 0) {
      expect.fail(
        `Connection ${tally.connections} found a bug: ${virtual.log.join("\n")}\n${toHex(stream, 2000)}`,
      );
    }
    // Some stay for a while, so that there are others to be harmed; most leave, orderly or not.
    lingering.push(client);
    if (lingering.length > 5) {
      const leaving = lingering.shift() as RawClient;
      if (random.below(2) === 0) leaving.pipe.end();
      else leaving.pipe.destroy();
    }
    if (random.below(50) === 0) virtual.clock.advance(random.below(200_000));
  }
  for (const client of lingering) client.pipe.destroy();
  virtual.clock.runTurns();
  return tally;
}

describe.each([
  ["as it comes", false],
  ["with gate, hooks, listeners and retained messages", true],
] as const)("a broker %s", (_name, isFull) => {
  test("survives 100,000 spoiled packets", async () => {
    const virtual = await startVirtualBroker({
      settings: {
        maximumSessionExpiryInterval: 3600,
        retainAvailable: isFull,
        maximumQueuedMessages: 50,
        queueOverflow: isFull ? "drop-oldest" : "refuse-newest",
        queueQos0: isFull,
        checkPayloadFormat: isFull,
      },
      ...(isFull
        ? {
            gate: {
              authenticate: ({ password }) =>
                password === undefined || password[0] !== 0
                  ? { outcome: "accepted" }
                  : { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD },
              beginExchange: (method) =>
                method === "m"
                  ? {
                      step: (data) =>
                        data?.[0] === 0
                          ? { outcome: "continued", authenticationData: data }
                          : { outcome: "accepted" },
                    }
                  : undefined,
              mayPublish: (_client, topicName) => !topicName.startsWith("/"),
              maySubscribe: (_client, topicFilter) => topicFilter !== "/",
            },
          }
        : {}),
    });
    const { broker, clock } = virtual;
    const retainedTopics = new Set<string>();
    if (isFull) {
      broker.on(
        "messagePublished",
        ({ topicName, retain }) => void (retain && retainedTopics.add(topicName)),
      );
      broker.on("messageUndelivered", () => undefined);
      broker.hooks.add("publish", (draft) =>
        draft.payload[0] === 1 ? refuse(ReasonCode.QUOTA_EXCEEDED) : undefined,
      );
      broker.hooks.add("deliver", (draft) =>
        draft.payload[0] === 2 ? refuse(ReasonCode.QUOTA_EXCEEDED) : undefined,
      );
    }
    const bystander = virtual.client("bystander", { answers: true });
    bystander.subscribe(1, "own", 2);
    const random = seededRandom(SEED + (isFull ? 1 : 0));
    assault(virtual, random, 10_000);
    const before = await liveMebibytes();
    const tally = assault(virtual, random, 90_000);

    expect(tally.malformed, "most connections break a rule of the wire").toBeGreaterThan(
      tally.connections / 3,
    );
    expect(bystander.closed).toBe(false);
    await broker.publish({ topicName: "own", payload: "still here", qos: 2 });
    clock.runTurns();
    expect(bystander.texts.at(-1)).toBe("still here");
    bystander.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    clock.advance(2 * HOUR_MS);
    for (const topicName of retainedTopics) await broker.publish({ topicName, payload: "", retain: true });
    clock.runTurns();
    expect(broker.sizes).toEqual(NOTHING_LEFT);
    expect(broker.metrics.invariantErrors).toBe(0);
    expect((await liveMebibytes()) - before).toBeLessThan(32);
    await broker.stop();
  });
});

test("a TCP broker survives 500 hostile connections at a time", async () => {
  const { broker, client, socket } = await startTcpBroker({ settings: { maximumSessionExpiryInterval: 0 } });
  const random = seededRandom(SEED + 2);
  const good = await client("good", { answers: true });
  good.subscribe(1, "own", 2);
  let malformed = 0;
  for (let round = 0; round < 4; round++) {
    let open = 0;
    for (let i = 0; i < 500; i++) {
      const { stream, pieces } = hostileStream(random);
      const hostile = socket();
      open++;
      hostile.on("close", () => open--);
      hostile.resume();
      const isBad = isMalformed(stream);
      if (isBad) malformed++;
      hostile.on("connect", () => {
        for (const piece of pieces) hostile.write(piece);
        // Whoever broke a rule is to be closed by the broker; the others leave by themselves.
        if (!isBad) hostile.end();
      });
    }
    await until("every hostile connection is closed", () => open === 0);
  }
  expect(malformed).toBeGreaterThan(500);
  await until("only the good client is left", () => broker.sizes.connections === 1);
  await broker.publish({ topicName: "own", payload: "x", qos: 2 });
  await until("the good client gets its message", () => good.texts.includes("x"));
  expect(broker.metrics.invariantErrors).toBe(0);
  await broker.stop();
  expect(broker.sizes).toMatchObject({ connections: 0, clients: 0 });
});

test("random bytes before CONNECT are answered by nothing but the end", async () => {
  const virtual = await startVirtualBroker();
  const random = seededRandom(SEED + 3);
  for (let i = 0; i < 3000; i++) {
    const client = virtual.open();
    const answers: Uint8Array[] = [];
    client.onBytes = (chunk) => void answers.push(chunk.slice());
    const noise = random.bytes(1 + random.below(200));
    noise[0] = (noise[0] as number) | 0x20; // anything but CONNECT
    client.sendBytes(noise);
    virtual.clock.runTurns();
    expect([client.closed, answers.length], toHex(noise)).toEqual([true, 0]);
  }
  expect(virtual.broker.sizes).toMatchObject({ connections: 0, timers: 0 });
  expect(virtual.broker.metrics.invariantErrors).toBe(0);
});

test("a valid CONNECT that is cut at any byte holds nothing but its connection", async () => {
  for (const version of ALL_VERSIONS) {
    const virtual = await startVirtualBroker();
    const whole = encodeOrFail(connectPacket(version, { clientId: "cut", keepAliveSeconds: 10 }), version);
    for (let end = 1; end < whole.length; end++) {
      const client = virtual.open({ version });
      client.sendBytes(whole.subarray(0, end));
      virtual.clock.runTurns();
      expect([client.closed, virtual.broker.sizes.sessions]).toEqual([false, 0]);
    }
    virtual.clock.advance(virtual.broker.settings.connectTimeoutMs);
    virtual.clock.advance(1);
    expect(virtual.broker.sizes).toMatchObject({ connections: 0, sessions: 0, timers: 0 });
  }
});
