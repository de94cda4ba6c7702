/**
 * Keys that tokens are verified with. Each is bound to the algorithms that it is for: what a token says of itself never chooses
 * more than among those, so that a public key is no secret of HMAC, and `none` is nothing at all.
 */

import { createPublicKey, createSecretKey, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { ConfigError, describeError } from "#base";

type Jwk = JsonWebKeyInput["key"] & { readonly kid?: unknown };

/** As they stand in the header of a token. */
export type JwtAlgorithm = `${"HS" | "RS" | "PS" | "ES"}${256 | 384 | 512}` | "EdDSA" | "Ed25519";

interface Bound {
  /** Fewer than those that the key is good for. */
  readonly algorithms?: readonly JwtAlgorithm[];
  /** Tokens that name a key are verified with that one alone. */
  readonly keyId?: string;
}

export type JwtKeySource = Bound &
  (
    | { readonly secret: Uint8Array }
    /** A public key or a certificate. */
    | { readonly pem: string }
    | { readonly jwk: Jwk }
  );

export interface JwtKey {
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly algorithms: readonly string[];
}

const FEWEST_RSA_BITS = 2_048;
const rsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const curveAlgorithms: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/**
 * A key of the configuration.
 *
 * @throws ConfigError when it is no key, too weak, or not for the algorithms that it is given
 */
export function jwtKey(source: JwtKeySource, path: string): JwtKey {
  const jwk = "jwk" in source ? source.jwk : undefined;
  const key = keyObject(source, path);
  const good = algorithmsOf(key);
  if (typeof good === "string") throw new ConfigError(path, `${good}.`);
  const named = jwk?.["alg"];
  const wanted = source.algorithms ?? (typeof named === "string" ? [named] : good);
  const misfit = wanted.find((algorithm) => !good.includes(algorithm));
  if (misfit !== undefined) {
    throw new ConfigError(path, `it is not for ${misfit}; it is for ${good.join(", ")}.`);
  }
  const keyId = source.keyId ?? jwk?.["kid"];
  return { key, keyId: typeof keyId === "string" ? keyId : undefined, algorithms: wanted };
}

function keyObject(source: JwtKeySource, path: string): KeyObject {
  try {
    if ("secret" in source) return createSecretKey(source.secret);
    if ("pem" in source) {
      // Node would take the public half of it; but then the private one lies where it is not needed.
      if (/PRIVATE KEY-----/.test(source.pem))
        throw new ConfigError(path, "it is a private key; give the public one.");
      return createPublicKey(source.pem);
    }
    const { kty, k } = source.jwk;
    if (kty === "oct") return createSecretKey(Buffer.from(String(k), "base64url"));
    if (source.jwk.d !== undefined) throw new ConfigError(path, "it is a private key; give the public one.");
    return createPublicKey({ key: source.jwk, format: "jwk" });
  } catch (error) {
    throw error instanceof ConfigError
      ? error
      : new ConfigError(path, `it is no key: ${describeError(error)}.`);
  }
}

/** What a key is good for, or why it is not good at all. */
function algorithmsOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
  symmetricKeySize,
}: KeyObject): string[] | string {
  switch (asymmetricKeyType) {
    case undefined: {
      const bits = (symmetricKeySize ?? 0) * 8;
      const fitting = [256, 384, 512].filter((wanted) => bits >= wanted).map((wanted) => `HS${wanted}`);
      return fitting.length > 0 ? fitting : "a secret has to have 32 bytes or more";
    }
    case "rsa":
      return (asymmetricKeyDetails?.modulusLength ?? 0) >= FEWEST_RSA_BITS
        ? rsaAlgorithms
        : `an RSA key has to have ${FEWEST_RSA_BITS} bits or more`;
    case "ec": {
      const algorithm = curveAlgorithms[asymmetricKeyDetails?.namedCurve ?? ""];
      return algorithm === undefined ? "the curve has to be P-256, P-384 or P-521" : [algorithm];
    }
    case "ed25519":
      return ["EdDSA", "Ed25519"];
    default:
      return `keys of the kind ${asymmetricKeyType} sign no tokens`;
  }
}

/**
 * The keys of a JSON Web Key Set that verify tokens: those for encryption, secrets, private ones, and what is malformed or too weak are left
 * out. Undefined when it is no key set at all.
 */
export function jwtKeysOfSet(set: unknown): JwtKey[] | undefined {
  const keys = (set as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) return undefined;
  return keys.flatMap((jwk: unknown) => {
    if (typeof jwk !== "object" || jwk === null) return [];
    const { kty, use } = jwk as Jwk;
    // A secret that everybody may fetch is none.
    if (kty === "oct" || (use !== undefined && use !== "sig")) return [];
    try {
      return [jwtKey({ jwk: jwk as Jwk }, "jwks")];
    } catch {
      return [];
    }
  });
}
