/**
 * Logins with a JSON Web Token: where it stands in a login, and what its claims decide. Signatures are the business of a
 * `TokenVerifier`; here is no cryptography. Only the claims of a token whose signature is good are looked at, and the reasons
 * for the log name claims, never the token.
 */

import type { Accepted, Login } from "#auth";
import { type Clock, isPromise, type MaybePromise, utf8Decode } from "#base";
import { ReasonCode } from "#protocol";
import type { LoginProvider, RefusedLogin } from "./provider.ts";

type TokenClaims = Readonly<Record<string, unknown>>;

export type TokenVerdict =
  | { readonly outcome: "verified"; readonly claims: TokenClaims }
  /** `reason` is for the log, a clause such as "no key fits its signature". */
  | { readonly outcome: "refused"; readonly reason: string }
  /** It could not be found out, for example because keys cannot be fetched. */
  | { readonly outcome: "unavailable"; readonly reason: string };

/** Judges the signature of a token, and nothing else of it. */
export interface TokenVerifier {
  verify(token: string): MaybePromise<TokenVerdict>;
}

/** Where a token stands. Header and query are those of the request that opens a WebSocket; `Bearer` before it is left out. */
export type TokenPlace = "password" | "user-name" | { readonly header: string } | { readonly query: string };

export interface JwtLoginOptions {
  readonly verifier: TokenVerifier;
  readonly clock: Pick<Clock, "epochMs">;
  /** Looked at in this order; what is no JWT is passed over. Default: the password. */
  readonly places?: readonly TokenPlace[];
  /** One of them has to be in `iss`. Default: any. */
  readonly issuers?: readonly string[];
  /** One of them has to be in `aud`. Default: any. */
  readonly audiences?: readonly string[];
  /** How far clocks may be apart. Default 30. */
  readonly skewSeconds?: number;
  /** Whether a token without `exp` is refused. Default true. */
  readonly requireExpiry?: boolean;
  /** From `iat`, which is required then, to `exp`. Default: no limit. */
  readonly longestLifetimeSeconds?: number;
  /** The claim that becomes the user name; `realm.user` for one within another. Default `sub`. */
  readonly userNameClaim?: string;
  /** The claim that has to be the client id, or replaces it. Default: the client id is free. */
  readonly clientId?: { readonly claim: string; readonly rule: "match" | "replace" };
  /** The claim with the roles: a list, or words in one text. They become `claims.roles`. */
  readonly rolesClaim?: string;
  /** The claim with the permissions. It becomes `claims.permissions` as it is. */
  readonly permissionsClaim?: string;
}

const DEFAULT_SKEW_SECONDS = 30;
const BEARER = /^Bearer +/i;
/** Header, payload and signature in Base64url; a header is a JSON object and so begins with `{"`. */
const TOKEN = /^eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * A login without a JWT is none of its business. One with a JWT is let in for as long as that is good, and refused otherwise.
 *
 * @example
 *     const login = jwtLogin({ verifier, clock: systemClock(), audiences: ["martlet"], rolesClaim: "realm_access.roles" });
 */
export function jwtLogin(options: JwtLoginOptions): LoginProvider {
  const { places = ["password"] } = options;
  return {
    name: "jwt",
    authenticate(login) {
      const token = tokenIn(login, places);
      if (token === undefined) return undefined;
      const verdict = options.verifier.verify(token);
      return isPromise(verdict)
        ? verdict.then((found) => decide(found, login, options))
        : decide(verdict, login, options);
    },
  };
}

function tokenIn(login: Login, places: readonly TokenPlace[]): string | undefined {
  for (const place of places) {
    const text = textAt(login, place)?.replace(BEARER, "");
    if (text !== undefined && TOKEN.test(text)) return text;
  }
  return undefined;
}

function textAt({ password, userName, openingRequest }: Login, place: TokenPlace): string | undefined {
  if (place === "password") return password === undefined ? undefined : utf8Decode(password);
  if (place === "user-name") return userName;
  if (openingRequest === undefined) return undefined;
  if ("header" in place) return openingRequest.headers[place.header.toLowerCase()];
  const { url } = openingRequest;
  const at = url.indexOf("?");
  return at < 0 ? undefined : (new URLSearchParams(url.slice(at + 1)).get(place.query) ?? undefined);
}

function decide(verdict: TokenVerdict, login: Login, options: JwtLoginOptions): Accepted | RefusedLogin {
  if (verdict.outcome === "unavailable") {
    const reason = `the token cannot be verified: ${verdict.reason}`;
    return { outcome: "refused", reasonCode: ReasonCode.SERVER_UNAVAILABLE, reason };
  }
  if (verdict.outcome === "refused") {
    const reason = `the token is not good: ${verdict.reason}`;
    return { outcome: "refused", reasonCode: ReasonCode.BAD_USER_NAME_OR_PASSWORD, reason };
  }
  const { claims } = verdict;
  const nowSeconds = options.clock.epochMs() / 1000;
  const problem = timeProblem(claims, nowSeconds, options) ?? partyProblem(claims, options);
  return problem === undefined ? named(claims, login, nowSeconds, options) : refused(problem);
}

function refused(reason: string): RefusedLogin {
  return { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED, reason: `the token ${reason}` };
}

function timeProblem(claims: TokenClaims, nowSeconds: number, options: JwtLoginOptions): string | undefined {
  const { skewSeconds = DEFAULT_SKEW_SECONDS, requireExpiry = true, longestLifetimeSeconds } = options;
  const { exp, nbf, iat } = claims;
  for (const [name, value] of Object.entries({ exp, nbf, iat })) {
    const isTime = value === undefined || (typeof value === "number" && Number.isFinite(value));
    if (!isTime) return `has an ${name} that is no time`;
  }
  const [end, begin, issued] = [exp, nbf, iat] as (number | undefined)[];
  if (end === undefined && requireExpiry) return "does not say when it expires";
  if (end !== undefined && end + skewSeconds <= nowSeconds) return "has expired";
  if (begin !== undefined && begin - skewSeconds > nowSeconds) return "is not good yet";
  if (issued !== undefined && issued - skewSeconds > nowSeconds) return "was issued at a time to come";
  if (longestLifetimeSeconds === undefined) return undefined;
  if (issued === undefined || end === undefined) return "does not say for how long it is good";
  return end - issued > longestLifetimeSeconds
    ? `is good for more than ${longestLifetimeSeconds} s`
    : undefined;
}

function partyProblem(claims: TokenClaims, { issuers, audiences }: JwtLoginOptions): string | undefined {
  const { iss, aud } = claims;
  if (issuers !== undefined && !issuers.some((issuer) => issuer === iss)) {
    return "is of an issuer that does not count here";
  }
  const meant: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences !== undefined && !audiences.some((audience) => meant.includes(audience))) {
    return "is not meant for this broker";
  }
  return undefined;
}

function named(
  claims: TokenClaims,
  login: Login,
  nowSeconds: number,
  options: JwtLoginOptions,
): Accepted | RefusedLogin {
  const { userNameClaim = "sub", clientId, skewSeconds = DEFAULT_SKEW_SECONDS } = options;
  const userName = nameAt(claims, userNameClaim);
  if (userName === undefined) return refused(`has no ${userNameClaim} that could be a user name`);
  const id = clientId && nameAt(claims, clientId.claim);
  if (clientId !== undefined && id === undefined) {
    return refused(`has no ${clientId.claim} that could be a client id`);
  }
  if (clientId?.rule === "match" && id !== login.clientId) {
    return refused(`is for the client id ${id}, and not for ${login.clientId}`);
  }
  const { exp } = claims as { readonly exp?: number };
  return {
    outcome: "accepted",
    userName,
    ...(clientId?.rule === "replace" && id !== undefined ? { clientId: id } : {}),
    claims: { ...claims, ...grants(claims, options) },
    ...(exp === undefined ? {} : { validForMs: Math.ceil((exp + skewSeconds - nowSeconds) * 1000) }),
  };
}

function nameAt(claims: TokenClaims, path: string): string | undefined {
  const value = claimAt(claims, path);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A claim of that very name, else the one that `path` leads to. */
function claimAt(claims: TokenClaims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as TokenClaims)[name];
  }
  return value;
}

/** A token must not name its roles anywhere but where it is told to. */
function grants(claims: TokenClaims, { rolesClaim, permissionsClaim }: JwtLoginOptions): TokenClaims {
  const roles = rolesClaim === undefined ? undefined : claimAt(claims, rolesClaim);
  return {
    roles: wordsOf(roles),
    permissions: permissionsClaim === undefined ? undefined : claimAt(claims, permissionsClaim),
  };
}

function wordsOf(value: unknown): string[] {
  if (typeof value === "string") return value.split(" ").filter((word) => word !== "");
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}
