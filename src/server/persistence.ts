/** From the options to a store: what is to outlive the process, where, and how surely. */

import type { Clock, Random } from "#base";
import { Journal, type JournalSettings, nodeDisk, type Store } from "#store";

/** Where sessions, queued and retained messages are kept. */
export interface PersistenceOptions {
  /** A folder of this broker alone; it is made if it is not there. */
  readonly folder: string;
  /**
   * `durable`: what is acknowledged is on the disk. `os`: it is handed to the system, so that a power cut may lose the last
   * moments and a crash of the broker nothing. Default `durable`.
   */
  readonly mode?: "durable" | "os";
  /** Opens a damaged store without what cannot be read, instead of refusing to start. Default false. */
  readonly salvage?: boolean;
  readonly settings?: Partial<JournalSettings>;
}

export function storeFor(options: PersistenceOptions, clock: Clock, random: Random): Store {
  const { folder, ...rest } = options;
  return new Journal({ disk: nodeDisk(folder), clock, random, ...rest });
}
