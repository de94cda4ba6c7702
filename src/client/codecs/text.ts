/** Payloads that are UTF-8 text. */

import { utf8Encode } from "#base";
import type { PayloadCodec } from "../payload-codec.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Refuses what is no UTF-8. */
export const text: PayloadCodec<string> = {
  contentType: "text/plain; charset=utf-8",
  encode: utf8Encode,
  decode: (payload) => decoder.decode(payload),
};
