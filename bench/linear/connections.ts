/**
 * One point of the table of connections: `count` clients on real sockets, each subscribed to a topic of its own, and traffic
 * that goes to all of them in turn. The broker is a process of its own; the clients are here. The floor relay goes through the
 * same, which shows what the system's own share is.
 */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { encodePacket, type Packet, PacketType, ProtocolVersion } from "../../src/protocol/index.ts";
import { MeasuredBroker } from "../measured/broker.ts";
import { floorPeer } from "../peers/floor.ts";
import { PeerMissing } from "../peers/peer.ts";

export interface ConnectionsPoint {
  readonly count: number;
  /** Of the broker's process, as the system counts it, before its garbage was collected and after. */
  readonly residentBytesEach: number;
  readonly collectedBytesEach: number;
  /** Of its live objects and buffers. */
  readonly heapBytesEach: number;
  /** CPU time of the broker for one delivery among all these connections. */
  readonly cpuMicroseconds: number;
  /** The same of the floor; absent where it cannot be compiled. */
  readonly floorMicroseconds?: number;
}

/** Connects that are under way at the same time. */
const CONNECTS_AT_ONCE = 200;
/** Messages under way at the same time, each to another client. */
const BATCH = 64;
const DELIVERIES = 64_000;
/** Deliveries before it is measured. */
const WARM_UP = 16_000;

const CONNACK_BYTES = 4;
const SUBACK_BYTES = 5;
const CLOCK_TICKS_PER_SECOND = 100;

export async function connectionsPoint(count: number): Promise<ConnectionsPoint> {
  const point = await brokerPoint(count);
  const floorMicroseconds = await floorCost(count);
  return { ...point, ...(floorMicroseconds === undefined ? {} : { floorMicroseconds }) };
}

async function brokerPoint(count: number): Promise<ConnectionsPoint> {
  const broker = await MeasuredBroker.start();
  const crowd = new Crowd(broker.port);
  try {
    // The first connections make the broker load and compile what all use.
    await crowd.gather(CONNECTS_AT_ONCE);
    await crowd.leave();
    const before = await broker.ask("memory");
    await crowd.gather(count);
    const idle = await broker.ask("memory");
    return {
      count,
      residentBytesEach: (idle.residentBytes - before.residentBytes) / count,
      collectedBytesEach: (idle.collected.residentBytes - before.collected.residentBytes) / count,
      heapBytesEach: (idle.collected.heapBytes - before.collected.heapBytes) / count,
      cpuMicroseconds: await crowd.cost(async () => (await broker.ask("cpu")).microseconds),
    };
  } finally {
    await crowd.leave();
    await broker.stop();
  }
}

/** Undefined where there is no C compiler. */
async function floorCost(count: number): Promise<number | undefined> {
  try {
    const floor = await floorPeer.start();
    const crowd = new Crowd(Number(new URL(floor.url).port));
    try {
      await crowd.gather(count);
      return await crowd.cost(() => Promise.resolve(cpuMicrosecondsOf(floor.processIds[0] ?? 0)));
    } finally {
      await crowd.leave();
      await floor.stop();
    }
  } catch (error) {
    if (error instanceof PeerMissing) return undefined;
    throw error;
  }
}

/** The clients, and one more that publishes. */
class Crowd {
  readonly #port: number;
  readonly #clients: CountingClient[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async gather(count: number): Promise<void> {
    for (let at = 0; at < count; at += CONNECTS_AT_ONCE) {
      const length = Math.min(CONNECTS_AT_ONCE, count - at);
      const batch = Array.from({ length }, (_, i) => subscribed(this.#port, at + i));
      this.#clients.push(...(await Promise.all(batch)));
    }
  }

  /** Microseconds that a delivery takes, by a clock of used time. */
  async cost(usedMicroseconds: () => Promise<number>): Promise<number> {
    const publisher = await connected(this.#port, "publisher");
    try {
      await this.#publish(publisher, WARM_UP);
      const before = await usedMicroseconds();
      await this.#publish(publisher, DELIVERIES);
      return ((await usedMicroseconds()) - before) / DELIVERIES;
    } finally {
      publisher.socket.destroy();
    }
  }

  /** Resolves when all sockets are closed: there may be no room for others before. */
  async leave(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
  }

  /** To all clients in turn, a batch at a time. */
  async #publish(publisher: CountingClient, deliveries: number): Promise<void> {
    for (let sent = 0; sent < deliveries; sent += BATCH) {
      const parts: Uint8Array[] = [];
      const arrivals: Promise<void>[] = [];
      for (let n = sent; n < sent + BATCH; n++) {
        const i = n % this.#clients.length;
        const packet = publishBytes(i);
        parts.push(packet);
        arrivals.push((this.#clients[i] as CountingClient).gets(packet.length));
      }
      publisher.socket.write(Buffer.concat(parts));
      await Promise.all(arrivals);
    }
  }
}

/** A socket that counts what it reads. */
class CountingClient {
  readonly socket: Socket;
  #received = 0;
  #wanted = Number.POSITIVE_INFINITY;
  #onReached: (() => void) | undefined;
  #onClosed: ((error: Error) => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#received += bytes.length;
      if (this.#received < this.#wanted) return;
      this.#wanted = Number.POSITIVE_INFINITY;
      this.#onReached?.();
    });
    socket.on("close", () => this.#onClosed?.(new Error("the broker closed a connection")));
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    const closed = once(this.socket, "close");
    this.socket.destroy();
    await closed;
  }

  /** Resolves when `bytes` more have come. */
  async gets(bytes: number): Promise<void> {
    this.#wanted = this.#received + bytes;
    await new Promise<void>((resolve, reject) => {
      this.#onReached = resolve;
      this.#onClosed = reject;
    });
  }
}

async function connected(port: number, clientId: string): Promise<CountingClient> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  const client = new CountingClient(socket);
  socket.write(connectBytes(clientId));
  await client.gets(CONNACK_BYTES);
  return client;
}

async function subscribed(port: number, i: number): Promise<CountingClient> {
  const client = await connected(port, `crowd-${i}`);
  const wish = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
  const subscriptions = [{ topicFilter: topicOf(i), ...wish }];
  client.socket.write(encoded({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions, properties: {} }));
  await client.gets(SUBACK_BYTES);
  return client;
}

function topicOf(i: number): string {
  return `crowd/${i}/state`;
}

function publishBytes(i: number): Uint8Array {
  const payload = new Uint8Array(64).fill(0x2e);
  const rest = { qos: 0, retain: false, dup: false, packetId: 0, properties: {} } as const;
  return encoded({ type: PacketType.PUBLISH, topicName: topicOf(i), payload, ...rest });
}

function connectBytes(clientId: string): Uint8Array {
  return encoded({
    type: PacketType.CONNECT,
    protocolVersion: ProtocolVersion.MQTT_3_1_1,
    isBridge: false,
    clientId,
    cleanStart: true,
    keepAliveSeconds: 0,
    properties: {},
  });
}

function encoded(packet: Packet): Uint8Array {
  const bytes = encodePacket(packet, ProtocolVersion.MQTT_3_1_1);
  if (bytes === undefined) throw new Error(`a packet of type ${packet.type} cannot be said in 3.1.1`);
  return bytes;
}

/** Of another process on Linux, in steps of 10 ms. */
function cpuMicrosecondsOf(processId: number): number {
  const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
  // Behind the name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND) * 1e6;
}
