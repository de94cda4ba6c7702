/**
 * What is in a mosquitto.db, as a model: retained messages, sessions, and what each session is owed. One message that several
 * hold is one object. Times are seconds since 1970, as mosquitto keeps them.
 */

import { MartletError } from "#base";
import type { PublishProperties, Qos } from "#protocol";

/** The file is none of mosquitto's, is damaged or cut off, or is of a version that is not read. */
export class MosquittoDatabaseError extends MartletError {
  /** The byte in the file that does not fit. */
  readonly offset: number;

  constructor(file: string, offset: number, problem: string) {
    super("MARTLET_MOSQUITTO_DATABASE", `${file}, byte ${offset}: ${problem}.`);
    this.offset = offset;
  }
}

export interface StoredMessage {
  readonly topicName: string;
  /** A part of the file's bytes. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Those that go on to subscribers. */
  readonly properties: PublishProperties;
  /** Client id of who published it; empty for mosquitto itself. */
  readonly publisherId: string;
  /** Empty when it had none. */
  readonly publisherUserName: string;
  /** When it expires; 0 for never. */
  readonly expiresAtSeconds: number;
}

/** `queued`: the client has not seen it. `sent`: it waits for PUBACK or PUBREC. `released`: only PUBCOMP is missing. */
export type OutgoingState = "queued" | "sent" | "released";

/** A message on its way to the client. */
export interface OutgoingMessage {
  readonly message: StoredMessage;
  readonly state: OutgoingState;
  readonly qos: Qos;
  /** 0 while it is queued. */
  readonly packetId: number;
  /** It goes out with RETAIN. */
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
}

/** A QoS 2 message of the client whose PUBREL is missing; mosquitto has given it to nobody yet. */
export interface IncomingMessage {
  readonly message: StoredMessage;
  readonly packetId: number;
}

export interface StoredSubscription {
  /** With `$share/name/` for a shared one. */
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
}

export interface StoredSession {
  readonly clientId: string;
  /** Empty when it had none, and in files of version 5. */
  readonly userName: string;
  /** 0xFFFFFFFF for ever. */
  readonly expiryIntervalSeconds: number;
  /** When it ends; 0 when it does not. */
  readonly expiresAtSeconds: number;
  readonly subscriptions: readonly StoredSubscription[];
  /** In the order in which they are to go out. */
  readonly outgoing: readonly OutgoingMessage[];
  readonly incoming: readonly IncomingMessage[];
}

/** Something in a whole file that has no owner or no meaning here, and was left out. */
export interface LeftOut {
  readonly offset: number;
  readonly says: string;
}

export interface MosquittoDatabase {
  readonly version: number;
  /** Mosquitto wrote it when it ended, not on its way. */
  readonly isFinal: boolean;
  readonly retained: readonly StoredMessage[];
  readonly sessions: readonly StoredSession[];
  readonly leftOut: readonly LeftOut[];
}
