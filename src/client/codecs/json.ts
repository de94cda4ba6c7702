/** Payloads that are JSON. */

import { utf8Encode } from "#base";
import type { PayloadCodec } from "../payload-codec.ts";
import { text } from "./text.ts";

/**
 * Values as JSON. What comes is not checked against `Value`, unless `check` throws for what is none.
 *
 * @example client.subscribe("rooms/+", { codec: json<{ celsius: number }>() })
 */
export function json<Value = unknown>(
  check: (value: unknown) => Value = (value) => value as Value,
): PayloadCodec<Value> {
  return {
    contentType: "application/json",
    encode(value) {
      const written: string | undefined = JSON.stringify(value);
      if (written === undefined) throw new TypeError("JSON has no words for this value");
      return utf8Encode(written);
    },
    decode: (payload, topicName) => check(JSON.parse(text.decode(payload, topicName) as string)),
  };
}
