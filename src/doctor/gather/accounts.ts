/** Who stands in the files of users, roles, permissions and pre-shared keys. Passwords and keys stay behind. */

import { AclFile } from "#access";
import { type Identity, PasswordFile, type PasswordHash, parsePasswordHash } from "#auth";
import type { Configuration } from "#config";
import { parsePskFile } from "#credentials";
import type {
  AccessFileFacts,
  AccountsFacts,
  ListenerFacts,
  PreSharedKeysFacts,
  RolesFacts,
} from "../facts.ts";
import { parsed, textOf } from "./files.ts";

export function accountFacts({ logins, access }: Configuration): AccountsFacts[] {
  const { password_file, scram } = logins;
  return [
    ...accountsIn(password_file?.path, "password-file"),
    ...(scram?.path === password_file?.path && scram !== undefined
      ? accountsIn(scram.path, "scram").map((facts) => ({
          ...facts,
          accounts: facts.accounts.filter(isForScram),
        }))
      : accountsIn(scram?.path, "scram")),
    ...clientsIn(access.roles_file),
  ];
}

const isForScram = ({ hash }: { readonly hash: PasswordHash | undefined }): boolean =>
  hash !== undefined && "serverKey" in hash;

function accountsIn(path: string | undefined, use: AccountsFacts["use"]): AccountsFacts[] {
  if (path === undefined) return [];
  const file = parsed(textOf(path), (text) => PasswordFile.parse(text, path));
  if (file === undefined) return [];
  const accounts = file
    .toString()
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const colon = line.indexOf(":");
      return { userName: line.slice(0, colon), hash: parsePasswordHash(line.slice(colon + 1)) };
    });
  return [{ path, use, accounts }];
}

type Json = Readonly<Record<string, unknown>>;

function rolesIn(path: string | undefined): Json | undefined {
  const value = path === undefined ? undefined : parsed(textOf(path), (text) => JSON.parse(text) as unknown);
  return isObject(value) ? value : undefined;
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function objectsIn(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function clientsIn(path: string | undefined): AccountsFacts[] {
  const state = rolesIn(path);
  if (path === undefined || state === undefined) return [];
  const accounts = objectsIn(state["clients"]).map((client) => ({
    userName: String(client["username"]),
    hash: hashOfClient(client),
  }));
  return [{ path, use: "roles", accounts }];
}

/** mosquitto 2.0 has the parts of a hash, 2.1 the hash as in a password file. */
function hashOfClient({
  encoded_password: encoded,
  password,
  salt,
  iterations,
}: Json): PasswordHash | undefined {
  if (typeof encoded === "string") return parsePasswordHash(encoded);
  if (typeof password !== "string" || typeof salt !== "string") return undefined;
  return parsePasswordHash(`$7$${String(iterations)}$${salt}$${password}`);
}

export function rolesFacts(path: string | undefined): RolesFacts | undefined {
  const state = rolesIn(path);
  if (path === undefined || state === undefined) return undefined;
  const defaults = isObject(state["defaultACLAccess"]) ? state["defaultACLAccess"] : {};
  // Receiving is allowed by default in mosquitto as well: what may be subscribed to decides.
  const allowedByDefault = ["publishClientSend", "subscribe"].filter((name) => defaults[name] === true);
  const group = state["anonymousGroup"];
  return { path, allowedByDefault, hasAnonymousGroup: typeof group === "string" && group !== "" };
}

/** A user whom no file names. */
const stranger: Identity = {
  clientId: "martlet-doctor stranger",
  userName: "martlet-doctor stranger",
  address: { transport: "tcp", remoteAddress: "192.0.2.1", remotePort: 1, localPort: 1 },
  listener: "martlet-doctor",
  certificate: undefined,
  claims: undefined,
};
const ANY_TOPIC = "martlet-doctor/any/topic/at/all";
const SYS_TOPIC = "$SYS/broker/version";

export function accessFileFacts(path: string | undefined): AccessFileFacts | undefined {
  if (path === undefined) return undefined;
  const file = parsed(textOf(path), (text) => AclFile.parse(text, path));
  if (file === undefined) return undefined;
  return {
    path,
    strangerMay: {
      readSys: file.mayReceive(stranger, SYS_TOPIC) === true,
      readAll: file.mayReceive(stranger, ANY_TOPIC) === true,
      writeAll: file.mayPublish(stranger, ANY_TOPIC) === true,
    },
  };
}

export function preSharedKeyFacts(listeners: readonly ListenerFacts[]): PreSharedKeysFacts[] {
  const paths = new Set(listeners.flatMap(({ listener }) => listener.tls?.psk_file ?? []));
  return [...paths].flatMap((path) => {
    const keys = parsed(textOf(path), (text) => parsePskFile(text, path));
    if (keys === undefined) return [];
    const lengths = [...keys.values()].map(({ length }) => length);
    return [
      { path, count: keys.size, shortestBytes: lengths.length === 0 ? undefined : Math.min(...lengths) },
    ];
  });
}
