/**
 * @module bridge: a client at each end, one of this broker and one of another, and what goes between them.
 */

export type { BridgeAddress } from "./addresses.ts";
export { Bridge, type BridgeStop } from "./bridge.ts";
export type { BridgeOptions, BridgePorts, BridgeStart } from "./options.ts";
export { type BridgeTopic, bridgeTopicProblem } from "./topic-map.ts";
