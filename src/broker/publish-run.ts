/**
 * A run: consecutive QoS 0 messages of one client on one topic that lie side by side in what was read. HOT.
 *
 *     chunk   … | PUBLISH t | PUBLISH t | PUBLISH t | PINGREQ …
 *                 ^start                            ^end        count = 3
 *
 * A 3.x receiver gets such messages byte for byte as they came, so a run is one copy a receiver instead of one a message.
 * It is delivered before anything else of its client is handled and when the chunk ends; receivers for which the bytes
 * differ get the messages one by one.
 */

import { EMPTY_BYTES } from "#base";
import {
  ProtocolVersion,
  type PublishView,
  readVariableByteInteger,
  variableByteIntegerSize,
} from "#protocol";
import type { Message } from "./message.ts";
import type { DeliveryTerms, Route, Target } from "./route.ts";
import type { Router } from "./router.ts";
import type { Session } from "./session.ts";
import type { Topic } from "./topic.ts";

export class PublishRun {
  readonly #router: Router;
  bytes: Uint8Array = EMPTY_BYTES;
  start = 0;
  end = 0;
  count = 0;
  version: ProtocolVersion = ProtocolVersion.MQTT_3_1_1;
  payloadBytes = 0;
  largestPacket = 0;
  #topic: Topic | undefined = undefined;
  #publisher: Session | undefined = undefined;

  constructor(router: Router) {
    this.#router = router;
  }

  /** Takes the message in: at the end of the present run, or as the first of a new one. */
  add(view: PublishView, topic: Topic, publisher: Session): void {
    const isNext =
      this.count > 0 &&
      this.end === view.start &&
      this.#topic === topic &&
      this.#publisher === publisher &&
      this.bytes === view.bytes;
    if (!isNext) {
      this.flush();
      this.bytes = view.bytes;
      this.start = view.start;
      this.version = view.version;
      this.#topic = topic;
      this.#publisher = publisher;
    }
    this.end = view.end;
    this.count++;
    this.payloadBytes += view.end - view.payloadStart;
    const size = view.end - view.start;
    if (size > this.largestPacket) this.largestPacket = size;
  }

  /** Delivers what is in the run. */
  flush(): void {
    if (this.count === 0) return;
    const topic = this.#topic as Topic;
    const publisher = this.#publisher as Session;
    const route = this.#router.routeOf(topic);
    try {
      if (route.targets.length === 0 && route.groups.length === 0) this.#record(topic, publisher);
      else this.#deliver(route, publisher);
    } finally {
      this.count = 0;
      this.payloadBytes = 0;
      this.largestPacket = 0;
      this.bytes = EMPTY_BYTES;
      this.#topic = undefined;
      this.#publisher = undefined;
    }
  }

  #record(topic: Topic, publisher: Session): void {
    const message = this.#router.transit;
    message.reuse(topic, EMPTY_BYTES, 0, 0, 0, false);
    message.publisherId = publisher.clientId;
    this.#router.outcomes.record("no-subscriber", "", message, this.count);
  }

  #deliver(route: Route, publisher: Session): void {
    const { targets, groups } = route;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i] as Target;
      const terms = target.session === publisher ? target.ownTerms : target.terms;
      if (terms === undefined || !target.session.takeRun(this, terms))
        this.#deliverEach(target.session, terms);
    }
    for (const group of groups) this.#eachMessage((message) => group.deliver(message));
  }

  #deliverEach(session: Session, terms: DeliveryTerms | undefined): void {
    if (terms === undefined) {
      this.#eachMessage((message) => this.#router.outcomes.record("no-local", session.clientId, message));
    } else this.#eachMessage((message) => session.deliver(message, terms));
  }

  /** Walks the packets of the run again; all have the same head but for their lengths. */
  #eachMessage(visit: (message: Message) => void): void {
    const topic = this.#topic as Topic;
    const message = this.#router.transit;
    const headAfterLength = 2 + topic.bytes.length + (this.version === ProtocolVersion.MQTT_5_0 ? 1 : 0);
    for (let at = this.start; at < this.end; ) {
      const remaining = readVariableByteInteger(this.bytes, at + 1, this.end);
      const bodyStart = at + 1 + variableByteIntegerSize(remaining);
      message.reuse(topic, this.bytes, bodyStart + headAfterLength, bodyStart + remaining, 0, false);
      message.publisherId = (this.#publisher as Session).clientId;
      visit(message);
      at = bodyStart + remaining;
    }
  }
}
