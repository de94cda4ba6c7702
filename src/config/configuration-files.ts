/**
 * The configuration of a broker that runs: read once, and again when somebody says so (SIGHUP, a changed file). What is read anew
 * is judged as a whole, and applied as a whole or not at all; otherwise the old one stays, and the log says why. What needs a
 * restart is told and left as it is.
 *
 * It watches nothing itself: who owns it calls `reload`. How a change is applied is the business of the `apply` that it is given.
 */

import { describeError, type Log } from "#base";
import { type Change, changesBetween, withChanges } from "./changes.ts";
import { ConfigurationError } from "./place.ts";
import { type ConfigurationSources, type Reading, readConfiguration } from "./read-configuration.ts";
import type { Configuration } from "./schema/schema.ts";

/** A change to a broker that runs. */
export interface ConfigurationChange {
  readonly from: Configuration;
  /** As `from`, with the changes that need no restart. */
  readonly to: Configuration;
  /** Those changes; at least one. */
  readonly changes: readonly Change[];
  /** Where a key of `to` stands, for whoever has to say that it cannot be used. */
  readonly placeOf: Reading["placeOf"];
}

export interface ConfigurationFilesOptions {
  readonly sources: ConfigurationSources;
  /**
   * Makes the broker do what `change.to` says, all of it: what it throws or rejects with means that nothing was changed. It
   * prepares everything that can fail, such as reading certificates, before it changes anything.
   */
  readonly apply: (change: ConfigurationChange) => void | Promise<void>;
  readonly log: Log;
}

/**
 * What became of a reload. `restart` are the changes that wait for one; they are told at each reload as long as they do.
 * `kept`: nothing was changed, for the reasons that the log has.
 */
export type ReloadOutcome =
  | { readonly outcome: "applied" | "unchanged"; readonly restart: readonly Change[] }
  | { readonly outcome: "kept" };

/**
 * @example
 * ```text
 * const files = await ConfigurationFiles.read({ sources, apply, log });
 * process.on("SIGHUP", () => void files.reload());
 * ```
 */
export class ConfigurationFiles {
  readonly #options: ConfigurationFilesOptions;
  #reading: Reading;
  #running: Configuration;
  /** The reload that is under way, or the last one. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: ConfigurationFilesOptions, reading: Reading) {
    this.#options = options;
    this.#reading = reading;
    this.#running = reading.configuration;
  }

  /** @throws ConfigurationError with everything that is not allowed */
  static async read(options: ConfigurationFilesOptions): Promise<ConfigurationFiles> {
    return new ConfigurationFiles(options, await readConfiguration(options.sources));
  }

  /** What is in force. */
  get configuration(): Configuration {
    return this.#running;
  }

  /** What was read last, and where each value comes from. */
  get reading(): Reading {
    return this.#reading;
  }

  /** Reads everything again. Never rejects; one waits for the one before it. */
  async reload(): Promise<ReloadOutcome> {
    const next = this.#last.then(() => this.#reload());
    this.#last = next;
    return await next;
  }

  async #reload(): Promise<ReloadOutcome> {
    const { log, sources, apply } = this.#options;
    let reading: Reading;
    try {
      reading = await readConfiguration(sources);
    } catch (error) {
      log.write("error", "The configuration is not allowed; the one before it stays in force.");
      for (const line of problemLines(error)) log.write("error", line);
      return { outcome: "kept" };
    }
    const from = this.#running;
    const all = changesBetween(from, reading.configuration);
    const restart = all.filter(({ reload }) => reload === "restart");
    const changes = all.filter(({ reload }) => reload !== "restart");
    if (changes.length > 0) {
      const to = withChanges(from, reading.configuration, changes);
      try {
        await apply({ from, to, changes, placeOf: reading.placeOf });
      } catch (error) {
        log.write("error", "The configuration could not be applied; the one before it stays in force.");
        for (const line of problemLines(error)) log.write("error", line);
        return { outcome: "kept" };
      }
      this.#running = to;
    }
    this.#reading = reading;
    this.#tell(changes, restart);
    return { outcome: changes.length > 0 ? "applied" : "unchanged", restart };
  }

  #tell(changes: readonly Change[], restart: readonly Change[]): void {
    const { log } = this.#options;
    if (changes.length === 0 && restart.length === 0) log.write("info", "The configuration is unchanged.");
    for (const { says, reload } of changes) {
      const forWhom = reload === "new-connections" ? " for connections that begin from now on" : "";
      log.write("info", `Configuration: ${says}${forWhom}.`);
    }
    for (const { says } of restart) log.write("warn", `Configuration: ${says}; this needs a restart.`);
  }
}

function problemLines(error: unknown): readonly string[] {
  return error instanceof ConfigurationError ? error.lines : [describeError(error)];
}
