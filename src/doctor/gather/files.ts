/** The files that decide who gets in, with the rights to them. */

import { readFileSync, type Stats, statSync } from "node:fs";
import type { Reading } from "#config";
import type { FileFacts, ListenerFacts } from "../facts.ts";

/** The text of a file; undefined for one that cannot be read, which is told as a reason not to start. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** What `parse` makes of `text`; undefined for what it refuses, which is told as a reason not to start. */
export function parsed<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

type Wanted = Omit<FileFacts, "mode" | "path"> & { readonly path: string | undefined };

export function fileFacts(reading: Reading, listeners: readonly ListenerFacts[]): FileFacts[] {
  const { logins, access } = reading.configuration;
  const wanted: Wanted[] = [
    ...listeners.flatMap(filesOfListener),
    { what: "The password file", path: logins.password_file?.path, holds: "hashes" },
    { what: "The password file of SCRAM", path: logins.scram?.path, holds: "hashes" },
    { what: "The secret of tokens", path: logins.jwt?.secret_file, holds: "secrets" },
    { what: "The key of tokens", path: logins.jwt?.key_file, holds: "rules" },
    { what: "The file of cloud devices", path: logins.cloud?.devices_file, holds: "secrets" },
    { what: "The file of roles", path: access.roles_file, holds: "hashes" },
    { what: "The access file", path: access.acl_file, holds: "rules" },
    ...configurationFileOf(reading),
  ];
  const paths = new Set<string>();
  return wanted.flatMap(({ path, ...rest }) => {
    if (path === undefined || paths.has(path)) return [];
    paths.add(path);
    return [{ ...rest, path, mode: modeOf(path) }];
  });
}

function filesOfListener({ name, listener: { tls } }: ListenerFacts): Wanted[] {
  if (tls === undefined) return [];
  const identities = [tls, ...tls.sni].flatMap(({ key, passphrase_file }): Wanted[] => [
    { what: `A key of listener ${name}`, path: key, holds: "secrets" },
    { what: `A passphrase of listener ${name}`, path: passphrase_file, holds: "secrets" },
  ]);
  return [
    ...identities,
    { what: `The file of pre-shared keys of listener ${name}`, path: tls.psk_file, holds: "secrets" },
    { what: `The authorities of listener ${name}`, path: tls.ca, holds: "rules" },
    { what: `The revocation list of listener ${name}`, path: tls.crl, holds: "rules" },
  ];
}

/** It may hold secrets itself. */
function configurationFileOf({ configuration, placeOf }: Reading): Wanted[] {
  const place = placeOf([]);
  if (place.kind !== "file") return [];
  const { logins, access } = configuration;
  const headers = [logins.http?.headers, access.http?.headers].flatMap((each) => Object.keys(each ?? {}));
  const hasSecrets = logins.jwt?.secret !== undefined || headers.length > 0;
  return [{ what: "The configuration", path: place.file, holds: hasSecrets ? "secrets" : "rules" }];
}

/** Windows has rights of another kind. */
export function modeOf(path: string): number | undefined {
  return process.platform === "win32" ? undefined : statOf(path)?.mode;
}

/** Undefined for what is not there, and for what lies in a folder that this user may not look into. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() === true;
}
