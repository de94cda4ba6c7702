/** Which hash a new password gets. */

import type { PasswordHashing, PasswordMethod } from "#auth";
import { ConfigError } from "#base";

const methods: readonly PasswordMethod[] = [
  "argon2id",
  "sha512-pbkdf2",
  "sha512",
  "scram-sha-256",
  "scram-sha-512",
];

export interface MethodChoice {
  readonly method: PasswordMethod;
  /** A sentence for the user, where it is not what would be best. */
  readonly remark: string | undefined;
}

/**
 * The method that was wished for, else Argon2id, else PBKDF2 where this Node.js has no Argon2.
 *
 * @throws ConfigError for a method that is unknown, or missing here
 */
export function chooseMethod(wish: string | undefined, hashing: PasswordHashing): MethodChoice {
  const hasArgon2 = hashing.argon2id !== undefined;
  if (wish === undefined) {
    if (hasArgon2) return { method: "argon2id", remark: undefined };
    return {
      method: "sha512-pbkdf2",
      remark: "This Node.js has no Argon2 (24.7 and later have): the password is hashed with sha512-pbkdf2.",
    };
  }
  const method = methods.find((known) => known === wish);
  if (method === undefined) {
    throw new ConfigError("--hash", `"${wish}" is not known; give ${methods.join(", ")}.`);
  }
  if (method === "argon2id" && !hasArgon2) {
    throw new ConfigError("--hash", "this Node.js has no Argon2; use 24.7 or later, or sha512-pbkdf2.");
  }
  return { method, remark: undefined };
}
