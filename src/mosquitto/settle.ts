/**
 * What mosquitto decides by several options, and what it does that is told nothing: where it listens, who gets in, what is
 * kept, what is told. The rest of a draft is set as it was read.
 */

import { networkInterfaces } from "node:os";
import { resolve } from "node:path";
import { DEFAULT_CIPHERS } from "node:tls";
import { type KeyPath, keyPathOf } from "#config";
import { MosquittoConfError } from "./conf-error.ts";
import { type ConfDraft, type ListenerDraft, newListener, type Said } from "./draft.ts";
import type { ConfLine } from "./syntax.ts";

const UNLIMITED = Number.MAX_SAFE_INTEGER;
const LOCAL_PORT = 1883;

/** Of mosquitto 2, where they are not Martlet's own. */
const defaults: readonly (readonly [KeyPath, unknown])[] = [
  [["logins", "uniform_refusals"], true],
  [["process", "user"], "mosquitto"],
  [["log", "words"], "mosquitto-2.0"],
  [["client_ids", "generated_prefix"], "auto-"],
  [["mqtt", "receive_maximum"], 20],
  [["mqtt", "topic_alias_maximum"], 10],
  [["mqtt", "topic_alias_maximum_outbound"], 10],
  [["limits", "maximum_in_flight"], 20],
  [["queue", "maximum_messages"], 1_000],
  [["queue", "maximum_bytes"], UNLIMITED],
  [["queue", "overflow"], "refuse-newest"],
  [["retained", "check_source"], true],
];

/** Something that no single line says. */
export type Warn = (says: string, line: ConfLine | undefined) => void;

/**
 * Completes the tree of `draft`.
 * @param ports of the command line, which count where the file has no listener
 */
export function settle(draft: ConfDraft, ports: readonly number[], warn: Warn): void {
  const { tree, defaultListener, listeners } = draft;
  const used = defaultListener.isUsed ? [...listeners, defaultListener] : listeners;
  const isLocal = used.length === 0;
  if (!isLocal && ports.length > 0) {
    warn("-p has no effect, because the file says where to listen.", undefined);
  }
  const local = (ports.length === 0 ? [LOCAL_PORT] : ports).map((port) => newListener(undefined, port));
  for (const [index, listener] of (isLocal ? local : used).entries()) {
    new ListenerSettler(draft, listener, index, isLocal).settle(warn);
  }
  settleCertificates(draft, used);
  settleFiles(draft);
  settlePersistence(draft);
  settleLog(draft);
  for (const bridge of draft.bridges) {
    if (bridge.addresses.length === 0) {
      throw new MosquittoConfError("Invalid bridge configuration: no remote addresses defined.");
    }
    if (bridge.topics === 0) throw new MosquittoConfError("Invalid bridge configuration: no topics defined.");
    const table = ["bridges", bridge.index, "tls"];
    if (bridge.minimumTls !== undefined && tree.get(table) !== undefined) {
      tree.set([...table, "min_version"], bridge.minimumTls.value, bridge.minimumTls.line);
    }
  }
  for (const [path, value] of defaults) tree.setDefault(path, value);
}

class ListenerSettler {
  readonly #draft: ConfDraft;
  readonly #listener: ListenerDraft;
  readonly #index: number;
  readonly #isLocal: boolean;

  constructor(draft: ConfDraft, listener: ListenerDraft, index: number, isLocal: boolean) {
    this.#draft = draft;
    this.#listener = listener;
    this.#index = index;
    this.#isLocal = isLocal;
  }

  settle(warn: Warn): void {
    this.#place();
    this.#tls(warn);
    this.#who(warn);
    const { settings, protocol } = this.#listener;
    for (const [key, { value, line }] of settings) {
      if (protocol !== "websockets" && (key === "maximum_header_bytes" || key === "origin_allowed")) continue;
      this.#set(key, value, line);
    }
  }

  #set(key: string, value: unknown, line = this.#listener.line): void {
    this.#draft.tree.set(["listeners", this.#index, ...keyPathOf(key)], value, line);
  }

  /** Where it listens, and how MQTT comes in. */
  #place(): void {
    const { protocol, port, host, path, family, cert, pskHint } = this.#listener;
    const isSecure = cert !== undefined || pskHint !== undefined;
    const secureName = protocol === "mqtt" ? "tls" : "wss";
    const plainName = protocol === "mqtt" ? "tcp" : "websocket";
    if (path !== undefined) {
      this.#set("protocol", "unix");
      this.#set("path", path);
      return;
    }
    this.#set("protocol", isSecure ? secureName : plainName);
    this.#set("port", port);
    if (protocol === "websockets") this.#set("path", "/*");
    if (this.#isLocal) return;
    if (family !== undefined) this.#set("socket_family", family.value, family.line);
    const everyone = family?.value === "ipv4" || (family === undefined && !hasIPv6()) ? "0.0.0.0" : "::";
    this.#set("host", [host ?? everyone], host === undefined ? family?.line : undefined);
  }

  #tls(warn: Warn): void {
    const { cert, key, ca, requiresCertificate, pskHint, ciphers, newerCiphers, settings } = this.#listener;
    if (cert === undefined && pskHint === undefined) {
      if (key !== undefined) warn("keyfile has no effect without certfile.", key.line);
      for (const name of settings.keys()) if (name.startsWith("tls.")) settings.delete(name);
      return;
    }
    const setSaid = (name: string, said: Said<unknown> | undefined): void => {
      if (said !== undefined) this.#set(`tls.${name}`, said.value, said.line);
    };
    setSaid("cert", cert);
    setSaid("key", key);
    if (requiresCertificate === true) {
      setSaid("ca", ca);
      this.#set("tls.client_certificate", "require", ca?.line);
    } else if (settings.delete("tls.crl")) {
      warn("crlfile has no effect without require_certificate.", cert?.line);
    }
    if (pskHint !== undefined) {
      setSaid("psk_hint", pskHint);
      setSaid("psk_file", (this.#draft.isPerListener ? this.#listener : this.#draft).security.pskFile);
    }
    if (ciphers !== undefined || newerCiphers !== undefined) {
      setSaid("ciphers", bothCiphers(ciphers, newerCiphers));
    }
  }

  /** Who gets in here without a user name, and with which files of its own. */
  #who(warn: Warn): void {
    const { isPerListener, security } = this.#draft;
    const own = isPerListener ? this.#listener.security : security;
    const anonymous = own.allowAnonymous;
    const mayEnter = anonymous?.value ?? this.#isLocal;
    this.#set("allow_anonymous", mayEnter, anonymous?.line);
    if (isPerListener) {
      const { passwordFile, aclFile } = own;
      if (passwordFile !== undefined) {
        this.#set("logins.password_file", passwordFile.value, passwordFile.line);
      }
      if (aclFile !== undefined) this.#set("access.acl_file", aclFile.value, aclFile.line);
    }
    const { identityIsName, subjectIsName } = this.#listener;
    const hasLogin =
      own.passwordFile !== undefined ||
      identityIsName?.value === true ||
      subjectIsName?.value === true ||
      this.#draft.tree.get(["access", "roles_file"]) !== undefined;
    const isOpen = this.#listener.settings.get("allow_anonymous")?.value ?? mayEnter;
    if (isOpen !== true && !hasLogin) {
      warn(
        "Nobody can connect here, as with mosquitto: set allow_anonymous true, or a password_file.",
        this.#listener.line ?? anonymous?.line,
      );
    } else if (isOpen === true && own.aclFile !== undefined && !hasLogin) {
      warn(
        "Clients with a user name are refused, because nothing proves it; mosquitto believes them. Add a password_file.",
        own.aclFile.line,
      );
    }
  }
}

/** mosquitto leaves IPv6 out where the machine has none. */
function hasIPv6(): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === "IPv6"));
}

/** Node takes both in one text. */
function bothCiphers(
  older: Said<string> | undefined,
  newer: Said<string> | undefined,
): Said<string> | undefined {
  const standard = DEFAULT_CIPHERS.split(":");
  const value = [
    newer?.value ?? standard.filter((name) => name.startsWith("TLS_")).join(":"),
    older?.value ?? standard.filter((name) => !name.startsWith("TLS_")).join(":"),
  ].join(":");
  const said = older ?? newer;
  return said === undefined ? undefined : { value, line: said.line };
}

/**
 * User names out of certificates and pre-shared keys. The first listener that takes them says how for all; those that do it
 * differently, or do not at all, say so themselves: a certificate that is no login must not let anybody in.
 */
function settleCertificates({ tree }: ConfDraft, listeners: readonly ListenerDraft[]): void {
  const setOwn = (listener: ListenerDraft, key: string, value: unknown): void =>
    tree.set(["listeners", listeners.indexOf(listener), "logins", key], value, listener.line);
  const asking = listeners.filter(
    ({ cert, requiresCertificate }) => cert !== undefined && requiresCertificate === true,
  );
  const namesOf = ({ identityIsName, subjectIsName }: ListenerDraft): string | undefined => {
    if (subjectIsName?.value === true) return "subject";
    return identityIsName?.value === true ? "common-name" : undefined;
  };
  const [first] = asking.filter((each) => namesOf(each) !== undefined);
  if (first !== undefined) {
    const { line } = first.subjectIsName ?? first.identityIsName ?? {};
    tree.set(["logins", "certificate", "user_name"], namesOf(first), line);
    for (const each of asking) {
      if (namesOf(each) !== namesOf(first)) setOwn(each, "certificate", namesOf(each) ?? "none");
    }
  }
  const shared = listeners.find(
    ({ pskHint, identityIsName }) => pskHint !== undefined && identityIsName?.value === true,
  );
  if (shared === undefined) return;
  tree.set(["logins", "psk"], {}, shared.identityIsName?.line);
  for (const each of listeners) {
    if (each.pskHint !== undefined && each.identityIsName?.value !== true) setOwn(each, "psk", false);
  }
}

function settleFiles({ tree, security, isPerListener }: ConfDraft): void {
  const { passwordFile, aclFile } = security;
  if (isPerListener) return;
  if (passwordFile !== undefined) {
    tree.set(["logins", "password_file", "path"], passwordFile.value, passwordFile.line);
  }
  if (aclFile !== undefined) tree.set(["access", "acl_file"], aclFile.value, aclFile.line);
}

function settlePersistence({ tree, persistence, persistenceFile, persistenceLocation }: ConfDraft): void {
  const isKept = persistence?.value === true;
  tree.set(["persistence", "mode"], isKept ? "durable" : "memory", persistence?.line);
  if (!isKept) return;
  const name = persistenceFile === undefined ? "martlet-data" : `${persistenceFile.value}.martlet`;
  const folder = resolve(persistenceLocation?.value ?? ".", name);
  tree.set(["persistence", "folder"], folder, (persistenceLocation ?? persistenceFile ?? persistence).line);
}

/** Where mosquitto keeps what it keeps; undefined where it keeps nothing. */
export function databaseOf({
  persistence,
  persistenceFile,
  persistenceLocation,
}: ConfDraft): string | undefined {
  if (persistence?.value !== true) return undefined;
  return resolve(persistenceLocation?.value ?? ".", persistenceFile?.value ?? "mosquitto.db");
}

function settleLog({ tree, logTypes, logTypesLine, logDestinations, logDestinationsLine }: ConfDraft): void {
  const destinations = logDestinationsLine === undefined ? ["stderr"] : [...logDestinations];
  tree.set(["log", "destination"], destinations, logDestinationsLine);
  if (logTypesLine === undefined) return;
  tree.set(["log", "types"], [...logTypes], logTypesLine);
  if (logTypes.has("debug")) {
    tree.set(["log", "level"], "debug", logTypesLine);
    tree.set(["log", "packets"], true, logTypesLine);
  }
}
