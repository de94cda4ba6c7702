/**
 * @module hooks: typed points at which a program changes or refuses what the broker is about to do.
 *
 * @example
 * ```ts
 * import { createBroker } from "martlet";
 * import { refuse } from "martlet/hooks";
 * import { ReasonCode } from "martlet/protocol";
 *
 * const broker = createBroker();
 * broker.hooks.add("publish", (draft) => {
 *   if (draft.payload.length > 1024) return refuse(ReasonCode.QUOTA_EXCEEDED, "At most 1 KiB.");
 *   draft.topicName = `site-7/${draft.topicName}`;
 * });
 * ```
 */

export { Hooks } from "./hooks.ts";
export {
  type ConnectDraft,
  type DeliverDraft,
  type HookClient,
  type HookPoints,
  type PublishDraft,
  type Refusal,
  refuse,
  type SubscribeDraft,
} from "./points.ts";
