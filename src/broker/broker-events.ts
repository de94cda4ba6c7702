/** What a broker tells those who embed it. Names of events are API. */

import type { ProtocolVersion, PublishProperties, Qos } from "#protocol";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { Undelivered } from "./outcome.ts";

export interface ConnectedClient {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly cleanStart: boolean;
  readonly sessionPresent: boolean;
  readonly keepAliveSeconds: number;
  readonly address: {
    readonly transport: string;
    readonly remoteAddress: string;
    readonly remotePort: number;
  };
}

/** A message that the broker has taken over. */
export interface PublishedMessage {
  /** Empty for the broker itself and the program. */
  readonly publisherId: string;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: PublishProperties;
}

export interface BrokerEvents {
  clientConnected: ConnectedClient;
  clientDisconnected: { readonly clientId: string; readonly reason: DisconnectReason };
  /** A connection ended before its client was connected. */
  connectionRefused: { readonly clientId: string; readonly reason: DisconnectReason };
  sessionEnded: { readonly clientId: string };
  subscribed: { readonly clientId: string; readonly topicFilter: string; readonly qos: Qos };
  unsubscribed: { readonly clientId: string; readonly topicFilter: string };
  messagePublished: PublishedMessage;
  /** A message did not reach somebody; `kind` says why. */
  messageUndelivered: Undelivered;
}
