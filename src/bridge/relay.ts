/**
 * One direction of a bridge: what comes from one client goes to the other, and is acknowledged only when it has arrived there.
 *
 *     message ─▶ [ waits, above QoS 0 ] ─▶ publish ─▶ PUBACK, PUBCOMP ─▶ message.acknowledge
 *
 * Promises: a message above QoS 0 is settled, refused by the other broker or still waits; what waits is sent again, in its order,
 * when its client is replaced. While there is no connection the source keeps what it may not send yet: its Receive Maximum is the
 * only bound that is needed. QoS 0 is dropped then.
 */

import type { Log } from "#base";
import { ConnectionLostError, type Message, type MqttClient } from "#client";
import { failureText } from "./failure-text.ts";
import { type Route, translate } from "./topic-map.ts";

/** What is in a PUBLISH beside topic and payload, at most, as far as this looks. */
const HEAD_BYTES = 16;

export interface RelaySettings {
  /** For the log: `Bridge name`. */
  readonly who: string;
  readonly log: Log;
  readonly routes: readonly Route[];
  readonly keepsRetain: boolean;
  /** Larger packets are not sent; 0 for no limit. */
  readonly maximumPacketBytes: number;
  /** A message came, or has arrived. */
  readonly onTraffic: () => void;
  /** That many wait, and there is no client that would take them. */
  readonly onWaiting: (messages: number) => void;
}

/** A message, and what it is called at the other end. */
interface Parcel {
  readonly message: Message;
  readonly route: Route;
  readonly topicName: string;
}

export class Relay {
  readonly #settings: RelaySettings;
  #target: MqttClient | undefined;
  /** Above QoS 0, not settled; in the order in which they came. */
  readonly #waiting = new Set<Parcel>();
  /** Those whose retained messages did not all get through. */
  #missed = new Set<Route>();
  /** QoS 0 messages that came while nobody could take them, and messages that the other broker did not take. */
  dropped = 0;

  constructor(settings: RelaySettings) {
    this.#settings = settings;
  }

  /** Messages above QoS 0 that have not arrived. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** From now on `target` gets the messages; those that wait go first. */
  connect(target: MqttClient): void {
    this.#target = target;
    for (const parcel of this.#waiting) this.#send(target, parcel);
  }

  /** Messages wait, until there is another target. */
  disconnect(): void {
    this.#target = undefined;
  }

  /** Routes with retained messages of QoS 0 that were dropped since the last call. */
  takeMissed(): readonly Route[] {
    const missed = [...this.#missed];
    this.#missed = new Set();
    return missed;
  }

  /** A message came by the subscription of `route`. */
  take(message: Message, route: Route): void {
    const { routes, maximumPacketBytes, onTraffic, onWaiting } = this.#settings;
    const found = translate(routes, message.topicName);
    // It comes by each subscription that matches, and goes by the first.
    if (found?.route.filter !== route.filter) {
      message.acknowledge();
      return;
    }
    const parcel: Parcel = { message, ...found };
    const sizeBytes = message.payload.length + 3 * found.topicName.length + HEAD_BYTES;
    if (maximumPacketBytes > 0 && sizeBytes > maximumPacketBytes) {
      this.#refused(parcel, `it is larger than ${maximumPacketBytes} bytes`);
      return;
    }
    onTraffic();
    if (message.qos > 0) this.#waiting.add(parcel);
    if (this.#target !== undefined) this.#send(this.#target, parcel);
    else if (message.qos > 0) onWaiting(this.#waiting.size);
    else this.#drop(parcel);
  }

  #send(target: MqttClient, parcel: Parcel): void {
    const { message, topicName } = parcel;
    const { topicAlias: _, subscriptionIdentifiers: __, ...properties } = message.properties;
    const retain = message.retain && this.#settings.keepsRetain;
    void target.publish(topicName, message.payload, { qos: message.qos, retain, properties }).then(
      () => this.#arrived(parcel),
      (error: unknown) => this.#failed(target, parcel, error),
    );
  }

  #arrived(parcel: Parcel): void {
    this.#waiting.delete(parcel);
    parcel.message.acknowledge();
    this.#settings.onTraffic();
  }

  #failed(target: MqttClient, parcel: Parcel, error: unknown): void {
    if (parcel.message.qos === 0) {
      if (error instanceof ConnectionLostError) this.#drop(parcel);
      else this.#refused(parcel, failureText(error));
      return;
    }
    // The client has ended: the next one sends it.
    if (target.current.state === "closed") return;
    if (error instanceof ConnectionLostError) {
      // The other broker has forgotten the session. Twice is better than never.
      if (target === this.#target) this.#send(target, parcel);
      return;
    }
    this.#refused(parcel, failureText(error));
  }

  #drop({ message, route }: Parcel): void {
    this.dropped++;
    if (message.retain) this.#missed.add(route);
    message.acknowledge();
  }

  #refused(parcel: Parcel, why: string): void {
    const { who, log } = this.#settings;
    log.write("warn", `${who}: a message on ${parcel.topicName} does not go through: ${why}`);
    this.dropped++;
    this.#waiting.delete(parcel);
    parcel.message.acknowledge();
  }
}
