/**
 * The Session State of one client (section 4.1) and the way of its messages: straight out, in flight, or waiting. HOT.
 *
 * Order: whatever comes while something waits goes behind it, at any QoS, online or not; so the order of a topic holds
 * across absence and resumption. A receiver that does not read costs its own queue and nothing else.
 */

import { isPromise, type MaybePromise, Timer, type Timers, type TimerTarget } from "#base";
import { InFlight, Receiver, Sender } from "#flow";
import type { Qos, ReasonCode } from "#protocol";
import { SESSION_NEVER_EXPIRES } from "#protocol";
import type { Channel } from "./channel.ts";
import { Delivery, DeliveryQueue, type QueueOwner, type RetainedBacklog } from "./delivery-queue.ts";
import type { DurableState } from "./durable-state.ts";
import { loadDelivery } from "./load-delivery.ts";
import { type Message, NEVER } from "./message.ts";
import type { Outcomes, UndeliveredKind } from "./outcome.ts";
import type { Permissions } from "./permissions.ts";
import type { PublishRun } from "./publish-run.ts";
import { RetainedDebt } from "./retained-debt.ts";
import type { DeliveryTerms } from "./route.ts";
import { fits, sendPublish } from "./send-publish.ts";
import { fitsRun, sendRun, sendRunInFlight } from "./send-run.ts";
import type { BrokerSettings } from "./settings.ts";
import { StoredQueue } from "./stored-queue.ts";
import { HeldSubscriptions } from "./subscription.ts";
import type { WillMessage } from "./will.ts";

/** What a session needs of its broker. */
export interface SessionHost {
  readonly settings: BrokerSettings;
  readonly outcomes: Outcomes;
  /** Where sessions that outlive their connection are kept; undefined when nothing outlives the process. */
  readonly durable: DurableState | undefined;
  now(): number;
  /** What lies in the store for `clientId` is not delivered any more: each has its outcome, and goes. */
  discard(stored: StoredQueue, clientId: string, kind: UndeliveredKind): void;
  /** A record could not be read; `session`, if it is given, is to try it again. */
  onReadFailure(error: unknown, session?: Session): void;
  /** Whether a retained message may still be handed to new subscriptions; without it all are. */
  mayGiveOut?(message: Message): MaybePromise<boolean>;
  /** What `session` waited for is due. */
  onSessionTimer(session: Session, due: "will" | "expiry"): void;
}

/** How a message of the client fared, for its acknowledgement. */
export interface PublishDecision {
  readonly reasonCode: ReasonCode;
  readonly reasonString?: string | undefined;
}

export class Session implements TimerTarget, QueueOwner {
  readonly clientId: string;
  readonly #host: SessionHost;

  // for the session
  // Of its records in the store; 0 or undefined while there are none.
  recordId = 0;
  willRecordId = 0;
  /** By packet identifier, of QoS 2 messages of the client. */
  receivedRecords: Map<number, number> | undefined = undefined;
  readonly subscriptions = new HeldSubscriptions();
  readonly sender = new Sender<Message, DeliveryTerms>();
  readonly receiver = new Receiver();
  /** Made when something has to wait. */
  #queue: DeliveryQueue | undefined = undefined;
  #will: WillMessage | undefined = undefined;
  #undecided: Map<number, Promise<PublishDecision>> | undefined = undefined;
  /** Seconds that it outlives its connection; 0xFFFFFFFF for ever. */
  expiryInterval = 0;
  /** Of its client, as it was here last; undefined when everything is allowed, and between a restart and the client's return. */
  permissions: Permissions | undefined = undefined;
  /** The broker's, until a client came to it; from then on that one's. */
  limits: BrokerSettings;
  /** Ended: it must not be used again. */
  ended = false;
  // Set while the client is away and something is due.
  #expiryTimer: Timer | undefined = undefined;
  #willTimer: Timer | undefined = undefined;
  /** A subscriber inside the program instead of a client: gets every message at once. */
  readonly local: ((message: Message, terms: DeliveryTerms) => void) | undefined;

  /** A record is being read. */
  #isLoading = false;
  /** The gate is asked about a retained message. */
  #isJudging = false;
  /** The one that it took its time for, and what it says. */
  #judged: { readonly delivery: Delivery; readonly isGivenOut: boolean } | undefined = undefined;

  // for the connection
  channel: Channel | undefined = undefined;

  constructor(clientId: string, host: SessionHost, local?: (message: Message, terms: DeliveryTerms) => void) {
    this.clientId = clientId;
    this.#host = host;
    this.limits = host.settings;
    this.local = local;
  }

  /** QoS 2 messages of the client, by packet identifier, that wait for the gate or a hook. */
  get undecided(): Map<number, Promise<PublishDecision>> {
    this.#undecided ??= new Map();
    return this.#undecided;
  }

  get will(): WillMessage | undefined {
    return this.#will;
  }

  set will(will: WillMessage | undefined) {
    this.#will = will;
    if (this.recordId !== 0) this.#host.durable?.setWill(this, will);
  }

  get outcomes(): Outcomes {
    return this.#host.outcomes;
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
    if (this.permissions !== undefined && !this.permissions.mayReceive(message.topic)) {
      this.#host.outcomes.record("receiver-not-permitted", this.clientId, message);
      return;
    }
    const qos: Qos = message.qos < terms.qos && !this.limits.upgradeQos ? message.qos : terms.qos;
    const channel = this.channel;
    if (qos > 0 && this.recordId !== 0) {
      this.#deliverDurably(message, terms, qos);
      return;
    }
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
        this.#send(channel, new Delivery(message, terms, qos));
        return;
      }
    }
    this.#enqueue(new Delivery(message.keep(), terms, qos));
  }

  /** As `deliver`, of a session that is kept in the store: the message is written there first. */
  #deliverDurably(message: Message, terms: DeliveryTerms, qos: Qos): void {
    const durable = this.#host.durable as DurableState;
    const channel = this.channel;
    if (channel !== undefined && this.canTakeNow && !this.sender.resending) {
      const permitted = channel.mayDeliver(message.keep(), terms, qos);
      if (permitted === undefined) return;
      const packetId = this.sender.send(permitted, terms, qos);
      this.sender.mark(packetId, durable.deliver(this, permitted, terms, qos, packetId));
      // Under this identifier and no other, or a restart would deliver it twice.
      if (qos === 2) channel.holdOutput();
      sendPublish(channel, permitted, terms, qos, packetId, false);
      return;
    }
    this.#queue ??= new DeliveryQueue();
    if (!this.#queue.admit(message, qos, this)) return;
    const recordId = durable.deliver(this, message, terms, qos, 0);
    // Those of shared subscriptions may have to be handed on, so they stay at hand.
    if (terms.group === undefined) this.#queue.appendStored(recordId, message.sizeBytes);
    else this.#queue.append(new Delivery(message.settle(), terms, qos, recordId));
  }

  /** Whether a run of messages can be taken as it is; if not, they are to be delivered one by one. HOT. */
  canTakeRun(run: PublishRun, terms: DeliveryTerms): boolean {
    const channel = this.channel;
    if (channel === undefined || !this.#nothingWaits || this.sender.resending || channel.isBehind)
      return false;
    if (this.permissions !== undefined && !this.permissions.mayReceive(run.topic)) return false;
    if (run.qos > 0 && (this.recordId !== 0 || this.sender.room < run.count || !channel.isWritable))
      return false;
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

  /** A delivery that waited before a restart; they come in their order. */
  restoreQueued(recordId: number, sizeBytes: number): void {
    this.#queue ??= new DeliveryQueue();
    this.#queue.appendStored(recordId, sizeBytes);
  }

  /** Retained messages for a new subscription; they are read as the client takes them, from the next `pump` on. */
  addRetained(backlog: Omit<RetainedBacklog, "debt">): void {
    const { durable } = this.#host;
    const isOwed = this.recordId !== 0 && backlog.terms.qos > 0 && durable !== undefined;
    const debt = isOwed ? new RetainedDebt(durable, this, backlog.topicFilter) : undefined;
    this.restoreRetained({ ...backlog, debt });
  }

  /** Those that were not sent before a restart. */
  restoreRetained(backlog: RetainedBacklog): void {
    this.#queue ??= new DeliveryQueue();
    this.#queue.addBacklog(backlog);
  }

  /** What the subscription to a filter is still owed of the retained messages. */
  retainedDebtOf(topicFilter: string): RetainedDebt | undefined {
    return this.#queue?.debtOf(topicFilter);
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
      const { unloaded } = queue;
      if (unloaded !== 0 && !this.#load(queue, unloaded)) return;
      const next = queue.peek(this.limits);
      if (next === undefined || (next.qos > 0 && !this.sender.ready)) return;
      const isGivenOut = next.terms.isRetained ? this.#sourceVerdict(queue, next) : true;
      if (isGivenOut === undefined) return;
      queue.shift();
      const { expiresAt } = next.message;
      if (expiresAt !== NEVER && expiresAt <= this.#host.now()) {
        this.#host.outcomes.record("message-expired", this.clientId, next.message); // [MQTT-3.3.2-5]
        this.onDropped(next);
      } else if (this.permissions?.mayReceive(next.message.topic) === false) {
        // A retained one, or what was allowed when it came.
        this.#host.outcomes.record("receiver-not-permitted", this.clientId, next.message);
        this.onDropped(next);
      } else if (!isGivenOut) {
        this.#host.outcomes.record("publisher-not-permitted", this.clientId, next.message);
        this.onDropped(next);
      } else if (next.qos === 0) channel.sendQos0(next.message, next.terms);
      else this.#send(channel, next);
    }
  }

  /** Whether a retained message is given out; undefined while the gate thinks about it, `pump` follows then. */
  #sourceVerdict(queue: DeliveryQueue, next: Delivery): boolean | undefined {
    if (this.#isJudging) return undefined;
    const judged = this.#judged;
    this.#judged = undefined;
    if (next === judged?.delivery) return judged.isGivenOut;
    const verdict = this.#host.mayGiveOut?.(next.message) ?? true;
    if (!isPromise(verdict)) return verdict;
    this.#isJudging = true;
    verdict
      .then((isGivenOut) => {
        this.#isJudging = false;
        if (this.channel === undefined || queue !== this.#queue) return;
        this.#judged = { delivery: next, isGivenOut };
        this.pump();
      })
      .catch((error: unknown) => this.channel?.onFault(error, false));
    return undefined;
  }

  /** Reads the next delivery from the store. Returns whether it was at hand; if not, `pump` follows. */
  #load(queue: DeliveryQueue, recordId: number): boolean {
    if (this.#isLoading) return false;
    const loading = loadDelivery(this.#host.durable as DurableState, recordId);
    if (loading instanceof Delivery) {
      queue.load(loading);
      return true;
    }
    this.#isLoading = true;
    loading
      .then(
        (delivery) => {
          // It may have been dropped meanwhile.
          if (queue.unloaded === recordId && this.channel !== undefined) queue.load(delivery);
        },
        (error: unknown) => {
          if (queue.unloaded === recordId) this.#host.onReadFailure(error, this);
        },
      )
      .finally(() => {
        this.#isLoading = false;
        if (queue.unloaded !== recordId) this.pump();
      })
      .catch((error: unknown) => this.channel?.onFault(error, false));
    return false;
  }

  /** @internal it fell out of the queue, or came to its end there */
  onDropped(delivery: Delivery): void {
    if (delivery.recordId !== 0) this.#host.durable?.finish(delivery.recordId, delivery.message.recordId);
  }

  /** @internal so did this one */
  onStoredDropped(recordId: number): void {
    const stored = new StoredQueue();
    stored.push(recordId, 0);
    this.#host.discard(stored, this.clientId, "queue-full");
  }

  /**
   * The client's connection is gone. What lies in slabs gets bytes of its own, and messages of shared subscriptions that
   * were not sent yet go to members that are there.
   */
  onDisconnected(): void {
    this.channel = undefined;
    this.permissions?.client.settle();
    this.sender.disconnect();
    for (const { message } of this.sender.unacknowledged()) message?.settle();
    this.#queue?.unload();
    const { queueQos0 } = this.#host.settings;
    const movable = this.#queue?.extract(
      ({ qos, terms }) => (qos === 0 && !queueQos0) || terms.group?.hasOnline(this) === true,
    );
    for (const delivery of movable ?? []) {
      if (!this.#handOn(delivery.message, delivery.terms))
        this.#host.outcomes.record("receiver-offline", this.clientId, delivery.message);
      this.onDropped(delivery);
    }
  }

  /**
   * The session is over. Its messages of shared subscriptions go to other members, except QoS 2 that was begun
   * [MQTT-4.8.2-5]; the others have their outcome here.
   */
  end(): void {
    this.ended = true;
    const { outcomes, durable } = this.#host;
    for (const { packetId, state, message, terms } of this.sender.unacknowledged()) {
      const recordId = this.sender.markOf(packetId);
      this.sender.complete(packetId, state);
      if (message !== undefined) {
        const isHandedOn = state === InFlight.AWAITING_PUBACK && this.#handOn(message, terms);
        if (!isHandedOn) outcomes.record("session-ended", this.clientId, message);
      }
      if (recordId !== 0) durable?.finish(recordId, message?.recordId ?? 0);
    }
    for (const delivery of this.#queue?.drain() ?? []) {
      const { message, terms } = delivery;
      if (!this.#handOn(message, terms)) outcomes.record("session-ended", this.clientId, message);
      this.onDropped(delivery);
    }
    const stored = this.#queue?.takeStored();
    if (stored !== undefined) this.#host.discard(stored, this.clientId, "session-ended");
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

  #send(channel: Channel, delivery: Delivery): void {
    const { message, terms, qos, recordId } = delivery;
    const permitted = channel.mayDeliver(message.keep(), terms, qos);
    if (permitted === undefined) {
      this.onDropped(delivery);
      return;
    }
    const packetId = this.sender.send(permitted, terms, qos);
    if (recordId !== 0) {
      permitted.recordId = message.recordId;
      this.sender.mark(packetId, recordId);
      this.#host.durable?.send(recordId, this, permitted, terms, qos, packetId);
      if (qos === 2) channel.holdOutput();
    } else if (this.recordId !== 0) {
      // A retained message for a new subscription is written only now, from when on it is in flight as others are.
      const durable = this.#host.durable as DurableState;
      this.sender.mark(packetId, durable.deliver(this, permitted, terms, qos, packetId));
      if (qos === 2) channel.holdOutput();
    }
    sendPublish(channel, permitted, terms, qos, packetId, false);
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
    const isOutside = channel.mount?.covers(message.topic) === false;
    const qos: Qos = state === InFlight.AWAITING_PUBACK ? 1 : 2;
    if (!isOutside && fits(channel, message, terms, qos))
      sendPublish(channel, message, terms, qos, packetId, true); // [MQTT-3.3.1-1]
    else {
      const recordId = this.sender.markOf(packetId);
      if (recordId !== 0) this.#host.durable?.finish(recordId, message.recordId);
      this.sender.complete(packetId, state);
      const kind = isOutside ? "receiver-not-permitted" : "packet-too-large"; // [MQTT-3.1.2-25]
      this.#host.outcomes.record(kind, this.clientId, message);
    }
    return true;
  }

  #enqueue(delivery: Delivery): void {
    this.#queue ??= new DeliveryQueue();
    this.#queue.push(delivery, this);
  }
}
