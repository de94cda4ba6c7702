/**
 * A run: consecutive messages of one client on one topic, at one QoS, that lie side by side in what was read. HOT.
 *
 *     chunk   … | PUBLISH t | PUBLISH t | PUBLISH t | PINGREQ …
 *                 ^start                            ^end        count = 3
 *
 * A 3.x receiver gets such messages byte for byte as they came, but for packet identifiers, so a run is one copy a receiver
 * instead of one a message. It is delivered before anything else of its client is handled and when the chunk ends; its
 * acknowledgements follow at once. Receivers for which the bytes differ get the messages one by one.
 *
 * Benchmark: `npm run bench:compare -- --only pairs,qos1,qos2`.
 */

import { EMPTY_BYTES } from "#base";
import {
  ProtocolVersion,
  type PublishesAlike,
  type PublishView,
  type Qos,
  readVariableByteInteger,
  variableByteIntegerSize,
} from "#protocol";
import { Message } from "./message.ts";
import type { DeliveryTerms, Route, Target } from "./route.ts";
import type { Router } from "./router.ts";
import type { Session } from "./session.ts";
import type { Topic } from "./topic.ts";

/** Who is told that a message of a run has been passed on, or that nobody wanted it. */
export interface RunPublisher {
  readonly session: Session | undefined;
  onRunDelivered(qos: Qos, packetId: number, matched: number): void;
}

export class PublishRun {
  readonly #router: Router;
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  count = 0;
  qos: Qos = 0;
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  payloadBytes = 0;
  largestPacket = 0;
  #topic: Topic | undefined = undefined;
  #publisher: RunPublisher | undefined = undefined;
  /** The messages in a form that outlives the turn, once somebody needs them: the same for all receivers. */
  readonly #kept: Message[] = [];

  constructor(router: Router) {
    this.#router = router;
  }

  /** Of a run that is not empty. */
  get topic(): Topic {
    return this.#topic as Topic;
  }

  /** Takes the message in: at the end of the present run, or as the first of a new one. */
  add(view: PublishView, topic: Topic, publisher: RunPublisher): void {
    const isNext =
      this.count > 0 &&
      this.end === view.start &&
      this.#topic === topic &&
      this.#publisher === publisher &&
      this.qos === view.qos &&
      this.bytes === view.bytes;
    if (!isNext) {
      this.flush();
      this.bytes = view.bytes;
      this.start = view.start;
      this.version = view.version;
      this.qos = view.qos;
      this.#topic = topic;
      this.#publisher = publisher;
    }
    this.end = view.end;
    this.count++;
    this.payloadBytes += view.end - view.payloadStart;
    const size = view.end - view.start;
    if (size > this.largestPacket) this.largestPacket = size;
  }

  /** Takes in what lies behind the last message and is like it. */
  extend(alike: PublishesAlike): void {
    this.end = alike.end;
    this.count += alike.count;
    this.payloadBytes += alike.payloadBytes;
    if (alike.largestPacket > this.largestPacket) this.largestPacket = alike.largestPacket;
  }

  /** Delivers what is in the run. */
  flush(): void {
    if (this.count === 0) return;
    const publisher = this.#publisher as RunPublisher;
    try {
      if (publisher.session === undefined) return;
      if (this.qos === 0) this.#deliverQos0(publisher.session);
      else this.#deliver(publisher, publisher.session);
    } finally {
      this.count = 0;
      this.payloadBytes = 0;
      this.largestPacket = 0;
      this.bytes = EMPTY_BYTES;
      this.#topic = undefined;
      this.#publisher = undefined;
      this.#kept.length = 0;
    }
  }

  /** Where the variable header of the packet at `at` begins. */
  bodyAt(at: number): number {
    const remaining = readVariableByteInteger(this.bytes, at + 1, this.end);
    return at + 1 + variableByteIntegerSize(remaining);
  }

  /** Where the packet ends whose variable header begins at `body`, of a packet that begins at `at`. */
  endOf(at: number, body: number): number {
    return body + readVariableByteInteger(this.bytes, at + 1, this.end);
  }

  /** From the variable header of a packet to its packet identifier, or to its payload at QoS 0 of 3.x. */
  get topicSize(): number {
    return 2 + this.topic.bytes.length;
  }

  /** All messages, in a form that outlives the turn. */
  get kept(): readonly Message[] {
    if (this.#kept.length > 0) return this.#kept;
    const { bytes, offset } = Message.keepTogether(this.bytes, this.start, this.end);
    const topic = this.topic;
    const publisherId = this.#publisher?.session?.clientId ?? "";
    const head = this.#headSize;
    for (let at = this.start; at < this.end; ) {
      const body = this.bodyAt(at);
      const end = this.endOf(at, body);
      const message = Message.inSlab(topic, bytes, body + head + offset, end + offset, this.qos, false);
      message.publisherId = publisherId;
      this.#kept.push(message);
      at = end;
    }
    return this.#kept;
  }

  /** From the variable header of a packet to its payload. */
  get #headSize(): number {
    return this.topicSize + (this.qos > 0 ? 2 : 0) + (this.version === ProtocolVersion.MQTT_5_0 ? 1 : 0);
  }

  #deliverQos0(publisher: Session): void {
    const route = this.#router.routeOf(this.topic);
    const { only } = route;
    if (only !== undefined) {
      this.#hand(publisher, only, only === publisher ? route.onlyOwnTerms : route.onlyTerms);
      return;
    }
    const { targets, groups } = route;
    if (targets.length === 0 && groups.length === 0) {
      this.#record(publisher);
      return;
    }
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as Target;
      this.#hand(publisher, target.session, target.session === publisher ? target.ownTerms : target.terms);
    }
    for (const group of groups) this.#eachMessage(publisher, (message) => group.deliver(message));
  }

  /** To one receiver: together, or one by one. */
  #hand(publisher: Session, session: Session, terms: DeliveryTerms | undefined): void {
    if (terms === undefined || !session.takeRun(this, terms)) this.#deliverEach(publisher, session, terms);
  }

  /** Above QoS 0: together if every receiver can take them so, or one by one; each is acknowledged. */
  #deliver(publisher: RunPublisher, session: Session): void {
    const route = this.#router.routeOf(this.topic);
    const matched = route.targets.length;
    if (this.count === 1 || !this.#deliverTogether(route, session)) {
      this.#eachMessage(session, (message, packetId) => {
        publisher.onRunDelivered(this.qos, packetId, this.#router.publish(message, session));
      });
      return;
    }
    for (let at = this.start; at < this.end; ) {
      const body = this.bodyAt(at);
      publisher.onRunDelivered(this.qos, this.#packetIdAt(body + this.topicSize), matched);
      at = this.endOf(at, body);
    }
  }

  #deliverTogether({ targets, groups }: Route, publisher: Session): boolean {
    if (targets.length === 0 || groups.length > 0) return false;
    for (let i = 0; i < targets.length; i++) {
      const { session, terms } = targets[i] as Target;
      if (session === publisher || !session.canTakeRun(this, terms)) return false;
    }
    for (let i = 0; i < targets.length; i++) {
      const { session, terms } = targets[i] as Target;
      session.takeRun(this, terms);
    }
    return true;
  }

  #record(publisher: Session): void {
    const message = this.#router.transit;
    message.reuse(this.topic, EMPTY_BYTES, 0, 0, 0, false);
    message.publisherId = publisher.clientId;
    this.#router.outcomes.record("no-subscriber", "", message, this.count);
  }

  #deliverEach(publisher: Session, session: Session, terms: DeliveryTerms | undefined): void {
    if (terms === undefined) {
      this.#eachMessage(publisher, (message) =>
        this.#router.outcomes.record("no-local", session.clientId, message),
      );
    } else this.#eachMessage(publisher, (message) => session.deliver(message, terms));
  }

  /** Walks the packets of the run again; all have the same head but for their lengths. */
  #eachMessage(publisher: Session, visit: (message: Message, packetId: number) => void): void {
    const topic = this.topic;
    const message = this.#router.transit;
    const { topicSize } = this;
    const head = this.#headSize;
    for (let at = this.start; at < this.end; ) {
      const body = this.bodyAt(at);
      const end = this.endOf(at, body);
      message.reuse(topic, this.bytes, body + head, end, this.qos, false);
      message.publisherId = publisher.clientId;
      visit(message, this.qos > 0 ? this.#packetIdAt(body + topicSize) : 0);
      at = end;
    }
  }

  #packetIdAt(at: number): number {
    return ((this.bytes[at] as number) << 8) | (this.bytes[at + 1] as number);
  }
}
