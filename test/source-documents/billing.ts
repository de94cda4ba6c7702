/**
 * Both ends of a bill at QoS 2, as devices with a memory of their own: whatever the connection does, a meter sends every
 * amount until it is done, and the till counts every amount once.
 */

import { PacketType, type PublishPacket } from "#protocol";
import type { ConnectWishes, TestClient } from "../support/test-client.ts";
import { textOf } from "../support/test-client.ts";

type Connect = (wishes: ConnectWishes) => Promise<TestClient>;
type Release = { readonly type: typeof PacketType.PUBREL; readonly packetId: number };

/** Charges amounts. */
export class Meter {
  readonly name: string;
  /** Everything charged. */
  sum = 0;
  readonly #connect: Connect;
  #client: TestClient | undefined;
  #handled = 0;
  #nextPacketId = 1;
  /** What is not finished, by packet id, in the order in which it was begun. */
  readonly #open = new Map<number, PublishPacket | Release>();

  constructor(name: string, connect: Connect) {
    this.name = name;
    this.#connect = connect;
  }

  /** Charges that are not finished. */
  get owed(): number {
    this.#handle();
    return this.#open.size;
  }

  async connect(): Promise<void> {
    this.#client = await this.#connect({ clientId: this.name, cleanStart: false, acknowledges: false });
    this.#handled = 0;
    for (const packet of this.#open.values()) this.#send(packet, true);
  }

  async reconnect(): Promise<void> {
    this.#handle();
    this.#client?.cut();
    await this.connect();
  }

  charge(amount: number): void {
    this.#handle();
    this.sum += amount;
    const packetId = this.#nextPacketId;
    this.#nextPacketId = (this.#nextPacketId % 65_535) + 1;
    const packet: PublishPacket = {
      type: PacketType.PUBLISH,
      topicName: `bill/${this.name}`,
      qos: 2,
      retain: false,
      dup: false,
      packetId,
      payload: new TextEncoder().encode(String(amount)),
      properties: {},
    };
    this.#open.set(packetId, packet);
    this.#send(packet, false);
  }

  #send(packet: PublishPacket | Release, dup: boolean): void {
    if (packet.type === PacketType.PUBLISH) this.#client?.send({ ...packet, dup });
    else this.#client?.send({ ...packet, reasonCode: 0, properties: {} });
  }

  /** Takes what has come since. */
  #handle(): void {
    const received = this.#client?.received ?? [];
    for (; this.#handled < received.length; this.#handled++) {
      const packet = received[this.#handled];
      if (packet?.type === PacketType.PUBCOMP) this.#open.delete(packet.packetId);
      if (packet?.type !== PacketType.PUBREC || !this.#open.has(packet.packetId)) continue;
      const release: Release = { type: PacketType.PUBREL, packetId: packet.packetId };
      this.#open.set(packet.packetId, release);
      this.#send(release, false);
    }
  }
}

/** Adds up what the meters charge. */
export class Till {
  readonly sums = new Map<string, number>();
  readonly #connect: Connect;
  #client: TestClient | undefined;
  /** Packet ids that are counted and not released. */
  readonly #counted = new Set<number>();

  constructor(connect: Connect) {
    this.#connect = connect;
  }

  async connect(): Promise<void> {
    const client = await this.#connect({ clientId: "till", cleanStart: false, acknowledges: false });
    this.#client = client;
    // What came before and with CONNACK, then each packet as it comes.
    for (const packet of client.received.splice(0)) this.#take(client, packet);
    client.received.push = (...packets) => {
      for (const packet of packets) this.#take(client, packet);
      return 0;
    };
    client.send({
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      properties: {},
      subscriptions: [
        { topicFilter: "bill/+", qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    });
  }

  async reconnect(): Promise<void> {
    this.#client?.cut();
    await this.connect();
  }

  #take(client: TestClient, packet: TestClient["received"][number]): void {
    if (packet.type === PacketType.PUBLISH) {
      if (!this.#counted.has(packet.packetId)) {
        this.#counted.add(packet.packetId);
        const meter = packet.topicName.slice("bill/".length);
        this.sums.set(meter, (this.sums.get(meter) ?? 0) + Number(textOf(packet.payload)));
      }
      client.send({ type: PacketType.PUBREC, packetId: packet.packetId, reasonCode: 0, properties: {} });
    } else if (packet.type === PacketType.PUBREL) {
      this.#counted.delete(packet.packetId);
      client.send({ type: PacketType.PUBCOMP, packetId: packet.packetId, reasonCode: 0, properties: {} });
    }
  }
}
