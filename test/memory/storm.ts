/**
 * A storm: many clients on sockets, each subscribed at QoS 1 to a topic of its own, each publishing to its neighbour's, half of
 * them at QoS 1. All connect, all messages arrive and are acknowledged, all leave.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import {
  type ConnectPacket,
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishView,
  ReasonCode,
} from "#protocol";
import { until } from "../support/until.ts";

const { MQTT_5_0 } = ProtocolVersion;
const CONNECTS_AT_ONCE = 200;
const PAYLOAD = new Uint8Array(64).fill(0x2e);
const LIMIT_MS = 60_000;

export interface StormOptions {
  readonly connections: number;
  /** Of all clients together, a whole number each. */
  readonly messages: number;
}

/** One wave. Resolves when the broker has closed the last connection. */
export async function storm(port: number, { connections, messages }: StormOptions): Promise<void> {
  const each = messages / connections;
  const clients: StormClient[] = [];
  for (let at = 0; at < connections; at += CONNECTS_AT_ONCE) {
    const length = Math.min(CONNECTS_AT_ONCE, connections - at);
    const batch = Array.from({ length }, (_, i) => StormClient.connect(port, at + i));
    clients.push(...(await Promise.all(batch)));
  }
  for (const [i, client] of clients.entries()) {
    const neighbour = clients[(i + 1) % connections] as StormClient;
    client.publish(neighbour.topicName, each, i % 2 === 0 ? 1 : 0);
  }
  const isDone = (client: StormClient): boolean => client.received >= each && client.unacknowledged === 0;
  await until("all messages have come", () => clients.every(isDone), LIMIT_MS);
  for (const client of clients) client.leave();
  await until("all connections are closed", () => clients.every(({ closed }) => closed), LIMIT_MS);
}

class StormClient {
  readonly topicName: string;
  received = 0;
  unacknowledged = 0;
  closed = false;
  readonly #socket: Socket;
  #onAnswer: (() => void) | undefined;

  private constructor(socket: Socket, topicName: string) {
    this.#socket = socket;
    this.topicName = topicName;
    const framer = new Framer(
      { onPublish: (view) => this.#onPublish(view), onPacket: (packet) => this.#onPacket(packet) },
      { side: "client", version: MQTT_5_0 },
    );
    socket.on("data", (chunk: Uint8Array) => framer.push(chunk));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Resolves when it is subscribed. */
  static async connect(port: number, i: number): Promise<StormClient> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    const client = new StormClient(socket, `storm/${i}`);
    const hello: ConnectPacket = {
      type: PacketType.CONNECT,
      protocolVersion: MQTT_5_0,
      isBridge: false,
      clientId: `storm-${i}`,
      cleanStart: true,
      keepAliveSeconds: 60,
      properties: {},
    };
    await client.#ask(hello);
    const wish = { qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = [{ topicFilter: client.topicName, ...wish }];
    await client.#ask({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions, properties: {} });
    return client;
  }

  /** `count` messages in one write. */
  publish(topicName: string, count: number, qos: 0 | 1): void {
    const parts: Uint8Array[] = [];
    for (let i = 1; i <= count; i++) {
      const packetId = qos === 0 ? 0 : i;
      const rest = { retain: false, dup: false, properties: {} };
      parts.push(encoded({ type: PacketType.PUBLISH, topicName, payload: PAYLOAD, qos, packetId, ...rest }));
    }
    if (qos === 1) this.unacknowledged += count;
    this.#socket.write(Buffer.concat(parts));
  }

  leave(): void {
    this.#send({ type: PacketType.DISCONNECT, reasonCode: ReasonCode.SUCCESS, properties: {} });
    this.#socket.end();
  }

  async #ask(packet: Packet): Promise<void> {
    this.#send(packet);
    await new Promise<void>((resolve) => {
      this.#onAnswer = resolve;
    });
  }

  #send(packet: Packet): void {
    this.#socket.write(encoded(packet));
  }

  #onPublish({ qos, packetId }: PublishView): void {
    this.received++;
    if (qos > 0)
      this.#send({ type: PacketType.PUBACK, packetId, reasonCode: ReasonCode.SUCCESS, properties: {} });
  }

  #onPacket(packet: Packet): void {
    if (packet.type === PacketType.PUBACK) this.unacknowledged--;
    else this.#onAnswer?.();
  }
}

function encoded(packet: Packet): Uint8Array {
  const bytes = encodePacket(packet, MQTT_5_0);
  if (bytes === undefined) throw new TypeError(`a packet of type ${packet.type} cannot be said in 5.0`);
  return bytes;
}
