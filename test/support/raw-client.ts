/**
 * A client that does what a test says and nothing else: it sends packets or bytes as they are and records what comes.
 * `answers: true` makes it acknowledge as a well-behaved client does.
 */

import { EMPTY_BYTES, utf8Encode } from "#base";
import {
  type ConnectPacket,
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishPacket,
  type PublishView,
  type Qos,
  ReasonCode,
  RetainHandling,
  SESSION_NEVER_EXPIRES,
  toPublishPacket,
} from "#protocol";
import type { Pipe, PipeReceiver } from "#transport";

export interface RawClientOptions {
  readonly version?: ProtocolVersion;
  /** Acknowledges PUBLISH, PUBREC and PUBREL. Default false. */
  readonly answers?: boolean;
}

export type PacketOf<Type extends PacketType> = Extract<Packet, { type: Type }>;

export class RawClient implements PipeReceiver {
  readonly pipe: Pipe;
  readonly version: ProtocolVersion;
  /** Everything that came, in order. */
  readonly packets: Packet[] = [];
  closed = false;
  /** Why the connection ended, when that was not orderly. */
  closeError: Error | undefined;
  /** Called for each packet, after it was recorded. */
  onReceived: ((packet: Packet) => void) | undefined;
  /** Writes that the pipe keeps. */
  unwritten = 0;
  readonly #framer: Framer;
  readonly #answers: boolean;

  constructor(pipe: Pipe, options: RawClientOptions = {}) {
    this.pipe = pipe;
    this.version = options.version ?? ProtocolVersion.MQTT_5_0;
    this.#answers = options.answers ?? false;
    this.#framer = new Framer(
      { onPublish: (view) => this.#onPublish(view), onPacket: (packet) => this.#onPacket(packet) },
      { side: "client", version: this.version },
    );
    pipe.open(this);
  }

  /** Returns whether the pipe took it at once. */
  send(packet: Packet): boolean {
    return this.sendBytes(encodeOrFail(packet, this.version));
  }

  sendBytes(bytes: Uint8Array): boolean {
    const isTaken = this.pipe.write(bytes);
    if (!isTaken) this.unwritten++;
    return isTaken;
  }

  connect(changes: Partial<ConnectPacket> = {}): void {
    this.send(connectPacket(this.version, changes));
  }

  subscribe(packetId: number, topicFilter: string, qos: Qos = 0): void {
    this.send(subscribePacket(packetId, topicFilter, qos));
  }

  publish(topicName: string, payload: string | Uint8Array, changes: Partial<PublishPacket> = {}): void {
    this.send(publishPacket(topicName, payload, changes));
  }

  acknowledge(type: 4 | 5 | 6 | 7, packetId: number, reasonCode: ReasonCode = ReasonCode.SUCCESS): void {
    this.send({ type, packetId, reasonCode, properties: {} });
  }

  /** All packets of `type` that came. */
  all<Type extends PacketType>(type: Type): PacketOf<Type>[] {
    return this.packets.filter((packet): packet is PacketOf<Type> => packet.type === type);
  }

  /** The last packet of `type`, if there is one. */
  last<Type extends PacketType>(type: Type): PacketOf<Type> | undefined {
    return this.all(type).at(-1);
  }

  /** Payloads of the PUBLISHes that came, as text. */
  get texts(): string[] {
    return this.all(PacketType.PUBLISH).map(({ payload }) => new TextDecoder().decode(payload));
  }

  onBytes(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  onWritten(): void {
    this.unwritten--;
  }

  onClosed(error: Error | undefined): void {
    this.closed = true;
    this.closeError = error;
  }

  #onPublish(view: PublishView): void {
    // With an alias the topic name stays empty; tests that count on it resolve it themselves.
    const packet = toPublishPacket(view);
    this.#record(packet);
    if (!this.#answers || packet.qos === 0) return;
    this.acknowledge(packet.qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, packet.packetId);
  }

  #onPacket(packet: Exclude<Packet, PublishPacket>): void {
    this.#record(packet);
    if (!this.#answers) return;
    if (packet.type === PacketType.PUBREC && packet.reasonCode < 0x80) {
      this.acknowledge(PacketType.PUBREL, packet.packetId);
    } else if (packet.type === PacketType.PUBREL) this.acknowledge(PacketType.PUBCOMP, packet.packetId);
  }

  #record(packet: Packet): void {
    this.packets.push(packet);
    this.onReceived?.(packet);
  }
}

export function connectPacket(version: ProtocolVersion, changes: Partial<ConnectPacket> = {}): ConnectPacket {
  const cleanStart = changes.cleanStart ?? true;
  return {
    type: PacketType.CONNECT,
    protocolVersion: version,
    isBridge: false,
    clientId: "raw",
    cleanStart,
    keepAliveSeconds: 0,
    properties:
      version === ProtocolVersion.MQTT_5_0 || cleanStart
        ? {}
        : { sessionExpiryInterval: SESSION_NEVER_EXPIRES },
    ...changes,
  };
}

export function publishPacket(
  topicName: string,
  payload: string | Uint8Array,
  changes: Partial<PublishPacket> = {},
): PublishPacket {
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload: typeof payload === "string" ? utf8Encode(payload) : payload,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: {},
    ...changes,
  };
}

export function subscribePacket(
  packetId: number,
  topicFilter: string | readonly string[],
  qos: Qos = 0,
): Packet {
  const subscriptions = [topicFilter].flat().map((filter) => ({
    topicFilter: filter,
    qos,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: RetainHandling.SEND,
  }));
  return { type: PacketType.SUBSCRIBE, packetId, subscriptions, properties: {} };
}

/** The bytes of `packet`; a packet that cannot be said is a mistake of the test. */
export function encodeOrFail(packet: Packet, version: ProtocolVersion): Uint8Array {
  const bytes = encodePacket(packet, version);
  if (bytes === undefined)
    throw new Error(`A packet of type ${packet.type} cannot be said in version ${version}.`);
  return bytes;
}

/** All of `packets` behind each other. */
export function encodeAll(packets: readonly Packet[], version: ProtocolVersion): Uint8Array {
  const parts = packets.map((packet) => encodeOrFail(packet, version));
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = parts.length === 0 ? EMPTY_BYTES : new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
