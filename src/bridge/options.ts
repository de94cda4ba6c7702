/** What a bridge is told, and what it needs of the broker and of the network. */

import type { Clock, Log, Random } from "#base";
import type { ClientPipe } from "#client";
import type { ProtocolVersion } from "#protocol";
import type { BridgeAddress } from "./addresses.ts";
import type { BridgeTopic } from "./topic-map.ts";

/**
 * When the bridge connects: at once and always again; when enough messages wait, until none have come for a while; or at once and
 * never again.
 */
export type BridgeStart = "automatic" | "lazy" | "once";

/** All of it; what may be left out has its default where the configuration is read. */
export interface BridgeOptions {
  /** For logs. */
  readonly name: string;
  /** Tried one after the other. */
  readonly addresses: readonly [BridgeAddress, ...BridgeAddress[]];
  /** Whether the next address is as good as the first. */
  readonly isRoundRobin: boolean;
  /** Each without a `bridgeTopicProblem`. */
  readonly topics: readonly BridgeTopic[];
  /** Spoken with the other broker. */
  readonly version: ProtocolVersion;
  readonly localClientId: string;
  readonly remoteClientId: string;
  readonly remoteUserName: string | undefined;
  readonly remotePassword: string | undefined;
  /** Whether this broker forgets what waits when the bridge stops. */
  readonly isLocalSessionClean: boolean;
  readonly isRemoteSessionClean: boolean;
  /** Of 5.0: how long the other broker keeps the session. */
  readonly remoteSessionExpirySeconds: number;
  readonly keepAliveSeconds: number;
  /** Where a retained `1` or `0` says whether the bridge is connected; undefined: nowhere. */
  readonly notificationTopic: string | undefined;
  /** Says it at this broker only. */
  readonly isNotifiedLocallyOnly: boolean;
  /** Says with 3.x that it is a bridge, until the other broker refuses that. */
  readonly isPrivate: boolean;
  readonly start: BridgeStart;
  /** Lazy: without a message for so long it disconnects. */
  readonly idleTimeoutMs: number;
  /** Lazy: as many messages make it connect. */
  readonly threshold: number;
  /** Between attempts: the least, the most, and how long a connection lasts before the least counts again. */
  readonly restart: { readonly leastMs: number; readonly mostMs: number; readonly stableMs: number };
  /** Ends subscriptions at the other broker for what only goes out. */
  readonly endsForeignSubscriptions: boolean;
  /** Whether messages that go out keep RETAIN. */
  readonly keepsRetain: boolean;
  /** Larger packets are not sent; 0 for what the other broker takes. */
  readonly maximumPacketBytes: number;
  /** Topic aliases that the other broker may use. */
  readonly maximumTopicAlias: number;
  /** Messages above QoS 0 that are on their way unacknowledged, in either direction. */
  readonly receiveMaximum: number;
}

/** What a bridge stands on. */
export interface BridgePorts {
  readonly clock: Clock;
  readonly random: Pick<Random, "below">;
  readonly log: Log;
  /** A connection to this broker on which the bridge is let in as what it is. */
  connectLocally(): ClientPipe;
  /** A connection to the other broker, over TLS if that is wanted. */
  dial(address: BridgeAddress, timeoutMs: number): Promise<ClientPipe>;
  /** Publishes as this broker itself, retained: `$SYS` belongs to it. */
  tellLocally(topicName: string, payload: string): Promise<void>;
  /** What the session of that name at this broker is subscribed to; sessions outlive bridges. */
  localSubscriptions(clientId: string): readonly string[];
}
