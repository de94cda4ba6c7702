/**
 * The root of all errors that Martlet throws, and those that more than one room throws.
 */

import type { ErrorCode } from "./error-codes.ts";

export class MartletError extends Error {
  /** Stable; match on this. The catalogue says what each means. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A setting that is not allowed. `path` is the setting's name, for example `listeners[0].port`. */
export class ConfigError extends MartletError {
  readonly path: string;
  readonly #problem: string;

  constructor(path: string, problem: string) {
    super("MARTLET_CONFIG", `${path}: ${problem}`);
    this.path = path;
    this.#problem = problem;
  }

  /** The same problem with a setting that its user knows by another name, for example `--port`. */
  renamed(path: string): ConfigError {
    return new ConfigError(path, this.#problem);
  }
}

/** A call that the present state does not allow. */
export class StateError extends MartletError {
  constructor(message: string) {
    super("MARTLET_STATE", message);
  }
}

/** A bug in Martlet. The connection that met it ends; everybody else goes on. */
export class InvariantError extends MartletError {
  constructor(message: string, options?: ErrorOptions) {
    super("MARTLET_INVARIANT", message, options);
  }
}

/** What was thrown, in words; for logs. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
