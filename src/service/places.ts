/** Where in the sources of a configuration something is wrong: files that it names, options of listeners, exposure. */

import { ConfigError } from "#base";
import {
  hasLogins,
  type KeyPath,
  keyPathOf,
  type Place,
  type Problem,
  problemHead,
  type Reading,
} from "#config";
import { isLoopback } from "#server";

/** What is wrong with a file; options of the command line have its path in their place. */
export function fileProblem(
  { path, says, file }: { readonly path: KeyPath; readonly says: string; readonly file: string },
  place: Place,
): Problem {
  const isNamed = place.kind === "flag" && place.name.endsWith(` ${file}`);
  return { path, place, says: isNamed ? says : `${file}: ${says}` };
}

/** A listener that other machines reach while nobody is asked who they are, and nobody said that this is meant. */
export function exposureProblem(reading: Reading): Problem | undefined {
  const { configuration } = reading;
  const { allow_anonymous: allowAnonymous } = configuration.logins;
  if (allowAnonymous === true) return undefined;
  for (const [index, listener] of configuration.listeners.entries()) {
    // What is said of this listener is meant.
    if (hasLogins(configuration, listener) || listener.allow_anonymous !== undefined) continue;
    const { host, proxy_protocol: isProxied } = listener;
    const exposed = (host ?? []).filter((each) => !isLoopback(each));
    if (exposed.length === 0 && !isProxied) continue;
    const path = ["listeners", index, exposed.length > 0 ? "host" : "proxy_protocol"];
    const place = reading.placeOf(path);
    const which = exposed.length > 0 ? exposed.join(", ") : "it through a proxy";
    const remedy =
      place.kind === "flag"
        ? "add --allow-anonymous if you want that."
        : "add a table of a provider below [logins], or set allow_anonymous = true, here or below [logins], if you want that.";
    const says = `other machines could reach ${which} and nobody would be asked for a password; ${remedy}`;
    return { path, place, says };
  }
  return undefined;
}

/** What each option of a listener is called in the configuration, where that differs. */
const keys: Readonly<Record<string, string>> = {
  originAllowed: "origin_allowed",
  maxHeaderBytes: "maximum_header_bytes",
  handshakeTimeoutMs: "handshake_timeout_ms",
  maxUnfinished: "maximum_unfinished",
  trustedProxies: "trusted_proxies",
  proxyProtocol: "proxy_protocol",
  socketFamily: "socket_family",
};
const tlsKeys: Readonly<Record<string, string>> = {
  cert: "cert",
  key: "key",
  passphrase: "passphrase_file",
  ca: "ca",
  crl: "crl",
  ciphers: "ciphers",
  alpn: "alpn",
  sni: "sni",
  clientCertificate: "client_certificate",
  minVersion: "min_version",
};

/** `error` of `createBroker` with the place in the configuration, if it is about an option of a listener. */
export function namedByPlace(error: unknown, reading: Pick<Reading, "placeOf">): unknown {
  if (!(error instanceof ConfigError)) return error;
  const whole = keyPathOf(error.path);
  const [root, index, name, ...rest] = whole;
  if (root === "bridges") return error.renamed(problemHead(reading.placeOf(whole), whole));
  if (root !== "listeners" || typeof index !== "number" || typeof name !== "string") return error;
  const tlsKey = tlsKeys[name];
  const below = tlsKey === undefined ? [keys[name] ?? name] : ["tls", tlsKey];
  const last = rest.map((part) => (typeof part === "string" ? (tlsKeys[part] ?? part) : part));
  const path = ["listeners", index, ...below, ...last];
  return error.renamed(problemHead(reading.placeOf(path), path));
}
