/**
 * Reads a mosquitto.db of versions 5 and 6, which mosquitto 1.6 and 2.0 write. Pure: bytes in, a model out. Every length is
 * checked before it is used, so a damaged file ends in `MosquittoDatabaseError` and nothing else. The file has no checksum and
 * no end mark: damage inside of a payload, or a file that was cut between two chunks, cannot be seen.
 */

import { plainBytes } from "#base";
import type { AdoptedDelivery, AdoptedSubscription } from "#broker";
import { parseTopicFilter, topicNameProblem } from "#protocol";
import {
  ChunkType,
  type DeliveryChunk,
  readDelivery,
  readMessage,
  readRetained,
  readSession,
  readSettings,
  readSubscription,
  type SessionChunk,
} from "./chunks.ts";
import {
  type IncomingMessage,
  type LeftOut,
  type MosquittoDatabase,
  MosquittoDatabaseError,
  type OutgoingMessage,
  type StoredMessage,
  type StoredSession,
} from "./database.ts";
import { type DatabaseFile, Fields } from "./fields.ts";

// "mosquitto db" between bytes that no text begins with.
const MAGIC = [0x00, 0xb5, 0x00, 0x6d, 0x6f, 0x73, 0x71, 0x75, 0x69, 0x74, 0x74, 0x6f, 0x20, 0x64, 0x62];
const CHECKSUM_SIZE = 4;
const OLDEST_VERSION = 5;
const NEWEST_VERSION = 6;

/** What a delivery waits for, by mosquitto's numbers; those that are missing are of no use to a client that comes back. */
const outgoingStates: ReadonlyMap<number, AdoptedDelivery["state"]> = new Map([
  [1, "queued"], // QoS 0, to be sent
  [2, "sent"], // QoS 1, to be sent under its packet identifier
  [3, "sent"], // waits for PUBACK
  [4, "sent"], // QoS 2, to be sent under its packet identifier
  [5, "sent"], // waits for PUBREC
  [6, "released"], // PUBREL to be sent again
  [9, "released"], // waits for PUBCOMP
  [11, "queued"],
]);

/** A session while its parts are being found. */
interface Session extends SessionChunk {
  readonly subscriptions: AdoptedSubscription[];
  readonly outgoing: OutgoingMessage[];
  readonly incoming: IncomingMessage[];
}

/**
 * @param name the file's name, for errors
 * @throws MosquittoDatabaseError
 */
export function readMosquittoDatabase(bytes: Uint8Array, name = "mosquitto.db"): MosquittoDatabase {
  const file = { name, bytes: plainBytes(bytes) };
  const fields = new Fields(file, 0, bytes.length);
  const version = readHeader(fields, name);
  const reading = new Reading(file, version);
  while (fields.left > 0) {
    const offset = fields.at;
    const type = fields.uint32("a chunk's type");
    const length = fields.uint32("a chunk's length");
    if (length > fields.left) {
      throw fields.fault(`a chunk of ${length} bytes is cut off; ${fields.left} are left`, offset);
    }
    reading.take(type, offset, new Fields(file, fields.at, fields.at + length));
    fields.skip(length, "a chunk");
  }
  return reading.finish(fields.at);
}

/** Returns the version. */
function readHeader(fields: Fields, name: string): number {
  for (let at = 0; at < MAGIC.length; at++) {
    if (fields.left === 0 || fields.uint8("the header") !== MAGIC[at]) {
      throw new MosquittoDatabaseError(name, at, "this is no database of mosquitto");
    }
  }
  fields.skip(CHECKSUM_SIZE, "the header");
  const at = fields.at;
  const version = fields.uint32("the version");
  if (version >= OLDEST_VERSION && version <= NEWEST_VERSION) return version;
  throw fields.fault(
    `it is of version ${version}; ${OLDEST_VERSION} and ${NEWEST_VERSION} can be read. A newer mosquitto turns an older file into its own version when it ends`,
    at,
  );
}

class Reading {
  readonly #file: DatabaseFile;
  readonly #version: number;
  readonly #messages = new Map<bigint, StoredMessage>();
  readonly #sessions = new Map<string, Session>();
  readonly #deliveries: { readonly offset: number; readonly chunk: DeliveryChunk }[] = [];
  readonly #retained: { readonly offset: number; readonly messageId: bigint }[] = [];
  readonly #subscriptions: {
    readonly offset: number;
    readonly clientId: string;
    readonly subscription: AdoptedSubscription;
  }[] = [];
  readonly #leftOut: LeftOut[] = [];
  #isFinal: boolean | undefined;

  constructor(file: DatabaseFile, version: number) {
    this.#file = file;
    this.#version = version;
  }

  /** @param offset of the chunk's head */
  take(type: number, offset: number, fields: Fields): void {
    switch (type) {
      case ChunkType.SETTINGS:
        this.#isFinal = readSettings(fields);
        break;
      case ChunkType.MESSAGE:
        this.#takeMessage(offset, fields);
        break;
      case ChunkType.DELIVERY:
        this.#deliveries.push({ offset, chunk: readDelivery(fields) });
        break;
      case ChunkType.RETAINED:
        this.#retained.push({ offset, messageId: readRetained(fields) });
        break;
      case ChunkType.SUBSCRIPTION:
        this.#takeSubscription(offset, fields);
        break;
      case ChunkType.SESSION:
        this.#takeSession(offset, fields);
        break;
      default:
        throw this.#fault(offset, `there is no chunk of type ${type}`);
    }
  }

  /** @param end where the file ends */
  finish(end: number): MosquittoDatabase {
    if (this.#isFinal === undefined) throw this.#fault(end, "it ends before its settings");
    for (const { offset, clientId, subscription } of this.#subscriptions) {
      const session = this.#sessions.get(clientId);
      if (session === undefined)
        this.#leaveOut(offset, `a subscription of "${clientId}", which has no session`);
      else session.subscriptions.push(subscription);
    }
    for (const { offset, chunk } of this.#deliveries) this.#link(offset, chunk);
    const retained = this.#retained.map(({ offset, messageId }) => this.#messageOf(offset, messageId));
    return {
      version: this.#version,
      isFinal: this.#isFinal,
      retained,
      sessions: [...this.#sessions.values()] satisfies readonly StoredSession[],
      leftOut: this.#leftOut,
    };
  }

  #takeMessage(offset: number, fields: Fields): void {
    const { id, message } = readMessage(fields);
    const problem = topicNameProblem(message.topicName);
    if (problem !== undefined) throw this.#fault(offset, `a message's topic is not allowed: ${problem}`);
    if (this.#messages.has(id)) throw this.#fault(offset, `there are two messages with the id ${id}`);
    this.#messages.set(id, message);
  }

  #takeSubscription(offset: number, fields: Fields): void {
    const { clientId, subscription } = readSubscription(fields);
    if (parseTopicFilter(subscription.topicFilter) === undefined) {
      throw this.#fault(offset, "a subscription's topic filter is not allowed");
    }
    this.#subscriptions.push({ offset, clientId, subscription });
  }

  #takeSession(offset: number, fields: Fields): void {
    const session = readSession(fields, this.#version);
    if (session.clientId === "") throw this.#fault(offset, "a session has no client id");
    if (this.#sessions.has(session.clientId)) {
      throw this.#fault(offset, `there are two sessions of "${session.clientId}"`);
    }
    this.#sessions.set(session.clientId, { ...session, subscriptions: [], outgoing: [], incoming: [] });
  }

  #link(offset: number, chunk: DeliveryChunk): void {
    const { clientId, qos, state, retain, isIncoming, subscriptionIdentifiers } = chunk;
    const message = this.#messageOf(offset, chunk.messageId);
    const session = this.#sessions.get(clientId);
    if (session === undefined) {
      this.#leaveOut(offset, `a message for "${clientId}", which has no session`);
      return;
    }
    if (isIncoming) {
      // Of QoS 0 and 1 nothing is owed once it was published.
      if (qos === 2 && chunk.packetId !== 0) session.incoming.push({ message, packetId: chunk.packetId });
      else this.#leaveOut(offset, `a message from "${clientId}" at QoS ${qos}, which is not waited for`);
      return;
    }
    const known = outgoingStates.get(state);
    if (known === undefined) {
      this.#leaveOut(offset, `a message for "${clientId}" in state ${state}, which has no meaning there`);
      return;
    }
    // What waits in the queue gets another packet identifier when it goes out.
    const isQueued = known === "queued" || qos === 0 || chunk.packetId === 0;
    if (known === "released" && qos !== 2) {
      this.#leaveOut(offset, `a message for "${clientId}" at QoS ${qos} that waits for PUBCOMP`);
      return;
    }
    session.outgoing.push({
      message,
      state: isQueued ? "queued" : known,
      qos,
      packetId: isQueued ? 0 : chunk.packetId,
      retain,
      subscriptionIdentifiers,
    });
  }

  #messageOf(offset: number, id: bigint): StoredMessage {
    const message = this.#messages.get(id);
    if (message === undefined) throw this.#fault(offset, `message ${id} is not in the file`);
    return message;
  }

  #leaveOut(offset: number, says: string): void {
    this.#leftOut.push({ offset, says });
  }

  #fault(offset: number, problem: string): MosquittoDatabaseError {
    return new MosquittoDatabaseError(this.#file.name, offset, problem);
  }
}
