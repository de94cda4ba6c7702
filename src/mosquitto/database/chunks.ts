/**
 * The chunks of a mosquitto.db as records that name each other by number and client id. The layout is that of the structures
 * which mosquitto writes as they lie in its memory: lengths and packet identifiers in network order, ids and times not.
 *
 *     header          00 b5 00 "mosquitto db" | checksum 4 (0, unused) | version 4
 *     chunk           type 4 | length 4 | that many bytes
 *     1 settings      last id 8 | written at the end 1 | size of an id 1 | 6 unused
 *     2 message       id 8 | expires at 8 | payload length 4 | source packet id 2 | source id length 2 | user name length 2 |
 *                     topic length 2 | source port 2 | QoS 1 | retain 1 | source id | user name | topic | payload | properties
 *     3 delivery      message 8 | packet id 2 | client id length 2 | QoS 1 | state 1 | retain and dup 1 | direction 1 |
 *                     client id | properties
 *     4 retained      message 8
 *     5 subscription  identifier 4 | client id length 2 | filter length 2 | QoS 1 | options 1 | 2 unused | client id | filter
 *     6 session       expires at 8 | expiry interval 4 | last packet id 2 | client id length 2 | from version 6: port 2 |
 *                     user name length 2 | 4 unused | client id | user name
 *
 * The user name of a session is not read: for a session without one mosquitto 2.0.11 writes that of another, with its length in
 * the other byte order and so with whatever lies behind it in memory.
 */

import type { AdoptedSubscription } from "#broker";
import type { Qos } from "#protocol";
import type { StoredMessage } from "./database.ts";
import type { Fields } from "./fields.ts";

export const ChunkType = {
  SETTINGS: 1,
  MESSAGE: 2,
  DELIVERY: 3,
  RETAINED: 4,
  SUBSCRIPTION: 5,
  SESSION: 6,
} as const;

/** From this version on a session has its user name. */
const VERSION_WITH_USER_NAMES = 6;
const ID_SIZE = 8;
// Of subscriptions.
const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;

export interface MessageChunk {
  readonly id: bigint;
  readonly message: StoredMessage;
}

export interface DeliveryChunk {
  readonly messageId: bigint;
  readonly packetId: number;
  readonly clientId: string;
  readonly qos: Qos;
  readonly state: number;
  readonly retain: boolean;
  readonly isIncoming: boolean;
  readonly subscriptionIdentifiers: readonly number[];
}

export interface SubscriptionChunk {
  readonly clientId: string;
  readonly subscription: AdoptedSubscription;
}

export interface SessionChunk {
  readonly clientId: string;
  readonly expiryIntervalSeconds: number;
  readonly expiresAtSeconds: number;
}

/** Returns whether mosquitto wrote the file when it ended. */
export function readSettings(fields: Fields): boolean {
  fields.skip(ID_SIZE, "the last id");
  const isFinal = fields.uint8("the sign of the end") !== 0;
  const idSize = fields.uint8("the size of an id");
  if (idSize !== ID_SIZE)
    throw fields.fault(`an id has ${idSize} bytes instead of ${ID_SIZE}`, fields.at - 1);
  fields.skip(6, "the settings");
  fields.end("the settings");
  return isFinal;
}

export function readMessage(fields: Fields): MessageChunk {
  const id = fields.id("a message's id");
  const expiresAtSeconds = fields.time("a message's expiry");
  const payloadLength = fields.uint32("a payload's length");
  fields.skip(2, "a message's packet identifier");
  const publisherLength = fields.uint16("the length of a publisher's client id");
  const userNameLength = fields.uint16("the length of a publisher's user name");
  const topicLength = fields.uint16("a topic's length");
  fields.skip(2, "a publisher's port");
  const qos = fields.qos("a message's QoS");
  const retain = fields.uint8("a message's retain flag") !== 0;
  const publisherId = fields.text(publisherLength, "a publisher's client id");
  const publisherUserName = fields.text(userNameLength, "a publisher's user name");
  const topicName = fields.text(topicLength, "a topic");
  const payload = fields.bytes(payloadLength, "a payload");
  const properties = fields.properties("a message's properties");
  return {
    id,
    message: {
      topicName,
      payload,
      qos,
      retain,
      properties,
      publisherId,
      publisherUserName,
      expiresAtSeconds,
    },
  };
}

export function readDelivery(fields: Fields): DeliveryChunk {
  const messageId = fields.id("a delivery's message");
  const packetId = fields.uint16("a packet identifier");
  const clientIdLength = fields.uint16("a client id's length");
  const qos = fields.qos("a delivery's QoS");
  const state = fields.uint8("a delivery's state");
  const retain = fields.uint8("a delivery's flags") >> 4 !== 0;
  const direction = fields.uint8("a delivery's direction");
  if (direction > 1) throw fields.fault(`a delivery's direction is ${direction}`, fields.at - 1);
  const clientId = fields.text(clientIdLength, "a client id");
  const { subscriptionIdentifiers = [] } = fields.properties("a delivery's properties");
  return {
    messageId,
    packetId,
    clientId,
    qos,
    state,
    retain,
    isIncoming: direction === 0,
    subscriptionIdentifiers,
  };
}

/** The id of a message. */
export function readRetained(fields: Fields): bigint {
  const id = fields.id("a retained message's id");
  fields.end("a retained message's reference");
  return id;
}

export function readSubscription(fields: Fields): SubscriptionChunk {
  const identifier = fields.uint32("a subscription's identifier");
  const clientIdLength = fields.uint16("a client id's length");
  const filterLength = fields.uint16("a topic filter's length");
  const qos = fields.qos("a subscription's QoS");
  const options = fields.uint8("a subscription's options");
  fields.skip(2, "a subscription");
  const clientId = fields.text(clientIdLength, "a client id");
  const topicFilter = fields.text(filterLength, "a topic filter");
  fields.end("a subscription");
  const noLocal = (options & NO_LOCAL) !== 0;
  const retainAsPublished = (options & RETAIN_AS_PUBLISHED) !== 0;
  return { clientId, subscription: { topicFilter, qos, noLocal, retainAsPublished, identifier } };
}

export function readSession(fields: Fields, version: number): SessionChunk {
  const expiresAtSeconds = fields.time("a session's end");
  const expiryIntervalSeconds = fields.uint32("a session's expiry");
  fields.skip(2, "a session's last packet identifier");
  const clientIdLength = fields.uint16("a client id's length");
  let userNameLength = 0;
  if (version >= VERSION_WITH_USER_NAMES) {
    fields.skip(2, "a session's port");
    userNameLength = fields.uint16("a user name's length");
    fields.skip(4, "a session");
  }
  const clientId = fields.text(clientIdLength, "a client id");
  fields.skip(userNameLength, "a user name");
  fields.end("a session");
  return { clientId, expiryIntervalSeconds, expiresAtSeconds };
}
