/**
 * AWS IoT Core with a custom authoriser: a token and its signature, RSA with SHA-256, stand behind the user name as in the query of
 * a URL, or in the query or the headers of the request that opens a WebSocket. AWS then asks a function of its user; here `decide`
 * stands for that.
 */

import type { Accepted, Login, OpeningRequest } from "#auth";
import { isPromise, type MaybePromise, utf8Encode } from "#base";
import { type CloudProvider, type CloudRefused, notAllowed, wrong } from "./cloud-login.ts";
import type { CloudCredentials } from "./credentials.ts";
import { base64Of, bytesOfBase64, fieldsOf, percentDecoded, percentEncoded } from "./encodings.ts";
import type { Signatures } from "./keyed-hashing.ts";

const NAME_FIELD = "x-amz-customauthorizer-name";
const SIGNATURE_FIELD = "x-amz-customauthorizer-signature";
const ADVISED_KEEP_ALIVE_SECONDS = 300;

export interface AwsAuthorizerOptions {
  /** The endpoint of the account, for example `example-ats.iot.us-east-1.amazonaws.com`. */
  readonly host: string;
  readonly clientId: string;
  readonly authorizer: string;
  /** Stands before the `?`. Default none. */
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  /** What the authoriser calls its token, the token, and the key whose public half the authoriser has. */
  readonly token?: { readonly key: string; readonly value: string; readonly privateKeyPem: string };
}

/** @throws ConfigError when the private key is none */
export function awsAuthorizerCredentials(
  options: AwsAuthorizerOptions,
  signatures: Signatures,
): CloudCredentials {
  const { host, clientId, authorizer, userName = "", password, token } = options;
  const fields = [`${NAME_FIELD}=${percentEncoded(authorizer)}`];
  if (token !== undefined) {
    const signature = signatures.sign("RS256", token.privateKeyPem, utf8Encode(token.value));
    fields.push(`${percentEncoded(token.key)}=${percentEncoded(token.value)}`);
    fields.push(`${SIGNATURE_FIELD}=${percentEncoded(base64Of(signature))}`);
  }
  return {
    clientId,
    userName: `${userName}?${fields.join("&")}`,
    password,
    url: `mqtts://${host}:443`,
    alpn: "mqtt",
    keepAliveSeconds: ADVISED_KEEP_ALIVE_SECONDS,
  };
}

/** What an authoriser is asked. The token is that of whoever signed it. */
export interface AwsAuthorizerRequest {
  readonly authorizer: string;
  /** Undefined where signing is off and none was brought. */
  readonly token: string | undefined;
  /** Before the `?`; undefined when CONNECT has none. */
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly login: Login;
}

export interface AwsAuthorizer {
  /** What it calls its token. */
  readonly tokenKey: string;
  /** In PEM; one of them has to fit. Empty: signing is off, and `decide` decides alone. */
  readonly publicKeys: readonly string[];
  /** Absent: whoever has a token that is signed is let in. */
  readonly decide?: (request: AwsAuthorizerRequest) => MaybePromise<Accepted | CloudRefused>;
}

export interface AwsAuthorizerLoginOptions {
  readonly signatures: Signatures;
  readonly authorizerOf: (name: string) => MaybePromise<AwsAuthorizer | undefined>;
}

/**
 * Replaces the user name, so that token and signature are in no list: by the name of the authoriser, as what stands before the `?`
 * is not signed; only where `decide` has seen that and lets it in, by that. AWS takes any keep alive, and so does this.
 */
export function awsAuthorizerLogin({ signatures, authorizerOf }: AwsAuthorizerLoginOptions): CloudProvider {
  return {
    name: "aws-authorizer",
    authenticate(login) {
      const asked = askedIn(login);
      if (asked === undefined || "outcome" in asked) return asked;
      const known = authorizerOf(asked.name);
      const go = (authorizer: AwsAuthorizer | undefined) => judge(asked, authorizer, login, signatures);
      return isPromise(known) ? known.then(go) : go(known);
    },
  };
}

interface Asked {
  readonly name: string;
  readonly userName: string | undefined;
  /** By its name in lower case. */
  readonly field: (name: string) => string | undefined;
}

function askedIn(login: Login): Asked | CloudRefused | undefined {
  const { userName, openingRequest } = login;
  const at = userName?.indexOf("?") ?? -1;
  const bare = at < 0 ? userName : userName?.slice(0, at);
  const places = [
    at < 0 ? undefined : lowerFields(userName?.slice(at + 1) ?? ""),
    openingRequest && lowerFields(queryOf(openingRequest)),
    openingRequest && headerField(openingRequest),
  ];
  for (const field of places) {
    const name = field?.(NAME_FIELD);
    if (field !== undefined && name !== undefined) return { name, userName: bare, field };
  }
  const isMeant = userName?.toLowerCase().includes(`${NAME_FIELD}=`) === true;
  return isMeant ? wrong(`the fields behind the user name of ${login.clientId} are malformed`) : undefined;
}

function queryOf({ url }: OpeningRequest): string {
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

/** Undefined for what is malformed. */
function lowerFields(text: string): Asked["field"] | undefined {
  const fields = fieldsOf(text);
  if (fields === undefined) return undefined;
  const byName = new Map([...fields].map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => byName.get(name.toLowerCase());
}

function headerField({ headers }: OpeningRequest): Asked["field"] {
  return (name) => headers[name.toLowerCase()];
}

function judge(
  { name, userName, field }: Asked,
  authorizer: AwsAuthorizer | undefined,
  login: Login,
  signatures: Signatures,
): MaybePromise<Accepted | CloudRefused> {
  if (authorizer === undefined) return wrong(`there is no authoriser ${name}`);
  const { tokenKey, publicKeys, decide } = authorizer;
  const token = field(tokenKey);
  if (publicKeys.length > 0) {
    if (token === undefined) return wrong(`${login.clientId} brings no ${tokenKey} for authoriser ${name}`);
    const signature = signatureBytes(field(SIGNATURE_FIELD) ?? "");
    const bytes = utf8Encode(token);
    const isSigned =
      signature !== undefined && publicKeys.some((key) => signatures.verify("RS256", key, bytes, signature));
    if (!isSigned) return wrong(`the token of ${login.clientId} is not signed for authoriser ${name}`);
  } else if (decide === undefined) {
    return notAllowed(`authoriser ${name} has neither a public key nor a decision`);
  }
  const accepted: Accepted = {
    outcome: "accepted",
    userName: name,
    claims: { cloud: "aws-authorizer", authorizer: name },
  };
  if (decide === undefined) return accepted;
  const decision = decide({ authorizer: name, token, userName, password: login.password, login });
  const whole = (made: Accepted | CloudRefused): Accepted | CloudRefused =>
    made.outcome === "accepted"
      ? { ...accepted, userName: userName || name, ...made, claims: { ...made.claims, ...accepted.claims } }
      : made;
  return isPromise(decision) ? decision.then(whole) : whole(decision);
}

/** Some programs encode it a second time. */
function signatureBytes(text: string): Uint8Array | undefined {
  return bytesOfBase64(text.includes("%") ? (percentDecoded(text) ?? "") : text);
}
