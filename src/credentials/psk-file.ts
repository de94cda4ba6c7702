/**
 * A file of pre-shared keys, as mosquitto's `psk_file`: a line `identity:key` for each client, the key in hex. Blank lines and
 * lines that begin with `#` say nothing. What is wrong is said with its line, and never with the key.
 */

import { ConfigError } from "#base";

/** What OpenSSL takes. */
const LONGEST_IDENTITY = 128;
const LONGEST_KEY_BYTES = 256;

/** @throws ConfigError for a line that is no key, and for an identity that is there twice */
export function parsePskFile(text: string, source: string): ReadonlyMap<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const wrong = (says: string): ConfigError => new ConfigError(`${source}:${index + 1}`, says);
    const colon = line.lastIndexOf(":");
    const identity = line.slice(0, colon);
    const hex = line.slice(colon + 1).trim();
    if (colon <= 0) throw wrong("it is no key; write identity:key, the key in hex.");
    if (Buffer.byteLength(identity) > LONGEST_IDENTITY) {
      throw wrong(`the identity is longer than ${LONGEST_IDENTITY} bytes.`);
    }
    if (hex === "" || hex.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(hex)) {
      throw wrong("the key is not in hex; write two digits for each of its bytes.");
    }
    if (hex.length > LONGEST_KEY_BYTES * 2) throw wrong(`the key is longer than ${LONGEST_KEY_BYTES} bytes.`);
    if (keys.has(identity)) throw wrong(`the identity "${identity}" is there twice.`);
    keys.set(identity, Buffer.from(hex, "hex"));
  }
  return keys;
}
