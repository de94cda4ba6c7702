/** A decoded value in lines like those of JSON, with colours: also for what JSON has no words for, such as bytes. */

import { printable } from "../../escape.ts";
import type { Paint } from "../paint.ts";

const INDENT = "  ";
const MOST_BYTES = 64;

export function valueText(value: unknown, paint: Paint, indent = ""): string {
  if (typeof value === "string") return paint("text", quoted(value));
  if (typeof value === "number" || typeof value === "bigint") return paint("number", String(value));
  if (value instanceof Uint8Array) return paint("number", bytesText(value));
  if (value instanceof Date) return paint("text", quoted(value.toISOString()));
  if (Array.isArray(value))
    return list(
      "[",
      "]",
      value.map((item) => valueText(item, paint, indent + INDENT)),
      indent,
    );
  if (typeof value === "object" && value !== null) {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    const members = entries.map(([key, member]) => {
      return `${paint("key", quoted(String(key)))}: ${valueText(member, paint, indent + INDENT)}`;
    });
    return list("{", "}", members, indent);
  }
  return paint("word", String(value));
}

/** `h'01 02'`, as CBOR's diagnostic notation writes it. */
function bytesText(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, MOST_BYTES)).toString("hex");
  return bytes.length > MOST_BYTES ? `h'${shown}'... (${bytes.length} bytes)` : `h'${shown}'`;
}

/** Text from the network must not drive the terminal; JSON escapes the control characters below 32 only. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (bad) => printable(bad),
  );
}

function list(open: string, close: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return open + close;
  const inner = items.map((item) => `${indent}${INDENT}${item}`).join(",\n");
  return `${open}\n${inner}\n${indent}${close}`;
}
