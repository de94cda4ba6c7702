/**
 * A broker without sockets in this process, under a clock that stands still, and clients that only write bytes and drop what
 * they read: what is measured around it is the broker's own work and memory.
 *
 * The sources are reached by path: a workspace is a package of its own, and `#room` ends at its border. The doors of the
 * rooms that come in with them are those of the root package.
 */

import { encodePacket, type Packet, PacketType, ProtocolVersion } from "../../src/protocol/index.ts";
import { type BrokerOptions, createBroker, type MartletBroker } from "../../src/server/index.ts";
import { VirtualClock } from "../../src/testing/index.ts";
import type { Pipe, PipeReceiver } from "../../src/transport/index.ts";

const { MQTT_3_1_1 } = ProtocolVersion;

/** Filters in one SUBSCRIBE. */
const FILTERS_A_PACKET = 100;
/** Bytes of PUBLISHes in one write: what a socket hands over at once. */
const CHUNK_BYTES = 16 * 1024;
const PAYLOAD_BYTES = 64;

export class EmbeddedBroker {
  readonly broker: MartletBroker;
  readonly #clock: VirtualClock;

  private constructor(broker: MartletBroker, clock: VirtualClock) {
    this.broker = broker;
    this.#clock = clock;
  }

  static async start(settings: NonNullable<BrokerOptions["settings"]> = {}): Promise<EmbeddedBroker> {
    const clock = new VirtualClock();
    const broker = createBroker({ clock, settings: { sysIntervalSeconds: 0, ...settings } });
    await broker.start();
    return new EmbeddedBroker(broker, clock);
  }

  get deliveries(): number {
    return this.broker.metrics.publishSent;
  }

  connect(clientId: string): EmbeddedClient {
    const client = new EmbeddedClient(this.broker.connectPipe(), this.#clock);
    client.say({
      type: PacketType.CONNECT,
      protocolVersion: MQTT_3_1_1,
      isBridge: false,
      clientId,
      cleanStart: true,
      keepAliveSeconds: 0,
      properties: {},
    });
    return client;
  }
}

export class EmbeddedClient implements PipeReceiver {
  readonly #pipe: Pipe;
  readonly #clock: VirtualClock;

  constructor(pipe: Pipe, clock: VirtualClock) {
    this.#pipe = pipe;
    this.#clock = clock;
    pipe.open(this);
  }

  /** Sends, and lets the broker do all that follows. */
  say(packet: Packet): void {
    this.#write(encoded(packet));
  }

  subscribe(filters: readonly string[]): void {
    for (let at = 0; at < filters.length; at += FILTERS_A_PACKET) {
      const subscriptions = filters.slice(at, at + FILTERS_A_PACKET).map((topicFilter) => ({
        topicFilter,
        qos: 0 as const,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0 as const,
      }));
      this.say({ type: PacketType.SUBSCRIBE, packetId: 1, subscriptions, properties: {} });
    }
  }

  /** Writes chunks made by `publishChunks`. */
  write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#write(chunk);
  }

  onBytes(): void {}
  onWritten(): void {}
  onClosed(): void {}

  #write(bytes: Uint8Array): void {
    this.#pipe.write(bytes);
    this.#clock.runTurns();
  }
}

/** One PUBLISH of 64 bytes at QoS 0 for each topic, as the chunks that a socket would hand over. */
export function* publishChunks(
  topics: Iterable<string>,
  { retain }: { readonly retain: boolean },
): Generator<Uint8Array> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let used = 0;
  for (const topicName of topics) {
    const packet = encoded({
      type: PacketType.PUBLISH,
      topicName,
      payload: new Uint8Array(PAYLOAD_BYTES).fill(0x2e),
      qos: 0,
      retain,
      dup: false,
      packetId: 0,
      properties: {},
    });
    if (used + packet.length > chunk.length) {
      yield chunk.subarray(0, used);
      chunk = new Uint8Array(CHUNK_BYTES);
      used = 0;
    }
    chunk.set(packet, used);
    used += packet.length;
  }
  if (used > 0) yield chunk.subarray(0, used);
}

function encoded(packet: Packet): Uint8Array {
  const bytes = encodePacket(packet, MQTT_3_1_1);
  if (bytes === undefined) throw new Error(`a packet of type ${packet.type} cannot be said in 3.1.1`);
  return bytes;
}
