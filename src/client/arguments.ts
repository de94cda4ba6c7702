/**
 * What a program without types may hand in by mistake: refused in the call that it was made in, in words that say what is
 * expected. Values that only the wire judges, such as a topic name, are judged where they are written.
 */

import { ConfigError, utf8Encode } from "#base";
import { InvalidPacketError } from "#protocol";

/** @throws ConfigError when the argument or option `name` is of another type */
export function checkType(name: string, value: unknown, type: string): void {
  const actual = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (actual !== type) throw new ConfigError(name, `${type} expected, not ${actual}`);
}

/** @throws InvalidPacketError */
export function checkQos(qos: number = 0): void {
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new InvalidPacketError(`qos ${qos} is not 0, 1 or 2`);
}

/**
 * Text as UTF-8; bytes, in whatever view, as they lie there. `name` is what they are.
 * @throws InvalidPacketError for everything else
 */
export function bytesOf(content: unknown, name: string): Uint8Array {
  if (typeof content === "string") return utf8Encode(content);
  if (content instanceof Uint8Array) return content;
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (ArrayBuffer.isView(content))
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  throw new InvalidPacketError(`${name} is neither text nor bytes; codecs such as json() make them`);
}
