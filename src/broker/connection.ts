/**
 * One pipe: bytes in, packets to its channel; packets out, one write a turn. HOT.
 *
 * Owns the framer, the output and what is held back: reading stops while the channel waits for an answer (from the gate, a
 * hook), and while the client does not take what was sent to it. It knows nothing of sessions or topics.
 */

import { EMPTY_BYTES, plainBytes } from "#base";
import type { KeepAlive } from "#flow";
import {
  type AcknowledgementPacket,
  Framer,
  isWireError,
  type Packet,
  type PublishesAlike,
  type PublishPacket,
  type PublishView,
} from "#protocol";
import type { Pipe, PipeReceiver } from "#transport";
import type { Origin } from "./admission.ts";
import { Channel } from "./channel.ts";
import type { BrokerCore } from "./core.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { Entrance } from "./entrance.ts";
import { Output } from "./output.ts";
import { hasRates, type RatedConnection, RateLimit } from "./rate-limit.ts";
import type { BrokerSettings } from "./settings.ts";
import type { TurnTaker } from "./turns.ts";

/** Above this many unread bytes the client gets nothing but what must not wait, and is not read from. */
const HIGH_WATER = 1024 * 1024;
/** Below this it is read from again. */
const LOW_WATER = 256 * 1024;
/**
 * Packets that come from one client, and messages that go out for them, before all others have their turn: some tenths of a
 * millisecond. The system would go on for two megabytes.
 */
const TURN_PACKETS = 4096;
/** After a chunk shorter than a full TLS record there was nothing more to read. */
const FULL_CHUNK = 16 * 1024;

export class Connection implements PipeReceiver, RatedConnection, TurnTaker {
  readonly pipe: Pipe;
  /** The listener it came in on. */
  readonly entrance: Entrance;
  /** What it is counted under, where addresses are. */
  readonly origin: Origin | undefined;
  readonly core: BrokerCore;
  readonly framer: Framer;
  readonly output: Output;
  readonly channel: Channel;
  /** Stamped when packets come; set once the client is connected. */
  keepAlive: KeepAlive | undefined = undefined;
  /** How fast its client may send; undefined when it may as it likes. */
  rates: RateLimit | undefined = undefined;
  /** How many answers the channel waits for. */
  #waits = 0;
  /** What is being read; PUBLISH packets of a run lie in it. */
  #chunk: Uint8Array = EMPTY_BYTES;
  /** The client does not take what was sent to it. */
  #isThrottled = false;
  /** It has had its turn, and others are to have theirs. */
  #isYielding = false;
  /** Packets in and messages out, of what was read without a break. */
  #turnPackets = 0;
  /** The same since its last turn was over, breaks or not. */
  #handled = 0;
  /** What had been handled for all when its last turn was over; undefined before that. */
  #allHandled: number | undefined = undefined;
  #isEnding = false;
  /** A whole packet was in what is being read. */
  #hasHeard = false;

  constructor(pipe: Pipe, entrance: Entrance, core: BrokerCore) {
    this.pipe = pipe;
    this.entrance = entrance;
    this.origin = core.admission.enter(pipe, entrance);
    this.core = core;
    this.output = new Output(pipe, core.outputPool, this);
    this.framer = new Framer(this, entrance.framerOptions);
    this.channel = new Channel(this, core);
    pipe.open(this);
  }

  /** Name of the listener it came in on. */
  get listener(): string {
    return this.entrance.name;
  }

  /** An answer is waited for, so that nothing the client sends is read. */
  get isWaiting(): boolean {
    return this.#waits > 0;
  }

  /** Not so much is unread that more should wait. */
  get isWritable(): boolean {
    return this.output.pendingBytes < HIGH_WATER;
  }

  onBytes(received: Uint8Array): void {
    const chunk = plainBytes(received);
    const { metrics } = this.core;
    this.core.durable?.begin();
    metrics.bytesReceived += chunk.length;
    const handledBefore = metrics.packetsReceived + metrics.publishSent;
    this.#hasHeard = false;
    this.#chunk = chunk;
    // What came with the CONNECT was sent before anybody knew of rates.
    const { rates } = this;
    try {
      rates?.begin();
      this.framer.push(chunk);
      this.channel.endOfInput();
      rates?.onBytes(chunk.length);
      // Whole packets count, not bytes: one that never ends does not keep its sender alive [MQTT-3.1.2-22].
      if (this.#hasHeard) this.keepAlive?.heard(this.core.now());
    } catch (error) {
      this.channel.onFault(error, isWireError(error));
    }
    this.#chunk = EMPTY_BYTES;
    const handled = metrics.packetsReceived + metrics.publishSent - handledBefore;
    this.#handled += handled;
    this.#turnPackets = chunk.length < FULL_CHUNK ? 0 : this.#turnPackets + handled;
    if (this.#turnPackets >= TURN_PACKETS) this.#yield();
    if (!this.#isThrottled && !this.isWritable) {
      this.#isThrottled = true;
      this.#applyReading();
    }
  }

  onPublish(view: PublishView): boolean {
    this.#hasHeard = true;
    const isInRun = this.channel.onPublish(view);
    const mayGoOn = this.rates === undefined || this.#isWithinRate(view);
    if (view.bytes === this.#chunk) return isInRun && mayGoOn && view.qos === 0;
    // What came in pieces lies in a buffer that the framer takes back.
    this.core.router.run.flush();
    return false;
  }

  onPublishesAlike(alike: PublishesAlike): void {
    this.channel.onPublishesAlike(alike);
    this.rates?.onMessages(alike.count);
  }

  /** Counts the message. Returns whether those behind it may be taken together. */
  #isWithinRate(view: PublishView): boolean {
    this.rates?.onMessages(1);
    return this.rates?.allowsRun(view) ?? true;
  }

  onPacket(packet: Exclude<Packet, PublishPacket>): void {
    this.#hasHeard = true;
    this.core.durable?.begin();
    this.channel.onPacket(packet);
  }

  onAcknowledgement(type: AcknowledgementPacket["type"], packetId: number): void {
    this.#hasHeard = true;
    this.core.durable?.begin();
    this.channel.onAcknowledgement(type, packetId);
  }

  onWritten(): void {
    this.output.onWritten();
    this.onReleased();
  }

  /** Something has left that waited here. */
  onReleased(): void {
    // A client that takes its bytes is alive, even if it is not read from at the moment.
    if (this.#isThrottled) this.keepAlive?.heard(this.core.now());
    if (this.#isThrottled && this.output.pendingBytes < LOW_WATER) {
      this.#isThrottled = false;
      this.#applyReading();
    }
    if (this.isWritable) this.#guard(() => this.channel.onWritable());
  }

  onClosed(error: Error | undefined): void {
    this.output.close();
    this.core.forget(this);
    this.channel.onConnectionGone(error);
  }

  /** No packet reaches the channel until as many calls of `resume`: one wait may lead to the next. */
  pause(): void {
    this.#waits++;
    this.framer.pause();
    this.#applyReading();
  }

  resume(): void {
    this.#waits--;
    if (this.#waits > 0 || this.#isEnding) return;
    this.keepAlive?.heard(this.core.now());
    this.rates?.begin();
    this.#guard(() => this.framer.resume());
    this.#applyReading();
  }

  /** Other rates hold for what is read from now on. */
  changeRates(settings: BrokerSettings): void {
    if (this.rates !== undefined) this.rates.change(settings);
    else if (hasRates(settings)) this.rates = new RateLimit(this, this.core, settings);
  }

  onSlowed(limit: "message-rate" | "byte-rate"): void {
    this.core.limits.reached(limit, this.channel.subject);
  }

  onRateExceeded(reason: DisconnectReason): void {
    this.core.limits.reached("rate-exceeded", this.channel.subject);
    this.channel.close(reason);
  }

  /** Sends what waits, then ends the connection. Nothing that still comes in is handled. */
  end(parting?: "goodbye"): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.framer.pause();
    this.output.flush();
    if (parting === undefined || this.pipe.endAfterGoodbye === undefined) this.pipe.end();
    else this.pipe.endAfterGoodbye();
  }

  /** Whatever goes wrong while a packet is handled ends this connection and nothing else. */
  #guard(work: () => void): void {
    try {
      work();
      this.channel.endOfInput();
    } catch (error) {
      this.channel.onFault(error, isWireError(error));
    }
  }

  #yield(): void {
    this.#turnPackets = 0;
    this.#isYielding = true;
    this.#applyReading();
    const { turns } = this.core;
    const all = turns.handled;
    turns.end(this, this.#handled, this.#allHandled === undefined ? this.#handled : all - this.#allHandled);
    this.#handled = 0;
    this.#allHandled = all;
  }

  /** All others have had their turn. */
  takeTurn(): void {
    this.#isYielding = false;
    this.#applyReading();
  }

  #applyReading(): void {
    if (this.#waits > 0 || this.#isThrottled || this.#isYielding) this.pipe.pauseReading();
    else this.pipe.resumeReading();
  }
}
