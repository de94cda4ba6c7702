/** How long topics may be, how many levels they may have, and how large payloads may be. */

import { utf8Encode } from "#base";
import type { Topic } from "./topic.ts";

export interface TopicLimits {
  readonly maximumTopicLevels: number;
  readonly maximumTopicBytes: number;
  readonly maximumPayloadBytes: number;
}

/** Whether a payload of so many bytes is passed on. */
export function isPayloadWithin(
  sizeBytes: number,
  { maximumPayloadBytes }: Pick<TopicLimits, "maximumPayloadBytes">,
): boolean {
  return maximumPayloadBytes === 0 || sizeBytes <= maximumPayloadBytes;
}

/** Why nobody with these limits may publish to `topic`; undefined when they may. */
export function topicProblem(topic: Topic, limits: TopicLimits): string | undefined {
  if (topic.levels > limits.maximumTopicLevels) return `At most ${limits.maximumTopicLevels} topic levels.`;
  if (topic.bytes.length > limits.maximumTopicBytes)
    return `At most ${limits.maximumTopicBytes} bytes of topic.`;
  return undefined;
}

/** Whether nobody with these limits may subscribe to this filter. */
export function isFilterTooLong(
  topicFilter: string,
  { levels }: { readonly levels: readonly string[] },
  limits: TopicLimits,
): boolean {
  if (levels.length > limits.maximumTopicLevels) return true;
  // A character has at most three bytes for each unit of the text.
  if (topicFilter.length * 3 <= limits.maximumTopicBytes) return false;
  return utf8Encode(topicFilter).length > limits.maximumTopicBytes;
}
