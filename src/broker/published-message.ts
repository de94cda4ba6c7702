/** A message as those who embed the broker see it. */

import { decodePublishProperties } from "#protocol";
import type { PublishedMessage } from "./broker-events.ts";
import type { Message } from "./message.ts";

/**
 * Its payload is a copy: whoever gets it may do with it as he likes.
 *
 * @param retain whether it is shown as retained: to a new subscriber, or as it was published
 */
export function published(message: Message, retain: boolean): PublishedMessage {
  const { publisherId, topic, qos, properties } = message;
  return {
    publisherId,
    topicName: topic.name,
    payload: message.payload.slice(),
    qos,
    retain,
    properties: decodePublishProperties(properties, 0, properties.length),
  };
}
