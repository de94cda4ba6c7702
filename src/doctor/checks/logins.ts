/** Who may log in, how they prove who they are, and how well what they prove it by is kept. */

import type { PasswordHash } from "#auth";
import { type Configuration, hasLogins } from "#config";
import { isLoopback } from "#server";
import type { AccountsFacts, Facts, PreSharedKeysFacts } from "../facts.ts";
import { counted, type Finding, named, note, ok, problem, warning } from "../finding.ts";

type LoginFacts = Pick<Facts, "configuration" | "listeners" | "accounts" | "preSharedKeys">;
type Jwt = NonNullable<Configuration["logins"]["jwt"]>;

/** Below it a graphics card tries out passwords too fast. */
const FEWEST_ROUNDS = 100_000;
/** KiB of memory times passes: the cheapest argon2id that OWASP recommends is 7 MiB with five passes. */
const LEAST_ARGON2_WORK = 7_168 * 5;
const SHORTEST_KEY_BYTES = 16;

/** In the order in which they are asked when none is given; tables by the names of their providers. */
const tables = {
  certificate: "certificate",
  psk: "psk",
  "password-file": "password_file",
  scram: "scram",
  jwt: "jwt",
  cloud: "cloud",
  http: "http",
} as const;

export function checkLogins(facts: LoginFacts): Finding[] {
  const { configuration, listeners, accounts, preSharedKeys } = facts;
  const { jwt, http } = configuration.logins;
  return [
    chainOf(configuration),
    ...anonymousOf(listeners),
    ...accounts.flatMap(checkAccounts),
    ...preSharedKeys.flatMap(checkPreSharedKeys),
    ...(jwt === undefined ? [] : checkJwt(jwt)),
    ...(http === undefined ? [] : checkUrl(http.url, "logins.http", "passwords")),
  ];
}

function chainOf(configuration: Configuration): Finding {
  const { logins, access } = configuration;
  if (!hasLogins(configuration)) return note("logins", "Nobody is asked who they are: no provider is set.");
  const usual = (Object.keys(tables) as (keyof typeof tables)[]).filter(
    (name) => logins[tables[name]] !== undefined,
  );
  const asked: string[] = [...(logins.order ?? usual)];
  if (access.roles_file !== undefined) asked.push("the file of roles");
  return ok("logins", `Asked about each login, in this order: ${asked.join(", ")}.`);
}

function anonymousOf(listeners: Facts["listeners"]): Finding[] {
  const names = listeners.filter(({ allowsAnonymous }) => allowsAnonymous).map(({ name }) => name);
  if (names.length === 0) return [ok("logins", "Clients that say nothing of themselves get in nowhere.")];
  const where = names.length === listeners.length ? "everywhere" : `at ${names.join(", ")}`;
  return [note("logins", `Clients that say nothing of themselves get in ${where}.`)];
}

function checkAccounts({ path, use, accounts }: AccountsFacts): Finding[] {
  const found: Finding[] = [];
  const users = use === "roles" ? "client" : "user";
  const usable =
    use === "scram" ? accounts.filter(({ hash }) => hash !== undefined && "serverKey" in hash) : accounts;
  if (usable.length === 0) {
    const what = use === "scram" ? "holds nobody whose password is hashed for SCRAM" : `holds no ${users}s`;
    const remedy = use === "scram" ? "martlet passwd -H scram-sha-256" : "martlet passwd";
    found.push(
      warning(
        "logins",
        `${path} ${what}.`,
        use === "roles" ? "Add clients to it." : `Add some with ${remedy}.`,
      ),
    );
  } else found.push(ok("logins", `${path}: ${counted(usable.length, users)}.`));
  const plain = accounts.filter(({ hash }) => hash === undefined).map(({ userName }) => userName);
  if (plain.length > 0 && use !== "roles")
    found.push(
      problem(
        "logins",
        `${path}: ${counted(plain.length, "password")} unhashed, or hashed in a way that is not known: ${named(plain)}. Nobody gets in by that.`,
        `Hash them: martlet passwd -U ${path}`,
      ),
    );
  const weak = accounts.filter(({ hash }) => hash !== undefined && isWeak(hash));
  if (weak.length > 0) {
    const kinds = [...new Set(weak.map(({ hash }) => (hash === undefined ? "" : kindOf(hash))))];
    found.push(
      warning(
        "logins",
        `${path}: ${counted(weak.length, "weak hash", "weak hashes")} (${kinds.join("; ")}): ${named(weak.map(({ userName }) => userName))}.`,
        "Give these users new passwords, hashed with argon2id; whoever gets the file tries out passwords otherwise.",
      ),
    );
  }
  return found;
}

function isWeak(hash: PasswordHash): boolean {
  if (hash.method === "sha512") return true;
  if (hash.method === "argon2id") return hash.cost.memoryKib * hash.cost.passes < LEAST_ARGON2_WORK;
  return hash.iterations < FEWEST_ROUNDS;
}

function kindOf(hash: PasswordHash): string {
  if (hash.method === "sha512") return "SHA-512, $6$";
  if (hash.method === "argon2id")
    return `argon2id with ${hash.cost.memoryKib} KiB and ${counted(hash.cost.passes, "pass", "passes")}`;
  return `${hash.method} with ${hash.iterations} rounds`;
}

function checkPreSharedKeys({ path, count, shortestBytes }: PreSharedKeysFacts): Finding[] {
  if (shortestBytes === undefined)
    return [warning("logins", `${path} holds no keys.`, "Add a line identity:key for each client.")];
  if (shortestBytes < SHORTEST_KEY_BYTES)
    return [
      warning(
        "logins",
        `${path}: the shortest pre-shared key has ${counted(shortestBytes, "byte")}, which can be tried out.`,
        `Use random keys of at least ${SHORTEST_KEY_BYTES} bytes: openssl rand -hex 32`,
      ),
    ];
  return [ok("logins", `${path}: ${counted(count, "identity", "identities")}.`)];
}

function checkJwt(jwt: Jwt): Finding[] {
  const found: Finding[] = [];
  const algorithms = jwt.algorithms?.join(", ") ?? "those that fit the key";
  const limit =
    jwt.longest_lifetime_seconds === undefined
      ? "for as long as they say"
      : `for ${jwt.longest_lifetime_seconds} seconds at most`;
  found.push(ok("logins", `Tokens are accepted ${limit}; algorithms: ${algorithms}.`));
  if (jwt.jwks_url !== undefined) found.push(...checkUrl(jwt.jwks_url, "logins.jwt.jwks_url", "keys"));
  if (!jwt.require_expiry)
    found.push(
      warning(
        "logins",
        "Tokens without an end are accepted: one that is stolen lets in for ever.",
        "Leave out logins.jwt.require_expiry, or set it to true.",
      ),
    );
  if (jwt.secret !== undefined)
    found.push(
      note(
        "logins",
        "The secret of tokens stands in the configuration.",
        "Put it into a file of its own: logins.jwt.secret_file.",
      ),
    );
  if (jwt.jwks_url !== undefined && jwt.audiences === undefined)
    found.push(
      warning(
        "logins",
        "Tokens of that issuer are accepted whatever service they are for.",
        "Set logins.jwt.audiences.",
      ),
    );
  return found;
}

/** Whether what goes to a service or comes from it can be read and changed on the way. */
export function checkUrl(url: string, key: string, what: string): Finding[] {
  const { protocol, hostname, host } = new URL(url);
  const area = key.startsWith("access") ? "access" : "logins";
  if (protocol === "https:") return [ok(area, `${key} is at ${host}, encrypted.`)];
  if (isLoopback(hostname.replace(/^\[(.*)\]$/, "$1")))
    return [ok(area, `${key} is on this machine, at ${host}.`)];
  return [
    problem(
      area,
      `${key} is asked over plain HTTP at ${host}: who is between can read and change ${what}.`,
      "Use https, or a service on this machine.",
    ),
  ];
}
