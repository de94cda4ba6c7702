/**
 * Hashed passwords in the forms of mosquitto's password file.
 *
 *     $argon2id$v=19$m=47104,t=1,p=1$SALT$HASH     Argon2id, Base64 without filling     mosquitto 2.1
 *     $7$101$SALT$HASH                             PBKDF2 with HMAC-SHA-512, rounds     mosquitto 2.0
 *     $6$SALT$HASH                                 SHA-512 of password and salt         every mosquitto
 *
 * and in those of password-scram.ts, which mosquitto does not know.
 *
 * This room has no hash functions of its own: they come in by `PasswordHashing`. Comparing takes the same time wherever the
 * hashes differ. What a hash costs is bounded, so that a slip of the pen in the file does not stop a broker.
 */

import type { MaybePromise, Random } from "#base";
import { concatBytes, StateError, sameSecret } from "#base";
import {
  DEFAULT_SCRAM_ITERATIONS,
  SCRAM_KEY_BYTES,
  type ScramHashing,
  type ScramMethod,
  scramKeys,
} from "./password-scram.ts";

export type PasswordMethod = "argon2id" | "sha512-pbkdf2" | "sha512" | ScramMethod;

/** The hash functions. `length` is that of the result, in bytes. */
export interface PasswordHashing {
  sha512(bytes: Uint8Array): MaybePromise<Uint8Array>;
  pbkdf2Sha512(
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): MaybePromise<Uint8Array>;
  /** Absent where the platform has none. */
  argon2id?(
    password: Uint8Array,
    salt: Uint8Array,
    cost: Argon2Cost,
    length: number,
  ): MaybePromise<Uint8Array>;
  /** Absent: no password fits a hash of SCRAM. */
  readonly scram?: ScramHashing;
}

export interface Argon2Cost {
  /** KiB. */
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

interface SaltAndHash {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** What SCRAM needs of an account; `hash` is its StoredKey. */
export interface ScramAccount extends SaltAndHash {
  readonly method: ScramMethod;
  readonly iterations: number;
  readonly serverKey: Uint8Array;
}

/** A password's hash and how it was made. */
export type PasswordHash =
  | ScramAccount
  | (SaltAndHash &
      (
        | { readonly method: "argon2id"; readonly cost: Argon2Cost }
        | { readonly method: "sha512-pbkdf2"; readonly iterations: number }
        | { readonly method: "sha512" }
      ));

/** That of mosquitto 2.1, which is one of those that OWASP recommends: 46 MiB, one pass. */
const DEFAULT_COST: Argon2Cost = { memoryKib: 47_104, passes: 1, lanes: 1 };
/** What OWASP recommends for PBKDF2 with HMAC-SHA-512. mosquitto takes any number of rounds. */
export const DEFAULT_ITERATIONS = 210_000;
export const MOST_ITERATIONS = 10_000_000;
const MOST_MEMORY_KIB = 4_194_304;
const MOST_PASSES = 100;
const MOST_LANES = 64;

const HASH_BYTES = 64;
const SALT_BYTES: Readonly<Record<PasswordMethod, number>> = {
  argon2id: 64,
  "sha512-pbkdf2": 12,
  sha512: 12,
  "scram-sha-256": 16,
  "scram-sha-512": 16,
};
const SHORTEST_ARGON2_SALT = 8;
const SHORTEST_HASH = 16;
const LONGEST_PART = 1_024;

export interface HashOptions {
  readonly hashing: PasswordHashing;
  /** For the salt; has to be that of the system. */
  readonly random: Random;
  /** Of PBKDF2 and SCRAM. Default 210,000; of SCRAM-SHA-256 600,000. */
  readonly iterations?: number | undefined;
}

/** Hashes `password` with a new salt. Argon2id and SCRAM need a `hashing` that has them. */
export async function hashPassword(
  password: Uint8Array,
  method: PasswordMethod,
  { hashing, random, iterations }: HashOptions,
): Promise<PasswordHash> {
  const salt = random.bytes(SALT_BYTES[method]);
  if (method === "scram-sha-256" || method === "scram-sha-512") {
    return await hashForScram(password, method, { salt, iterations }, hashing);
  }
  const empty = { salt, hash: new Uint8Array(HASH_BYTES) };
  const recipe: PasswordHash =
    method === "argon2id"
      ? { ...empty, method, cost: DEFAULT_COST }
      : method === "sha512"
        ? { ...empty, method }
        : { ...empty, method, iterations: iterations ?? DEFAULT_ITERATIONS };
  return { ...recipe, hash: await compute(password, recipe, hashing) };
}

async function hashForScram(
  password: Uint8Array,
  method: ScramMethod,
  {
    salt,
    iterations = DEFAULT_SCRAM_ITERATIONS[method],
  }: { salt: Uint8Array; iterations: number | undefined },
  { scram }: PasswordHashing,
): Promise<ScramAccount> {
  if (scram === undefined) throw new StateError(`there is no ${method} here.`);
  const { storedKey, serverKey } = await scramKeys(password, method, { salt, iterations }, scram);
  return { method, salt, iterations, hash: storedKey, serverKey };
}

/**
 * Whether `password` is the one that `expected` was made of. The time it takes depends on the method and the length of the
 * password, not on how much of it is right.
 */
export async function verifyPassword(
  password: Uint8Array,
  expected: PasswordHash,
  hashing: PasswordHashing,
): Promise<boolean> {
  return sameSecret(await compute(password, expected, hashing), expected.hash);
}

async function compute(
  password: Uint8Array,
  recipe: PasswordHash,
  hashing: PasswordHashing,
): Promise<Uint8Array> {
  const { salt, hash } = recipe;
  switch (recipe.method) {
    case "sha512":
      return await hashing.sha512(concatBytes([password, salt]));
    case "sha512-pbkdf2":
      return await hashing.pbkdf2Sha512(password, salt, recipe.iterations, hash.length);
    case "argon2id":
      if (hashing.argon2id === undefined) return new Uint8Array(0);
      return await hashing.argon2id(password, salt, recipe.cost, hash.length);
    case "scram-sha-256":
    case "scram-sha-512":
      if (hashing.scram === undefined) return new Uint8Array(0);
      return (await scramKeys(password, recipe.method, recipe, hashing.scram)).storedKey;
  }
}

/** The hash that `text` writes down; undefined when it is none that could be verified. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  const [, kind, ...parts] = text.split("$");
  if (!text.startsWith("$")) return undefined;
  if (kind === "6" && parts.length === 2) {
    return withBytes(parts[0], parts[1], { method: "sha512" } as const, HASH_BYTES);
  }
  if (kind === "7" && parts.length === 3) {
    const iterations = wholeNumber(parts[0], MOST_ITERATIONS);
    if (iterations === undefined) return undefined;
    return withBytes(parts[1], parts[2], { method: "sha512-pbkdf2", iterations } as const, HASH_BYTES);
  }
  if (kind === "argon2id" && parts.length === 4 && parts[0] === "v=19") {
    const cost = parseCost(parts[1]);
    if (cost === undefined) return undefined;
    const found = withBytes(parts[2], parts[3], { method: "argon2id", cost } as const);
    return found !== undefined && found.salt.length >= SHORTEST_ARGON2_SALT ? found : undefined;
  }
  if ((kind === "scram-sha-256" || kind === "scram-sha-512") && parts.length === 4) {
    return parseScram(kind, parts);
  }
  return undefined;
}

function parseScram(method: ScramMethod, parts: readonly string[]): ScramAccount | undefined {
  const iterations = wholeNumber(parts[0], MOST_ITERATIONS);
  const serverKey = fromBase64(parts[3]);
  const keyBytes = SCRAM_KEY_BYTES[method];
  if (iterations === undefined || serverKey?.length !== keyBytes) return undefined;
  return withBytes(parts[1], parts[2], { method, iterations, serverKey }, keyBytes);
}

function withBytes<Recipe>(
  saltText: string | undefined,
  hashText: string | undefined,
  recipe: Recipe,
  hashBytes?: number,
): (Recipe & { salt: Uint8Array; hash: Uint8Array }) | undefined {
  const salt = fromBase64(saltText);
  const hash = fromBase64(hashText);
  if (salt === undefined || hash === undefined || hash.length < SHORTEST_HASH) return undefined;
  return hashBytes === undefined || hash.length === hashBytes ? { ...recipe, salt, hash } : undefined;
}

function wholeNumber(text: string | undefined, highest: number): number | undefined {
  const value = text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= highest ? value : undefined;
}

function parseCost(text: string | undefined): Argon2Cost | undefined {
  const [, memory, time, parallel] = /^m=(\d+),t=(\d+),p=(\d+)$/.exec(text ?? "") ?? [];
  const memoryKib = wholeNumber(memory, MOST_MEMORY_KIB);
  const passes = wholeNumber(time, MOST_PASSES);
  const lanes = wholeNumber(parallel, MOST_LANES);
  if (memoryKib === undefined || passes === undefined || lanes === undefined) return undefined;
  return memoryKib >= 8 * lanes ? { memoryKib, passes, lanes } : undefined;
}

/** `hash` as it stands in the file. */
export function formatPasswordHash(hash: PasswordHash): string {
  const salt = toBase64(hash.salt);
  const digest = toBase64(hash.hash);
  switch (hash.method) {
    case "sha512":
      return `$6$${salt}$${digest}`;
    case "sha512-pbkdf2":
      return `$7$${hash.iterations}$${salt}$${digest}`;
    case "argon2id": {
      const { memoryKib, passes, lanes } = hash.cost;
      const bare = (text: string): string => text.replace(/=+$/, "");
      return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${bare(salt)}$${bare(digest)}`;
    }
    case "scram-sha-256":
    case "scram-sha-512":
      return `$${hash.method}$${hash.iterations}$${salt}$${digest}$${toBase64(hash.serverKey)}`;
  }
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string | undefined): Uint8Array | undefined {
  const plain = text?.replace(/={0,2}$/, "") ?? "";
  if (!/^[A-Za-z0-9+/]+$/.test(plain) || plain.length % 4 === 1 || plain.length > LONGEST_PART)
    return undefined;
  return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
}
