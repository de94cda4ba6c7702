/**
 * From `[logins]` of a configuration to the providers that are asked, in their order, with the files and services behind them.
 */

import { PasswordFile } from "#auth";
import { ConfigError, isPromise, utf8Encode } from "#base";
import { cloudProvider } from "#clouds";
import type { Configuration } from "#config";
import {
  type CloudSecrets,
  httpCall,
  type JwtKeySource,
  jwtVerifier,
  keyedHashing,
  parseCloudSecrets,
  passwordHashing,
  scramHashing,
  signatures,
} from "#credentials";
import {
  AnonymousLogin,
  CertificateLogin,
  HttpLogin,
  type HttpServiceOptions,
  jwtLogin,
  type LoginProvider,
  PasswordFileLogin,
  PskLogin,
  ScramLogin,
  type TokenPlace,
} from "#logins";
import type { GateFiles, GateTools } from "./gate-tools.ts";
import { defined } from "./listener-options.ts";

type Logins = Configuration["logins"];
type TableOf<Name extends keyof Logins> = NonNullable<Logins[Name]>;

type ListenerLogins = NonNullable<Configuration["listeners"][number]["logins"]>;

/** What listeners have of their own in place of `[logins]`, by their names. */
export type OwnLogins = ReadonlyMap<string, ListenerLogins>;

/** Makes a provider of its table; undefined without one. In the order in which they are asked when none is given. */
const makers = {
  certificate: ({ certificate }: Logins, _tools: GateTools, _files: GateFiles, own: OwnLogins) =>
    forListeners("certificate", certificate && certificateLogin(certificate), own, (field) =>
      field === "none" ? undefined : certificateLogin({ ...certificate, user_name: field }),
    ),
  psk: ({ psk }: Logins, _tools: GateTools, _files: GateFiles, own: OwnLogins) =>
    forListeners("psk", psk && new PskLogin(), own, (isLogin) => (isLogin ? new PskLogin() : undefined)),
  "password-file": ({ password_file }: Logins, tools: GateTools, files: GateFiles, own: OwnLogins) =>
    forListeners(
      "password-file",
      password_file && passwordFileLogin(password_file, tools, files),
      own,
      (path) => passwordFileLogin({ ...password_file, path }, tools, files),
    ),
  scram: ({ scram }: Logins, tools: GateTools, files: GateFiles) => scram && scramLogin(scram, tools, files),
  jwt: ({ jwt }: Logins, tools: GateTools, files: GateFiles) => jwt && tokenLogin(jwt, tools, files),
  cloud: ({ cloud }: Logins, tools: GateTools, files: GateFiles) => cloud && cloudLogins(cloud, tools, files),
  http: ({ http }: Logins, tools: GateTools) => http && httpLogin(http, tools),
} satisfies Record<
  string,
  (logins: Logins, tools: GateTools, files: GateFiles, own: OwnLogins) => LoginProvider | undefined
>;

const usualOrder = Object.keys(makers) as (keyof typeof makers)[];

/** The keys of what listeners have of their own. */
const ownKeys = { certificate: "certificate", psk: "psk", "password-file": "password_file" } as const;
type OwnName = keyof typeof ownKeys;

/**
 * The providers of `[logins]`, without the one for clients that say nothing of themselves. What listeners have of their own stands
 * where the general one does, or would.
 *
 * @throws ConfigError for a file or key that cannot be used
 */
export function loginProviders(
  logins: Logins,
  tools: GateTools,
  files: GateFiles,
  own: OwnLogins = new Map(),
): LoginProvider[] {
  const order = [...(logins.order ?? usualOrder)];
  for (const [name, key] of Object.entries(ownKeys) as [OwnName, keyof ListenerLogins][]) {
    const isOwn = [...own.values()].some((each) => each[key] !== undefined);
    if (isOwn && !order.includes(name)) order.push(name);
  }
  return order.flatMap((name) => makers[name](logins, tools, files, own) ?? []);
}

/**
 * Lets in who says nothing of themselves, on listeners where that is allowed, those of `allowed` names; and on those of `open` names,
 * where nobody is asked, everybody.
 */
export function anonymousLogin(
  userName: string | undefined,
  { allowed, open }: { readonly allowed: ReadonlySet<string>; readonly open: ReadonlySet<string> },
): LoginProvider {
  const inner = new AnonymousLogin(userName === undefined ? {} : { userName });
  return {
    name: inner.name,
    authenticate(login) {
      const answer = allowed.has(login.listener) ? inner.authenticate(login) : undefined;
      return answer ?? (open.has(login.listener) ? { outcome: "accepted" } : undefined);
    },
  };
}

/** The `general` provider, and those that `make` makes in its place of what listeners have of their own; undefined for none. */
function forListeners<Name extends OwnName>(
  name: Name,
  general: LoginProvider | undefined,
  own: OwnLogins,
  make: (value: NonNullable<ListenerLogins[(typeof ownKeys)[Name]]>) => LoginProvider | undefined,
): LoginProvider | undefined {
  const ofListeners = new Map<string, LoginProvider | undefined>();
  for (const [listener, logins] of own) {
    const value = logins[ownKeys[name]];
    if (value !== undefined) ofListeners.set(listener, make(value));
  }
  if (ofListeners.size === 0) return general;
  return {
    name,
    authenticate: (login) => {
      const { listener } = login;
      const provider = ofListeners.has(listener) ? ofListeners.get(listener) : general;
      return provider?.authenticate(login);
    },
  };
}

function certificateLogin(
  table: Partial<TableOf<"certificate">> & Pick<TableOf<"certificate">, "user_name">,
): LoginProvider {
  const { user_name, client_id, required_client_id } = table;
  return new CertificateLogin({
    userName: user_name,
    ...(client_id === undefined ? {} : { clientId: client_id }),
    ...(required_client_id === undefined ? {} : { requiredClientId: required_client_id }),
  });
}

function passwordFileLogin(
  table: Partial<TableOf<"password_file">> & { readonly path: string },
  tools: GateTools,
  files: GateFiles,
): LoginProvider {
  const { path, unknown_users, parallel, maximum_waiting, remember_ms, maximum_remembered } = table;
  const content = files.open(path, passwordsOf(path), (file) => {
    for (const change of login.replace(file)) files.onChange(change);
  });
  const login = new PasswordFileLogin(content, {
    hashing: passwordHashing(),
    clock: tools.clock,
    random: tools.random,
    ...defined({
      unknownUsers: unknown_users,
      parallel,
      mostWaiting: maximum_waiting,
      rememberMs: remember_ms,
      mostRemembered: maximum_remembered,
    }),
  });
  return login;
}

function scramLogin({ path, methods }: TableOf<"scram">, tools: GateTools, files: GateFiles): LoginProvider {
  const content = files.open(path, passwordsOf(path), (file) => {
    for (const change of login.replace(file)) files.onChange(change);
  });
  const login = new ScramLogin(content, { hashing: scramHashing, random: tools.random, methods });
  return login;
}

function passwordsOf(path: string): (text: string) => PasswordFile {
  return (text) => PasswordFile.parse(text, path);
}

function tokenLogin(table: TableOf<"jwt">, tools: GateTools, files: GateFiles): LoginProvider {
  const { clock, log } = tools;
  const { secret, secret_file, key_file, jwks_url, algorithms } = table;
  const bound = algorithms === undefined ? {} : { algorithms };
  const verifierOf = (key: JwtKeySource) => jwtVerifier({ keys: [{ ...key, ...bound }] });
  const ofSecret = (text: string) => verifierOf({ secret: utf8Encode(text) });
  let verifier =
    jwks_url === undefined
      ? undefined
      : jwtVerifier({
          ...bound,
          jwks: {
            url: jwks_url,
            clock,
            log,
            cacheMs: table.jwks_cache_ms,
            cooldownMs: table.jwks_cooldown_ms,
            timeoutMs: table.jwks_timeout_ms,
            mostBytes: table.jwks_maximum_bytes,
          },
        });
  const follow = (next: NonNullable<typeof verifier>): void => {
    verifier = next;
  };
  if (secret !== undefined) verifier = ofSecret(secret);
  if (secret_file !== undefined)
    verifier = files.open(secret_file, (text) => ofSecret(firstLine(text, secret_file)), follow);
  if (key_file !== undefined) verifier = files.open(key_file, (pem) => verifierOf({ pem }), follow);
  return jwtLogin({
    verifier: { verify: (token) => verifier?.verify(token) ?? NO_KEY },
    clock,
    places: table.places.map(placeOf),
    ...(table.issuers === undefined ? {} : { issuers: table.issuers }),
    ...(table.audiences === undefined ? {} : { audiences: table.audiences }),
    skewSeconds: table.skew_seconds,
    requireExpiry: table.require_expiry,
    ...(table.longest_lifetime_seconds === undefined
      ? {}
      : { longestLifetimeSeconds: table.longest_lifetime_seconds }),
    userNameClaim: table.user_name_claim,
    ...(table.client_id_claim === undefined
      ? {}
      : { clientId: { claim: table.client_id_claim, rule: table.client_id_rule } }),
    ...(table.roles_claim === undefined ? {} : { rolesClaim: table.roles_claim }),
    ...(table.permissions_claim === undefined ? {} : { permissionsClaim: table.permissions_claim }),
  });
}

const NO_KEY = { outcome: "unavailable", reason: "no key is configured" } as const;

function firstLine(text: string, path: string): string {
  const [line = ""] = text.split(/\r?\n/, 1);
  if (line === "") throw new ConfigError(path, "its first line is empty; the secret belongs there.");
  return line;
}

/** `password`, `user-name`, `header:<name>` or `query:<name>`. */
function placeOf(text: string): TokenPlace {
  const [kind, name = ""] = text.split(":", 2);
  if (kind === "header") return { header: name };
  if (kind === "query") return { query: name };
  return kind === "user-name" ? "user-name" : "password";
}

/** All clouds that the file has devices of, as one provider. */
function cloudLogins(table: TableOf<"cloud">, { clock }: GateTools, files: GateFiles): LoginProvider {
  const { devices_file, clouds, any_keep_alive } = table;
  const providersOf = ({ secretOf, authorizerOf, clouds: known }: CloudSecrets): readonly LoginProvider[] =>
    (clouds ?? [...known]).map((cloud) =>
      cloudProvider(cloud, {
        hashing: keyedHashing,
        signatures,
        clock,
        secretOf,
        authorizerOf,
        ...(any_keep_alive ? { keepAlive: "any" } : {}),
      }),
    );
  const parse = (text: string) => providersOf(parseCloudSecrets(text, devices_file));
  let providers = files.open(devices_file, parse, (next) => {
    providers = next;
  });
  return {
    name: "cloud",
    authenticate(login) {
      type Answer = ReturnType<LoginProvider["authenticate"]>;
      const ask = (from: number): Answer => {
        for (let at = from; at < providers.length; at++) {
          const answer: Answer = providers[at]?.authenticate(login);
          if (isPromise(answer)) return answer.then((settled) => settled ?? ask(at + 1));
          if (answer !== undefined) return answer;
        }
        return undefined;
      };
      return ask(0);
    },
  };
}

function httpLogin(table: TableOf<"http">, tools: GateTools): LoginProvider {
  return new HttpLogin({
    ...serviceOptions(table, "logins.http", tools),
    hashing: scramHashing,
    random: tools.random,
    rememberMs: table.remember_ms,
    mostRemembered: table.maximum_remembered,
  });
}

/** How a service over HTTP is asked; `name` is for the log. */
export function serviceOptions(
  table: NonNullable<Logins["http"]> | NonNullable<Configuration["access"]["http"]>,
  name: string,
  { clock, log }: GateTools,
): HttpServiceOptions {
  return {
    call: httpCall({
      url: table.url,
      headers: table.headers,
      timeoutMs: table.timeout_ms,
      maximumAnswerBytes: table.maximum_answer_bytes,
    }),
    clock,
    parallel: table.parallel,
    mostWaiting: table.maximum_waiting,
    failuresToOpen: table.failures_to_open,
    openMs: table.open_ms,
    onCircuit: (state, reason) =>
      state === "open"
        ? log.write("error", `${name} is left alone for ${table.open_ms} ms: ${reason}.`)
        : log.write("info", `${name} answers again.`),
  };
}
