/** Stores by the names of their modes. */

import { type Clock, ConfigError, type Random } from "#base";
import { Journal } from "./journal.ts";
import type { JournalSettings } from "./journal-settings.ts";
import { MemoryStore } from "./memory-store.ts";
import { nodeDisk } from "./node-disk.ts";
import type { Store, StoreMode } from "./store.ts";

/** What a store is made of. */
export interface StoreOptions {
  readonly mode: StoreMode;
  /** Where the files go; not for `memory`. */
  readonly folder?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings?: Partial<JournalSettings>;
  /** Goes on without what cannot be read; see `JournalOptions`. */
  readonly salvage?: boolean;
}

/**
 * A store that is not open yet. Throws `ConfigError` for settings that are not allowed.
 *
 *     const store = createStore({ mode: "durable", folder: "martlet-data", clock: systemClock(), random: systemRandom() });
 */
export function createStore({ mode, folder, clock, random, settings, salvage }: StoreOptions): Store {
  if (mode === "memory") return new MemoryStore();
  if (mode !== "durable" && mode !== "os") {
    throw new ConfigError("mode", `"${String(mode)}" is not known; it is durable, os or memory.`);
  }
  if (folder === undefined || folder === "") throw new ConfigError("folder", "it is missing.");
  return new Journal({
    disk: nodeDisk(folder),
    clock,
    random,
    mode,
    ...(settings === undefined ? {} : { settings }),
    ...(salvage === undefined ? {} : { salvage }),
  });
}
