/**
 * State of another broker into a new store, as if it had come about here: what a broker that is started on the store finds.
 *
 * Messages keep their order, and those in flight their packet identifiers. Nothing is published: a message for one session is
 * for that session only. It does not know where the state comes from, and does not judge what may expire.
 */

import { type Clock, StateError } from "#base";
import { ProtocolVersion, type PublishProperties, type Qos } from "#protocol";
import type { Store } from "#store";
import { RecordKind, RecordWriter } from "./durable-records.ts";
import { DurableState } from "./durable-state.ts";
import { Message, NEVER } from "./message.ts";
import { Outcomes } from "./outcome.ts";
import { setProperties } from "./publish-properties.ts";
import { restoredSource } from "./retained-source.ts";
import { DeliveryTerms } from "./route.ts";
import { Session, type SessionHost } from "./session.ts";
import { writeSession } from "./session-records.ts";
import { defaultSettings } from "./settings.ts";
import { Subscription } from "./subscription.ts";
import { TopicTable } from "./topic.ts";

/** One that several hold is the same object for all of them; it is then stored once. */
export interface AdoptedMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Its expiry is not among them. */
  readonly properties: PublishProperties;
  /** Client id of who published it; empty for nobody. */
  readonly publisherId: string;
  /** Empty for none; decides where `checkRetainedSource` is on. */
  readonly publisherUserName: string;
  /** Epoch milliseconds; undefined for never. */
  readonly expiresAtMs: number | undefined;
}

export interface AdoptedSubscription {
  /** A filter that is allowed. */
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
}

export interface AdoptedDelivery {
  readonly message: AdoptedMessage;
  /** `queued`; `sent` waits for PUBACK or PUBREC; `released` waits for PUBCOMP. */
  readonly state: "queued" | "sent" | "released";
  readonly qos: Qos;
  /** 0 while it is queued. */
  readonly packetId: number;
  /** It goes out with RETAIN. */
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
}

export interface AdoptedSession {
  readonly clientId: string;
  /** Seconds that it outlives its connection; 0xFFFFFFFF for ever. */
  readonly expirySeconds: number;
  /** Epoch milliseconds since when the client is away. */
  readonly awaySinceMs: number;
  readonly subscriptions: readonly AdoptedSubscription[];
  /** In the order in which they are to go out. */
  readonly deliveries: readonly AdoptedDelivery[];
  /** Packet identifiers of QoS 2 messages of the client, until PUBREL. */
  readonly received: readonly number[];
}

export interface AdoptedState {
  readonly retained: readonly AdoptedMessage[];
  readonly sessions: readonly AdoptedSession[];
}

/** Written before the disk is waited for: memory stays bounded, however much there is. */
const BYTES_BETWEEN_WAITS = 4 * 1024 * 1024;
/** About what the record of a delivery takes. */
const DELIVERY_BYTES = 32;

/**
 * Opens `store`, writes `state`, and closes it.
 *
 * @throws StateError when something is in the store already; nothing has changed then
 * @throws StoreError when the store cannot be opened or written
 * @throws InvalidPacketError for properties that the wire cannot carry
 */
export async function adoptState(store: Store, clock: Clock, state: AdoptedState): Promise<void> {
  const { records } = await store.open(() => undefined);
  try {
    if (records > 0) throw new StateError(`The store holds ${records} records already; give a new one.`);
    await new Adoption(store, clock).write(state);
  } finally {
    await store.close();
  }
}

class Adoption {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #durable: DurableState;
  readonly #topics = new TopicTable({ rejectControlCharacters: false });
  readonly #host: SessionHost;
  readonly #messages = new Map<AdoptedMessage, Message>();
  readonly #writer = new RecordWriter();
  #onDurable: (() => void) | undefined;
  #onTrouble: ((error: unknown) => void) | undefined;
  #unsafeBytes = 0;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#durable = new DurableState(store, clock);
    this.#host = hostOfNobody(clock);
    store.listener = {
      onDurable: () => this.#onDurable?.(),
      onTrouble: (error) => this.#onTrouble?.(error),
      onRecovered: () => undefined,
    };
  }

  async write({ retained, sessions }: AdoptedState): Promise<void> {
    // First: the record that says that a message is retained stands next to it.
    for (const message of retained) {
      this.#durable.retain(this.#messageOf(message));
      await this.#waitNowAndThen();
    }
    for (const session of sessions) await this.#session(session);
    await this.#wait();
  }

  async #session(adopted: AdoptedSession): Promise<void> {
    const session = new Session(adopted.clientId, this.#host);
    const { bytes, length } = writeSession(this.#writer.begin(), {
      clientId: adopted.clientId,
      expiryInterval: adopted.expirySeconds,
      disconnectedAt: adopted.awaySinceMs,
    });
    session.recordId = this.#store.add(RecordKind.SESSION, bytes, 0, length);
    for (const each of adopted.subscriptions) {
      const subscription = new Subscription(session, each.topicFilter, { ...each, group: undefined });
      this.#durable.subscribe(session, subscription, undefined);
    }
    for (const packetId of adopted.received) this.#durable.receive(session, packetId);
    for (const delivery of adopted.deliveries) {
      this.#deliver(session, delivery);
      await this.#waitNowAndThen();
    }
  }

  #deliver(session: Session, delivery: AdoptedDelivery): void {
    const { qos, packetId, retain, subscriptionIdentifiers, state } = delivery;
    const message = this.#messageOf(delivery.message);
    const identifiers = subscriptionIdentifiers.length === 0 ? undefined : subscriptionIdentifiers;
    const terms = new DeliveryTerms(qos, false, identifiers, undefined, retain);
    const isQueued = state === "queued";
    this.#unsafeBytes += DELIVERY_BYTES;
    const id = this.#durable.deliver(session, message, terms, qos, isQueued ? 0 : packetId);
    if (state === "released") this.#durable.releaseOut(id, session, message, terms, packetId);
  }

  #messageOf(adopted: AdoptedMessage): Message {
    let message = this.#messages.get(adopted);
    if (message === undefined) {
      const { topicName, payload, qos, retain, properties, publisherId, publisherUserName, expiresAtMs } =
        adopted;
      message = Message.of(this.#topics.of(topicName, ProtocolVersion.MQTT_5_0), payload, qos, retain);
      setProperties(message, properties, 0);
      const nowToEpochMs = this.#clock.epochMs() - this.#clock.now();
      message.expiresAt = expiresAtMs === undefined ? NEVER : expiresAtMs - nowToEpochMs;
      message.publisherId = publisherId;
      if (publisherUserName !== "") message.source = restoredSource(publisherUserName, "");
      this.#messages.set(adopted, message);
      this.#unsafeBytes += message.sizeBytes;
    }
    return message;
  }

  async #waitNowAndThen(): Promise<void> {
    if (this.#unsafeBytes > BYTES_BETWEEN_WAITS) await this.#wait();
  }

  /** Until everything that was written is safe. @throws StoreError as soon as the disk refuses */
  async #wait(): Promise<void> {
    this.#unsafeBytes = 0;
    const { batch } = this.#store;
    if (this.#store.durableBatch >= batch) return;
    await new Promise<void>((resolve, reject) => {
      this.#onTrouble = reject;
      this.#onDurable = () => {
        if (this.#store.durableBatch >= batch) resolve();
      };
    });
  }
}

/** Sessions that are only written are nobody's: nothing happens to them. */
function hostOfNobody(clock: Clock): SessionHost {
  const nothing = (): void => undefined;
  return {
    settings: defaultSettings,
    outcomes: new Outcomes(),
    durable: undefined,
    now: () => clock.now(),
    discard: nothing,
    onReadFailure: nothing,
    mayGiveOut: () => true,
    onSessionTimer: nothing,
  };
}
