/**
 * Watches the packets of a connection from between client and transport: for `-d`, and for what the client has no word for, the
 * UNSUBSCRIBE of a filter that it never subscribed to. Changes nothing that passes.
 */

import type { ClientPipe, ClientPipeReceiver } from "#client";
import {
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  type ProtocolVersion,
  toPublishPacket,
  type UnsubscribeProperties,
} from "#protocol";

export interface TapObserver {
  onSent(packet: Packet): void;
  onReceived(packet: Packet): void;
}

/** The client takes its identifiers from both ends of the range. */
const PACKET_ID = 30_000;

export class PacketTap implements ClientPipe {
  readonly #pipe: ClientPipe;
  readonly #observer: TapObserver;
  readonly #version: ProtocolVersion;
  readonly #incoming: Framer;
  readonly #outgoing: Framer;
  /** Of writes that the pipe has not taken yet, whether the client made them. */
  readonly #writes: boolean[] = [];
  #nextPacketId = PACKET_ID;

  constructor(pipe: ClientPipe, version: ProtocolVersion, observer: TapObserver) {
    this.#pipe = pipe;
    this.#version = version;
    this.#observer = observer;
    this.#incoming = framer("server", version, (packet) => observer.onReceived(packet));
    this.#outgoing = framer("client", version, (packet) => observer.onSent(packet));
  }

  /** Sends an UNSUBSCRIBE of our own; the client ignores the answer. */
  unsubscribe(topicFilters: readonly string[], properties: UnsubscribeProperties): void {
    const packetId = this.#nextPacketId++;
    const packet = { type: PacketType.UNSUBSCRIBE, packetId, topicFilters, properties } as const;
    const bytes = encodePacket(packet, this.#version);
    if (bytes === undefined) return;
    this.#observer.onSent(packet);
    if (!this.#pipe.write(bytes)) this.#writes.push(false);
  }

  open(receiver: ClientPipeReceiver): void {
    this.#pipe.open({
      onBytes: (chunk) => {
        watch(this.#incoming, chunk);
        receiver.onBytes(chunk);
      },
      onWritten: () => {
        if (this.#writes.shift() === true) receiver.onWritten();
      },
      onClosed: (error) => receiver.onClosed(error),
    });
  }

  write(bytes: Uint8Array): boolean {
    watch(this.#outgoing, bytes);
    const isTaken = this.#pipe.write(bytes);
    if (!isTaken) this.#writes.push(true);
    return isTaken;
  }

  pauseReading(): void {
    this.#pipe.pauseReading();
  }

  resumeReading(): void {
    this.#pipe.resumeReading();
  }

  end(): void {
    this.#pipe.end();
  }

  destroy(): void {
    this.#pipe.destroy();
  }
}

function framer(
  sender: "client" | "server",
  version: ProtocolVersion,
  tell: (packet: Packet) => void,
): Framer {
  return new Framer(
    { onPublish: (view) => tell(toPublishPacket(view)), onPacket: tell },
    sender === "server" ? { side: "client", version } : { side: "server" },
  );
}

/** What is malformed is the client's to judge, a moment later. */
function watch(framerOfSide: Framer, bytes: Uint8Array): void {
  try {
    framerOfSide.push(bytes);
  } catch {
    return;
  }
}
