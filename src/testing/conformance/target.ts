/**
 * What cases run against: a broker that can be reached, and perhaps be started the way a case needs it.
 */

import type { Link, Pace } from "./link.ts";

/** Options of the broker under test, by the names that Martlet gives them. All are what CONNACK of 5.0 announces. */
export interface BrokerOptions {
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: false;
  readonly wildcardSubscriptionAvailable?: false;
  readonly subscriptionIdentifierAvailable?: false;
  readonly sharedSubscriptionAvailable?: false;
  /** What the broker announces, and holds the client to. */
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly maximumPacketSize?: number;
  /** Told to every 5.0 client instead of its own. */
  readonly serverKeepAliveSeconds?: number;
  /** Told to a 5.0 client that asks for more, or for none. */
  readonly maximumKeepAliveSeconds?: number;
  /** The base of response topics that a client is told on request. */
  readonly responseInformation?: string;
  /** Sessions never live longer than this after their connection. */
  readonly sessionExpiryCapSeconds?: number;
  /** Payloads marked as text have to be UTF-8. */
  readonly checkPayloadFormat?: true;
  /** Only this user may connect, and may do everything but publish to topics that start with `denied/`. */
  readonly user?: { readonly userName: string; readonly password: string };
  /** Enhanced authentication by `method`; see `cases/auth.ts` for the exchange. */
  readonly enhancedAuthentication?: { readonly method: string };
  /** Client ids that match are refused. */
  readonly refusedClientIds?: RegExp;
}

/** What a case needs beyond a broker with its defaults. */
export interface Needs {
  readonly broker?: BrokerOptions;
  /** A listener for WebSocket. */
  readonly webSocket?: true;
  /** The case lets more time pass than anybody wants to wait for. */
  readonly virtualTime?: true;
}

export interface Credentials {
  readonly userName?: string;
  readonly password?: Uint8Array;
}

/** A broker that is up, as one case sees it. */
export interface BrokerUnderTest {
  readonly pace: Pace;
  /** How late its timers may ring before that is a failure. Real brokers look at them every few seconds. */
  readonly timersLateMs: number;
  /** The broker ends with the case, so nothing has to be cleaned up. */
  readonly fresh: boolean;
  /** The user that cases connect as, where the broker wants one. */
  readonly credentials?: Credentials;
  /** Opens a connection; no bytes are sent. */
  open(transport: "stream" | "webSocket"): Promise<Link>;
  /** The case is over. */
  release(): Promise<void>;
}

export interface ConformanceTarget {
  /** For reports. */
  readonly name: string;
  /** A broker as `needs` says, or the reason why there is none. */
  prepare(needs: Needs): Promise<BrokerUnderTest | { readonly notSupported: string }>;
  /** Ends what the target started. */
  close?(): Promise<void>;
}
