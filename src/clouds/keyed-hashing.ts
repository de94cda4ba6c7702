/**
 * What logins of clouds need of cryptography, as ports. They are implemented where Node.js is; here nothing is computed.
 */

export type HashAlgorithm = "md5" | "sha1" | "sha256";

/** Hash functions, with a key (RFC 2104) and without. */
export interface KeyedHashing {
  hmac(algorithm: HashAlgorithm, key: Uint8Array, bytes: Uint8Array): Uint8Array;
  hash(algorithm: HashAlgorithm, bytes: Uint8Array): Uint8Array;
}

/** RS256 is RSA with PKCS #1 v1.5 and SHA-256; ES256 is P-256 with SHA-256, the signature 64 bytes as in RFC 7518. */
export type SignatureAlgorithm = "RS256" | "ES256";

/** Signatures with pairs of keys, which come in PEM. */
export interface Signatures {
  /** @throws ConfigError when it is no private key for `algorithm` */
  sign(algorithm: SignatureAlgorithm, privateKeyPem: string, bytes: Uint8Array): Uint8Array;
  /** False also for a key that is none, or not for `algorithm`. */
  verify(
    algorithm: SignatureAlgorithm,
    publicKeyPem: string,
    bytes: Uint8Array,
    signature: Uint8Array,
  ): boolean;
}
