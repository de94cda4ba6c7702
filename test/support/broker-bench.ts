/**
 * A bare `Broker` on a virtual clock and clients at the other ends of memory pipes, all in one turn: nothing here waits, so a
 * scenario reads from top to bottom and a property can run thousands of them.
 */

import { seededRandom, utf8Decode } from "#base";
import { Broker, type BrokerParts, type BrokerSettings, type Undelivered } from "#broker";
import {
  type ConnackPacket,
  type ConnectPacket,
  type ConnectProperties,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishPacket,
  type ReasonCode,
  type SubscriptionRequest,
  type Will,
} from "#protocol";
import { memoryPipes, VirtualClock } from "#testing";
import { encodeOrFail, publishPacket, RawClient, type RawClientOptions } from "./raw-client.ts";

const LARGEST_PACKET_ID = 65_535;

export interface ConnectOptions extends RawClientOptions {
  /** Default true. */
  readonly cleanStart?: boolean;
  /** Seconds; only 5.0 says it, older versions never expire unless they start clean. */
  readonly expiry?: number;
  readonly keepAlive?: number;
  readonly will?: Partial<Will> & { readonly topicName: string };
  readonly properties?: ConnectProperties;
}

export type SubscribeOptions = Partial<SubscriptionRequest> & { readonly identifier?: number };

export class BenchClient extends RawClient {
  readonly bench: { run(): void };
  #nextPacketId = 1;
  #shown = 0;

  constructor(
    bench: { run(): void },
    pipe: ConstructorParameters<typeof RawClient>[0],
    options: RawClientOptions,
  ) {
    super(pipe, options);
    this.bench = bench;
  }

  get connack(): ConnackPacket | undefined {
    return this.all(PacketType.CONNACK)[0];
  }

  /** The messages that came, in order. */
  get messages(): PublishPacket[] {
    return this.all(PacketType.PUBLISH);
  }

  nextPacketId(): number {
    const packetId = this.#nextPacketId;
    this.#nextPacketId = packetId === LARGEST_PACKET_ID ? 1 : packetId + 1;
    return packetId;
  }

  /** Sends and lets the broker do all that follows. */
  say(...packets: readonly Packet[]): this {
    for (const packet of packets) this.send(packet);
    this.bench.run();
    return this;
  }

  /** Sends several packets in one write. */
  sayTogether(...packets: readonly Packet[]): this {
    const parts = packets.map((packet) => encodeOrFail(packet, this.version));
    const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    this.sendBytes(all);
    this.bench.run();
    return this;
  }

  /** SUBSCRIBE; returns the reason code. */
  sub(topicFilter: string, options: SubscribeOptions = {}): ReasonCode | undefined {
    const { identifier, ...wishes } = options;
    const packetId = this.nextPacketId();
    this.say({
      type: PacketType.SUBSCRIBE,
      packetId,
      subscriptions: [
        { topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0, ...wishes },
      ],
      properties: identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] },
    });
    return this.all(PacketType.SUBACK).find((suback) => suback.packetId === packetId)?.reasonCodes[0];
  }

  /** UNSUBSCRIBE; returns the reason code, undefined in 3.x. */
  unsub(topicFilter: string): ReasonCode | undefined {
    const packetId = this.nextPacketId();
    this.say({ type: PacketType.UNSUBSCRIBE, packetId, topicFilters: [topicFilter], properties: {} });
    return this.all(PacketType.UNSUBACK).find((unsuback) => unsuback.packetId === packetId)?.reasonCodes[0];
  }

  /** PUBLISH, with a packet identifier of its own if need be; returns that. */
  pub(topicName: string, payload: string | Uint8Array = "", changes: Partial<PublishPacket> = {}): number {
    const packetId = changes.packetId ?? ((changes.qos ?? 0) > 0 ? this.nextPacketId() : 0);
    this.say(publishPacket(topicName, payload, { ...changes, packetId }));
    return packetId;
  }

  /** PUBACK, PUBREC, PUBREL or PUBCOMP. */
  ack(type: 4 | 5 | 6 | 7, packetId: number, reasonCode: ReasonCode = 0): this {
    return this.say({ type, packetId, reasonCode, properties: {} });
  }

  ping(): this {
    return this.say({ type: PacketType.PINGREQ });
  }

  disconnect(reasonCode: ReasonCode = 0, properties: { sessionExpiryInterval?: number } = {}): void {
    this.say({ type: PacketType.DISCONNECT, reasonCode, properties });
  }

  /** The connection breaks. */
  cut(): void {
    this.pipe.destroy();
    this.bench.run();
  }

  /** What came since the last call, `name …` each. */
  news(): string[] {
    const news = this.packets.slice(this.#shown).map(show);
    this.#shown = this.packets.length;
    return news;
  }
}

export interface BenchOptions extends Partial<Omit<BrokerParts, "settings">> {
  readonly settings?: Partial<BrokerSettings>;
}

export class Bench {
  readonly clock = new VirtualClock();
  readonly broker: Broker;
  readonly log: string[] = [];
  /** Every outcome, as it came. */
  readonly undelivered: Undelivered[] = [];

  constructor({ settings, ...parts }: BenchOptions = {}) {
    this.broker = new Broker({
      clock: this.clock,
      random: seededRandom(1),
      log: { write: (level, sentence) => void this.log.push(`${level} ${sentence}`) },
      ...parts,
      settings: { sysIntervalSeconds: 0, ...settings },
    });
    this.broker.open();
    this.broker.on("messageUndelivered", (undelivered) => this.undelivered.push(undelivered));
  }

  /** A connection that has said nothing. */
  pipe(options: RawClientOptions = {}): BenchClient {
    const [near, far] = memoryPipes(this.clock);
    const client = new BenchClient(this, near, options);
    this.broker.accept(far);
    this.run();
    return client;
  }

  /** A client that has sent CONNECT. */
  connect(clientId: string, options: ConnectOptions = {}): BenchClient {
    const client = this.pipe(options);
    client.say(connectPacket(clientId, options));
    return client;
  }

  run(): void {
    this.clock.runTurns();
  }

  /** Runs turns and promises until nothing is left to do. */
  async settle(): Promise<void> {
    for (let i = 0; i < 4; i++) {
      this.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.run();
  }

  pass(seconds: number): void {
    this.clock.advance(seconds * 1000);
  }

  /** `kind clientId` of the outcomes since the last call. */
  outcomes(): string[] {
    return this.undelivered.splice(0).map(({ kind, clientId }) => `${kind} ${clientId}`.trim());
  }

  /** Kinds of outcome that have happened, with how often. */
  get counts(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.broker.undelivered).filter(([, count]) => count > 0));
  }
}

export function connectPacket(clientId: string, options: ConnectOptions = {}): ConnectPacket {
  const { version = ProtocolVersion.MQTT_5_0, cleanStart = true, expiry, keepAlive = 0, will } = options;
  const isVersion5 = version === ProtocolVersion.MQTT_5_0;
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: false,
    clientId,
    cleanStart,
    keepAliveSeconds: keepAlive,
    ...(will === undefined
      ? {}
      : { will: { payload: new Uint8Array([0x77]), qos: 0, retain: false, properties: {}, ...will } }),
    properties: {
      ...(isVersion5 && expiry !== undefined ? { sessionExpiryInterval: expiry } : {}),
      ...(isVersion5 ? options.properties : {}),
    },
  };
}

/** `PUBLISH topic payload q1 id7 dup retain`, `SUBACK 1: 0`, `CONNACK 0 present`. */
export function show(packet: Packet): string {
  switch (packet.type) {
    case PacketType.PUBLISH: {
      const parts = ["PUBLISH", packet.topicName, utf8Decode(packet.payload), `q${packet.qos}`];
      if (packet.qos > 0) parts.push(`id${packet.packetId}`);
      if (packet.dup) parts.push("dup");
      if (packet.retain) parts.push("retain");
      const identifiers = packet.properties.subscriptionIdentifiers;
      if (identifiers !== undefined) parts.push(`sub${identifiers.join("+")}`);
      return parts.join(" ");
    }
    case PacketType.CONNACK:
      return `CONNACK ${hex(packet.reasonCode)}${packet.sessionPresent ? " present" : ""}`;
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return `${nameOf(packet.type)} ${packet.packetId}: ${packet.reasonCodes.map(hex).join(" ")}`;
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return `${nameOf(packet.type)} id${packet.packetId} ${hex(packet.reasonCode)}`;
    case PacketType.DISCONNECT:
    case PacketType.AUTH:
      return `${nameOf(packet.type)} ${hex(packet.reasonCode)}`;
    default:
      return nameOf(packet.type);
  }
}

export function hex(code: number): string {
  return code.toString(16).padStart(2, "0");
}

function nameOf(type: PacketType): string {
  return Object.entries(PacketType).find(([, value]) => value === type)?.[0] ?? String(type);
}
