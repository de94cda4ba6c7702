/**
 * One connection of a simulated client: packets out, packets in, and what a client may check on a single connection: answers
 * only to what was asked, packet identifiers in flight, its Receive Maximum.
 *
 * What outlives the connection is the client's (client.ts).
 */

import {
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  type PublishPacket,
  toPublishPacket,
} from "#protocol";
import type { Pipe, PipeReceiver } from "#transport";
import type { Publication } from "./publication.ts";
import type { ConnectStep } from "./steps.ts";

const LARGEST_QUOTA = 65_535;

/** Who owns links. */
export interface LinkOwner {
  onPublish(link: Link, packet: PublishPacket): void;
  onPacket(link: Link, packet: Exclude<Packet, PublishPacket>): void;
  onClosed(link: Link): void;
}

export class Link implements PipeReceiver {
  readonly plan: ConnectStep;
  readonly will: Publication | undefined;
  readonly connectedAt: number;
  readonly #pipe: Pipe;
  readonly #owner: LinkOwner;
  readonly #framer: Framer;
  /** The CONNACK let it in. */
  isEstablished = false;
  /** What the broker says of the session, before the CONNACK comes. */
  expectsPresent: boolean | undefined;
  /** The broker took the CONNECT. */
  isAccepted = false;
  isOver = false;
  /** The broker reads nothing of it any more. */
  isEnded = false;
  isStalled = false;
  /** Acknowledgements wait in `held` until they are asked for. */
  isHolding = false;
  readonly held: Packet[] = [];
  /** PUBLISHes above QoS 0 that are not answered to the end, by identifier; the number of the message. */
  readonly unanswered = new Map<number, number | undefined>();
  /** How often each message came. */
  readonly received = new Map<number, number>();
  /** What the broker takes at once. */
  sendQuota = LARGEST_QUOTA;
  /** Of ours above QoS 0 and not answered to the end. */
  outstanding = 0;

  constructor(pipe: Pipe, plan: ConnectStep, will: Publication | undefined, now: number, owner: LinkOwner) {
    this.#pipe = pipe;
    this.plan = plan;
    this.will = will;
    this.connectedAt = now;
    this.#owner = owner;
    this.#framer = new Framer(
      {
        onPublish: (view) => {
          if (!this.isOver) owner.onPublish(this, toPublishPacket(view));
        },
        onPacket: (packet) => {
          if (!this.isOver) owner.onPacket(this, packet);
        },
      },
      { side: "client", version: plan.version },
    );
    pipe.open(this);
  }

  get receiveMaximum(): number {
    return this.plan.version === 5 ? this.plan.receiveMaximum : LARGEST_QUOTA;
  }

  send(packet: Packet): void {
    const bytes = encodePacket(packet, this.plan.version);
    if (bytes !== undefined) this.#pipe.write(bytes);
  }

  stall(): void {
    this.isStalled = true;
    this.#pipe.pauseReading();
  }

  read(): void {
    this.isStalled = false;
    this.#pipe.resumeReading();
  }

  /** The connection breaks. */
  cut(): void {
    this.isOver = true;
    this.#pipe.destroy();
  }

  /** The client sends what it has written and ends the connection. */
  end(): void {
    this.isOver = true;
    this.#pipe.end();
  }

  onBytes(chunk: Uint8Array): void {
    if (!this.isOver) this.#framer.push(chunk);
  }

  onWritten(): void {
    // What we wrote is small: nobody waits for it.
  }

  onClosed(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#owner.onClosed(this);
  }
}

/** `PUBLISH t id1 q1 #17`, for the trace. */
export function showPacket(packet: Packet, number?: number): string {
  const name = Object.entries(PacketType).find(([, value]) => value === packet.type)?.[0] ?? "";
  switch (packet.type) {
    case PacketType.PUBLISH: {
      const flags = `${packet.dup ? " dup" : ""}${packet.retain ? " retain" : ""}`;
      return `${name} ${packet.topicName} q${packet.qos} id${packet.packetId}${flags} #${number ?? "empty"}`;
    }
    case PacketType.CONNECT: {
      const { cleanStart, will, properties } = packet;
      const expiry = properties.sessionExpiryInterval ?? 0;
      return `${name}${cleanStart ? " clean" : ""} expiry ${expiry}${will === undefined ? "" : ` will ${will.topicName} q${will.qos} delay ${will.properties.willDelayInterval ?? 0}`}`;
    }
    case PacketType.CONNACK:
      return `${name} ${packet.reasonCode}${packet.sessionPresent ? " present" : ""}`;
    case PacketType.SUBSCRIBE:
      return `${name} id${packet.packetId} ${packet.subscriptions.map(({ topicFilter, qos }) => `${topicFilter} q${qos}`).join()}`;
    case PacketType.DISCONNECT:
    case PacketType.AUTH:
      return `${name} ${packet.reasonCode}`;
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return `${name} id${packet.packetId}${packet.reasonCode === 0 ? "" : ` ${packet.reasonCode}`}`;
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return `${name} id${packet.packetId} ${packet.reasonCodes.join()}`;
    default:
      return name;
  }
}
