/** Messages that the program makes: what it publishes, and what its hooks turn a client's message into. */

import { utf8Encode } from "#base";
import {
  InvalidPacketError,
  ProtocolVersion,
  type PublishProperties,
  type Qos,
  topicNameProblem,
} from "#protocol";
import { Message } from "./message.ts";
import { setProperties } from "./publish-properties.ts";
import type { TopicTable } from "./topic.ts";

const LONGEST_TOPIC = 65_535;

/** A message that the program publishes. */
export interface PublishRequest {
  readonly topicName: string;
  /** Text is sent as UTF-8. */
  readonly payload: string | Uint8Array;
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: PublishProperties;
}

/**
 * The message that `request` describes; its payload is not copied.
 *
 * @throws InvalidPacketError for what the wire cannot carry
 */
export function messageOf(request: PublishRequest, topics: TopicTable, now: number): Message {
  const { topicName, payload, qos = 0, retain = false, properties = {} } = request;
  const problem = topicNameProblem(topicName);
  if (problem !== undefined) throw new InvalidPacketError(problem);
  if (utf8Encode(topicName).length > LONGEST_TOPIC) {
    throw new InvalidPacketError(`a topic name has at most ${LONGEST_TOPIC} bytes`);
  }
  if (typeof payload !== "string" && !(payload instanceof Uint8Array)) {
    throw new InvalidPacketError("the payload is neither text nor bytes");
  }
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new InvalidPacketError(`QoS ${String(qos)}`);
  const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
  const message = Message.of(topics.of(topicName, ProtocolVersion.MQTT_5_0), bytes, qos, retain);
  setProperties(message, properties, now);
  return message;
}
