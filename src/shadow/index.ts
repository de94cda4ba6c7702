/**
 * @module shadow: a stand-in before another broker, that feeds Martlet the same packets and tells what differs.
 */

export type { Difference, DifferenceKind, Notice, NoticeKind, ShadowSummary } from "./difference.ts";
export { defaultShadowSettings, type ShadowSettings } from "./settings.ts";
export { Shadow, type ShadowOptions } from "./shadow.ts";
export type { UpstreamOptions } from "./upstream.ts";
