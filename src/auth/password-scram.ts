/**
 * What a broker keeps of a password for SCRAM (RFC 5802, RFC 7677): enough to tell that a client knows it, and nothing that a
 * thief of the file could log in with by SCRAM.
 *
 *     $scram-sha-256$ITERATIONS$SALT$STOREDKEY$SERVERKEY     Base64 with filling; scram-sha-512 alike
 *
 * Martlet's own form: mosquitto has none. The hash functions come in by `ScramHashing`.
 */

import { type MaybePromise, utf8Decode, utf8Encode } from "#base";

export type ScramMethod = "scram-sha-256" | "scram-sha-512";

/** The hash function below a method. */
export type ScramHash = "sha256" | "sha512";

/** The hash functions that SCRAM is made of. */
export interface ScramHashing {
  digest(hash: ScramHash, bytes: Uint8Array): Uint8Array;
  hmac(hash: ScramHash, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  /** PBKDF2, of the hash's own length. */
  pbkdf2(
    hash: ScramHash,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
  ): MaybePromise<Uint8Array>;
}

/** What is made of a password: whoever knows `storedKey` and `serverKey` can check a client and prove to be the server. */
export interface ScramKeys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What OWASP recommends for PBKDF2 with these. A client computes them, too. */
export const DEFAULT_SCRAM_ITERATIONS: Readonly<Record<ScramMethod, number>> = {
  "scram-sha-256": 600_000,
  "scram-sha-512": 210_000,
};

export const SCRAM_KEY_BYTES: Readonly<Record<ScramMethod, number>> = {
  "scram-sha-256": 32,
  "scram-sha-512": 64,
};

export function scramHashOf(method: ScramMethod): ScramHash {
  return method === "scram-sha-256" ? "sha256" : "sha512";
}

/** The keys of `password` under this salt. */
export async function scramKeys(
  password: Uint8Array,
  method: ScramMethod,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
  hashing: ScramHashing,
): Promise<ScramKeys> {
  const hash = scramHashOf(method);
  const salted = await hashing.pbkdf2(hash, normalized(password), salt, iterations);
  const clientKey = hashing.hmac(hash, salted, utf8Encode("Client Key"));
  return {
    storedKey: hashing.digest(hash, clientKey),
    serverKey: hashing.hmac(hash, salted, utf8Encode("Server Key")),
  };
}

/** Clients of SCRAM bring passwords into normal form KC first. Bytes that are no text stay as they are. */
function normalized(password: Uint8Array): Uint8Array {
  const text = utf8Decode(password);
  const again = utf8Encode(text);
  const isText = again.length === password.length && again.every((byte, index) => byte === password[index]);
  return isText ? utf8Encode(text.normalize("NFKC")) : password;
}
