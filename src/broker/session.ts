/**
 * The Session State of one client (section 4.1) and the way of its messages: straight out, in flight, or waiting. HOT.
 *
 * Order: whatever comes while something waits goes behind it, at any QoS, online or not; so the order of a topic holds
 * across absence and resumption. A receiver that does not read costs its own queue and nothing else.
 */

import { Timer, type Timers, type TimerTarget } from "#base";
import { InFlight, Receiver, Sender } from "#flow";
import type { Qos, ReasonCode } from "#protocol";
import { SESSION_NEVER_EXPIRES } from "#protocol";
import type { Channel } from "./channel.ts";
import { Delivery, DeliveryQueue, type RetainedBacklog } from "./delivery-queue.ts";
import type { Message } from "./message.ts";
import type { Outcomes } from "./outcome.ts";
import type { PublishRun } from "./publish-run.ts";
import type { DeliveryTerms } from "./route.ts";
import { fits, sendPublish } from "./send-publish.ts";
import { fitsRun, sendRun, sendRunInFlight } from "./send-run.ts";
import type { BrokerSettings } from "./settings.ts";
import { HeldSubscriptions } from "./subscription.ts";
import type { WillMessage } from "./will.ts";

/** What a session needs of its broker. */
export interface SessionHost {
  readonly settings: BrokerSettings;
  readonly outcomes: Outcomes;
  now(): number;
  /** What `session` waited for is due. */
  onSessionTimer(session: Session, due: "will" | "expiry"): void;
}

/** How a message of the client fared, for its acknowledgement. */
export interface PublishDecision {
  readonly reasonCode: ReasonCode;
  readonly reasonString?: string | undefined;
}

export class Session implements TimerTarget {
  readonly clientId: string;
  readonly #host: SessionHost;

  // for the session
  readonly subscriptions = new HeldSubscriptions();
  readonly sender = new Sender<Message, DeliveryTerms>();
  readonly receiver = new Receiver();
  /** Made when something has to wait. */
  #queue: DeliveryQueue | undefined = undefined;
  will: WillMessage | undefined = undefined;
  #undecided: Map<number, Promise<PublishDecision>> | undefined = undefined;
  /** Seconds that it outlives its connection; 0xFFFFFFFF for ever. */
  expiryInterval = 0;
  /** Ended: it must not be used again. */
  ended = false;
  // Set while the client is away and something is due.
  #expiryTimer: Timer | undefined = undefined;
  #willTimer: Timer | undefined = undefined;
  /** A subscriber inside the program instead of a client: gets every message at once. */
  readonly local: ((message: Message, terms: DeliveryTerms) => void) | undefined;

  // for the connection
  channel: Channel | undefined = undefined;

  constructor(clientId: string, host: SessionHost, local?: (message: Message, terms: DeliveryTerms) => void) {
    this.clientId = clientId;
    this.#host = host;
    this.local = local;
  }

  /** QoS 2 messages of the client, by packet identifier, that wait for the gate or a hook. */
  get undecided(): Map<number, Promise<PublishDecision>> {
    this.#undecided ??= new Map();
    return this.#undecided;
  }

  get outlivesConnection(): boolean {
    return this.expiryInterval > 0;
  }

  get neverExpires(): boolean {
    return this.expiryInterval === SESSION_NEVER_EXPIRES;
  }

  /** Messages that wait, without retained ones still to be read. */
  get queuedMessages(): number {
    return this.#queue?.size ?? 0;
  }

  get #nothingWaits(): boolean {
    return this.#queue === undefined || this.#queue.isEmpty;
  }

  /** Connected, nothing waits, and one more message above QoS 0 may be in flight. */
  get canTakeNow(): boolean {
    return this.channel?.isWritable === true && this.#nothingWaits && this.sender.ready;
  }

  /** For the end of the session. */
  get expiryTimer(): Timer {
    this.#expiryTimer ??= new Timer(this);
    return this.#expiryTimer;
  }

  /** For the will that is delayed. */
  get willTimer(): Timer {
    this.#willTimer ??= new Timer(this);
    return this.#willTimer;
  }

  /** Nothing is due any more. */
  disarm(timers: Timers): void {
    if (this.#expiryTimer !== undefined) timers.disarm(this.#expiryTimer);
    if (this.#willTimer !== undefined) timers.disarm(this.#willTimer);
  }

  onTimer(timer: Timer): void {
    this.#host.onSessionTimer(this, timer === this.#willTimer ? "will" : "expiry");
  }

  /** A message for this session. `message` may lie in a chunk: it is kept here if it is needed longer. HOT. */
  deliver(message: Message, terms: DeliveryTerms): void {
    if (this.local !== undefined) {
      this.local(message, terms);
      return;
    }
    const qos: Qos = message.qos < terms.qos ? message.qos : terms.qos;
    const channel = this.channel;
    if (channel === undefined) {
      if (this.ended) {
        // In the middle of this very fan-out, by somebody who heard of it.
        this.#host.outcomes.record("session-ended", this.clientId, message);
        return;
      }
      if (qos === 0 && !this.#host.settings.queueQos0) {
        this.#host.outcomes.record("receiver-offline", this.clientId, message);
        return;
      }
      this.#enqueue(new Delivery(message.settle(), terms, qos));
      return;
    }
    if (this.#nothingWaits && !this.sender.resending) {
      if (qos === 0) {
        channel.sendQos0(message, terms);
        return;
      }
      if (this.sender.ready && channel.isWritable) {
        this.#send(channel, message, terms, qos);
        return;
      }
    }
    this.#enqueue(new Delivery(message.keep(), terms, qos));
  }

  /** Whether a run of messages can be taken as it is; if not, they are to be delivered one by one. HOT. */
  canTakeRun(run: PublishRun, terms: DeliveryTerms): boolean {
    const channel = this.channel;
    if (channel === undefined || !this.#nothingWaits || this.sender.resending || channel.isBehind)
      return false;
    if (run.qos > 0 && (this.sender.room < run.count || !channel.isWritable)) return false;
    return fitsRun(channel, run, terms);
  }

  /** Takes a run if it can. Returns whether it did. HOT. */
  takeRun(run: PublishRun, terms: DeliveryTerms): boolean {
    const channel = this.channel;
    if (channel === undefined || !this.canTakeRun(run, terms)) return false;
    if (run.qos === 0) sendRun(channel, run);
    else sendRunInFlight(channel, run, terms, this.sender);
    return true;
  }

  /** Retained messages for a new subscription; they are read as the client takes them. */
  deliverRetained(backlog: RetainedBacklog): void {
    this.#queue ??= new DeliveryQueue();
    this.#queue.addBacklog(backlog);
    this.pump();
  }

  /** The subscription is gone: its retained messages are not begun any more [MQTT-3.10.4-2]. */
  withdrawRetained(topicFilter: string): void {
    this.#queue?.removeBacklog(topicFilter);
  }

  /** An acknowledgement made room. HOT. */
  pumpIfWaiting(): void {
    if (!this.#nothingWaits || this.sender.resending) this.pump();
  }

  /** Sends what may be sent: first what is owed from an earlier connection, then what waits. */
  pump(): void {
    const channel = this.channel;
    if (channel === undefined || this.local !== undefined) return;
    while (this.sender.resending && channel.isWritable) {
      if (!this.#resendNext(channel)) return;
    }
    const queue = this.#queue;
    if (this.sender.resending || queue === undefined) return;
    while (channel.isWritable && this.channel === channel) {
      const next = queue.peek();
      if (next === undefined || (next.qos > 0 && !this.sender.ready)) return;
      queue.shift();
      if (next.message.expiresAt <= this.#host.now()) {
        this.#host.outcomes.record("message-expired", this.clientId, next.message); // [MQTT-3.3.2-5]
      } else if (next.qos === 0) channel.sendQos0(next.message, next.terms);
      else this.#send(channel, next.message, next.terms, next.qos);
    }
  }

  /**
   * The client's connection is gone. What lies in slabs gets bytes of its own, and messages of shared subscriptions that
   * were not sent yet go to members that are there.
   */
  onDisconnected(): void {
    this.channel = undefined;
    this.sender.disconnect();
    for (const { message } of this.sender.unacknowledged()) message?.settle();
    const { queueQos0 } = this.#host.settings;
    const movable = this.#queue?.extract(
      ({ qos, terms }) => (qos === 0 && !queueQos0) || terms.group?.hasOnline(this) === true,
    );
    for (const { message, terms } of movable ?? []) {
      if (!this.#handOn(message, terms))
        this.#host.outcomes.record("receiver-offline", this.clientId, message);
    }
  }

  /**
   * The session is over. Its messages of shared subscriptions go to other members, except QoS 2 that was begun
   * [MQTT-4.8.2-5]; the others have their outcome here.
   */
  end(): void {
    this.ended = true;
    const { outcomes } = this.#host;
    for (const { packetId, state, message, terms } of this.sender.unacknowledged()) {
      this.sender.complete(packetId, state);
      if (message === undefined) continue;
      const isHandedOn = state === InFlight.AWAITING_PUBACK && this.#handOn(message, terms);
      if (!isHandedOn) outcomes.record("session-ended", this.clientId, message);
    }
    for (const { message, terms } of this.#queue?.drain() ?? []) {
      if (!this.#handOn(message, terms)) outcomes.record("session-ended", this.clientId, message);
    }
    this.trim();
  }

  /** Gives back the room that an earlier burst took, where nothing is left of it. */
  trim(): void {
    this.sender.trim();
    if (this.#nothingWaits) this.#queue = undefined;
  }

  /** A message of a shared subscription goes to another member. Returns false if there is none. */
  #handOn(message: Message, terms: DeliveryTerms | undefined): boolean {
    const group = terms?.group;
    if (group === undefined) return false;
    if (message.expiresAt > this.#host.now()) return group.deliver(message, this);
    this.#host.outcomes.record("message-expired", this.clientId, message); // [MQTT-3.3.2-5]
    return true;
  }

  #send(channel: Channel, message: Message, terms: DeliveryTerms, qos: Qos): void {
    const kept = channel.mayDeliver(message.keep(), terms, qos);
    if (kept === undefined) return;
    const packetId = this.sender.send(kept, terms, qos);
    sendPublish(channel, kept, terms, qos, packetId, false);
  }

  /** Returns false when the quota does not allow more. */
  #resendNext(channel: Channel): boolean {
    const resend = this.sender.nextResend();
    if (resend === undefined) return !this.sender.resending;
    const { packetId, state, message, terms } = resend;
    if (message === undefined || terms === undefined) {
      channel.sendPubrel(packetId);
      return true;
    }
    const qos: Qos = state === InFlight.AWAITING_PUBACK ? 1 : 2;
    if (fits(channel, message, terms, qos))
      sendPublish(channel, message, terms, qos, packetId, true); // [MQTT-3.3.1-1]
    else {
      this.sender.complete(packetId, state);
      this.#host.outcomes.record("packet-too-large", this.clientId, message); // [MQTT-3.1.2-25]
    }
    return true;
  }

  #enqueue(delivery: Delivery): void {
    this.#queue ??= new DeliveryQueue();
    this.#queue.push(delivery, this.#host.settings, this.clientId, this.#host.outcomes);
  }
}
