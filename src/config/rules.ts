/**
 * What no single key can say: which ones belong together, and which contradict each other. For configurations whose every value
 * is allowed by itself. Files are not looked at; `missingFiles` does that.
 */

import { accessSync, constants, statSync } from "node:fs";
import type { Declared } from "./declare.ts";
import { whyUnreadable } from "./document.ts";
import { type KeyPath, valueAt } from "./key-path.ts";
import { listeners as listenersDeclared } from "./schema/listeners.ts";
import { loginProviders } from "./schema/logins.ts";
import { type Configuration, configurationSchema, type ListenerConfiguration } from "./schema/schema.ts";

/** What is wrong, and with which value. */
export interface Contradiction {
  readonly path: KeyPath;
  readonly says: string;
}

type Say = (path: KeyPath, says: string) => void;

/** All that does not fit together. */
export function problemsOf(configuration: Configuration): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const say: Say = (path, says) => void found.push({ path, says });
  for (const [index, listener] of configuration.listeners.entries()) {
    const sayHere: Say = (path, says) => say(["listeners", index, ...path], says);
    judgeKeys(listener, sayHere);
    judgeTls(listener, sayHere);
    judgeOwnLogins(listener, sayHere);
    if (listener.protocol === "unix" && listener.path === undefined) {
      sayHere(["path"], "it is missing; a Unix socket needs the path of its file.");
    }
    if (listener.proxy_protocol && listener.protocol !== "unix" && listener.trusted_proxies.length === 0) {
      sayHere(
        ["trusted_proxies"],
        "it is missing; nobody could connect without the proxies that are trusted.",
      );
    }
  }
  judgeTogether(configuration.listeners, say);
  judgeLogins(configuration, say);
  if (configuration.log.destination.includes("file") && configuration.log.file === undefined) {
    say(["log", "file"], `it is missing; destination = "file" needs it.`);
  }
  return found;
}

/** Keys that are for other protocols. */
function judgeKeys(listener: ListenerConfiguration, say: Say): void {
  const { protocol } = listener;
  for (const [name, declared] of Object.entries(listenersDeclared.item.entries) as [string, Declared][]) {
    const { protocols } = declared;
    if (protocols === undefined || protocols.includes(protocol)) continue;
    const value = valueAt(listener, [name]);
    const isGiven = value !== undefined && !isDefault(declared, value);
    if (isGiven) say([name], `it is not for protocol ${protocol}; it is for ${protocols.join(", ")}.`);
  }
}

function isDefault(declared: Declared, value: unknown): boolean {
  if (!("default" in declared)) return false;
  const isEmptyList = Array.isArray(value) && value.length === 0 && Array.isArray(declared.default);
  return declared.default === value || (isEmptyList && (declared.default as readonly unknown[]).length === 0);
}

function judgeTls({ protocol, tls }: ListenerConfiguration, say: Say): void {
  if (tls === undefined) {
    if (protocol === "tls" || protocol === "wss") {
      say(["tls"], `it is missing; protocol ${protocol} needs a certificate and its key.`);
    }
    return;
  }
  if (tls.cert === undefined && tls.key !== undefined)
    say(["tls", "cert"], "the key's certificate is missing.");
  if (tls.key === undefined && tls.cert !== undefined)
    say(["tls", "key"], "the certificate's key is missing.");
  if (tls.cert === undefined && tls.key === undefined && tls.psk_file === undefined) {
    say(["tls", "cert"], "it is missing; TLS needs a certificate and its key, or psk_file.");
  }
  if (tls.client_certificate !== "none" && tls.ca === undefined) {
    say(
      ["tls", "ca"],
      `it is missing; client_certificate = "${tls.client_certificate}" needs the authority.`,
    );
  }
  if (tls.client_certificate === "none" && tls.ca !== undefined) {
    say(
      ["tls", "ca"],
      `nobody is asked for a certificate; set client_certificate to "require" or "request".`,
    );
  }
  if (tls.crl !== undefined && tls.ca === undefined)
    say(["tls", "crl"], "it needs ca, the authority it is of.");
  if (tls.psk_file !== undefined && tls.min_version === "1.3") {
    say(["tls", "psk_file"], `pre-shared keys are for TLS 1.2; min_version "1.3" rules them out.`);
  }
}

/** Logins of a listener that nobody there could have. */
function judgeOwnLogins({ logins, tls }: ListenerConfiguration, say: Say): void {
  const asks = tls !== undefined && tls.client_certificate !== "none";
  if ((logins?.certificate ?? "none") !== "none" && !asks) {
    say(["logins", "certificate"], "nobody is asked for a certificate here; set tls.client_certificate.");
  }
  if (logins?.psk === true && tls?.psk_file === undefined) {
    say(["logins", "psk"], "there are no pre-shared keys here; set tls.psk_file.");
  }
}

/** Names and ports that are there twice. */
function judgeTogether(listeners: Configuration["listeners"], say: Say): void {
  const names = new Map<string, number>();
  const places = new Map<string, number>();
  for (const [index, { name, host, port, protocol, path, socket_family: family }] of listeners.entries()) {
    if (name !== undefined) {
      const other = names.get(name);
      if (other === undefined) names.set(name, index);
      else say(["listeners", index, "name"], `listeners[${other}] has the name ${name} as well.`);
    }
    if (port === 0) continue;
    const what = protocol === "unix" ? [`path ${path}`] : (host ?? ["this machine"]);
    for (const each of what) {
      const place =
        protocol === "unix" ? each : `port ${port} on ${each}${family === "any" ? "" : ` by ${family}`}`;
      const other = places.get(place);
      if (other === undefined) places.set(place, index);
      else {
        say(
          ["listeners", index, protocol === "unix" ? "path" : "port"],
          `listeners[${other}] has ${place} as well.`,
        );
      }
    }
  }
}

/** Whether anybody is asked for a proof of who they are, on `listener` or on any. */
export function hasLogins(
  { logins, access, listeners }: Configuration,
  listener?: Pick<ListenerConfiguration, "logins">,
): boolean {
  const hasProvider = Object.values(loginProviders).some((name) => logins[name] !== undefined);
  const concerned = listener === undefined ? listeners : [listener];
  const hasOwn = concerned.some(
    ({ logins: own }) =>
      own?.password_file !== undefined || own?.psk === true || (own?.certificate ?? "none") !== "none",
  );
  // The file of roles holds users and their passwords, too.
  return hasProvider || hasOwn || access.roles_file !== undefined;
}

function judgeLogins(configuration: Configuration, say: Say): void {
  const { logins, listeners } = configuration;
  const { jwt, order, certificate, psk } = logins;
  const tables = loginProviders as Readonly<Record<string, keyof typeof logins>>;
  if (logins.allow_anonymous === false && !hasLogins(configuration)) {
    say(["logins", "allow_anonymous"], "nobody could connect; add a table of a provider below [logins].");
  }
  for (const [provider, name] of Object.entries(tables)) {
    if (order === undefined) break;
    if (order.includes(provider as never) && logins[name] === undefined) {
      say(["logins", "order"], `${provider} has no table; add [logins.${name}].`);
    }
    if (!order.includes(provider as never) && logins[name] !== undefined) {
      say(["logins", name], `nobody would ask it; add "${provider}" to logins.order.`);
    }
  }
  if (order !== undefined && new Set(order).size < order.length) {
    say(["logins", "order"], "a provider is named twice.");
  }
  if (jwt !== undefined) {
    const names = ["secret", "secret_file", "key_file", "jwks_url"] as const;
    const [first, second] = names.filter((name) => jwt[name] !== undefined);
    if (first === undefined) say(["logins", "jwt"], `a key is missing; set one of ${names.join(", ")}.`);
    if (second !== undefined) say(["logins", "jwt", second], `it contradicts ${first}; set one of them.`);
  }
  if (psk !== undefined && !listeners.some(({ tls }) => tls?.psk_file !== undefined)) {
    say(["logins", "psk"], "no listener has pre-shared keys; set tls.psk_file there.");
  }
  const asks = listeners.some(({ tls }) => tls !== undefined && tls.client_certificate !== "none");
  if (certificate !== undefined && !asks) {
    say(["logins", "certificate"], "no listener asks for a certificate; set tls.client_certificate there.");
  }
}

/** A file that the configuration names. */
interface NamedFile {
  readonly path: KeyPath;
  readonly file: string;
}

/** The files that have to be there, such as certificates. */
export function namedFiles(configuration: Configuration): readonly NamedFile[] {
  return [...filesIn(configurationSchema, configuration, [])];
}

function* filesIn(declared: Declared, value: unknown, path: KeyPath): Generator<NamedFile> {
  if (value === undefined) return;
  if (declared.kind === "table") {
    for (const [name, below] of Object.entries(declared.entries)) {
      yield* filesIn(below, valueAt(value, [name]), [...path, name]);
    }
  } else if (declared.kind === "tables") {
    for (const [index, item] of (value as readonly unknown[]).entries()) {
      yield* filesIn(declared.item, item, [...path, index]);
    }
  } else if (declared.kind === "path" && declared.target === "file") {
    yield { path, file: value as string };
  }
}

/** Which of those are not there, or cannot be read by this user. */
export function missingFiles(configuration: Configuration): readonly (Contradiction & NamedFile)[] {
  return namedFiles(configuration).flatMap(({ path, file }) => {
    try {
      if (statSync(file).isDirectory()) return { path, file, says: "this is a folder; give the file in it." };
      accessSync(file, constants.R_OK);
      return [];
    } catch (error) {
      return { path, file, says: `${whyUnreadable(error)}.` };
    }
  });
}
