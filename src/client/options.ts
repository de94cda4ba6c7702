/**
 * What `connect` can be told. Every limit has a default here.
 */

import type { Clock, MaybePromise, Random } from "#base";
import type {
  AuthPacket,
  ConnackPacket,
  ConnectProperties,
  ProtocolVersion,
  Qos,
  WillProperties,
} from "#protocol";
import type { Fallback, FollowRedirect } from "./detours.ts";
import type { Link } from "./link.ts";
import type { OpenOutbox } from "./outbox-journal.ts";
import type { Payload } from "./outgoing.ts";
import type { Dial } from "./pipe.ts";
import type { OpenRepeats } from "./repeats.ts";

/** The message that the broker publishes when this client is lost. */
export interface WillOptions {
  readonly topicName: string;
  readonly payload?: Payload;
  /** Default 0. */
  readonly qos?: Qos;
  readonly retain?: boolean;
  readonly properties?: WillProperties;
}

export interface ReconnectOptions {
  /** The shortest wait, and where the growth begins. Default 500 ms. */
  readonly minimumDelayMs?: number;
  /** The longest wait. Default 60 seconds. */
  readonly maximumDelayMs?: number;
  /** Give up after this many failures in a row. Default: never. */
  readonly stopAfterAttempts?: number;
  /** Give up after this much time without a connection. Default: never. */
  readonly stopAfterMs?: number;
  /** A connection that lasts this long ends the growth of the waits. Default 10 seconds. */
  readonly stableMs?: number;
  /** Try again also when the very first attempt fails. Default false: `connect` rejects. */
  readonly first?: boolean;
}

export interface OutboxOptions {
  /** Messages that are not acknowledged yet, sent or not. Default 10,000. */
  readonly maximumMessages?: number;
  /** Their bytes. Default 16 MiB. */
  readonly maximumBytes?: number;
  /** How long a message may take from `publish` to its acknowledgement, unless told otherwise. Default 10 minutes. */
  readonly maximumAgeMs?: number;
  /** When there is no room: refuse the new one, or drop the oldest that was not sent. Default `refuse-newest`. */
  readonly overflow?: "refuse-newest" | "drop-oldest";
  /** Also keep QoS 0 messages while there is no connection. Default false: they are refused. */
  readonly keepQos0?: boolean;
  /** Where messages above QoS 0 survive a restart. Needs a `clientId`. Default: in memory only. */
  readonly store?: OpenOutbox;
}

/** One run of an enhanced authentication (MQTT 5.0, section 4.12). */
export interface AuthenticationExchange {
  /** The data of the first message, if the method has any. */
  start(): MaybePromise<Uint8Array | undefined>;
  /** The answer to what the broker sent. Throwing ends the connection. */
  next(data: Uint8Array | undefined): MaybePromise<Uint8Array | undefined>;
  /** The broker is satisfied; `data` is its last word. Throwing ends the connection. */
  finish?(data: Uint8Array | undefined): MaybePromise<void>;
}

/** A method of enhanced authentication, for example `scramSha256(...)`. */
export interface Authenticator {
  readonly method: string;
  begin(): AuthenticationExchange;
}

/** What enhanced authentication needs of the connections it runs on. */
export interface AuthenticationHost {
  isCurrent(link: Link): boolean;
  /** Ends the connection. */
  fail(error: unknown): void;
}

/** Enhanced authentication at work; made by `enhancedAuthentication`. */
export interface ConnectionAuthentication {
  readonly method: string;
  /** The data for CONNECT. */
  begin(): Promise<Uint8Array | undefined>;
  onConnack(link: Link, connack: ConnackPacket, goOn: () => void): void;
  onAuth(link: Link, packet: AuthPacket): void;
  onLost(error: Error): void;
  again(link: Link | undefined, clock: Clock, limits: OperationOptions): Promise<void>;
}

export type OpenAuthentication = (host: AuthenticationHost) => ConnectionAuthentication;

export interface ConnectOptions {
  /** Default: a random one, whose session ends with `close`. Empty: the broker chooses. */
  readonly clientId?: string;
  /** Default: what stands in the URL. */
  readonly userName?: string;
  readonly password?: string | Uint8Array;
  /** Default 5.0. */
  readonly version?: ProtocolVersion;
  /** Of 3.x: says that this client is a bridge, which brokers that know this send no message of its own back to. Asked at each attempt. */
  readonly isBridge?: boolean;
  /** `fallbackTo311` tries 3.1.1 when the broker refuses 5.0. Default: no other version. */
  readonly fallback?: Fallback;
  /** False resumes the session of an earlier run at the first connection. Default true. Reconnects always resume. */
  readonly cleanStart?: boolean;
  /** Seconds that the broker keeps the session after a loss. Default 300. */
  readonly sessionExpiryInterval?: number;
  /** Seconds; 0 switches it off. Default 60, in browsers 120. */
  readonly keepAliveSeconds?: number;
  readonly will?: WillOptions;
  /** Further properties of CONNECT. */
  readonly properties?: Pick<
    ConnectProperties,
    "userProperties" | "requestProblemInformation" | "requestResponseInformation"
  >;
  /** Of 5.0: `enhancedAuthentication(...)`. */
  readonly authentication?: OpenAuthentication;

  /** Messages above QoS 0 that the broker may send without an acknowledgement. Default 256. */
  readonly receiveMaximum?: number;
  /** Largest packet that is accepted. Default 16 MiB. */
  readonly maximumPacketSize?: number;
  /** Topic aliases that the broker may use. Default 64. */
  readonly topicAliasMaximum?: number;
  /** Topic aliases that this client uses, if the broker takes them. Default 64. */
  readonly topicAliasMaximumOutbound?: number;
  /** Bytes of messages that wait for the program before the client stops reading. Default 4 MiB. */
  readonly maximumInboxBytes?: number;
  /** `knownRepeats` drops a QoS 1 message that the broker sends again although it was acknowledged before the connection broke. */
  readonly dropRepeats?: OpenRepeats;

  /** How long one attempt to connect may take. Default 30 seconds. */
  readonly connectTimeoutMs?: number;
  /** How long the broker may leave something unanswered before it counts as gone. Default 20 seconds. */
  readonly acknowledgementTimeoutMs?: number;
  /** How long an operation may take, unless told otherwise. Default 60 seconds. */
  readonly operationTimeoutMs?: number;

  /** False: the client closes when its connection is lost. */
  readonly reconnect?: ReconnectOptions | false;
  readonly outbox?: OutboxOptions;
  /** `followRedirect()` lets a broker send this client elsewhere. Default: it may not. User name and password go there too. */
  readonly redirect?: FollowRedirect;
  /** Resolve `connect` at once and go on connecting, to subscribe before a resumed session delivers. Default false. */
  readonly background?: boolean;

  /** Aborts the attempt to connect; later it does nothing. */
  readonly signal?: AbortSignal;
  /** Trouble that no operation reports: a callback that threw, a stored message that could not be sent. */
  readonly onError?: (error: unknown) => void;
  /** How connections are made. Default: what the runtime has. */
  readonly dial?: Dial;
  /** For tests: where time comes from. */
  readonly clock?: Clock;
  /** For tests: where chance comes from. */
  readonly random?: Chance;
}

/** What a client draws: the waits between attempts, and its name. */
export type Chance = Pick<Random, "below">;

/** How long one operation may take, and who may end it. */
export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}
