/** What a broker tells those who embed it. Names of events are API. */

import type { ProtocolVersion, PublishProperties, Qos } from "#protocol";
import type { BanSummary } from "./admission.ts";
import type { DisconnectReason } from "./disconnect-reason.ts";
import type { LimitReached } from "./limit-report.ts";
import type { Undelivered } from "./outcome.ts";
import type { DeniedRequest } from "./permissions.ts";

/** Where a client comes from; Unix sockets and memory have no ports: theirs are 0. */
export interface PeerOfClient {
  readonly transport: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The port it came in on. */
  readonly localPort: number;
}

export interface ConnectedClient {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly protocolVersion: ProtocolVersion;
  /** It calls itself a bridge, as brokers do in 3.x. */
  readonly isBridge: boolean;
  readonly cleanStart: boolean;
  readonly sessionPresent: boolean;
  readonly keepAliveSeconds: number;
  readonly address: PeerOfClient;
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

/** The end of a connection. */
export interface EndedConnection {
  /** Empty when no CONNECT came. */
  readonly clientId: string;
  readonly reason: DisconnectReason;
  readonly address: PeerOfClient;
}

export interface BrokerEvents {
  /** Somebody connected; no packet has come yet. */
  connectionAccepted: { readonly address: PeerOfClient };
  clientConnected: ConnectedClient;
  clientDisconnected: EndedConnection;
  /** A connection ended before its client was connected. */
  connectionRefused: EndedConnection;
  /** A client wanted to do what the gate does not allow. */
  requestDenied: DeniedRequest;
  /** `hasExpired`: its client did not come back in time. */
  sessionEnded: { readonly clientId: string; readonly hasExpired: boolean };
  subscribed: { readonly clientId: string; readonly topicFilter: string; readonly qos: Qos };
  unsubscribed: { readonly clientId: string; readonly topicFilter: string };
  messagePublished: PublishedMessage;
  /** Somebody ran into a limit. */
  limitReached: LimitReached;
  /** Too many logins of an address or a client id have failed. */
  banned: BanSummary;
  /** A message did not reach somebody; `kind` says why. */
  messageUndelivered: Undelivered;
}
