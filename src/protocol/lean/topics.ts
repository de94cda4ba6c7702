/**
 * Topic names and topic filters (4.7, 4.8.2) as a client judges them: right or not, without saying why. A test compares the
 * answers with those of `topic-name.ts` and `topic-filter.ts`, which have words.
 */

import { InvalidPacketError } from "../wire-error.ts";

const topicName = /^[^+#\0]+$/;

/** A share name, if there is one; levels of which `+` is a whole one; `#` only as the last. */
const topicFilter = /^(?:\$share\/[^/+#\0]+\/|(?!\$share\/))(?!$)(?:(?:\+|[^/+#\0]*)\/)*(?:[+#]|[^/+#\0]*)$/;

export function isTopicName(text: string): boolean {
  return topicName.test(text);
}

/** @throws InvalidPacketError for what is no topic name */
export function checkName(text: string): void {
  if (typeof (text as unknown) !== "string" || !isTopicName(text)) {
    throw new InvalidPacketError(`"${text}" is no topic name`);
  }
}

/** @throws InvalidPacketError for what is no topic filter */
export function checkTopicFilter(text: string): void {
  if (!topicFilter.test(text)) throw new InvalidPacketError(`"${text}" is no topic filter`);
}
