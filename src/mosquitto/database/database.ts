/**
 * What is in a mosquitto.db, as a model: retained messages, sessions, and what each session is owed. One message that several
 * hold is one object. Times are seconds since 1970, as mosquitto keeps them.
 */

import { MartletError } from "#base";
import type { AdoptedDelivery, AdoptedMessage, AdoptedSubscription } from "#broker";

/** The file is none of mosquitto's, is damaged or cut off, or is of a version that is not read. */
export class MosquittoDatabaseError extends MartletError {
  /** The byte in the file that does not fit. */
  readonly offset: number;

  constructor(file: string, offset: number, problem: string) {
    super("MARTLET_MOSQUITTO_DATABASE", `${file}, byte ${offset}: ${problem}.`);
    this.offset = offset;
  }
}

/** Its payload is a part of the file's bytes, and its properties are those that go on to subscribers. */
export interface StoredMessage extends Omit<AdoptedMessage, "expiresAtMs"> {
  /** When it expires; 0 for never. */
  readonly expiresAtSeconds: number;
}

/** A message on its way to the client. */
export interface OutgoingMessage extends Omit<AdoptedDelivery, "message"> {
  readonly message: StoredMessage;
}

/** A QoS 2 message of the client whose PUBREL is missing; mosquitto has given it to nobody yet. */
export interface IncomingMessage {
  readonly message: StoredMessage;
  readonly packetId: number;
}

export interface StoredSession {
  readonly clientId: string;
  /** 0xFFFFFFFF for ever. */
  readonly expiryIntervalSeconds: number;
  /** When it ends; 0 when it does not. */
  readonly expiresAtSeconds: number;
  readonly subscriptions: readonly AdoptedSubscription[];
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
