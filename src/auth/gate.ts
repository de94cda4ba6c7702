/**
 * Who may connect and do what, as a port. The broker asks and obeys; how a decision is made is the gate's own business.
 * Answers may be promises: then that one channel waits and all others go on.
 */

import type { MaybePromise } from "#base";
import type { ProtocolVersion, Qos, ReasonCode } from "#protocol";

/** Where a client comes from. */
export interface ClientAddress {
  /** `tcp`, `websocket`, `unix` or `memory`. */
  readonly transport: string;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
}

/** What a client says of itself in CONNECT. */
export interface Login {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly protocolVersion: ProtocolVersion;
  readonly address: ClientAddress;
}

/** A client that was let in; rules are asked with this. */
export interface Identity {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly address: ClientAddress;
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

/** Let in. `userName` replaces the one in CONNECT, for example by a certificate's name. */
export interface Accepted {
  readonly outcome: "accepted";
  readonly userName?: string;
  /** The last word of an enhanced authentication, if its method has one. */
  readonly authenticationData?: Uint8Array;
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

export interface Gate {
  /** Judges a CONNECT without an Authentication Method. */
  authenticate(login: Login): MaybePromise<Accepted | Refused>;
  /** Begins an enhanced authentication; undefined when `method` is not offered. */
  beginExchange?(method: string, login: Login): Exchange | undefined;
  /** Absent: everybody may publish everything. */
  mayPublish?(client: Identity, topicName: string, qos: Qos, retain: boolean): MaybePromise<boolean>;
  /** Absent: everybody may subscribe to everything. `topicFilter` is without its `$share/name/`. */
  maySubscribe?(client: Identity, topicFilter: string, qos: Qos): MaybePromise<boolean>;
}
