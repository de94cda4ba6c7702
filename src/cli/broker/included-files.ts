/**
 * The files that a mosquitto.conf takes in by `include_dir`, watched as one: another file in a folder counts like a change in one.
 * They are looked at when the system has a word about a folder, and now and then where that word does not come. A state counts
 * when two looks in a row find it the same, so that files that are being written are left alone. It says that something has
 * changed, and not what: who hears of it reads everything again.
 */

import { createHash } from "node:crypto";
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import type { Clock } from "#base";
import type { Included } from "#mosquitto";

export interface IncludedFilesOptions {
  /** What is taken in at the moment; never throws. */
  readonly list: () => Included;
  readonly onChange: () => void;
  readonly clock: Clock;
  /** Time between looks. Default 5,000. */
  readonly pollMs?: number;
  /** Time between the two looks that have to agree. Default 100. */
  readonly settleMs?: number;
}

export class IncludedFiles {
  readonly #options: IncludedFilesOptions;
  readonly #pollMs: number;
  readonly #settleMs: number;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Of the state that was last told of, or begun with. */
  #judged = "";
  #digest = "";
  #seen = "";
  #lookAtMs = Number.POSITIVE_INFINITY;
  #cancelLook: (() => void) | undefined;

  /** Watches from now on, until `close`. */
  constructor(options: IncludedFilesOptions) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? 5_000;
    this.#settleMs = options.settleMs ?? 100;
    this.accept();
    this.#lookIn(this.#pollMs);
  }

  /** What is there now is known: it is about to be read. */
  accept(): void {
    const { folders, files } = this.#options.list();
    this.#listen(folders);
    this.#judged = signatureOf(files);
    this.#seen = this.#judged;
    this.#digest = digestOf(files);
  }

  close(): void {
    this.#listen([]);
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #listen(folders: readonly string[]): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#lookIn(this.#settleMs));
        this.#watchers.set(folder, watcher);
        watcher.on("error", () => watcher.close()); // the looks go on
      } catch {
        // No such folder yet, or the system has no word left to give; looking does it, too.
      }
    }
  }

  /** Looks after `delayMs`, or sooner when that was due before. */
  #lookIn(delayMs: number): void {
    const { clock } = this.#options;
    const atMs = clock.now() + delayMs;
    if (this.#cancelLook !== undefined && atMs >= this.#lookAtMs) return;
    this.#cancelLook?.();
    this.#lookAtMs = atMs;
    this.#cancelLook = clock.schedule(delayMs, () => {
      this.#cancelLook = undefined;
      this.#onLook();
    });
  }

  #onLook(): void {
    const { folders, files } = this.#options.list();
    this.#listen(folders);
    const signature = signatureOf(files);
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (signature !== this.#judged && isSettled) this.#judge(signature, files);
    this.#lookIn(this.#seen === this.#judged ? this.#pollMs : this.#settleMs);
  }

  #judge(signature: string, files: readonly string[]): void {
    this.#judged = signature;
    const digest = digestOf(files);
    if (digest === this.#digest) return;
    this.#digest = digest;
    this.#options.onChange();
  }
}

/** Which files there are, and what tells one state of each from another. */
function signatureOf(files: readonly string[]): string {
  return files.map((file) => `${file} ${stateOf(file)}`).join("\n");
}

function stateOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch (error) {
    return codeOf(error);
  }
}

/** Of names and texts. */
function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0${textOf(file)}\0`);
  return hash.digest("base64");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown";
}
