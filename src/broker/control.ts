/**
 * `$CONTROL/…`: topics to which clients publish commands to the broker. Whoever registers for one gets its messages, which go
 * to nobody else, and answers on `<topic>/response`, to the sender alone.
 *
 * May the client publish there at all? The gate decides that first; without a gate that has rules nobody may.
 */

import type { Identity } from "#auth";
import { describeError, isPromise, type Log, type MaybePromise, StateError } from "#base";
import { ProtocolVersion, topicNameProblem } from "#protocol";
import { Message } from "./message.ts";
import type { Outcomes } from "./outcome.ts";
import { deliveryTerms } from "./route.ts";
import type { Session } from "./session.ts";
import type { TopicTable } from "./topic.ts";

/** Handles the command that `client` has published. The answer is sent to it; undefined for none. */
export type ControlHandler = (client: Identity, command: Uint8Array) => MaybePromise<Uint8Array | undefined>;

const RESPONSE_SUFFIX = "/response";
const CONTROL_PREFIX = "$CONTROL/";

export class Control {
  readonly #handlers = new Map<string, ControlHandler>();
  readonly #topics: TopicTable;
  readonly #outcomes: Outcomes;
  readonly #log: Log;

  constructor(topics: TopicTable, outcomes: Outcomes, log: Log) {
    this.#topics = topics;
    this.#outcomes = outcomes;
    this.#log = log;
  }

  /**
   * Messages to `topicName` are for `handler` from now on. The returned function ends it.
   *
   * @throws StateError for a topic that is not below `$CONTROL/`, or has a handler already
   */
  register(topicName: string, handler: ControlHandler): () => void {
    if (!topicName.startsWith(CONTROL_PREFIX) || topicNameProblem(topicName) !== undefined) {
      throw new StateError(`"${topicName}" is no topic below ${CONTROL_PREFIX}.`);
    }
    if (this.#handlers.has(topicName)) throw new StateError(`"${topicName}" has a handler already.`);
    this.#handlers.set(topicName, handler);
    return () => {
      this.#handlers.delete(topicName);
    };
  }

  /** A client may publish this, and has done so. */
  handle(message: Message, session: Session, client: Identity): void {
    const handler = this.#handlers.get(message.topic.name);
    if (handler === undefined) {
      this.#outcomes.record("no-subscriber", "", message);
      return;
    }
    const responseTopic = message.topic.name + RESPONSE_SUFFIX;
    const failed = (error: unknown): void =>
      this.#log.write("error", `A command to ${message.topic.name} failed: ${describeError(error)}`);
    const respond = (payload: Uint8Array | undefined): void => {
      if (payload === undefined || session.ended) return;
      const topic = this.#topics.of(responseTopic, ProtocolVersion.MQTT_5_0);
      session.deliver(Message.of(topic, payload, 1, false), deliveryTerms(1, false, undefined));
    };
    try {
      const response = handler(client, message.payload.slice());
      if (isPromise(response)) response.then(respond).catch(failed);
      else respond(response);
    } catch (error) {
      failed(error);
    }
  }
}
