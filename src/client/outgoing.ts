/**
 * A message on its way to the broker.
 */

import { utf8Encode } from "#base";
import {
  type AcknowledgementProperties,
  checkClientTopicName as checkTopicName,
  InvalidPacketError,
  type PublishProperties,
  type Qos,
  type ReasonCode,
} from "#protocol";
import { LARGEST_UINT16, MOST_TOPICS } from "./defaults.ts";
import type { OperationOptions } from "./options.ts";
import type { PayloadCodec } from "./payload-codec.ts";

/** What is sent as it is: text as UTF-8, bytes in any view. */
export type Payload = string | ArrayBuffer | ArrayBufferView;

export interface PublishOptions extends OperationOptions {
  /** Default 0. */
  readonly qos?: Qos;
  readonly retain?: boolean;
  /** Of 5.0; left behind in 3.x. Topic aliases are the client's own matter. */
  readonly properties?: Omit<PublishProperties, "topicAlias" | "subscriptionIdentifiers">;
}

/** How to publish what is not bytes or text. */
export interface PublishValueOptions<Value> extends PublishOptions {
  readonly codec: PayloadCodec<Value>;
}

/** What became of a message: at QoS 0 that it was handed over, above what the broker's last acknowledgement said. */
export interface PublishReceipt {
  readonly qos: Qos;
  readonly reasonCode: ReasonCode;
  readonly properties: AcknowledgementProperties;
}

export interface Outgoing {
  readonly topicName: string;
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** The properties' bytes, without expiry and alias. */
  readonly raw: Uint8Array;
  /** On the clock's `now` scale; infinite for none. */
  readonly expiresAtMs: number;
  readonly sizeBytes: number;
  /** Its name in the store; 0 when it is in none. */
  key: number;
  /** 0 before it is sent, and at QoS 0. */
  packetId: number;
  /** The connection that counts it against the broker's Receive Maximum. */
  connection: number;
  /** The broker has the QoS 2 message, and is owed PUBREL. */
  isReleased: boolean;
  /** When it is given up; on the clock's `now` scale. */
  deadlineMs: number;
  wasSent: boolean;
  /** Nobody waits for it any more; if it was not sent, it never is. */
  isOver: boolean;
  /** The store knows its packet identifier, or its release. */
  isRecorded: boolean;
  resolve: ((receipt: PublishReceipt) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
  cleanUp: (() => void) | undefined;
}

/** A message as it is before anything has happened to it. */
export function newOutgoing(
  topicName: string,
  topic: Uint8Array,
  payload: Uint8Array,
  qos: Qos,
  retain: boolean,
  raw: Uint8Array,
  expiresAtMs: number,
): Outgoing {
  return {
    topicName,
    topic,
    payload,
    qos,
    retain,
    raw,
    expiresAtMs,
    sizeBytes: topic.length + payload.length + raw.length,
    key: 0,
    packetId: 0,
    connection: 0,
    isReleased: false,
    deadlineMs: Number.POSITIVE_INFINITY,
    wasSent: false,
    isOver: false,
    isRecorded: true,
    resolve: undefined,
    reject: undefined,
    cleanUp: undefined,
  };
}

/** Topic names with their bytes: most programs publish to a few again and again. */
export class TopicNames {
  #topics = new Map<string, Uint8Array>();

  /** @throws InvalidPacketError for what is no topic name */
  bytesOf(topicName: string): Uint8Array {
    const known = this.#topics.get(topicName);
    if (known !== undefined) return known;
    checkTopicName(topicName);
    const bytes = utf8Encode(topicName);
    if (!topicName.isWellFormed() || bytes.length > LARGEST_UINT16) {
      throw new InvalidPacketError(`"${topicName}" is no topic name`);
    }
    if (this.#topics.size >= MOST_TOPICS) this.#topics.clear();
    this.#topics.set(topicName, bytes);
    return bytes;
  }
}
