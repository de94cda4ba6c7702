/**
 * Where a program may step into the broker's work. Each point hands out a draft: its writable fields may be changed, and
 * returning a refusal stops the matter. Names of points are API.
 */

import type { MaybePromise } from "#base";
import type { ProtocolVersion, PublishProperties, Qos, ReasonCode } from "#protocol";

/** Stops what the hook was asked about. */
export interface Refusal {
  readonly refused: ReasonCode;
  /** Sent to 5.0 clients that want problem information. */
  readonly reasonString?: string;
}

/** The refusal to return from a hook, for example `return refuse(ReasonCode.QUOTA_EXCEEDED, "Enough for today.")`. */
export function refuse(reasonCode: ReasonCode, reasonString?: string): Refusal {
  return reasonString === undefined ? { refused: reasonCode } : { refused: reasonCode, reasonString };
}

/** The client that a hook is about. */
export interface HookClient {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly address: {
    readonly transport: string;
    readonly remoteAddress: string;
    readonly remotePort: number;
  };
}

/** A client that has been authenticated and is about to be let in. */
export interface ConnectDraft {
  readonly client: HookClient;
  readonly cleanStart: boolean;
  keepAliveSeconds: number;
  /** Seconds; 0xFFFFFFFF never expires. A 5.0 client may change it again with its DISCONNECT. */
  sessionExpiryInterval: number;
}

/** A message that a client, or the program itself, is about to publish. */
export interface PublishDraft {
  /** Absent when the program itself publishes. */
  readonly client: HookClient | undefined;
  topicName: string;
  payload: Uint8Array;
  qos: Qos;
  retain: boolean;
  properties: PublishProperties;
}

/** One filter of a SUBSCRIBE. */
export interface SubscribeDraft {
  readonly client: HookClient;
  topicFilter: string;
  qos: Qos;
}

/** A message on its way to one subscriber. Runs for each receiver, so it must not wait. */
export interface DeliverDraft {
  readonly clientId: string;
  readonly topicName: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Valid during the call, and not to be written to: replace it, or copy what is needed longer. */
  payload: Uint8Array;
}

export interface HookPoints {
  connect(draft: ConnectDraft): MaybePromise<Refusal | undefined | void>;
  publish(draft: PublishDraft): MaybePromise<Refusal | undefined | void>;
  subscribe(draft: SubscribeDraft): MaybePromise<Refusal | undefined | void>;
  deliver(draft: DeliverDraft): Refusal | undefined | void;
}
