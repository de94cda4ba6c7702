/** The system's errors about files, as whole sentences that say what to do. */

import { describeError } from "#base";
import { StoreError } from "./errors.ts";

/** The system's error code, for example `ENOSPC`. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** The typed form of the system's error about `path`. */
export function diskError(error: unknown, path: string, file?: string): StoreError {
  if (error instanceof StoreError) return error;
  const isFull = ["ENOSPC", "EDQUOT"].includes(errorCode(error) ?? "");
  const options = { cause: error, ...(file === undefined ? {} : { file }) };
  return new StoreError(isFull ? "full" : "failed", sentence(error, path), options);
}

function sentence(error: unknown, path: string): string {
  switch (errorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return `No space is left for ${path}; it goes on once there is.`;
    case "EACCES":
    case "EPERM":
      return `Not allowed to use ${path}; check its owner and its rights.`;
    case "EROFS":
      return `${path} is on a file system that cannot be written to.`;
    case "ENOENT":
      return `${path} does not exist.`;
    case "ENOTDIR":
    case "EEXIST":
      return `${path} is in the way; it is not what a store needs there.`;
    default:
      return `${path}: ${describeError(error)}.`;
  }
}
