/** Who may connect: `[logins]` with a table for each way to prove who one is. */

import { choice, file, list, pairs, table, text, toggle, whole } from "../declare.ts";
import { DAY_MS, HOUR_MS, LARGEST, urlForm } from "./shared.ts";

/** The providers as `logins.order` names them, in the order in which they are asked by default, with the names of their tables. */
export const loginProviders = {
  certificate: "certificate",
  psk: "psk",
  "password-file": "password_file",
  scram: "scram",
  jwt: "jwt",
  cloud: "cloud",
  http: "http",
} as const;

type ProviderName = keyof typeof loginProviders;

/** What of a certificate can be a name. */
export const certificateFields = [
  "common-name",
  "subject",
  "san-dns",
  "san-uri",
  "san-email",
  "san-ip",
  "fingerprint",
] as const;

const certificate = table(
  {
    optional: true,
    says: "The certificate that a client has shown over TLS is its login. Needs `tls.client_certificate` at a listener.",
  },
  {
    user_name: choice({
      choices: certificateFields,
      default: "common-name",
      says: "What of the certificate becomes the user name.",
    }),
    client_id: choice({
      choices: certificateFields,
      says: "What of the certificate becomes the client id. Default: that of CONNECT stays.",
    }),
    required_client_id: choice({
      choices: certificateFields,
      says: "What of the certificate the client id has to be. Default: any will do.",
    }),
  },
);

const psk = table(
  {
    optional: true,
    says: "The identity of a pre-shared key is the user name. Needs `tls.psk_file` at a listener.",
  },
  {},
);

/** How many logins of a provider are worked on, and how many wait. */
function rooms(parallel: number) {
  return {
    parallel: whole({
      lowest: 1,
      highest: 1_024,
      default: parallel,
      says: "Logins that are judged at once.",
    }),
    maximum_waiting: whole({
      lowest: 0,
      highest: LARGEST,
      default: 1_000,
      says: "Logins that wait for that; further ones are refused as `Server busy`.",
    }),
  };
}

/** How long logins that were let in are let in again without judging. */
function remembering(rememberMs: number) {
  return {
    remember_ms: whole({
      lowest: 0,
      highest: 30 * DAY_MS,
      unit: "ms",
      default: rememberMs,
      says: "How long a login that was let in is not judged again; 0 for not at all.",
    }),
    maximum_remembered: whole({
      lowest: 0,
      highest: LARGEST,
      default: 100_000,
      says: "Logins that are remembered for that.",
    }),
  };
}

const passwordFile = table(
  {
    optional: true,
    says: "User names and hashed passwords, as `martlet passwd` and mosquitto_passwd write them.",
  },
  {
    path: file({ required: true, says: "The password file." }),
    unknown_users: choice({
      choices: ["refuse", "next"],
      default: "refuse",
      says: "Whether a user who is not in the file is refused, or left to the next provider.",
    }),
    ...rooms(2),
    ...remembering(HOUR_MS),
  },
);

const scram = table(
  { optional: true, says: "Enhanced authentication of 5.0: the password never leaves the client." },
  {
    path: file({ required: true, says: "The password file with SCRAM credentials." }),
    methods: list({
      item: choice({ choices: ["SCRAM-SHA-256", "SCRAM-SHA-512"] }),
      fewest: 1,
      default: ["SCRAM-SHA-256", "SCRAM-SHA-512"],
      says: "What is offered.",
    }),
  },
);

const algorithms = [
  ...(["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA"] as const),
] as const;

const jwt = table(
  {
    optional: true,
    says: "A signed token (JWT). One of `secret_file`, `secret`, `key_file` and `jwks_url` is set.",
  },
  {
    secret: text({ secret: true, says: "Secret of HS256, HS384 and HS512. Better in a file." }),
    secret_file: file({ says: "A file with that secret in its first line." }),
    key_file: file({ says: "The issuer's public key or certificate, in PEM form." }),
    jwks_url: text({ form: urlForm, says: "Where the issuer publishes its keys." }),
    jwks_cache_ms: whole({
      lowest: 1_000,
      highest: 30 * DAY_MS,
      unit: "ms",
      default: 600_000,
      says: "How long published keys are used before they are fetched again.",
    }),
    jwks_cooldown_ms: whole({
      lowest: 100,
      highest: DAY_MS,
      unit: "ms",
      default: 30_000,
      says: "Time between two fetches, whatever tokens ask for.",
    }),
    jwks_timeout_ms: whole({
      lowest: 1,
      highest: HOUR_MS,
      unit: "ms",
      default: 5_000,
      says: "Time for the whole answer.",
    }),
    jwks_maximum_bytes: whole({
      lowest: 64,
      highest: 1_073_741_824,
      unit: "bytes",
      default: 262_144,
      says: "Largest answer that is read.",
    }),
    algorithms: list({
      item: choice({ choices: algorithms }),
      fewest: 1,
      says: "Accepted algorithms. Default: those that fit the key.",
    }),
    places: list({
      item: text({
        form: {
          test: (value) => /^(password|user-name|header:[\w-]+|query:[\w.~-]+)$/.test(value),
          words: "password, user-name, header:<name> or query:<name>",
        },
      }),
      fewest: 1,
      default: ["password"],
      says: "Where a token is sought, in this order. `header:<name>` and `query:<name>` are of the request that opens a WebSocket.",
    }),
    issuers: list({ item: text({}), fewest: 1, says: "One of them has to be in `iss`. Default: any." }),
    audiences: list({ item: text({}), fewest: 1, says: "One of them has to be in `aud`. Default: any." }),
    skew_seconds: whole({
      lowest: 0,
      highest: 3_600,
      unit: "seconds",
      default: 30,
      says: "How far the clocks of issuer and broker may be apart.",
    }),
    require_expiry: toggle({ default: true, says: "Whether a token without `exp` is refused." }),
    longest_lifetime_seconds: whole({
      lowest: 1,
      highest: LARGEST,
      unit: "seconds",
      says: "From `iat` to `exp`, at most. Default: no limit.",
    }),
    user_name_claim: text({
      default: "sub",
      says: "Claim that becomes the user name; `realm.user` for one within another.",
    }),
    client_id_claim: text({ says: "Claim with the client id. Default: the client id is free." }),
    client_id_rule: choice({
      choices: ["match", "replace"],
      default: "match",
      says: "Whether the client id has to be that claim, or is replaced by it.",
    }),
    roles_claim: text({ says: "Claim with the roles of the client." }),
    permissions_claim: text({
      says: "Claim with the permissions of the client: an object with lists of topic filters, `publish` and `subscribe`. Who has it may do that and nothing else; who does not is judged by `[access]`.",
    }),
  },
);

/** How a service of the user's is asked, for logins and for permissions. */
export const serviceKeys = {
  url: text({ required: true, form: urlForm, says: "Where it is asked." }),
  headers: pairs({
    default: {},
    secret: true,
    says: "Sent with each question, for example `authorization`.",
  }),
  timeout_ms: whole({
    lowest: 1,
    highest: HOUR_MS,
    unit: "ms",
    default: 5_000,
    says: "Time for the whole answer.",
  }),
  maximum_answer_bytes: whole({
    lowest: 64,
    highest: 1_073_741_824,
    unit: "bytes",
    default: 65_536,
    says: "Largest answer that is read.",
  }),
  ...rooms(32),
  failures_to_open: whole({
    lowest: 1,
    highest: LARGEST,
    default: 5,
    says: "Trouble in a row after which the service is left alone.",
  }),
  open_ms: whole({
    lowest: 0,
    highest: DAY_MS,
    unit: "ms",
    default: 10_000,
    says: "For how long it is left alone.",
  }),
} as const;

const http = table(
  {
    optional: true,
    says: "A service of yours is asked over HTTP. When it does not answer as it should, nobody gets in.",
  },
  { ...serviceKeys, ...remembering(60_000) },
);

const cloud = table(
  {
    optional: true,
    says: "Devices that log in as they would at an IoT cloud.",
  },
  {
    devices_file: file({ required: true, says: "The devices and their secrets, in TOML." }),
    clouds: list({
      item: choice({
        choices: [
          ...(["aliyun", "onenet", "onenet-old", "huawei", "baidu", "tencent"] as const),
          ...(["azure", "aws-authorizer", "aws-sigv4", "google"] as const),
        ],
      }),
      fewest: 1,
      says: "Whose logins are understood. Default: those that the file has devices of.",
    }),
    any_keep_alive: toggle({
      default: false,
      says: "Whether a keep alive counts that the platform itself would refuse.",
    }),
  },
);

export const logins = table(
  { says: "Who may connect. Everybody is refused whom no provider lets in.", reload: "now" },
  {
    allow_anonymous: toggle({
      says: "Whether clients without a user name get in. Default: only when no provider is set and only this machine can connect.",
    }),
    anonymous_user_name: text({ says: "The user name that rules know those clients by. Default: none." }),
    uniform_refusals: toggle({
      default: false,
      says: "Whether every login that fails is refused as `Not authorized`, as mosquitto does, and a wrong user name or password is not told apart.",
    }),
    order: list({
      item: choice({ choices: Object.keys(loginProviders) as ProviderName[] }),
      says: "Who is asked first. Default: those whose tables are there, as they are listed here.",
    }),
    certificate,
    psk,
    password_file: passwordFile,
    scram,
    jwt,
    cloud,
    http,
  },
);
