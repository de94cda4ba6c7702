/** Payloads byte by byte: offset, sixteen bytes, and the characters of ASCII. */

import type { ValueFormat } from "./value-format.ts";

const WIDTH = 16;

export const hex: ValueFormat = (payload, paint) => {
  const lines: string[] = [];
  for (let at = 0; at < payload.length; at += WIDTH) {
    const row = payload.subarray(at, at + WIDTH);
    const digits = [...row].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const characters = [...row]
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
      .join("");
    lines.push(
      `${paint("quiet", at.toString(16).padStart(8, "0"))}  ${digits.padEnd(3 * WIDTH)} ${paint("text", characters)}`,
    );
  }
  return lines.join("\n");
};
