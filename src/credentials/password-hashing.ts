/**
 * The hash functions of passwords, by Node. They run beside the event loop: a login that is hard to compute holds up nobody
 * else.
 */

import * as crypto from "node:crypto";
import { promisify } from "node:util";
import type { PasswordHashing, ScramHashing } from "#auth";

const pbkdf2 = promisify(crypto.pbkdf2);

/** Without a memory of its own, so one for all. */
export const scramHashing: ScramHashing = {
  digest: (hash, bytes) => crypto.createHash(hash).update(bytes).digest(),
  hmac: (hash, key, bytes) => crypto.createHmac(hash, key).update(bytes).digest(),
  pbkdf2: (hash, password, salt, iterations) =>
    pbkdf2(password, salt, iterations, hash === "sha256" ? 32 : 64, hash),
};

/** Argon2id is there from Node.js 24.7 on. `from` stands for another Node in tests. */
export function passwordHashing(from: Partial<Pick<typeof crypto, "argon2">> = crypto): PasswordHashing {
  const { argon2 } = from;
  const known: PasswordHashing = {
    sha512: (bytes) => crypto.createHash("sha512").update(bytes).digest(),
    pbkdf2Sha512: (password, salt, iterations, length) =>
      pbkdf2(password, salt, iterations, length, "sha512"),
    scram: scramHashing,
  };
  if (argon2 === undefined) return known;
  const compute = promisify(argon2);
  return {
    ...known,
    argon2id: (message, nonce, { memoryKib: memory, passes, lanes: parallelism }, tagLength) =>
      compute("argon2id", { message, nonce, memory, passes, parallelism, tagLength }),
  };
}
