/**
 * The records of a session as bytes and back: itself, its subscriptions, its will, and which retained messages it was sent. Those that
 * write fill a writer that has begun; those that read take a reader at the record's start. They do not know when one is written, nor
 * whether what they name is there.
 */

import { utf8Encode } from "#base";
import { ProtocolVersion, type Qos } from "#protocol";
import {
  HAS_EXPIRY,
  ID_SIZE,
  QOS,
  RETAIN,
  type RecordReader,
  type RecordWriter,
  readId,
} from "./durable-records.ts";
import { Message } from "./message.ts";
import { NOWHERE } from "./retained-source.ts";
import type { Subscription } from "./subscription.ts";
import type { TopicTable } from "./topic.ts";
import type { WillMessage } from "./will.ts";

// In the options of subscriptions, beside the QoS.
const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;
/** It is still to get retained messages that are older than its record. */
const OWED_RETAINED = 0x10;
/** In the flags of wills, beside QoS, RETAIN and the expiry: it says where its client came in. */
const HAS_LISTENER = 0x10;

export interface StoredSession {
  readonly clientId: string;
  /** Seconds. */
  readonly expiryInterval: number;
  /** Epoch milliseconds; 0 while it was connected. */
  readonly disconnectedAt: number;
}

export interface StoredSubscription {
  readonly sessionId: number;
  readonly topicFilter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0 for none. */
  readonly identifier: number;
  /** It is still to get retained messages. */
  readonly isOwedRetained: boolean;
}

export function writeSession(writer: RecordWriter, session: StoredSession): RecordWriter {
  return writer
    .uint32(session.expiryInterval)
    .float64(session.disconnectedAt)
    .raw(utf8Encode(session.clientId));
}

export function readSession(reader: RecordReader): StoredSession {
  const expiryInterval = reader.uint32();
  const disconnectedAt = reader.float64();
  return { expiryInterval, disconnectedAt, clientId: reader.restText() };
}

export function writeSubscription(
  writer: RecordWriter,
  sessionId: number,
  { terms, noLocal, topicFilter }: Subscription,
  { isOwedRetained }: { readonly isOwedRetained: boolean },
): RecordWriter {
  return writer
    .id(sessionId)
    .uint8(
      terms.qos |
        (noLocal ? NO_LOCAL : 0) |
        (terms.retainAsPublished ? RETAIN_AS_PUBLISHED : 0) |
        (isOwedRetained ? OWED_RETAINED : 0),
    )
    .uint32(terms.subscriptionIdentifiers?.[0] ?? 0)
    .raw(utf8Encode(topicFilter));
}

export function readSubscription(reader: RecordReader): StoredSubscription {
  const sessionId = reader.id();
  const options = reader.uint8();
  const identifier = reader.uint32();
  return {
    sessionId,
    identifier,
    qos: (options & QOS) as Qos,
    noLocal: (options & NO_LOCAL) !== 0,
    retainAsPublished: (options & RETAIN_AS_PUBLISHED) !== 0,
    isOwedRetained: (options & OWED_RETAINED) !== 0,
    topicFilter: reader.restText(),
  };
}

export function writeWill(writer: RecordWriter, sessionId: number, will: WillMessage): RecordWriter {
  const { message, client, delaySeconds, expirySeconds } = will;
  return writer
    .id(sessionId)
    .uint8(
      message.qos |
        (message.retain ? RETAIN : 0) |
        (expirySeconds === undefined ? 0 : HAS_EXPIRY) |
        HAS_LISTENER,
    )
    .uint8(client.protocolVersion)
    .uint32(delaySeconds)
    .uint32(expirySeconds ?? 0)
    .text(client.userName ?? "")
    .text(client.listener)
    .uint16(message.topic.bytes.length)
    .raw(message.topic.bytes)
    .uint32(message.properties.length)
    .raw(message.properties)
    .raw(message.bytes, message.payloadStart, message.payloadEnd);
}

/** The will of `clientId`, from a reader that has taken the session's id already. */
export function readWill(reader: RecordReader, clientId: string, topics: TopicTable): WillMessage {
  const flags = reader.uint8();
  const protocolVersion = reader.uint8() as ProtocolVersion;
  const delaySeconds = reader.uint32();
  const expirySeconds = reader.uint32();
  const userName = reader.text();
  const listener = (flags & HAS_LISTENER) === 0 ? "" : reader.text();
  const topicBytes = reader.raw(reader.uint16());
  const topic = topics.resolve(topicBytes, 0, topicBytes.length, ProtocolVersion.MQTT_5_0);
  const properties = reader.raw(reader.uint32());
  const message = Message.of(topic, reader.rest(), (flags & QOS) as Qos, (flags & RETAIN) !== 0);
  message.properties = properties;
  message.publisherId = clientId;
  return {
    message,
    client: {
      clientId,
      userName: userName === "" ? undefined : userName,
      protocolVersion,
      address: NOWHERE,
      listener,
      certificate: undefined,
      claims: undefined,
    },
    delaySeconds,
    expirySeconds: (flags & HAS_EXPIRY) === 0 ? undefined : expirySeconds,
  };
}

/** The messages that a `sent` record notes, which is `bytes[start, end)`. */
export function sentOf(bytes: Uint8Array, start: number, end: number): number[] {
  const messageIds: number[] = [];
  for (let at = start + ID_SIZE; at + ID_SIZE <= end; at += ID_SIZE) messageIds.push(readId(bytes, at));
  return messageIds;
}
