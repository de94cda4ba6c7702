/**
 * One connection: a pipe with its framer, its output and the question whether the broker is still there. HOT.
 *
 * Knows no sessions and no operations; whoever owns it gets the packets. The question is answered from time stamps: they are
 * looked at when a timer fires, and as well whenever anything happens (`check`), since a page in the background gets its
 * timers late.
 */

import type { Clock } from "#base";
import {
  ClientFramer,
  type ClientPacket,
  encodeClientPacket,
  type IncomingPublish,
  InvalidPacketError,
  isWireError,
  LONGEST_ACKNOWLEDGEMENT,
  type Packet,
  type ProtocolVersion,
  type PubackPacket,
  type PubcompPacket,
  type PublishPacket,
  type PublishParts,
  type PubrecPacket,
  type PubrelPacket,
  packetSize,
  packetTypes,
  type ReasonCode,
  reasons,
  remainingLength,
  versions,
  writePublish,
  writeShortAcknowledgement,
} from "#protocol";
import { DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS, DEFAULT_MAXIMUM_PACKET_SIZE, HIGH_WATER } from "./defaults.ts";
import { ConnectionLostError } from "./errors.ts";
import type { ConnectOptions } from "./options.ts";
import { Output } from "./output.ts";
import type { ClientPipe, ClientPipeReceiver } from "./pipe.ts";

const PINGREQ = Uint8Array.of(0xc0, 0);

export interface LinkOwner {
  onPublish(publish: IncomingPublish): void;
  onPacket(packet: Exclude<Packet, PublishPacket>): void;
  /** Publishers that waited may go on. */
  onWritable(): void;
  /** Exactly once, unless the owner itself closed the link. */
  onLost(link: Link, error: Error): void;
}

export class Link implements ClientPipeReceiver {
  readonly version: ProtocolVersion;
  readonly isVersion5: boolean;
  /** What the broker takes; set when it has said so. */
  maximumPacketSize = Number.POSITIVE_INFINITY;
  readonly #pipe: ClientPipe;
  readonly #owner: LinkOwner;
  readonly #clock: Clock;
  readonly #framer: ClientFramer;
  readonly #output: Output;
  readonly #patienceMs: number;
  #keepAliveMs = 0;
  #isClosed = false;
  #isReading = true;
  #isReadingWanted = true;

  #lastHeardMs: number;
  #lastSentMs: number;
  /** 0: no PINGREQ is unanswered. */
  #pingedMs = 0;
  #awaited = 0;
  /** When the last acknowledgement came, or the first was waited for. */
  #progressMs = 0;
  #alarmMs = Number.POSITIVE_INFINITY;
  #cancelAlarm: (() => void) | undefined;

  constructor(
    pipe: ClientPipe,
    owner: LinkOwner,
    clock: Clock,
    version: ProtocolVersion,
    options: ConnectOptions,
  ) {
    this.version = version;
    this.isVersion5 = version === versions.MQTT_5_0;
    this.#pipe = pipe;
    this.#owner = owner;
    this.#clock = clock;
    this.#patienceMs = options.acknowledgementTimeoutMs ?? DEFAULT_ACKNOWLEDGEMENT_TIMEOUT_MS;
    this.#output = new Output(pipe, clock);
    const maximumPacketSize = options.maximumPacketSize ?? DEFAULT_MAXIMUM_PACKET_SIZE;
    this.#framer = new ClientFramer(this, { version, maximumPacketSize });
    this.#lastHeardMs = this.#lastSentMs = clock.now();
    pipe.open(this);
  }

  get isWritable(): boolean {
    return this.#output.pendingBytes < HIGH_WATER;
  }

  /** CONNACK came: from now on silence is noticed. */
  keepAlive(seconds: number): void {
    this.#keepAliveMs = seconds * 1000;
    this.#arm();
  }

  /** @throws InvalidPacketError for what the wire cannot carry, or the broker does not take; nothing is sent then */
  send(packet: ClientPacket): void {
    const bytes = encodeClientPacket(packet, this.version);
    if (bytes === undefined) return;
    // [MQTT-3.2.2-15]
    if (bytes.length > this.maximumPacketSize) throw new InvalidPacketError("too large");
    this.#output.append(bytes);
    this.#lastSentMs = this.#clock.now();
  }

  acknowledge(
    type: (PubackPacket | PubrecPacket | PubrelPacket | PubcompPacket)["type"],
    packetId: number,
    reasonCode: ReasonCode = reasons.SUCCESS,
  ): void {
    const output = this.#output;
    const at = output.reserve(LONGEST_ACKNOWLEDGEMENT);
    output.advance(writeShortAcknowledgement(output.slab, at, type, packetId, reasonCode, this.isVersion5));
  }

  /** Whether the broker does not take such a PUBLISH [MQTT-3.2.2-15]. */
  isTooLarge(parts: PublishParts): boolean {
    return packetSize(remainingLength(parts, this.isVersion5)) > this.maximumPacketSize;
  }

  publish(parts: PublishParts): void {
    const output = this.#output;
    const remaining = remainingLength(parts, this.isVersion5);
    const at = output.reserve(packetSize(remaining));
    output.advance(writePublish(output.slab, at, remaining, parts, this.isVersion5));
    this.#lastSentMs = this.#clock.now();
  }

  /** Something was sent that the broker has to answer. */
  await(): void {
    if (this.#awaited++ > 0) return;
    if (!this.#isReading) this.#applyReading();
    this.#progressMs = this.#clock.now();
    if (this.#alarmMs > this.#progressMs + this.#patienceMs) this.#arm();
  }

  /** Such an answer came. */
  answered(): void {
    this.#awaited--;
    this.#progressMs = this.#lastHeardMs;
    if (!this.#isReadingWanted && this.#awaited === 0) this.#applyReading();
  }

  /** False stops reading, but for the time that an answer is awaited: it would never come. */
  set reading(isWanted: boolean) {
    this.#isReadingWanted = isWanted;
    if (this.#isReading !== isWanted) this.#applyReading();
  }

  #applyReading(): void {
    const isReading = this.#isReadingWanted || this.#awaited > 0;
    if (this.#isReading === isReading || this.#isClosed) return;
    this.#isReading = isReading;
    if (!isReading) {
      this.#pipe.pauseReading();
      this.#framer.pause();
      return;
    }
    // What was not read could not be heard.
    this.#lastHeardMs = this.#progressMs = this.#clock.now();
    if (this.#pingedMs > 0) this.#pingedMs = this.#lastHeardMs;
    this.#pipe.resumeReading();
    this.#guard(() => this.#framer.resume());
  }

  /** Asks whether the broker is still there, and gives up when it has been silent for too long. */
  readonly check = (): void => {
    if (this.#isClosed) return;
    const now = this.#clock.now();
    const isOverdue = this.#awaited > 0 && now - this.#progressMs >= this.#patienceMs;
    if (this.#pingedMs > 0) {
      if (this.#isReading && now - this.#pingedMs >= this.#pingTimeoutMs) return this.#timedOut();
      // The answer cannot be read; the broker still has to hear from us.
      if (!this.#isReading && now - this.#lastSentMs >= this.#keepAliveMs / 2 && this.#keepAliveMs > 0) {
        this.#pingedMs = 0;
        this.ping();
      }
    } else if (isOverdue && this.#isReading && this.#lastHeardMs <= this.#progressMs) return this.#timedOut();
    else if (isOverdue || now >= this.#idleAtMs) this.ping();
    this.#arm();
  };

  /** Sends PINGREQ, unless one is unanswered [MQTT-3.1.2-20]. */
  ping(): void {
    if (this.#isClosed || this.#pingedMs > 0) return;
    this.#output.append(PINGREQ);
    this.#pingedMs = this.#lastSentMs = this.#clock.now();
    this.#arm();
  }

  /** Sends what waits, then ends; the owner hears nothing more. */
  end(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#output.flush();
    this.#pipe.end();
  }

  /** Drops the connection; a link that is lost already ends in its own way. */
  destroy(): void {
    if (this.#isClosed) return;
    this.#close();
    this.#pipe.destroy();
  }

  onBytes(chunk: Uint8Array): void {
    if (this.#isClosed) return;
    this.#lastHeardMs = this.#clock.now();
    try {
      this.#framer.push(chunk);
    } catch (error) {
      this.#fault(error);
    }
  }

  onPublish(publish: IncomingPublish): void {
    if (!this.#isClosed) this.#owner.onPublish(publish);
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    if (this.#isClosed) return;
    if (packet.type === packetTypes.PINGRESP) {
      this.#pingedMs = 0;
      this.#progressMs = this.#lastHeardMs;
    } else this.#owner.onPacket(packet);
  }

  onWritten(): void {
    this.#output.onWritten();
    if (this.#isClosed || !this.isWritable) return;
    this.#guard(() => this.#owner.onWritable());
  }

  onClosed(error: Error | undefined): void {
    this.#lose(new ConnectionLostError("network", undefined, { cause: error }));
  }

  /** The peer broke the protocol, or this program has a bug; 5.0 tells the peer which. */
  #fault(error: unknown): void {
    if (this.#isClosed) return;
    const reasonCode = isWireError(error) ? error.reasonCode : reasons.UNSPECIFIED_ERROR;
    if (this.isVersion5) {
      this.send({ type: packetTypes.DISCONNECT, reasonCode, properties: {} });
      this.#output.flush();
    }
    this.#pipe.end();
    this.#lose(new ConnectionLostError("protocol", undefined, { cause: error }));
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fault(error);
    }
  }

  #timedOut(): void {
    this.#pipe.destroy();
    this.#lose(new ConnectionLostError("timeout"));
  }

  #lose(error: Error): void {
    if (this.#isClosed) return;
    this.#close();
    this.#owner.onLost(this, error);
  }

  #close(): void {
    this.#isClosed = true;
    this.#cancelAlarm?.();
  }

  /** A broker that does not answer a PINGREQ is gone one and a half times Keep Alive after its last word. */
  get #pingTimeoutMs(): number {
    return this.#keepAliveMs > 0 ? Math.min(this.#patienceMs, this.#keepAliveMs) : this.#patienceMs;
  }

  /** When one direction has been silent for half the Keep Alive. */
  get #idleAtMs(): number {
    return this.#keepAliveMs > 0
      ? Math.min(this.#lastSentMs, this.#lastHeardMs) + this.#keepAliveMs / 2
      : Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    this.#cancelAlarm?.();
    if (this.#isClosed) return;
    const now = this.#clock.now();
    let dueMs = this.#idleAtMs;
    if (this.#pingedMs > 0) dueMs = this.#pingedMs + this.#pingTimeoutMs;
    else if (this.#awaited > 0) dueMs = Math.min(dueMs, this.#progressMs + this.#patienceMs);
    this.#alarmMs = dueMs;
    // Not reading, the answer cannot come: look again later.
    const delayMs = Math.max(dueMs - now, this.#isReading ? 1 : 1000);
    this.#cancelAlarm =
      dueMs < Number.POSITIVE_INFINITY ? this.#clock.schedule(delayMs, this.check) : undefined;
  }
}
