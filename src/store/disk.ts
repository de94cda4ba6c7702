/**
 * The port below the journal: one folder of files.
 *
 * What a disk promises is little, and the journal counts on no more: a write that has succeeded on a file opened with
 * `isSynced` outlives a crash; any other write may be lost, kept or torn at sectors of 512 bytes until `sync` has succeeded;
 * new names, renames and removals may be lost or kept one by one until `syncFolder` has. A sector is old or new, never
 * broken. After a failed write nothing is known of its range, whatever reads say. All errors are `StoreError`s.
 */

import type { StoreError } from "./errors.ts";

export interface DiskEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface OpenOptions {
  /** `create` wants a name that is not there yet. */
  readonly access: "read" | "write" | "create";
  /** Whether a write succeeds only when it is safe. */
  readonly isSynced: boolean;
}

export interface Disk {
  /** For messages: the path of the folder. */
  readonly name: string;

  /** CRC-32 of `bytes[start, end)`, going on from `seed`. */
  checksum(bytes: Uint8Array, start: number, end: number, seed: number): number;

  /** Makes the folder if it is missing, and takes it for this process alone. Rejects with kind `locked`. */
  lock(): Promise<void>;
  unlock(): Promise<void>;
  /** Who holds the folder, in words, or undefined. Takes nothing. */
  lockHolder(): Promise<string | undefined>;

  /** The files of the folder, without the lock. Rejects when there is no folder. */
  list(): Promise<DiskEntry[]>;
  open(name: string, options: OpenOptions): Promise<DiskFile>;
  /** Replaces what has the new name. An open file stays open. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  /** Makes names safe. */
  syncFolder(): Promise<void>;
}

export interface DiskFile {
  /** Writes `parts` behind each other from `position` on. Calls `done` once, never from inside this call. */
  write(parts: readonly Uint8Array[], position: number, done: (error: StoreError | undefined) => void): void;
  /** Fills `target` from `position` on and resolves with how many bytes there were. */
  read(target: Uint8Array, position: number): Promise<number>;
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/** `write` as a promise, for what happens once a segment. */
export async function writeAt(file: DiskFile, parts: readonly Uint8Array[], position: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    file.write(parts, position, (error) => (error === undefined ? resolve() : reject(error)));
  });
}
