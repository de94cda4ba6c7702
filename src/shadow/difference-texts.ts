/** A difference in the words of packets. */

import { NOTHING } from "./answer-comparison.ts";
import { type Delivery, deliveryText } from "./delivery.ts";

/** What each broker did; `topicName` where it is about a message. */
export interface DifferenceTexts {
  readonly topicName?: string;
  readonly old: string;
  readonly martlet: string;
}

/** The words for a difference in what is delivered. */
export function differenceTexts(old: Delivery | undefined, martlet: Delivery | undefined): DifferenceTexts {
  const topicName = (old ?? martlet)?.topicName;
  return {
    ...(topicName === undefined ? {} : { topicName }),
    old: old === undefined ? NOTHING : deliveryText(old),
    martlet: martlet === undefined ? NOTHING : deliveryText(martlet),
  };
}
