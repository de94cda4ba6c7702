/**
 * A small client for tests: sends what it is told, keeps everything that comes, and acknowledges by itself unless told not
 * to. Built on Martlet's codec; other people's clients are in test/interop.
 */

import {
  type ConnackPacket,
  type ConnectPacket,
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type PublishView,
  type Qos,
  type SubackPacket,
  type SubscriptionRequest,
  toPublishPacket,
  type UnsubackPacket,
} from "#protocol";
import type { Pipe, PipeReceiver } from "#transport";
import type { Until } from "./until.ts";

export interface ConnectWishes {
  readonly clientId: string;
  /** Default 3.1.1. */
  readonly version?: ProtocolVersion;
  /** Default true. */
  readonly cleanStart?: boolean;
  readonly keepAliveSeconds?: number;
  readonly will?: Partial<ConnectPacket["will"] & object> & { readonly topicName: string };
  readonly userName?: string;
  readonly password?: string;
  readonly properties?: ConnectPacket["properties"];
  /** Acknowledge what comes. Default true. */
  readonly acknowledges?: boolean;
}

export type PublishWishes = Partial<Omit<PublishPacket, "type" | "payload">> & {
  readonly topicName: string;
  readonly payload?: string | Uint8Array;
};

export class TestClient implements PipeReceiver {
  readonly version: ProtocolVersion;
  readonly pipe: Pipe;
  /** Every packet that came, in order. */
  readonly received: Packet[] = [];
  /** Every byte that came and went. */
  readonly bytesIn: Uint8Array[] = [];
  readonly bytesOut: Uint8Array[] = [];
  clientId = "";
  closed = false;
  acknowledges = true;
  readonly #framer: Framer;
  readonly #until: Until;
  #taken = new Set<Packet>();
  #nextPacketId = 1;

  constructor(pipe: Pipe, version: ProtocolVersion, until: Until) {
    this.pipe = pipe;
    this.version = version;
    this.#until = until;
    this.#framer = new Framer(this, { side: "client", version });
    pipe.open(this);
  }

  /** CONNECT, and the CONNACK that has to follow. */
  async connect(wishes: ConnectWishes): Promise<ConnackPacket> {
    this.clientId = wishes.clientId;
    this.acknowledges = wishes.acknowledges ?? true;
    const { will } = wishes;
    this.send({
      type: PacketType.CONNECT,
      protocolVersion: this.version,
      isBridge: false,
      clientId: wishes.clientId,
      cleanStart: wishes.cleanStart ?? true,
      keepAliveSeconds: wishes.keepAliveSeconds ?? 0,
      properties: wishes.properties ?? {},
      ...(wishes.userName === undefined ? {} : { userName: wishes.userName }),
      ...(wishes.password === undefined ? {} : { password: bytesOf(wishes.password) }),
      ...(will === undefined
        ? {}
        : { will: { payload: new Uint8Array(0), qos: 0, retain: false, properties: {}, ...will } }),
    });
    return await this.take(PacketType.CONNACK);
  }

  send(packet: Packet): void {
    const bytes = encodePacket(packet, this.version);
    if (bytes === undefined) throw new Error(`version ${this.version} has no such packet`);
    this.sendBytes(bytes);
  }

  sendBytes(bytes: Uint8Array): void {
    this.bytesOut.push(bytes.slice());
    this.pipe.write(bytes);
  }

  /** SUBSCRIBE, and its SUBACK. */
  async subscribe(
    topicFilter: string,
    qos: Qos = 0,
    options: Partial<SubscriptionRequest> = {},
  ): Promise<SubackPacket> {
    const packetId = this.#nextPacketId++;
    const request = {
      topicFilter,
      qos,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
      ...options,
    } as const;
    this.send({ type: PacketType.SUBSCRIBE, packetId, subscriptions: [request], properties: {} });
    return await this.take(PacketType.SUBACK);
  }

  /** UNSUBSCRIBE, and its UNSUBACK. */
  async unsubscribe(topicFilter: string): Promise<UnsubackPacket> {
    const packetId = this.#nextPacketId++;
    this.send({ type: PacketType.UNSUBSCRIBE, packetId, topicFilters: [topicFilter], properties: {} });
    return await this.take(PacketType.UNSUBACK);
  }

  /** Sends a PUBLISH and waits for nothing. Returns its packet identifier. */
  sendPublish(wishes: PublishWishes): number {
    const qos = wishes.qos ?? 0;
    const packetId = wishes.packetId ?? (qos === 0 ? 0 : this.#nextPacketId++);
    const payload = bytesOf(wishes.payload ?? "");
    const rest = { qos, retain: false, dup: false, properties: {}, ...wishes, packetId, payload };
    this.send({ type: PacketType.PUBLISH, ...rest });
    return packetId;
  }

  /** Sends a PUBLISH and goes through its handshake. */
  async publish(wishes: PublishWishes): Promise<void> {
    this.sendPublish(wishes);
    if (wishes.qos === 1) await this.take(PacketType.PUBACK);
    if (wishes.qos === 2) await this.take(PacketType.PUBCOMP);
  }

  async ping(): Promise<void> {
    this.send({ type: PacketType.PINGREQ });
    await this.take(PacketType.PINGRESP);
  }

  /** Waits for the next packet of `type` that nobody took. */
  async take<Type extends PacketType>(type: Type): Promise<Extract<Packet, { type: Type }>> {
    type Wanted = Extract<Packet, { type: Type }>;
    const find = (): Packet | undefined =>
      this.received.find((each) => each.type === type && !this.#taken.has(each));
    await this.#until(
      `a packet of type ${type} for ${this.clientId}`,
      () => find() !== undefined || this.closed,
    );
    const packet = find();
    if (packet === undefined) {
      throw new Error(`the connection of ${this.clientId} closed before a packet of type ${type} came`);
    }
    this.#taken.add(packet);
    return packet as Wanted;
  }

  /** The messages that came, all of them. */
  get messages(): PublishPacket[] {
    return this.received.filter((each) => each.type === PacketType.PUBLISH);
  }

  get payloads(): string[] {
    return this.messages.map((each) => textOf(each.payload));
  }

  /** Waits until `count` messages have come in all. */
  async untilMessages(count: number): Promise<PublishPacket[]> {
    await this.#until(`${count} messages for ${this.clientId}`, () => this.messages.length >= count);
    return this.messages;
  }

  async untilClosed(): Promise<void> {
    await this.#until(`the connection of ${this.clientId} closes`, () => this.closed);
  }

  /** DISCONNECT, then the end of the connection. */
  async disconnect(): Promise<void> {
    this.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    await this.untilClosed();
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.pipe.destroy();
  }

  onBytes(chunk: Uint8Array): void {
    this.bytesIn.push(chunk.slice());
    this.#framer.push(chunk);
  }

  onWritten(): void {}

  onClosed(): void {
    this.closed = true;
  }

  onPublish(view: PublishView): void {
    const packet = toPublishPacket(view);
    this.received.push(packet);
    if (!this.acknowledges || packet.qos === 0) return;
    const type = packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
    this.send({ type, packetId: packet.packetId, reasonCode: 0, properties: {} });
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    this.received.push(packet);
    if (!this.acknowledges) return;
    const answers: Partial<Record<PacketType, typeof PacketType.PUBREL | typeof PacketType.PUBCOMP>> = {
      [PacketType.PUBREC]: PacketType.PUBREL,
      [PacketType.PUBREL]: PacketType.PUBCOMP,
    };
    const type = answers[packet.type];
    if (type === undefined || !("packetId" in packet)) return;
    this.send({ type, packetId: packet.packetId, reasonCode: 0, properties: {} });
  }
}

export function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
