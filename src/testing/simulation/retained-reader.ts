/** A client that comes to read everything that is retained, at QoS 0, and goes. */

import {
  encodePacket,
  Framer,
  type Packet,
  PacketType,
  ProtocolVersion,
  ReasonCode,
  RetainHandling,
  toPublishPacket,
} from "#protocol";
import type { Pipe, PipeReceiver } from "#transport";

export class RetainedReader implements PipeReceiver {
  /** Payloads by topic. */
  readonly found = new Map<string, Uint8Array>();
  readonly #pipe: Pipe;
  readonly #framer: Framer;

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
    this.#framer = new Framer(
      {
        onPublish: (view) => {
          const { topicName, payload, retain } = toPublishPacket(view);
          if (retain) this.found.set(topicName, payload);
        },
        onPacket: () => undefined,
      },
      { side: "client", version: ProtocolVersion.MQTT_5_0 },
    );
    pipe.open(this);
    this.#send({
      type: PacketType.CONNECT,
      protocolVersion: ProtocolVersion.MQTT_5_0,
      isBridge: false,
      clientId: "reader",
      cleanStart: true,
      keepAliveSeconds: 0,
      properties: {},
    });
    const options = {
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: RetainHandling.SEND,
    } as const;
    this.#send({
      type: PacketType.SUBSCRIBE,
      packetId: 1,
      subscriptions: [{ topicFilter: "#", ...options }],
      properties: {},
    });
  }

  leave(): void {
    this.#send({ type: PacketType.DISCONNECT, reasonCode: ReasonCode.NORMAL_DISCONNECTION, properties: {} });
    this.#pipe.end();
  }

  onBytes(chunk: Uint8Array): void {
    this.#framer.push(chunk);
  }

  onWritten(): void {
    // What it wrote is small.
  }

  onClosed(): void {
    // It has seen what it came for.
  }

  #send(packet: Packet): void {
    const bytes = encodePacket(packet, ProtocolVersion.MQTT_5_0);
    if (bytes !== undefined) this.#pipe.write(bytes);
  }
}
