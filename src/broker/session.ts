/**
 * The Session State of one client (section 4.1), and which way each of its messages takes: straight out, in flight, or into its
 * queue. HOT.
 *
 * Order: whatever comes while something waits goes behind it, at any QoS, online or not; so the order of a topic holds
 * across absence and resumption. A receiver that does not read costs its own queue and nothing else.
 */

import type { MaybePromise, Timers } from "#base";
import { InFlight, Receiver, Sender } from "#flow";
import type { Qos, ReasonCode } from "#protocol";
import { SESSION_NEVER_EXPIRES } from "#protocol";
import { Absence } from "./absence.ts";
import type { Channel } from "./channel.ts";
import type { RetainedBacklog } from "./delivery-queue.ts";
import type { DurableState } from "./durable-state.ts";
import type { Message } from "./message.ts";
import type { Outcomes, UndeliveredKind } from "./outcome.ts";
import type { Permissions } from "./permissions.ts";
import type { PublishRun } from "./publish-run.ts";
import type { RetainedDebt } from "./retained-debt.ts";
import type { DeliveryTerms } from "./route.ts";
import { resendNext, sendInFlight } from "./send-in-flight.ts";
import { fitsRun, sendRun, sendRunInFlight } from "./send-run.ts";
import { SessionQueue } from "./session-queue.ts";
import type { BrokerSettings } from "./settings.ts";
import type { StoredQueue } from "./stored-queue.ts";
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

export class Session {
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
  #queue: SessionQueue | undefined = undefined;
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
  /** Made when something is due while the client is away. */
  #absence: Absence | undefined = undefined;
  /** A subscriber inside the program instead of a client: gets every message at once. */
  readonly local: ((message: Message, terms: DeliveryTerms) => void) | undefined;

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

  get #openQueue(): SessionQueue {
    this.#queue ??= new SessionQueue(this, this.#host);
    return this.#queue;
  }

  get #nothingWaits(): boolean {
    return this.#queue === undefined || this.#queue.isEmpty;
  }

  /** Connected, nothing waits, and one more message above QoS 0 may be in flight. */
  get canTakeNow(): boolean {
    return this.channel?.isWritable === true && this.#nothingWaits && this.sender.ready;
  }

  /** The one that the client's connection has left behind. */
  get absence(): Absence {
    this.#absence ??= new Absence(this, this.#host);
    return this.#absence;
  }

  /** Nothing is due any more. */
  disarm(timers: Timers): void {
    this.#absence?.end(timers);
    this.#absence = undefined;
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
      if (channel !== undefined && this.canTakeNow)
        sendInFlight(this, channel.outbound, message, terms, qos, 0);
      else this.#openQueue.pushDurably(message, terms, qos);
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
      this.#openQueue.push(message.settle(), terms, qos);
      return;
    }
    if (this.#nothingWaits && !this.sender.resending) {
      if (qos === 0) {
        channel.outbound.sendQos0(message, terms);
        return;
      }
      if (this.sender.ready && channel.isWritable) {
        sendInFlight(this, channel.outbound, message, terms, qos, 0);
        return;
      }
    }
    this.#openQueue.push(message.keep(), terms, qos);
  }

  /** Whether a run of messages can be taken as it is; if not, they are to be delivered one by one. HOT. */
  canTakeRun(run: PublishRun, terms: DeliveryTerms): boolean {
    const channel = this.channel;
    if (channel === undefined || !this.#nothingWaits || this.sender.resending || channel.outbound.isBehind)
      return false;
    if (this.permissions !== undefined && !this.permissions.mayReceive(run.topic)) return false;
    if (run.qos > 0 && (this.recordId !== 0 || this.sender.room < run.count || !channel.isWritable))
      return false;
    return fitsRun(channel.outbound, run, terms);
  }

  /** Takes a run if it can. Returns whether it did. HOT. */
  takeRun(run: PublishRun, terms: DeliveryTerms): boolean {
    const channel = this.channel;
    if (channel === undefined || !this.canTakeRun(run, terms)) return false;
    if (run.qos === 0) sendRun(channel.outbound, run);
    else sendRunInFlight(channel.outbound, run, terms, this.sender);
    return true;
  }

  /** A delivery that waited before a restart; they come in their order. */
  restoreQueued(recordId: number, sizeBytes: number): void {
    this.#openQueue.restore(recordId, sizeBytes);
  }

  /** Retained messages for a new subscription; they are read as the client takes them, from `sendRetained` on. */
  addRetained(backlog: Omit<RetainedBacklog, "debt">): void {
    this.#openQueue.addRetained(backlog);
  }

  /** Those that were not sent before a restart. */
  restoreRetained(backlog: RetainedBacklog): void {
    this.#openQueue.restoreRetained(backlog);
  }

  /** What the subscription to a filter is still owed of the retained messages. */
  retainedDebtOf(topicFilter: string): RetainedDebt | undefined {
    return this.#queue?.retainedDebtOf(topicFilter);
  }

  /** The subscription is gone: its retained messages are not begun any more [MQTT-3.10.4-2]. */
  withdrawRetained(topicFilter: string): void {
    this.#queue?.withdrawRetained(topicFilter);
  }

  /** Begins with what new subscriptions have added. Most find nothing, and leave no queue behind. */
  sendRetained(): void {
    this.pump();
    this.#trimQueue();
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
      if (!resendNext(this, channel.outbound)) return;
    }
    if (!this.sender.resending) this.#queue?.pump(channel);
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
    this.#queue?.onDisconnected();
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
        const isHandedOn = state === InFlight.AWAITING_PUBACK && this.handOn(message, terms);
        if (!isHandedOn) outcomes.record("session-ended", this.clientId, message);
      }
      if (recordId !== 0) durable?.finish(recordId, message?.recordId ?? 0);
    }
    this.#queue?.end();
    this.trim();
  }

  /** Gives back the room that an earlier burst took, where nothing is left of it. */
  trim(): void {
    this.sender.trim();
    this.#trimQueue();
  }

  #trimQueue(): void {
    if (this.#nothingWaits) this.#queue = undefined;
  }

  /** @internal A message of a shared subscription goes to another member. Returns false if there is none. */
  handOn(message: Message, terms: DeliveryTerms | undefined): boolean {
    const group = terms?.group;
    if (group === undefined) return false;
    if (message.expiresAt > this.#host.now()) return group.deliver(message, this);
    this.#host.outcomes.record("message-expired", this.clientId, message); // [MQTT-3.3.2-5]
    return true;
  }
}
