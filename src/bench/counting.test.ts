// Whether the load finds what a broker does wrong: a small server of our own that loses, doubles, swaps, keeps and stalls.

import { createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishPacket,
  toPublishPacket,
} from "#protocol";
import type { ScenarioResult } from "./result.ts";
import { runScenario } from "./run.ts";
import type { FlowLoad } from "./scenario.ts";

/** What the server does differently. Messages are counted from 1 over all clients. */
interface Lies {
  /** What goes to the subscribers when message `number` came. Default: the message. */
  readonly deliver?: (number: number, message: PublishPacket) => readonly PublishPacket[];
  /** Whether message `number` is acknowledged. Default: all. */
  readonly acknowledges?: (number: number) => boolean;
  /** Sent to a client after its CONNACK. */
  readonly greeting?: Uint8Array;
  /** Everything is held back for `ms`, once, as soon as message `number` has come. */
  readonly stall?: { readonly number: number; readonly ms: number };
}

const version = ProtocolVersion.MQTT_3_1_1;

/** Knows one client per topic, QoS 0 and 1, and nothing about sessions. Returns its address. */
async function lyingServer(lies: Lies): Promise<string> {
  const subscribers = new Map<string, Socket[]>();
  const sockets = new Set<Socket>();
  let messages = 0;
  let held: (() => void)[] | undefined;
  const send = (socket: Socket, packet: Packet): void => {
    const bytes = encodePacket(packet, version) as Uint8Array;
    const write = (): void => void socket.write(bytes);
    if (held === undefined) write();
    else held.push(write);
  };
  const onMessage = (socket: Socket, message: PublishPacket): void => {
    const number = ++messages;
    if (number === lies.stall?.number) {
      held = [];
      setTimeout(() => {
        const writes = held ?? [];
        held = undefined;
        for (const write of writes) write();
      }, lies.stall.ms);
    }
    const { packetId } = message;
    if (message.qos === 1 && lies.acknowledges?.(number) !== false)
      send(socket, { type: PacketType.PUBACK, packetId, reasonCode: 0, properties: {} });
    for (const each of lies.deliver?.(number, message) ?? [message]) {
      for (const subscriber of subscribers.get(each.topicName) ?? []) send(subscriber, each);
    }
  };
  const onPacket = (socket: Socket, packet: Packet): void => {
    if (packet.type === PacketType.CONNECT) {
      send(socket, { type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0, properties: {} });
      if (lies.greeting !== undefined) socket.write(lies.greeting);
    } else if (packet.type === PacketType.SUBSCRIBE) {
      const { packetId, subscriptions } = packet;
      for (const { topicFilter } of subscriptions)
        subscribers.set(topicFilter, [...(subscribers.get(topicFilter) ?? []), socket]);
      const reasonCodes = subscriptions.map(({ qos }) => qos);
      send(socket, { type: PacketType.SUBACK, packetId, reasonCodes, properties: {} });
    } else if (packet.type === PacketType.DISCONNECT) socket.end();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    const framer = new Framer(
      {
        onPublish: (view) => onMessage(socket, toPublishPacket(view)),
        onPacket: (packet) => onPacket(socket, packet),
      },
      { side: "server" },
    );
    socket.on("data", (bytes) => framer.push(bytes as Uint8Array));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return `mqtt://127.0.0.1:${address.port}`;
}

const flow: FlowLoad = {
  kind: "flow",
  publishers: 2,
  subscribers: 2,
  topics: 2,
  qos: 1,
  payloadBytes: 32,
  pace: { kind: "window", messages: 20 },
};

async function resultOf(
  lies: Lies,
  changes: Partial<FlowLoad> = {},
  durationSeconds = 0.1,
): Promise<ScenarioResult> {
  const url = await lyingServer(lies);
  const scenario = { name: "test", summary: "", load: { ...flow, ...changes } };
  return await runScenario(scenario, { url }, { durationSeconds, warmUpSeconds: 0, patienceSeconds: 0.3 });
}

function countsOf(result: ScenarioResult) {
  const { lost, duplicated, disordered, unacknowledged, unexpected } = result;
  return { lost, duplicated, disordered, unacknowledged, unexpected };
}

const right = { lost: 0, duplicated: 0, disordered: 0, unacknowledged: 0, unexpected: 0 };

describe("a broker that", () => {
  it("does everything right is told so", async () => {
    const result = await resultOf({});
    expect(countsOf(result)).toEqual(right);
    expect(result.correct).toBe(true);
    expect(result.deliveries).toBeGreaterThan(40);
  });

  it("loses two messages is found out", async () => {
    const result = await resultOf({
      deliver: (number, message) => (number === 10 || number === 30 ? [] : [message]),
    });
    expect(countsOf(result)).toEqual({ ...right, lost: 2 });
    expect(result.correct).toBe(false);
    expect(result.problems).toEqual(["2 messages did not arrive."]);
  });

  it("loses the very last messages is found out", async () => {
    const result = await resultOf(
      { deliver: (number, message) => (number > 40 ? [] : [message]) },
      { publishers: 1, subscribers: 1, topics: 1 },
    );
    expect(result.lost).toBe(20);
    expect(result.deliveries).toBe(40);
  });

  it("delivers one message twice is found out, and may at QoS 1", async () => {
    const lies: Lies = { deliver: (number, message) => (number === 10 ? [message, message] : [message]) };
    const atLeastOnce = await resultOf(lies);
    expect(countsOf(atLeastOnce)).toEqual({ ...right, duplicated: 1 });
    expect(atLeastOnce.problems).toEqual(["1 message came twice."]);
    expect(atLeastOnce.correct).toBe(true);
    expect((await resultOf(lies, { qos: 0 })).correct).toBe(false);
  });

  it("lets a later message overtake is found out", async () => {
    let kept: PublishPacket | undefined;
    const result = await resultOf(
      {
        deliver(number, message) {
          if (number === 10) {
            kept = message;
            return [];
          }
          const before = kept;
          kept = undefined;
          return before === undefined ? [message] : [message, before];
        },
      },
      { publishers: 1, subscribers: 1, topics: 1 },
    );
    expect(countsOf(result)).toEqual({ ...right, disordered: 1 });
    expect(result.correct).toBe(false);
    expect(result.problems).toEqual(["1 message came after a later one."]);
  });

  it("does not acknowledge is found out", async () => {
    const result = await resultOf({ acknowledges: (number) => number !== 10 && number !== 11 });
    expect(countsOf(result)).toEqual({ ...right, unacknowledged: 2 });
    expect(result.correct).toBe(false);
  });

  it("acknowledges what nobody sent is found out", async () => {
    const puback = Uint8Array.from([0x40, 2, 0x12, 0x34]);
    const result = await resultOf({ greeting: puback });
    expect(countsOf(result)).toEqual({ ...right, unexpected: 4 });
    expect(result.correct).toBe(false);
  });

  it("sends messages of others is found out", async () => {
    const foreign = encodePacket(
      {
        type: PacketType.PUBLISH,
        topicName: "x",
        payload: new Uint8Array(32),
        qos: 0,
        retain: false,
        dup: false,
        packetId: 0,
        properties: {},
      },
      version,
    ) as Uint8Array;
    const result = await resultOf({ greeting: foreign });
    expect(countsOf(result)).toEqual({ ...right, unexpected: 4 });
  });

  it("sends nonsense loses its clients", async () => {
    const url = await lyingServer({ greeting: Uint8Array.from([0x30, 0xff, 0xff, 0xff, 0xff]) });
    const scenario = { name: "test", summary: "", load: flow };
    await expect(runScenario(scenario, { url })).rejects.toMatchObject({ kind: "refused" });
  });
});

describe("a broker that stalls", () => {
  const stall = { number: 10, ms: 200 };

  it("shows in the latency of an open loop as if all had been sent in time", async () => {
    // 40 of 100 messages are due while the broker stalls, and wait for 100 ms on average.
    const result = await resultOf({ stall }, { qos: 0, pace: { kind: "rate", perSecond: 200 } }, 0.5);
    expect(countsOf(result)).toEqual(right);
    expect(result.latency?.maxUs).toBeGreaterThan(190_000);
    expect(result.latency?.p99Us).toBeGreaterThan(150_000);
  });

  it("counts what it did not even take", async () => {
    // The window of acknowledgements is full, so that the rest waits at its publisher.
    const result = await resultOf(
      { stall, acknowledges: (number) => number < 20 },
      { publishers: 1, subscribers: 1, topics: 1, pace: { kind: "rate", perSecond: 200_000 } },
    );
    expect(result.problems.join(" ")).toMatch(/messages were due and the broker did not take them in time/);
    expect(result.latency?.p99Us).toBeGreaterThan(20_000);
  });
});
