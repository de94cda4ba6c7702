/** What goes wrong with durable state, in sentences that say where and what to do. */

import { type ErrorCode, MartletError } from "#base";

/**
 * `failed`: the disk refused a read or a write. `full`: it has no space left. `corrupt`: what it gave back is not what was
 * written. `locked`: another process uses the folder. `format`: a newer Martlet wrote it.
 */
export type StoreErrorKind = "failed" | "full" | "corrupt" | "locked" | "format";

const codes: Readonly<Record<StoreErrorKind, ErrorCode>> = {
  failed: "MARTLET_STORE_FAILED",
  full: "MARTLET_STORE_FAILED",
  corrupt: "MARTLET_STORE_CORRUPT",
  locked: "MARTLET_STORE_LOCKED",
  format: "MARTLET_STORE_FORMAT",
};

/** Where it happened. */
export interface StoreErrorOptions extends ErrorOptions {
  readonly file?: string;
  readonly offset?: number;
}

/**
 * Trouble with a store.
 *
 * @example
 * ```ts
 * import { createBroker, StoreError } from "martlet";
 *
 * try {
 *   await createBroker({ persistence: { folder: "martlet-data" } }).start();
 * } catch (error) {
 *   if (error instanceof StoreError && error.kind === "corrupt") console.error(error.file, error.offset);
 * }
 * ```
 */
export class StoreError extends MartletError {
  readonly kind: StoreErrorKind;
  /** The file in the store's folder, when it is about one. */
  readonly file: string | undefined;
  /** The byte in `file`, when it is about one. */
  readonly offset: number | undefined;

  constructor(kind: StoreErrorKind, message: string, options: StoreErrorOptions = {}) {
    super(codes[kind], message, options);
    this.kind = kind;
    this.file = options.file;
    this.offset = options.offset;
  }
}
