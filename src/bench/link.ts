/**
 * One client of a load, from its CONNECT to the end of its connection.
 *
 * What happens once in a while is dealt with here, in objects; messages and acknowledgements go to the handler as bytes.
 * Nothing here throws or rejects for what a broker does: outcomes are values, and what breaks later is a problem of the run.
 */

import { describeError } from "#base";
import {
  type ConnackPacket,
  decodePacket,
  encodePacket,
  FIRST_REFUSAL,
  type Packet,
  PacketType,
  type Qos,
  type ReasonCode,
  reasonName,
  type SubackPacket,
} from "#protocol";
import type { PipeReceiver } from "#transport";
import type { Credentials, Dialer } from "./dial.ts";
import type { Wire } from "./load-socket.ts";
import { PacketScanner, type PacketSink } from "./packet-scanner.ts";
import { type Problems, reasonOf } from "./problems.ts";
import type { PublishBatch } from "./publish-batch.ts";
import type { LoadVersion } from "./scenario.ts";

/** Who deals with the messages of a link. */
export interface LinkHandler {
  /** A chunk of bytes came; what it holds follows. */
  onChunk(): void;
  onPublish(bytes: Uint8Array, firstByte: number, body: number, end: number): void;
  onAcknowledgement(type: number, packetId: number, reasonCode: number): void;
  onChunkEnd(): void;
  /** The pipe has taken a batch that it had kept. */
  onTaken(batch: PublishBatch): void;
}

/** What all links of a run have in common. */
export interface LinkSurroundings {
  readonly dialer: Dialer;
  readonly problems: Problems;
  /** Bytes of the longest packet that a broker may send. */
  readonly longestPacket: number;
  /** Deals with the messages of a link that has no handler of its own. */
  readonly strayHandler: LinkHandler;
}

export interface LinkOptions {
  readonly clientId: string;
  readonly version: LoadVersion;
  /** False: the session stays when the connection ends. */
  readonly cleanStart: boolean;
}

export type ConnectOutcome =
  | { readonly kind: "connected"; readonly sessionPresent: boolean }
  | { readonly kind: "refused"; readonly reasonCode: ReasonCode }
  /** No connection, or it ended before CONNACK. */
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly hadPipe: boolean;
      /** There is a connection, but no answer. */
      readonly isLate: boolean;
      readonly cause?: unknown;
    };

const ANSWER_TIMEOUT_MS = 10_000;
const SUBSCRIBE_TIMEOUT_MS = 30_000;
const FILTERS_A_PACKET = 64;
const SUBSCRIBES_IN_FLIGHT = 8;
const LARGEST_RECEIVE_MAXIMUM = 65_535;
const SESSION_SECONDS = 3_600;

/** SUBSCRIBEs under way. */
interface Subscribing {
  readonly filters: readonly string[];
  readonly qos: Qos;
  /** By filter; undefined without answer. */
  readonly codes: (ReasonCode | undefined)[];
  sent: number;
  answered: number;
  timeout: NodeJS.Timeout;
  readonly resolve: (codes: readonly (ReasonCode | undefined)[]) => void;
}

export class Link implements PipeReceiver, PacketSink {
  readonly clientId: string;
  /** From CONNACK to the end of the connection. */
  isUp = false;
  /** What the broker lets this client have unacknowledged. */
  receiveMaximum = LARGEST_RECEIVE_MAXIMUM;
  handler: LinkHandler;
  readonly #surroundings: LinkSurroundings;
  readonly #options: LinkOptions;
  readonly #scanner: PacketScanner;
  #pipe: Wire | undefined;
  /** Batches that the pipe keeps, and undefined for other bytes, in the order of writing. */
  readonly #kept: (PublishBatch | undefined)[] = [];
  #answer: ((outcome: ConnectOutcome) => void) | undefined;
  #subscribing: Subscribing | undefined;
  /** We ended the connection, or never want one. */
  #ending = false;
  #endReason: string | undefined;

  constructor(surroundings: LinkSurroundings, options: LinkOptions) {
    this.clientId = options.clientId;
    this.#surroundings = surroundings;
    this.#options = options;
    this.handler = surroundings.strayHandler;
    this.#scanner = new PacketScanner(surroundings.longestPacket);
  }

  /** Dials, sends CONNECT and waits for CONNACK. Once only. */
  async connect(): Promise<ConnectOutcome> {
    let pipe: Wire;
    try {
      pipe = await this.#surroundings.dialer.dial();
    } catch (cause) {
      return { kind: "failed", reason: reasonOf(cause), hadPipe: false, isLate: false, cause };
    }
    if (this.#ending) {
      pipe.destroy();
      return { kind: "failed", reason: "the run was ended", hadPipe: true, isLate: false };
    }
    this.#pipe = pipe;
    return await new Promise((resolve) => {
      const timeout = setTimeout(() => {
        const reason = "nothing came back for CONNECT in time";
        this.#answer?.({ kind: "failed", reason, hadPipe: true, isLate: true });
        pipe.destroy();
      }, ANSWER_TIMEOUT_MS);
      this.#answer = (outcome) => {
        clearTimeout(timeout);
        this.#answer = undefined;
        resolve(outcome);
      };
      pipe.open(this);
      this.#send(this.#connectPacket(this.#surroundings.dialer.credentials));
    });
  }

  /** Subscribes; the codes that the broker answered, undefined where no answer came in time. */
  subscribe(filters: readonly string[], qos: Qos): Promise<readonly (ReasonCode | undefined)[]> {
    return new Promise((resolve) => {
      this.#subscribing = {
        filters,
        qos,
        codes: new Array<ReasonCode | undefined>(filters.length).fill(undefined),
        sent: 0,
        answered: 0,
        timeout: setTimeout(() => this.#endSubscribing(), SUBSCRIBE_TIMEOUT_MS),
        resolve,
      };
      if (this.isUp) this.#subscribeMore(this.#subscribing);
      else this.#endSubscribing();
    });
  }

  /**
   * Hands bytes to the pipe. False: it keeps them until `handler.onTaken`, which is called where a `batch` is given. HOT.
   */
  write(bytes: Uint8Array, batch: PublishBatch | undefined): boolean {
    const pipe = this.#pipe;
    if (pipe === undefined || pipe.write(bytes)) return true;
    this.#kept.push(batch);
    return false;
  }

  /** DISCONNECT, and the end of the connection. */
  disconnect(): void {
    const pipe = this.#pipe;
    this.#ending = true;
    if (pipe === undefined) return;
    if (this.isUp) this.#send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    this.isUp = false;
    pipe.end();
  }

  /** The connection breaks, or does not come about. */
  destroy(): void {
    this.#ending = true;
    this.isUp = false;
    this.#pipe?.destroy();
  }

  /** DISCONNECT, and the connection is dropped without waiting for the broker's end of it. */
  leave(): void {
    this.#ending = true;
    if (this.isUp) this.#send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: {} });
    this.isUp = false;
    if (this.#kept.length === 0) this.#pipe?.destroy();
    else this.#pipe?.end();
  }

  /** Whether there is a connection, or what is left of one. */
  get hasPipe(): boolean {
    return this.#pipe !== undefined;
  }

  onBytes(chunk: Uint8Array): void {
    this.handler.onChunk();
    this.#scanner.push(chunk, this);
    this.handler.onChunkEnd();
  }

  onWritten(): void {
    const batch = this.#kept.shift();
    if (batch !== undefined) this.handler.onTaken(batch);
  }

  onClosed(error: Error | undefined): void {
    const wasUp = this.isUp;
    this.isUp = false;
    this.#pipe = undefined;
    const reason = this.#endReason ?? (error === undefined ? "the broker closed it" : reasonOf(error));
    if (this.#answer !== undefined)
      this.#answer({ kind: "failed", reason, hadPipe: true, isLate: false, cause: error });
    else if (wasUp && !this.#ending) this.#surroundings.problems.add("connection-lost", reason);
    this.#endSubscribing();
  }

  onPublish(bytes: Uint8Array, firstByte: number, body: number, end: number): void {
    this.handler.onPublish(bytes, firstByte, body, end);
  }

  onAcknowledgement(type: number, packetId: number, reasonCode: number): void {
    this.handler.onAcknowledgement(type, packetId, reasonCode);
  }

  onPacket(bytes: Uint8Array): void {
    let packet: Packet;
    try {
      packet = decodePacket(bytes, this.#options.version, "client");
    } catch (error) {
      this.onNonsense(`the broker sent a packet that is wrong: ${describeError(error)}`);
      return;
    }
    if (packet.type === PacketType.CONNACK) this.#onConnack(packet);
    else if (packet.type === PacketType.SUBACK) this.#onSuback(packet);
    else if (packet.type === PacketType.DISCONNECT) this.#endReason = reasonName(packet.reasonCode);
  }

  onNonsense(reason: string): void {
    this.#endReason = reason;
    // A server that is no broker is told by the one who connects.
    if (this.#answer === undefined) this.#surroundings.problems.add("nonsense", reason);
    this.#pipe?.destroy();
  }

  #onConnack({ reasonCode, sessionPresent, properties }: ConnackPacket): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    if (reasonCode >= FIRST_REFUSAL) {
      this.#ending = true;
      answer({ kind: "refused", reasonCode });
      this.#pipe?.destroy();
      return;
    }
    this.isUp = true;
    this.receiveMaximum = properties.receiveMaximum ?? LARGEST_RECEIVE_MAXIMUM;
    answer({ kind: "connected", sessionPresent });
  }

  #subscribeMore(subscribing: Subscribing): void {
    const { filters, qos } = subscribing;
    while (
      subscribing.sent < filters.length &&
      subscribing.sent - subscribing.answered < FILTERS_A_PACKET * SUBSCRIBES_IN_FLIGHT
    ) {
      const part = filters.slice(subscribing.sent, subscribing.sent + FILTERS_A_PACKET);
      const packetId = 1 + subscribing.sent / FILTERS_A_PACKET;
      subscribing.sent += part.length;
      this.#send({
        type: PacketType.SUBSCRIBE,
        packetId,
        subscriptions: part.map((topicFilter) => ({
          topicFilter,
          qos,
          noLocal: false,
          retainAsPublished: false,
          retainHandling: 0,
        })),
        properties: {},
      });
    }
  }

  #onSuback({ packetId, reasonCodes }: SubackPacket): void {
    const subscribing = this.#subscribing;
    if (subscribing === undefined) return;
    const first = (packetId - 1) * FILTERS_A_PACKET;
    for (const [index, code] of reasonCodes.entries()) subscribing.codes[first + index] = code;
    subscribing.answered += reasonCodes.length;
    if (subscribing.answered >= subscribing.filters.length) {
      this.#endSubscribing();
      return;
    }
    subscribing.timeout.refresh();
    this.#subscribeMore(subscribing);
  }

  #endSubscribing(): void {
    const subscribing = this.#subscribing;
    if (subscribing === undefined) return;
    this.#subscribing = undefined;
    clearTimeout(subscribing.timeout);
    subscribing.resolve(subscribing.codes);
  }

  #connectPacket({ userName, password }: Credentials): Packet {
    const { clientId, version, cleanStart } = this.#options;
    return {
      type: PacketType.CONNECT,
      protocolVersion: version,
      isBridge: false,
      clientId,
      cleanStart,
      keepAliveSeconds: 0,
      ...(userName === undefined ? {} : { userName }),
      ...(password === undefined ? {} : { password }),
      properties: cleanStart ? {} : { sessionExpiryInterval: SESSION_SECONDS },
    };
  }

  #send(packet: Packet): void {
    const bytes = encodePacket(packet, this.#options.version);
    if (bytes !== undefined) this.write(bytes, undefined);
  }
}
