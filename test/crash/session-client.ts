/**
 * An MQTT client over a bare socket that keeps its session as the specification wants it, over any number of lost
 * connections: what is unacknowledged goes out again under its packet identifier, and a QoS 2 message is taken once.
 *
 * It is correct and slow: everything is an object, and its session is in memory, since only brokers are killed here. When the
 * broker has forgotten the session it does as docs/adr/0010 says. It judges nothing; who listens does.
 */

import { connect, type Socket } from "node:net";
import { EMPTY_BYTES } from "#base";
import {
  Framer,
  type Packet,
  PacketType,
  ProtocolVersion,
  type PublishPacket,
  type Qos,
  ReasonCode,
  toPublishPacket,
  type Will,
} from "#protocol";
import { connectPacket, encodeOrFail, publishPacket, subscribePacket } from "../support/raw-client.ts";

const REFUSED = 0x80;
const LAST_PACKET_ID = 65_535;
const SESSION_SECONDS = 3_600;

/** What becomes of one message that the client publishes. */
export interface Publication {
  onSent(isAgain: boolean): void;
  /** PUBACK or PUBREC said that the broker has it. */
  onAccepted(): void;
  /** PUBACK or PUBCOMP: a broker that passes QoS 2 on at PUBREL has passed it on. */
  onCompleted(): void;
  /** The broker refused it, or forgot the session while it was unclear who has it. */
  onGivenUp(): void;
}

export interface SessionListener {
  onConnected?(): void;
  /** The connection is over, whoever ended it. */
  onClosed?(): void;
  /** The broker had the session, and has it no more. */
  onSessionLost?(): void;
  /** A message for the program: a QoS 2 message once, whatever the broker sends. */
  onMessage?(message: PublishPacket): void;
}

export interface SessionClientOptions {
  readonly clientId: string;
  readonly version: ProtocolVersion;
  /** A clean session; default false. */
  readonly isClean?: boolean;
  readonly listener: SessionListener;
}

interface Outgoing {
  readonly packet: PublishPacket;
  readonly publication: Publication;
  isReleased: boolean;
}

interface Request {
  readonly packet: Packet;
  readonly onDone: () => void;
}

export class SessionClient {
  readonly clientId: string;
  readonly #version: ProtocolVersion;
  readonly #isClean: boolean;
  readonly #listener: SessionListener;
  /** By packet identifier, in the order of sending. */
  readonly #outgoing = new Map<number, Outgoing>();
  readonly #requests = new Map<number, Request>();
  /** QoS 2 identifiers of the broker that are taken. */
  readonly #taken = new Set<number>();
  /** Acknowledgements that wait for `answer`. */
  #answers: Packet[] = [];
  #nextPacketId = 1;
  #socket: Socket | undefined;
  #onPong: (() => void)[] = [];
  #hadSession = false;
  /** The broker let it in on this connection. */
  isConnected = false;

  constructor({ clientId, version, isClean = false, listener }: SessionClientOptions) {
    this.clientId = clientId;
    this.#version = version;
    this.#isClean = isClean;
    this.#listener = listener;
  }

  /** Whether there is a socket, connected or about to be. */
  get hasSocket(): boolean {
    return this.#socket !== undefined;
  }

  /** Messages without their last acknowledgement. */
  get inFlight(): number {
    return this.#outgoing.size;
  }

  /** QoS 2 identifiers that the broker has sent a message with and not released. */
  get unreleased(): number {
    return this.#taken.size;
  }

  /** Nothing waits for an answer in either direction. */
  get isIdle(): boolean {
    return this.#outgoing.size === 0 && this.#requests.size === 0 && this.#answers.length === 0;
  }

  connect(port: number, will?: Will): void {
    if (this.#socket !== undefined) return;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket = socket;
    const framer = new Framer(
      {
        onPublish: (view) => this.#onPublish(toPublishPacket(view)),
        onPacket: (packet) => this.#onPacket(packet),
      },
      { side: "client", version: this.#version },
    );
    socket.on("data", (chunk: Buffer) => {
      if (this.#socket === socket) framer.push(chunk);
    });
    socket.on("error", () => undefined); // a broker that is killed resets its connections
    socket.on("close", () => {
      if (this.#socket === socket) this.#forgetConnection();
    });
    const isNewest = this.#version === ProtocolVersion.MQTT_5_0;
    this.#send(
      connectPacket(this.#version, {
        clientId: this.clientId,
        cleanStart: this.#isClean,
        ...(will === undefined ? {} : { will }),
        ...(isNewest && !this.#isClean ? { properties: { sessionExpiryInterval: SESSION_SECONDS } } : {}),
      }),
    );
  }

  /** The connection is gone without a word. */
  cut(): void {
    this.#socket?.destroy();
    this.#forgetConnection();
  }

  /** DISCONNECT, and the end of the connection. */
  leave(): void {
    if (this.isConnected)
      this.#send({ type: PacketType.DISCONNECT, reasonCode: ReasonCode.SUCCESS, properties: {} });
    this.#socket?.end();
    this.#forgetConnection();
  }

  publish(topicName: string, payload: string, qos: Qos, publication: Publication, retain = false): void {
    const packetId = this.#freePacketId();
    const packet = publishPacket(topicName, payload, { qos, packetId, retain });
    this.#outgoing.set(packetId, { packet, publication, isReleased: false });
    publication.onSent(false);
    this.#sendIfConnected(packet);
  }

  subscribe(topicFilter: string, qos: Qos, onDone: () => void): void {
    const packetId = this.#freePacketId();
    this.#request(packetId, subscribePacket(packetId, topicFilter, qos), onDone);
  }

  unsubscribe(topicFilter: string, onDone: () => void): void {
    const packetId = this.#freePacketId();
    const packet: Packet = {
      type: PacketType.UNSUBSCRIBE,
      packetId,
      topicFilters: [topicFilter],
      properties: {},
    };
    this.#request(packetId, packet, onDone);
  }

  /** Sends the acknowledgements that wait, in their order. */
  answer(): void {
    const answers = this.#answers;
    this.#answers = [];
    for (const packet of answers) this.#sendIfConnected(packet);
  }

  /** Calls `onPong` when the broker has answered; never when the connection goes before. */
  ping(onPong: () => void): void {
    this.#onPong.push(onPong);
    this.#sendIfConnected({ type: PacketType.PINGREQ });
  }

  #forgetConnection(): void {
    if (this.#socket === undefined) return;
    this.#socket = undefined;
    this.isConnected = false;
    this.#answers = [];
    this.#onPong = [];
    this.#listener.onClosed?.();
  }

  #request(packetId: number, packet: Packet, onDone: () => void): void {
    this.#requests.set(packetId, { packet, onDone });
    this.#sendIfConnected(packet);
  }

  #freePacketId(): number {
    while (this.#outgoing.has(this.#nextPacketId) || this.#requests.has(this.#nextPacketId)) this.#countUp();
    const packetId = this.#nextPacketId;
    this.#countUp();
    return packetId;
  }

  #countUp(): void {
    this.#nextPacketId = (this.#nextPacketId % LAST_PACKET_ID) + 1;
  }

  #sendIfConnected(packet: Packet): void {
    if (this.isConnected) this.#send(packet);
  }

  #send(packet: Packet): void {
    this.#socket?.write(encodeOrFail(packet, this.#version));
  }

  #onPublish(message: PublishPacket): void {
    const { qos, packetId } = message;
    if (qos === 2) this.#answerWith(PacketType.PUBREC, packetId);
    else if (qos === 1) this.#answerWith(PacketType.PUBACK, packetId);
    if (qos === 2 && this.#taken.has(packetId)) return;
    if (qos === 2) this.#taken.add(packetId);
    this.#listener.onMessage?.(message);
  }

  #onPacket(packet: Exclude<Packet, PublishPacket>): void {
    switch (packet.type) {
      case PacketType.CONNACK:
        if (packet.reasonCode === ReasonCode.SUCCESS) this.#onConnack(packet.sessionPresent);
        else this.cut();
        break;
      case PacketType.PUBACK:
        this.#onPuback(packet.packetId, packet.reasonCode >= REFUSED);
        break;
      case PacketType.PUBREC:
        this.#onPubrec(packet.packetId, packet.reasonCode >= REFUSED);
        break;
      case PacketType.PUBREL:
        this.#taken.delete(packet.packetId);
        this.#answerWith(PacketType.PUBCOMP, packet.packetId);
        break;
      case PacketType.PUBCOMP:
        this.#onPubcomp(packet.packetId);
        break;
      case PacketType.SUBACK:
      case PacketType.UNSUBACK: {
        const request = this.#requests.get(packet.packetId);
        this.#requests.delete(packet.packetId);
        request?.onDone();
        break;
      }
      case PacketType.PINGRESP:
        this.#onPong.shift()?.();
        break;
      case PacketType.DISCONNECT:
        this.cut();
        break;
      default:
        break;
    }
  }

  #onConnack(sessionPresent: boolean): void {
    this.isConnected = true;
    if (!sessionPresent) this.#beginAnew();
    this.#hadSession = !this.#isClean;
    this.#listener.onConnected?.();
    for (const { packet, publication, isReleased } of this.#outgoing.values()) {
      if (isReleased) this.#sayRelease(packet.packetId);
      else {
        publication.onSent(true);
        this.#send({ ...packet, dup: sessionPresent });
      }
    }
    for (const { packet } of this.#requests.values()) this.#send(packet);
  }

  /** The broker knows nothing of the session [MQTT-3.2.2-5]. */
  #beginAnew(): void {
    this.#taken.clear();
    if (!this.#hadSession) return;
    for (const [packetId, { packet, publication, isReleased }] of this.#outgoing) {
      if (packet.qos < 2) continue;
      this.#outgoing.delete(packetId);
      if (isReleased) publication.onCompleted();
      else publication.onGivenUp();
    }
    this.#listener.onSessionLost?.();
  }

  #onPuback(packetId: number, isRefused: boolean): void {
    const outgoing = this.#outgoing.get(packetId);
    if (outgoing === undefined || outgoing.packet.qos !== 1) return;
    this.#outgoing.delete(packetId);
    if (isRefused) outgoing.publication.onGivenUp();
    else {
      outgoing.publication.onAccepted();
      outgoing.publication.onCompleted();
    }
  }

  #onPubrec(packetId: number, isRefused: boolean): void {
    const outgoing = this.#outgoing.get(packetId);
    if (outgoing !== undefined && isRefused) {
      this.#outgoing.delete(packetId);
      outgoing.publication.onGivenUp();
      return;
    }
    if (outgoing !== undefined && !outgoing.isReleased) {
      outgoing.isReleased = true;
      outgoing.publication.onAccepted();
    }
    if (!isRefused) this.#sayRelease(packetId);
  }

  #onPubcomp(packetId: number): void {
    const outgoing = this.#outgoing.get(packetId);
    if (outgoing?.isReleased !== true) return;
    this.#outgoing.delete(packetId);
    outgoing.publication.onCompleted();
  }

  #sayRelease(packetId: number): void {
    this.#send({ type: PacketType.PUBREL, packetId, reasonCode: ReasonCode.SUCCESS, properties: {} });
  }

  #answerWith(type: 4 | 5 | 7, packetId: number): void {
    this.#answers.push({ type, packetId, reasonCode: ReasonCode.SUCCESS, properties: {} });
  }
}

/** The will with this payload, at QoS 2. */
export function willOf(topicName: string, payload: string): Will {
  return {
    topicName,
    payload: payload === "" ? EMPTY_BYTES : Buffer.from(payload),
    qos: 2,
    retain: false,
    properties: {},
  };
}
