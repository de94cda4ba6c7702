/** The hash functions of passwords, within the turn. */

import { createHash, pbkdf2Sync } from "node:crypto";
import type { PasswordHashing } from "#auth";

export const syncHashing: PasswordHashing = {
  sha512: (bytes) => createHash("sha512").update(bytes).digest(),
  pbkdf2Sha512: (password, salt, iterations, length) =>
    pbkdf2Sync(password, salt, iterations, length, "sha512"),
};
