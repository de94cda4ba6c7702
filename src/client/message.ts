/**
 * A message as the program gets it: a copy that it may keep, with what is rarely asked for read only then.
 */

import { isPromise, MartletError, utf8Decode } from "#base";
import type { PublishProperties, Qos } from "#protocol";
import type { Delivery } from "./inbox.ts";
import type { PayloadCodec } from "./payload-codec.ts";

/** A payload that its codec cannot read, for example because somebody changed it. */
export class PayloadError extends MartletError {
  constructor(topicName: string, cause: unknown) {
    super("MARTLET_PAYLOAD", `message on "${topicName}" cannot be read`, {
      cause,
    });
  }
}

/** What a message is made from. */
export interface MessageParts {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly properties: PublishProperties;
  readonly delivery: Delivery;
}

/**
 * @typeParam Parameters the named levels of the topic pattern
 * @typeParam Value what the subscription's codec makes of the payload; the bytes without one
 */
export class Message<Parameters = Readonly<Record<string, string>>, Value = Uint8Array> {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  /** The broker has sent this before; the program may have seen it. */
  readonly dup: boolean;
  /** As the broker numbered it; 0 at QoS 0. Another message may have it next. */
  readonly packetId: number;
  readonly parameters: Parameters;
  /** Of 5.0; empty in 3.x. */
  readonly properties: PublishProperties;
  #delivery: Delivery | undefined;
  #value: unknown;
  #error: PayloadError | undefined;
  /** @internal resolves when the codec is done; undefined when it is already. */
  decoding: Promise<void> | undefined;

  /** @internal */
  constructor(parts: MessageParts, parameters: Parameters, codec: PayloadCodec<Value> | undefined) {
    this.topicName = parts.topicName;
    this.payload = parts.payload;
    this.qos = parts.delivery.qos;
    this.retain = parts.retain;
    this.dup = parts.dup;
    this.packetId = parts.delivery.packetId;
    this.parameters = parameters;
    this.properties = parts.properties;
    this.#delivery = parts.delivery;
    this.#value = parts.payload;
    if (codec !== undefined) this.#decode(codec);
  }

  /**
   * What the codec made of the payload; the bytes without a codec.
   * @throws PayloadError when the codec could not read it
   */
  get value(): Value {
    if (this.#error !== undefined) throw this.#error;
    return this.#value as Value;
  }

  /** The payload as UTF-8 text. */
  get text(): string {
    return utf8Decode(this.payload);
  }

  /**
   * The program is done with the message: the broker is told, in the order in which messages came. Only needed with
   * `acknowledge: "manual"`; further calls do nothing.
   */
  acknowledge(): void {
    const delivery = this.#delivery;
    this.#delivery = undefined;
    delivery?.inbox.release(delivery);
  }

  #decode(codec: PayloadCodec<Value>): void {
    const fail = (error: unknown): void => {
      this.#error = new PayloadError(this.topicName, error);
    };
    try {
      const value = codec.decode(this.payload, this.topicName);
      if (!isPromise(value)) this.#value = value;
      else {
        this.decoding = value.then((decoded) => {
          this.#value = decoded;
          this.decoding = undefined;
        }, fail);
      }
    } catch (error) {
      fail(error);
    }
  }
}
