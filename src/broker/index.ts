/**
 * @module broker: the MQTT Server. Takes pipes, sessions and messages; knows no sockets, no clock and no dice.
 */

export type { BanSummary } from "./admission.ts";
export {
  type AdoptedDelivery,
  type AdoptedMessage,
  type AdoptedSession,
  type AdoptedState,
  type AdoptedSubscription,
  adoptState,
} from "./adopt-state.ts";
export {
  Broker,
  type ClientSummary,
  type PublishReceipt,
  PublishRefusedError,
  type SubscriptionSummary,
} from "./broker.ts";
export type {
  BrokerEvents,
  ConnectedClient,
  EndedConnection,
  PeerOfClient,
  PublishedMessage,
} from "./broker-events.ts";
export type { ControlHandler } from "./control.ts";
export type { BrokerParts } from "./core.ts";
export { describeRecord, recordNames } from "./describe-record.ts";
export { type DisconnectKind, type DisconnectReason, disconnectKinds } from "./disconnect-reason.ts";
export { type LimitKind, type LimitReached, limitKinds } from "./limit-report.ts";
export type { Metrics } from "./metrics.ts";
export { type Undelivered, type UndeliveredKind, undeliveredKinds } from "./outcome.ts";
export type { DeniedAction, DeniedRequest } from "./permissions.ts";
export type { PublishRequest } from "./publish-request.ts";
export {
  type ListenerSettings,
  type SettingChange,
  type SettingScope,
  settingTraits,
} from "./setting-traits.ts";
export {
  type BrokerSettings,
  completeSettings,
  defaultSettings,
  isClientIdPrefix,
  isMountPoint,
  type QueueOverflow,
  settingRanges,
} from "./settings.ts";
export type { PacketTrace, TracedPacket, TracedPublish } from "./trace.ts";
