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
import type { OperationOptions } from "./options.ts";
import type { PayloadCodec } from "./payload-codec.ts";

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

export class Outgoing {
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
  key = 0;
  /** 0 before it is sent, and at QoS 0. */
  packetId = 0;
  /** The connection that counts it against the broker's Receive Maximum. */
  connection = 0;
  /** The broker has the QoS 2 message, and is owed PUBREL. */
  isReleased = false;
  /** When it is given up; on the clock's `now` scale. */
  deadlineMs = Number.POSITIVE_INFINITY;
  wasSent = false;
  /** Nobody waits for it any more; if it was not sent, it never is. */
  isOver = false;
  /** The store knows its packet identifier, or its release. */
  isRecorded = true;
  resolve: ((receipt: PublishReceipt) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
  cleanUp: (() => void) | undefined;

  constructor(
    topicName: string,
    topic: Uint8Array,
    payload: Uint8Array,
    qos: Qos,
    retain: boolean,
    raw: Uint8Array,
    expiresAtMs: number,
  ) {
    this.topicName = topicName;
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
    this.raw = raw;
    this.expiresAtMs = expiresAtMs;
    this.sizeBytes = topic.length + payload.length + raw.length;
  }
}

const LONGEST_TOPIC = 65_535;
const MOST_TOPICS = 1024;

/** Topic names with their bytes: most programs publish to a few again and again. */
export class TopicNames {
  #topics = new Map<string, Uint8Array>();

  /** @throws InvalidPacketError for what is no topic name */
  bytesOf(topicName: string): Uint8Array {
    const known = this.#topics.get(topicName);
    if (known !== undefined) return known;
    checkTopicName(topicName);
    const bytes = utf8Encode(topicName);
    if (!topicName.isWellFormed() || bytes.length > LONGEST_TOPIC) {
      throw new InvalidPacketError(`"${topicName}" is no topic name`);
    }
    if (this.#topics.size >= MOST_TOPICS) this.#topics = new Map();
    this.#topics.set(topicName, bytes);
    return bytes;
  }
}
