/**
 * Values instead of bytes: how a payload is written and read, as a hook of publish and subscribe.
 */

import type { MaybePromise } from "#base";

/** @typeParam Value what the program works with */
export interface PayloadCodec<Value> {
  /** Sent as the Content Type of 5.0 unless the program names another. */
  readonly contentType?: string;
  /** `topicName` is where the message goes. */
  encode(value: Value, topicName: string): MaybePromise<Uint8Array>;
  /** Throws when `payload` is nothing that this codec wrote. */
  decode(payload: Uint8Array, topicName: string): MaybePromise<Value>;
}
