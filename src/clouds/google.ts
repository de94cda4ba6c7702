/**
 * Logins as of Google Cloud IoT Core, which ended in 2023 and whose devices live on elsewhere: the client id is a path, the
 * password a JWT that the device has signed with its own key, and the user name says nothing.
 */

import type { Login } from "#auth";
import { type Clock, isPromise, type MaybePromise, utf8Decode, utf8Encode } from "#base";
import {
  acceptedDevice,
  type CloudAccepted,
  type CloudProvider,
  type CloudRefused,
  notAllowed,
  ownerText,
  type SecretLookup,
  type SecretOwner,
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { base64UrlOf, bytesOfBase64 } from "./encodings.ts";
import type { SignatureAlgorithm, Signatures } from "./keyed-hashing.ts";

const LONGEST_LIFETIME_SECONDS = 24 * 3_600;
const SKEW_SECONDS = 600;
const ADVISED_KEEP_ALIVE_SECONDS = 300;

export interface GoogleOptions {
  readonly project: string;
  readonly location: string;
  readonly registry: string;
  readonly deviceId: string;
  readonly privateKeyPem: string;
  /** Default RS256. */
  readonly algorithm?: SignatureAlgorithm | undefined;
  /** Seconds since 1970. */
  readonly issuedAtSeconds: number;
  /** At most a day later. */
  readonly expiresAtSeconds: number;
  /** Default `mqtt.googleapis.com`, where nobody answers any more. */
  readonly host?: string | undefined;
}

/** @throws ConfigError when the private key is none for the algorithm */
export function googleCredentials(options: GoogleOptions, signatures: Signatures): CloudCredentials {
  const { project, location, registry, deviceId, algorithm = "RS256", expiresAtSeconds } = options;
  const claims = { iat: options.issuedAtSeconds, exp: expiresAtSeconds, aud: project };
  const signed = [{ alg: algorithm, typ: "JWT" }, claims]
    .map((part) => base64UrlOf(utf8Encode(JSON.stringify(part))))
    .join(".");
  const signature = signatures.sign(algorithm, options.privateKeyPem, utf8Encode(signed));
  return {
    clientId: `projects/${project}/locations/${location}/registries/${registry}/devices/${deviceId}`,
    userName: "unused",
    password: `${signed}.${base64UrlOf(signature)}`,
    url: `mqtts://${options.host ?? "mqtt.googleapis.com"}:8883`,
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    expiresAtMs: expiresAtSeconds * 1000,
  };
}

export interface GoogleLoginOptions {
  readonly signatures: Signatures;
  readonly clock: Pick<Clock, "epochMs">;
  /** Gives the public keys of a device in PEM, one behind the other. */
  readonly secretOf: SecretLookup;
}

/** Ten minutes of skew, as there; a connection ends when its token does. */
export function googleLogin(options: GoogleLoginOptions): CloudProvider {
  return {
    name: "google",
    authenticate(login) {
      const read = tokenIn(login);
      if (read === undefined || "outcome" in read) return read;
      const keys = options.secretOf(read.owner);
      const go = (found: string | undefined) => judge(read, found, options);
      return isPromise(keys) ? keys.then(go) : go(keys);
    },
  };
}

interface Token {
  readonly owner: SecretOwner & { readonly device: string };
  readonly project: string;
  readonly algorithm: SignatureAlgorithm;
  readonly signed: string;
  readonly signature: Uint8Array;
  readonly claims: Readonly<Record<string, unknown>>;
}

function tokenIn({ clientId, password }: Login): Token | CloudRefused | undefined {
  const path = /^(projects\/([^/]+)\/locations\/[^/]+\/registries\/[^/]+)\/devices\/([^/]+)$/.exec(clientId);
  const [, group = "", project = "", device = ""] = path ?? [];
  if (path === null) return undefined;
  const owner = { cloud: "google", group, device } as const;
  const [head = "", body = "", tail = "", ...rest] = utf8Decode(password ?? new Uint8Array(0)).split(".");
  const header = jsonOf(head);
  const claims = jsonOf(body);
  const signature = bytesOfBase64Url(tail);
  if (header === undefined || claims === undefined || signature === undefined || rest.length > 0) {
    return wrong(`the password of ${ownerText(owner)} is no JWT`);
  }
  const algorithm = header["alg"];
  if (algorithm !== "RS256" && algorithm !== "ES256") {
    return wrong(`the token of ${ownerText(owner)} is not signed with RS256 or ES256`);
  }
  return { owner, project, algorithm, signed: `${head}.${body}`, signature, claims };
}

function bytesOfBase64Url(text: string): Uint8Array | undefined {
  return /[+/=]/.test(text) ? undefined : bytesOfBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

function jsonOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = bytesOfBase64Url(text);
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(utf8Decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function judge(
  token: Token,
  keys: string | undefined,
  { signatures, clock }: GoogleLoginOptions,
): MaybePromise<CloudAccepted | CloudRefused> {
  const { owner, algorithm, signed, signature } = token;
  if (keys === undefined) return wrong(`there is no key for ${ownerText(owner)}`);
  const bytes = utf8Encode(signed);
  const isSigned = pemBlocks(keys).some((key) => signatures.verify(algorithm, key, bytes, signature));
  if (!isSigned) return wrong(`the token does not fit the key of ${ownerText(owner)}`);
  const nowSeconds = clock.epochMs() / 1000;
  const problem = problemOf(token, nowSeconds);
  if (problem !== undefined) return notAllowed(`the token of ${ownerText(owner)} ${problem}`);
  const { exp } = token.claims as { readonly exp: number };
  return acceptedDevice("google", owner, {
    // What CONNECT says there is neither signed nor looked at.
    userName: `${owner.group}/${owner.device}`,
    validForMs: (exp + SKEW_SECONDS - nowSeconds) * 1000,
  });
}

function pemBlocks(text: string): string[] {
  return text.split(/(?=-----BEGIN )/).filter((block) => block.startsWith("-----BEGIN "));
}

function problemOf({ claims, project }: Token, nowSeconds: number): string | undefined {
  const { iat, exp, aud } = claims;
  if (typeof iat !== "number" || typeof exp !== "number")
    return "does not say from when until when it is good";
  if (aud !== project) return `is not for project ${project}`;
  if (exp - iat > LONGEST_LIFETIME_SECONDS) return "is good for more than a day";
  if (iat > nowSeconds + SKEW_SECONDS) return "is of a time to come";
  return exp + SKEW_SECONDS <= nowSeconds ? "has expired" : undefined;
}
