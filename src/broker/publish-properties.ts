/** The two halves of a message's properties: those that travel unchanged, and the expiry that counts down. */

import { EMPTY_BYTES } from "#base";
import { encodePublishProperties, type PublishProperties } from "#protocol";
import { type Message, NEVER } from "./message.ts";

/**
 * Sets `message`'s properties and expiry from their object form. Topic Alias and Subscription Identifiers are not among
 * them: they belong to one connection.
 *
 * @param now on the clock's `now` scale: from when the Message Expiry Interval counts
 * @throws InvalidPacketError for a value that the wire cannot carry
 */
export function setProperties(message: Message, properties: PublishProperties, now: number): void {
  const forwarded: PublishProperties = { ...properties };
  delete forwarded.topicAlias;
  delete forwarded.subscriptionIdentifiers;
  delete forwarded.messageExpiryInterval;
  message.properties = Object.keys(forwarded).length === 0 ? EMPTY_BYTES : encodePublishProperties(forwarded);
  const { messageExpiryInterval } = properties;
  message.expiresAt = messageExpiryInterval === undefined ? NEVER : now + messageExpiryInterval * 1000;
}
