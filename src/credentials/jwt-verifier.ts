/**
 * Signatures of JSON Web Tokens, verified by `jose`, which is loaded with the first token. A token is tried with the keys that
 * are for its algorithm, and with the one that it names alone, if it names one. Claims are judged elsewhere.
 */

import { ConfigError } from "#base";
import type { TokenVerdict, TokenVerifier } from "#logins";
import { type JwtAlgorithm, type JwtKey, type JwtKeySource, jwtKey } from "./jwt-keys.ts";
import { KeySet, type KeySetOptions } from "./key-set.ts";

/** Those with many groups in them have a few KiB. */
const LONGEST_TOKEN = 16_384;

export interface JwtVerifierOptions {
  readonly keys?: readonly JwtKeySource[];
  /** Where more keys are fetched. */
  readonly jwks?: KeySetOptions;
  /** Fewer than those that the keys are good for, also those that are fetched. Default: all. */
  readonly algorithms?: readonly JwtAlgorithm[];
}

/**
 * @throws ConfigError for keys that are none or too weak, and when there are none at all
 *
 * @example
 *     const verifier = jwtVerifier({ jwks: { url: "https://login.example.org/jwks", clock: systemClock() } });
 */
export function jwtVerifier({ keys = [], jwks, algorithms }: JwtVerifierOptions): TokenVerifier {
  const own = keys.map((source, index) => jwtKey(source, `keys[${index}]`));
  const fetched = jwks && new KeySet(jwks);
  if (own.length === 0 && fetched === undefined) {
    throw new ConfigError("keys", "they are missing; give a key or the URL of a key set.");
  }
  const isAllowed = ({ algorithm }: Header): boolean =>
    algorithms === undefined || algorithms.some((allowed) => allowed === algorithm);
  return { verify: async (token) => await verify(token, own, { fetched, isAllowed }) };
}

interface Header {
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

async function verify(
  token: string,
  own: readonly JwtKey[],
  { fetched, isAllowed }: { fetched: KeySet | undefined; isAllowed: (header: Header) => boolean },
): Promise<TokenVerdict> {
  const header = token.length > LONGEST_TOKEN ? undefined : headerOf(token);
  if (header === undefined) return refused("it is malformed, or too long");
  if (!isAllowed(header)) return refused(misfit(header));
  const byOwn = await tryKeys(token, header, own);
  if (byOwn !== undefined || fetched === undefined) return byOwn ?? refused(misfit(header));
  const keys = await fetched.current();
  if (keys === undefined) return { outcome: "unavailable", reason: "the keys could not be fetched" };
  const byFetched = await tryKeys(token, header, keys);
  if (byFetched !== undefined) return byFetched;
  // They may have been changed there meanwhile.
  const newer = await fetched.renewed();
  const byNewer = newer === undefined || newer === keys ? undefined : await tryKeys(token, header, newer);
  return byNewer ?? refused(misfit(header));
}

function refused(reason: string): TokenVerdict {
  return { outcome: "refused", reason };
}

function misfit({ algorithm, keyId }: Header): string {
  const named = keyId === undefined ? "" : ` and is named ${JSON.stringify(keyId.slice(0, 80))}`;
  return `no key fits its signature, which is of ${JSON.stringify(algorithm.slice(0, 20))}${named}`;
}

/** Undefined when it is none that could be verified. */
function headerOf(token: string): Header | undefined {
  try {
    const text = Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8");
    const { alg, kid } = JSON.parse(text) as { readonly alg?: unknown; readonly kid?: unknown };
    if (typeof alg !== "string") return undefined;
    return { algorithm: alg, keyId: typeof kid === "string" ? kid : undefined };
  } catch {
    return undefined;
  }
}

/** Undefined when none of `keys` fits. */
async function tryKeys(
  token: string,
  { algorithm, keyId }: Header,
  keys: readonly JwtKey[],
): Promise<TokenVerdict | undefined> {
  const candidates = keys.filter((key) => {
    const isNamed = keyId === undefined || key.keyId === undefined || key.keyId === keyId;
    return isNamed && key.algorithms.includes(algorithm);
  });
  if (candidates.length === 0) return undefined;
  const { compactVerify, errors } = await import("jose");
  for (const { key, algorithms } of candidates) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [...algorithms] });
      return claimsIn(payload);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return refused("it is malformed");
    }
  }
  return undefined;
}

function claimsIn(payload: Uint8Array): TokenVerdict {
  try {
    const claims: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
      return { outcome: "verified", claims: claims as Record<string, unknown> };
    }
  } catch {
    // It is signed, and yet it says nothing.
  }
  return refused("what it says is no JSON object");
}
