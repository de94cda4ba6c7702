/**
 * Payloads that the broker cannot read: AES-GCM around another codec, from end to end.
 *
 *     01 | nonce: 12 bytes, random | ciphertext and tag
 *
 * The topic name is authenticated with the payload: a message that is changed, or moved to another topic, is refused. It does
 * not hide topics, sizes and times, and does not notice that a message is repeated or held back.
 */

import { concatBytes, type Random, systemRandom, utf8Encode } from "#base";
import type { PayloadCodec } from "../payload-codec.ts";

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface AesGcmOptions {
  /** 16 or 32 random bytes, the same for all who take part; or a key of WebCrypto. */
  readonly key: Uint8Array | CryptoKey;
  /** For tests: where the nonces come from. */
  readonly random?: Random;
}

/**
 * `inner` with its bytes encrypted. A key is good for about four thousand million messages; change it before.
 *
 * @example const codec = aesGcm(json<Reading>(), { key });
 */
export function aesGcm<Value>(inner: PayloadCodec<Value>, options: AesGcmOptions): PayloadCodec<Value> {
  const random = options.random ?? systemRandom();
  let imported: Promise<CryptoKey> | undefined;
  const key = (): Promise<CryptoKey> => (imported ??= importKey(options.key));
  const parameters = (nonce: Uint8Array, topicName: string) => ({
    name: "AES-GCM",
    iv: nonce as Uint8Array<ArrayBuffer>,
    additionalData: utf8Encode(topicName) as Uint8Array<ArrayBuffer>,
  });
  return {
    contentType: "application/octet-stream",
    async encode(value, topicName) {
      const plain = await inner.encode(value, topicName);
      const nonce = random.bytes(NONCE_BYTES);
      const secret = await crypto.subtle.encrypt(
        parameters(nonce, topicName),
        await key(),
        plain as Uint8Array<ArrayBuffer>,
      );
      return concatBytes([Uint8Array.of(FORMAT), nonce, new Uint8Array(secret)]);
    },
    async decode(payload, topicName) {
      if (payload[0] !== FORMAT || payload.length < 1 + NONCE_BYTES + TAG_BYTES) {
        throw new RangeError("not encrypted by this codec");
      }
      const nonce = payload.slice(1, 1 + NONCE_BYTES);
      const secret = payload.slice(1 + NONCE_BYTES);
      const plain = await crypto.subtle.decrypt(parameters(nonce, topicName), await key(), secret);
      return inner.decode(new Uint8Array(plain), topicName);
    },
  };
}

async function importKey(key: Uint8Array | CryptoKey): Promise<CryptoKey> {
  if (!(key instanceof Uint8Array)) return key;
  return crypto.subtle.importKey("raw", key.slice(), "AES-GCM", false, ["encrypt", "decrypt"]);
}
