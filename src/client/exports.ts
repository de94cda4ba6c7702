/**
 * What both doors offer: everything but `connect` and what only one runtime has.
 */

export { ConfigError } from "#base";
export { InvalidPacketError } from "#protocol";
export type { CloseOptions, MqttClient } from "./client.ts";
export {
  AbortedError,
  ConnectionLostError,
  ConnectRefusedError,
  type LossSource,
  OutboxError,
  type OutboxProblem,
  PublishRefusedError,
  SubscribeRefusedError,
  TimeoutError,
} from "./errors.ts";
export { type Message, PayloadError } from "./message.ts";
export type {
  AuthenticationExchange,
  Authenticator,
  ConnectOptions,
  OpenAuthentication,
  OperationOptions,
  OutboxOptions,
  ReconnectOptions,
  WillOptions,
} from "./options.ts";
export type { OutboxChange, OutboxStore, StoredPublish } from "./outbox-store.ts";
export type { Payload, PublishOptions, PublishReceipt, PublishValueOptions } from "./outgoing.ts";
export type { PayloadCodec } from "./payload-codec.ts";
export type { ClientPipe, ClientPipeReceiver, Dial, DialRequest } from "./pipe.ts";
export type { ClientStatus } from "./status.ts";
export type { Granted, OnMessage, SubscribeOptions, Subscription } from "./subscription.ts";
export type { TopicParameters, TopicPattern } from "./topic-pattern.ts";
export type { BrokerUrl, UrlScheme } from "./url.ts";
