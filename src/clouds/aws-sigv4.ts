/**
 * AWS IoT Core over WebSocket with a signed URL (Signature Version 4). The session token of temporary keys is appended after
 * signing, as this one service wants it. CONNECT then needs neither user name nor password.
 */

import type { Login, OpeningRequest } from "#auth";
import { utf8Encode } from "#base";
import {
  type Claim,
  type CloudLoginOptions,
  type CloudProvider,
  type CloudRefused,
  cloudLogin,
  notAllowed,
  wrong,
} from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { bytesOfHex, fieldsOf, hexOf, percentEncoded, wholeNumber } from "./encodings.ts";
import type { KeyedHashing } from "./keyed-hashing.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
const SERVICE = "iotdevicegateway";
const DAY_SECONDS = 86_400;
/** A week, as everywhere at AWS. */
const LONGEST_SECONDS = 7 * DAY_SECONDS;
const SKEW_MS = 300_000;
const ADVISED_KEEP_ALIVE_SECONDS = 300;

/** What is signed, apart from who signs. */
export interface AwsRequest {
  readonly host: string;
  readonly path: string;
  readonly region: string;
  readonly service: string;
  readonly accessKeyId: string;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly date: string;
  readonly expiresSeconds: number;
  /** What stands for the body. Default: the hash of an empty one. */
  readonly payloadHash?: string | undefined;
}

/** The query without its signature. */
export function awsQuery(request: AwsRequest): string {
  return [
    `X-Amz-Algorithm=${ALGORITHM}`,
    `X-Amz-Credential=${percentEncoded(`${request.accessKeyId}/${scopeOf(request)}`)}`,
    `X-Amz-Date=${request.date}`,
    `X-Amz-Expires=${request.expiresSeconds}`,
    "X-Amz-SignedHeaders=host",
  ].join("&");
}

/** The canonical request, of which the hash is signed. */
export function awsCanonicalRequest(request: AwsRequest, query: string, hashing: KeyedHashing): string {
  const { host, path, payloadHash = hexOf(hashing.hash("sha256", new Uint8Array(0))) } = request;
  return ["GET", path, query, `host:${host}`, "", "host", payloadHash].join("\n");
}

/** The key of a day, a region and a service. `day` is `YYYYMMDD`. */
export function awsSigningKey(
  secretAccessKey: string,
  { day, region, service }: { readonly day: string; readonly region: string; readonly service: string },
  hashing: KeyedHashing,
): Uint8Array {
  let key = utf8Encode(`AWS4${secretAccessKey}`);
  for (const part of [day, region, service, "aws4_request"]) {
    key = hashing.hmac("sha256", key, utf8Encode(part));
  }
  return key;
}

export function awsSignature(
  request: AwsRequest,
  query: string,
  secretAccessKey: string,
  hashing: KeyedHashing,
): Uint8Array {
  const canonical = awsCanonicalRequest(request, query, hashing);
  const hash = hexOf(hashing.hash("sha256", utf8Encode(canonical)));
  const toSign = [ALGORITHM, request.date, scopeOf(request), hash].join("\n");
  const { region, service, date } = request;
  const key = awsSigningKey(secretAccessKey, { day: date.slice(0, 8), region, service }, hashing);
  return hashing.hmac("sha256", key, utf8Encode(toSign));
}

function scopeOf({ date, region, service }: AwsRequest): string {
  return `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
}

export interface AwsUrlOptions {
  /** The endpoint of the account, for example `example-ats.iot.us-east-1.amazonaws.com`; with its port, unless that is 443. */
  readonly host: string;
  readonly region: string;
  readonly clientId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken?: string | undefined;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** How long a connection may be opened with it. Default a day, at most a week. */
  readonly expiresSeconds?: number | undefined;
}

export function awsUrlCredentials(options: AwsUrlOptions, hashing: KeyedHashing): CloudCredentials {
  const { host, region, clientId, accessKeyId, secretAccessKey, sessionToken, atMs } = options;
  const { expiresSeconds = DAY_SECONDS } = options;
  const date = `${new Date(atMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
  const request = { host, path: "/mqtt", region, service: SERVICE, accessKeyId, date, expiresSeconds };
  const query = awsQuery(request);
  const signature = hexOf(awsSignature(request, query, secretAccessKey, hashing));
  const token = sessionToken === undefined ? "" : `&X-Amz-Security-Token=${percentEncoded(sessionToken)}`;
  return {
    clientId,
    userName: undefined,
    password: undefined,
    url: `wss://${host}/mqtt?${query}&X-Amz-Signature=${signature}${token}`,
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
    expiresAtMs: Math.floor(atMs / 1000) * 1000 + expiresSeconds * 1000,
  };
}

/**
 * The client keeps the id of its CONNECT; its user name is that of the key. The session token is not looked at: the secret of the key is the proof. The connection
 * goes on when the URL has expired, as at AWS.
 */
export function awsUrlLogin(options: CloudLoginOptions): CloudProvider {
  return cloudLogin("aws-sigv4", options, (login) => read(login, options));
}

function read(login: Login, { hashing, clock }: CloudLoginOptions): Claim | CloudRefused | undefined {
  const { openingRequest } = login;
  const at = openingRequest?.url.indexOf("?") ?? -1;
  if (openingRequest === undefined || at < 0) return undefined;
  const fields = fieldsOf(openingRequest.url.slice(at + 1));
  if (fields?.get("X-Amz-Algorithm") !== ALGORITHM) return undefined;
  const request = requestOf(openingRequest, openingRequest.url.slice(0, at), fields);
  if (request === undefined) return wrong(`the URL of ${login.clientId} is not signed as one for MQTT`);
  const query = awsCanonicalQuery(fields);
  const signedAtMs = dateMs(request.date);
  const isAhead = signedAtMs > clock.epochMs() + SKEW_MS;
  const key = `key ${request.accessKeyId}`;
  return {
    owners: [{ cloud: "aws-sigv4", group: "", device: request.accessKeyId }],
    proof: bytesOfHex(fields.get("X-Amz-Signature") ?? ""),
    expected: (secret) => awsSignature(request, query, secret, hashing),
    expiresAtMs: signedAtMs + request.expiresSeconds * 1000,
    problem: isAhead ? notAllowed(`the URL of ${key} is signed at a time to come`) : undefined,
    accepted: {
      outcome: "accepted",
      // What CONNECT says there is not signed.
      userName: request.accessKeyId,
      claims: { cloud: "aws-sigv4", accessKeyId: request.accessKeyId, region: request.region },
    },
  };
}

function requestOf(
  { headers }: OpeningRequest,
  path: string,
  fields: ReadonlyMap<string, string>,
): AwsRequest | undefined {
  const [accessKeyId, day, region, service, end, ...rest] = fields.get("X-Amz-Credential")?.split("/") ?? [];
  const date = fields.get("X-Amz-Date") ?? "";
  const expiresSeconds = wholeNumber(fields.get("X-Amz-Expires")) ?? 0;
  const host = headers["host"];
  const isScope = service === SERVICE && end === "aws4_request" && rest.length === 0;
  if (!accessKeyId || !region || host === undefined || !isScope) return undefined;
  if (Number.isNaN(dateMs(date)) || day !== date.slice(0, 8)) return undefined;
  if (fields.get("X-Amz-SignedHeaders") !== "host") return undefined;
  if (expiresSeconds < 1 || expiresSeconds > LONGEST_SECONDS) return undefined;
  return { host, path, region, service, accessKeyId, date, expiresSeconds };
}

/** Of all that is signed, sorted. */
function awsCanonicalQuery(fields: ReadonlyMap<string, string>): string {
  return [...fields]
    .filter(([name]) => name !== "X-Amz-Signature" && name !== "X-Amz-Security-Token")
    .map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`)
    .toSorted()
    .join("&");
}

/** Not a number when `date` is not of the form `YYYYMMDDTHHMMSSZ`. */
function dateMs(date: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
