/**
 * From `[[listeners]]` of a configuration to the options of the broker's listeners, with the contents of the files that they name.
 */

import { readFileSync } from "node:fs";
import { describeError } from "#base";
import { type KeyPath, type ListenerConfiguration, whyUnreadable } from "#config";
import { parsePskFile } from "#credentials";
import { type ListenerOptions, listenerName } from "#server";
import type { TlsCredentials } from "#transport";

/** Told of what is wrong with the value at `path`; with `file`, of what is wrong with that. */
export type Say = (path: KeyPath, says: string, file?: string) => void;

/** The options of `listener`, which stands at `path`; without what was complained of to `say`. */
export function listenerOptionsOf(listener: ListenerConfiguration, path: KeyPath, say: Say): ListenerOptions {
  const { protocol, pipes, host = [], port = 0, socket_family: socketFamily } = listener;
  const common = {
    ...defined({ name: listener.name, mode: listener.mode, group: groupOf(listener.group) }),
    ...(listener.proxy_protocol ? { proxyProtocol: true, trustedProxies: listener.trusted_proxies } : {}),
    handshakeTimeoutMs: listener.handshake_timeout_ms,
    maxUnfinished: listener.maximum_unfinished,
  };
  if (protocol === "unix") return { protocol, path: listener.path ?? "", pipes, ...common };
  const [only] = host;
  const ports = {
    port,
    ...(only === undefined ? {} : { host: host.length === 1 ? only : host }),
    socketFamily,
    ...common,
  };
  const web = defined({
    path: listener.path,
    originAllowed: listener.origin_allowed,
    maxHeaderBytes: listener.maximum_header_bytes,
  });
  const tls = () => ({
    ...credentialsOf(listener, [...path, "tls"], say),
    ...defined({ alpn: listener.tls?.alpn }),
  });
  switch (protocol) {
    case "tcp":
      return { protocol, pipes, ...ports };
    case "tls":
      return { protocol, pipes, ...ports, ...tls() };
    case "websocket":
      return { protocol, ...ports, ...web };
    case "wss":
      return { protocol, ...ports, ...web, ...tls() };
  }
}

/** What rules and the log call it. */
export function nameOf(listener: ListenerConfiguration): string {
  return listenerName(listenerOptionsOf({ ...listener, tls: undefined }, [], () => undefined));
}

/** What it shows and asks for over TLS; `path` is that of its table. */
export function credentialsOf({ tls }: ListenerConfiguration, path: KeyPath, say: Say): TlsCredentials {
  if (tls === undefined) return {};
  const content = (at: KeyPath, file: string | undefined): string | undefined =>
    contentOf([...path, ...at], file, say);
  const identity = (at: KeyPath, files: Pick<typeof tls, "cert" | "key" | "passphrase_file">) =>
    defined({
      cert: content([...at, "cert"], files.cert),
      key: content([...at, "key"], files.key),
      passphrase: content([...at, "passphrase_file"], files.passphrase_file)?.split(/\r?\n/, 1)[0],
    });
  const sni = tls.sni.map((each, index) => ({
    cert: "",
    key: "",
    ...identity(["sni", index], each),
    ...defined({ names: each.names }),
  }));
  return {
    ...identity([], tls),
    ...defined({
      ca: content(["ca"], tls.ca),
      crl: content(["crl"], tls.crl),
      ciphers: tls.ciphers,
      psk: preSharedKeysOf(tls, path, say),
    }),
    ...(sni.length === 0 ? {} : { sni }),
    clientCertificate: tls.client_certificate,
    minVersion: tls.min_version === "1.3" ? "TLSv1.3" : "TLSv1.2",
  };
}

function preSharedKeysOf(
  { psk_file, psk_hint }: NonNullable<ListenerConfiguration["tls"]>,
  path: KeyPath,
  say: Say,
): TlsCredentials["psk"] {
  const text = contentOf([...path, "psk_file"], psk_file, say);
  if (text === undefined || psk_file === undefined) return undefined;
  try {
    const keys = parsePskFile(text, psk_file);
    return {
      lookup: (identity) => keys.get(identity),
      ...(psk_hint === undefined ? {} : { hint: psk_hint }),
    };
  } catch (error) {
    say([...path, "psk_file"], describeError(error));
    return undefined;
  }
}

function contentOf(path: KeyPath, file: string | undefined, say: Say): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    say(path, `${whyUnreadable(error)}.`, file);
    return undefined;
  }
}

function groupOf(group: string | undefined): string | number | undefined {
  return group !== undefined && /^\d+$/.test(group) ? Number(group) : group;
}

type Defined<T> = { readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without the members that are undefined. */
export function defined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}
