/**
 * Who may connect and do what, as a port. The broker asks and obeys; how a decision is made is the gate's own business.
 * Answers may be promises: then that one channel waits and all others go on.
 */

import type { MaybePromise } from "#base";
import type { ProtocolVersion, Qos, ReasonCode } from "#protocol";

/** Where a client comes from. */
export interface ClientAddress {
  /** `tcp`, `tls`, `websocket`, `unix` or `memory`. */
  readonly transport: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
}

/** A certificate that the client has shown and whose key it has. Node's `X509Certificate` is one. */
export interface ClientCertificate {
  /** One `name=value` a line, for example `CN=sensor-1`. */
  readonly subject: string;
  readonly issuer: string;
  /** For example `DNS:sensor-1.example.org, IP Address:192.0.2.7`. */
  readonly subjectAltName: string | undefined;
  readonly serialNumber: string;
  /** SHA-256 of the whole, in hex with colons. */
  readonly fingerprint256: string;
}

/** The HTTP request that a WebSocket connection began with. */
export interface OpeningRequest {
  /** Path and query, for example `/mqtt?token=…`. May hold secrets. */
  readonly url: string;
  /** Names in lower case. May hold secrets. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What the transport knows of a client, beside its address. */
export interface ClientOrigin {
  /** Name of the listener it came in on; empty for a pipe that the program handed over itself. */
  readonly listener: string;
  /** Over TLS, when one was asked for and has been verified. */
  readonly certificate: ClientCertificate | undefined;
  /** Over TLS with a pre-shared key: the identity whose key it has. */
  readonly pskIdentity: string | undefined;
  /** Over WebSocket. */
  readonly openingRequest: OpeningRequest | undefined;
}

/** What a client says of itself in CONNECT. */
export interface Login extends ClientOrigin {
  /** An invented one when CONNECT left it empty. */
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly protocolVersion: ProtocolVersion;
  /** 0 for none. */
  readonly keepAliveSeconds: number;
  readonly address: ClientAddress;
}

/** A client that was let in; rules are asked with this. The same object as long as it is connected. */
export interface Identity {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly address: ClientAddress;
  /** As in `ClientOrigin`. */
  readonly listener: string;
  readonly certificate: ClientCertificate | undefined;
  /** What the login has found out about it: claims of a token, groups, permissions. */
  readonly claims: Readonly<Record<string, unknown>> | undefined;
}

/** A refusal in the words of 5.0; older versions get the nearest return code. */
export interface Refused {
  readonly outcome: "refused";
  readonly reasonCode: ReasonCode;
  /** Sent to 5.0 clients that want problem information; never put a secret or a rule into it. */
  readonly reasonString?: string;
  /** With Use another server and Server moved: where to go, `host[:port]` separated by spaces. */
  readonly serverReference?: string;
}

/** Limits of one client, in the names and units of the broker's settings; what is left out stays as the listener has it. */
export interface ClientLimits {
  readonly maximumPacketSize?: number;
  readonly maximumQos?: Qos;
  readonly retainAvailable?: boolean;
  readonly receiveMaximum?: number;
  readonly maximumInFlight?: number;
  readonly maximumQueuedMessages?: number;
  readonly maximumQueuedBytes?: number;
  readonly queueOverflow?: "refuse-newest" | "drop-oldest";
  readonly maximumOutputBytes?: number;
  readonly maximumConnectionsPerUser?: number;
  readonly maximumMessageRate?: number;
  readonly maximumByteRate?: number;
  readonly rateBurstMs?: number;
  readonly rateGraceMs?: number;
  readonly maximumSubscriptions?: number;
  readonly maximumTopicLevels?: number;
  readonly maximumTopicBytes?: number;
  readonly maximumSessionExpiryInterval?: number;
}

/** Let in. */
export interface Accepted {
  readonly outcome: "accepted";
  /** Replaces the one in CONNECT, for example by a certificate's name. */
  readonly userName?: string;
  /** Replaces the one in CONNECT, for example by a token's subject. Sessions are found by it. */
  readonly clientId?: string;
  /** Kept in `Identity.claims`. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Milliseconds after which the client has to log in again: then its connection ends. Default: for ever. */
  readonly validForMs?: number;
  /** In place of the listener's. Clients that share an object share the memory of it. */
  readonly limits?: ClientLimits;
  /** Sent to this client alone behind CONNACK, at QoS 0 and in this order, though it has not subscribed to them. */
  readonly afterConnect?: readonly PushedMessage[];
  /** The last word of an enhanced authentication, if its method has one. */
  readonly authenticationData?: Uint8Array;
}

/** A message for one client. */
export interface PushedMessage {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** An enhanced authentication that needs one more round. */
export interface Continued {
  readonly outcome: "continued";
  readonly authenticationData: Uint8Array;
}

/** One enhanced authentication under way (section 4.12). */
export interface Exchange {
  /** The client's next message; the first comes with CONNECT, or with the AUTH that asks for re-authentication. */
  step(authenticationData: Uint8Array | undefined): MaybePromise<Accepted | Continued | Refused>;
}

/** Not allowed. What `rule` says goes to the log and to whoever asks, never to the client. */
export interface Denied {
  readonly outcome: "denied";
  /** Which rule, or which lack of one, for example `acl.conf line 7: topic deny secret/#`. */
  readonly rule: string;
}

/** `false` is a denial without a rule that could be named. */
export type Permission = boolean | Denied;

/** The gate would now answer otherwise: answers given before count no longer. */
export interface GateChange {
  /** Only for this client. Without both: for all. */
  readonly clientId?: string;
  /** Only for clients with this user name. */
  readonly userName?: string;
  /** They have to go: what let them in does so no longer. Default false. */
  readonly disconnect?: boolean;
}

export interface Gate {
  /** Judges a CONNECT without an Authentication Method. */
  authenticate(login: Login): MaybePromise<Accepted | Refused>;
  /** Begins an enhanced authentication; undefined when `method` is not offered. */
  beginExchange?(method: string, login: Login): Exchange | undefined;
  /** Absent: everybody may publish everything. Answers are remembered for each client, topic, QoS and RETAIN. */
  mayPublish?(client: Identity, topicName: string, qos: Qos, retain: boolean): MaybePromise<Permission>;
  /** Absent: everybody may subscribe to everything. `topicFilter` is without its `$share/name/`. */
  maySubscribe?(client: Identity, topicFilter: string, qos: Qos): MaybePromise<Permission>;
  /** Absent: everybody may end every subscription. `topicFilter` as above. */
  mayUnsubscribe?(client: Identity, topicFilter: string): MaybePromise<Permission>;
  /**
   * Whether a message that a subscription matches is handed to this client. Absent: always. Runs within fan-out, so it
   * must not wait; answers are remembered for each client and topic.
   */
  mayReceive?(client: Identity, topicName: string): Permission;
  /** Calls `changed` whenever it would now answer otherwise. Called once, by the broker. */
  watch?(changed: (change: GateChange) => void): void;
}
