/**
 * The certificates, keys and lists that TLS listeners stand on, kept up with: when one of a listener's files changes, all of
 * them are read again and count from the next handshake on. A pair that does not fit together yet (one file was replaced, the other
 * follows) is said and changes nothing.
 */

import { describeError } from "#base";
import {
  type Configuration,
  ConfigurationError,
  type KeyPath,
  type ListenerConfiguration,
  type Problem,
  type Reading,
} from "#config";
import { WatchedFile } from "#credentials";
import type { TlsCredentials } from "#transport";
import type { GateTools } from "./gate-tools.ts";
import { credentialsOf } from "./listener-options.ts";

/** A listener over TLS, by its name. */
export interface SecureListenerFiles {
  readonly name: string;
  readonly listener: ListenerConfiguration;
}

type Renew = (name: string, credentials: TlsCredentials) => void;

export class TlsFiles {
  readonly #tools: GateTools;
  readonly #renew: Renew;
  readonly #watched: WatchedFile<string>[] = [];
  readonly #listeners: readonly SecureListenerFiles[];

  /** @throws ConfigError for a file that cannot be read */
  constructor(listeners: readonly SecureListenerFiles[], renew: Renew, tools: GateTools) {
    this.#tools = tools;
    this.#renew = renew;
    this.#listeners = listeners;
    try {
      for (const each of listeners) {
        for (const path of new Set(filesOf(each.listener))) this.#watch(each, path);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads all of them again and takes them over. */
  reload(): void {
    for (const each of this.#listeners) this.#take(each);
  }

  close(): void {
    for (const file of this.#watched) file.close();
  }

  #watch(each: SecureListenerFiles, path: string): void {
    const { log, clock } = this.#tools;
    this.#watched.push(
      new WatchedFile({
        path,
        clock,
        parse: (text) => text,
        onChange: () => this.#take(each),
        onProblem: (sentence) =>
          log.write("error", `${path}: ${sentence} Listener ${each.name} stays with what it had.`),
      }),
    );
  }

  #take({ name, listener }: SecureListenerFiles): void {
    const { log } = this.#tools;
    try {
      this.#renew(name, credentialsNow(listener));
      log.write("info", `Listener ${name} shows and asks for what is in its files now.`);
    } catch (error) {
      log.write("error", `Listener ${name} stays with what it had: ${describeError(error)}`);
    }
  }
}

/**
 * @param at the path of the listener, and where its keys stand, for what is said of a file
 * @throws ConfigurationError for files that cannot be read
 */
export function credentialsNow(
  listener: ListenerConfiguration,
  at: KeyPath = [],
  placeOf: Reading["placeOf"] = () => ({ kind: "default" }),
): TlsCredentials {
  const problems: Problem[] = [];
  const credentials = credentialsOf(listener, [...at, "tls"], (path, says, file) =>
    problems.push({ path, says: file === undefined ? says : `${file}: ${says}`, place: placeOf(path) }),
  );
  if (problems.length > 0) throw new ConfigurationError(problems);
  return credentials;
}

function filesOf({ tls }: ListenerConfiguration): string[] {
  if (tls === undefined) return [];
  const identities = [tls, ...tls.sni];
  const own = identities.flatMap(({ cert, key, passphrase_file }) => [cert, key, passphrase_file]);
  return [...own, tls.ca, tls.crl, tls.psk_file].filter((path) => path !== undefined);
}

/** Those of `configuration` that have credentials. */
export function secureListeners(
  { listeners }: Configuration,
  nameOf: (listener: ListenerConfiguration) => string,
): SecureListenerFiles[] {
  return listeners
    .filter(({ tls }) => tls !== undefined)
    .map((listener) => ({ name: nameOf(listener), listener }));
}
