/**
 * @module martlet: an MQTT broker for 3.1, 3.1.1 and 5.0 to run or to embed.
 *
 * @example
 * ```ts
 * import { createBroker } from "martlet";
 *
 * const broker = await createBroker({ listeners: [{ protocol: "tcp", port: 1883 }] }).start();
 * ```
 */

export {
  ConfigError,
  type ErrorCode,
  errorCatalogue,
  InvariantError,
  type Log,
  type LogFields,
  type LogLevel,
  MartletError,
  StateError,
} from "#base";
export {
  type BrokerEvents,
  type BrokerSettings,
  type ClientSummary,
  type ConnectedClient,
  type DisconnectKind,
  type DisconnectReason,
  defaultSettings,
  type EndedConnection,
  type PeerOfClient,
  type PublishedMessage,
  type PublishReceipt,
  PublishRefusedError,
  type PublishRequest,
  type QueueOverflow,
  type SubscriptionSummary,
  type Undelivered,
  type UndeliveredKind,
} from "#broker";
export { InvalidPacketError, MalformedPacketError, ProtocolError } from "#protocol";
export {
  type BrokerOptions,
  createBroker,
  type ListenerOptions,
  MartletBroker,
  type PersistenceOptions,
  version,
} from "#server";
export { type JournalSettings, StoreError } from "#store";
export { ListenError, type ListeningAddress } from "#transport";
