/** Payloads of any kind: JSON indented, text as it is, and bytes for all else. */

import { printable } from "../../escape.ts";
import { hex } from "./hex.ts";
import type { ValueFormat } from "./value-format.ts";
import { valueText } from "./value-text.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

export const pretty: ValueFormat = (payload, paint) => {
  if (payload.length === 0) return paint("quiet", "(empty)");
  let text: string;
  try {
    text = decoder.decode(payload);
  } catch {
    return hex(payload, paint);
  }
  try {
    return valueText(JSON.parse(text), paint);
  } catch {
    return text.split("\n").map(printable).join("\n");
  }
};
