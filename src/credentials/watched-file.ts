/**
 * A file of which the broker keeps what it says, and takes over what it says anew: passwords, rules, certificates.
 *
 * Changes are noticed by the system's word about the folder, and by looking now and then where that word does not come (network
 * drives, containers). A file counts when two looks in a row find it the same, so that one that is being written is left alone.
 * What cannot be read or does not parse changes nothing: the old content stays, and the reason is said once. Links are followed
 * at each look, so a swapped link is a change (Kubernetes swaps one for a whole folder).
 */

import { createHash } from "node:crypto";
import { type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import { type Clock, ConfigError, describeError } from "#base";

export interface WatchedFileOptions<T> {
  readonly path: string;
  /** What the text says; throws for a text that says nothing. */
  readonly parse: (text: string) => T;
  /** The file says something else now. What is thrown here is a problem, too. */
  readonly onChange: (content: T) => void;
  /** A sentence without the path, for the log. */
  readonly onProblem: (sentence: string) => void;
  readonly clock: Clock;
  /** Time between looks. Default 5,000. */
  readonly pollMs?: number;
  /** Time between the two looks that have to agree. Default 100. */
  readonly settleMs?: number;
  /** Larger files are a problem. Default 64 MiB. */
  readonly maximumBytes?: number;
  /** Whether to ask the system for its word. Default true. */
  readonly listens?: boolean;
}

const MEBIBYTE = 1_048_576;

/** What tells one state of a file from another; `problem` when it is none that could be read. */
interface Look {
  readonly signature: string;
  readonly problem: string | undefined;
}

export class WatchedFile<T> {
  readonly #options: WatchedFileOptions<T>;
  readonly #pollMs: number;
  readonly #settleMs: number;
  #content: T;
  /** Of the text that `content` was made of. */
  #digest: string;
  /** The signature that was last read, or complained of. */
  #judged: string;
  #seen: string;
  #problem: string | undefined;
  #watcher: FSWatcher | undefined;
  #lookAtMs = Number.POSITIVE_INFINITY;
  #cancelLook: (() => void) | undefined;

  /**
   * Reads the file and watches it from now on, until `close`.
   *
   * @throws ConfigError when it cannot be read; and what `parse` throws
   */
  constructor(options: WatchedFileOptions<T>) {
    this.#options = options;
    this.#pollMs = options.pollMs ?? 5_000;
    this.#settleMs = options.settleMs ?? 100;
    const look = this.#look();
    if (look.problem !== undefined) throw new ConfigError(options.path, look.problem);
    const read = this.#read();
    if (read.problem !== undefined) throw new ConfigError(options.path, read.problem);
    this.#content = options.parse(read.text);
    this.#digest = digestOf(read.text);
    this.#judged = look.signature;
    this.#seen = look.signature;
    if (options.listens !== false) this.#listen();
    this.#lookIn(this.#pollMs);
  }

  /** What the file said when it last said something. */
  get content(): T {
    return this.#content;
  }

  /** Looks at once and takes what is there, finished or not; a problem that was said before is said again. For SIGHUP. */
  reload(): void {
    this.#problem = undefined;
    this.#judge(this.#look());
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  #listen(): void {
    try {
      // The folder and not the file: one that takes the file's place is another file.
      const watcher = watch(dirname(this.#options.path), { persistent: false }, () =>
        this.#lookIn(this.#settleMs),
      );
      this.#watcher = watcher;
      watcher.on("error", () => watcher.close()); // the looks go on
    } catch {
      // The system has no word left to give; looking does it, too.
    }
  }

  /** Looks after `delayMs`, or sooner when that was due before. */
  #lookIn(delayMs: number): void {
    const atMs = this.#options.clock.now() + delayMs;
    if (this.#cancelLook !== undefined && atMs >= this.#lookAtMs) return;
    this.#cancelLook?.();
    this.#lookAtMs = atMs;
    this.#cancelLook = this.#options.clock.schedule(delayMs, () => {
      this.#cancelLook = undefined;
      this.#onLook();
    });
  }

  #onLook(): void {
    const look = this.#look();
    const { signature } = look;
    const isSettled = signature === this.#seen;
    this.#seen = signature;
    if (signature !== this.#judged && isSettled) this.#judge(look);
    this.#lookIn(this.#seen === this.#judged ? this.#pollMs : this.#settleMs);
  }

  #judge({ signature, problem }: Look): void {
    if (problem !== undefined) {
      this.#judged = signature;
      this.#complain(problem);
      return;
    }
    const read = this.#read();
    // Written to while it was read: the next look sees to it.
    if (this.#look().signature !== signature) {
      this.#lookIn(this.#settleMs);
      return;
    }
    this.#judged = signature;
    if (read.problem === undefined) this.#take(read.text);
    else this.#complain(read.problem);
  }

  #take(text: string): void {
    const digest = digestOf(text);
    if (digest === this.#digest) {
      this.#problem = undefined;
      return;
    }
    try {
      const content = this.#options.parse(text);
      this.#options.onChange(content);
      this.#content = content;
      this.#digest = digest;
      this.#problem = undefined;
    } catch (error) {
      this.#complain(describeError(error));
    }
  }

  #complain(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }

  #look(): Look {
    const { path, maximumBytes = 64 * MEBIBYTE } = this.#options;
    try {
      const stats = statSync(path, { bigint: true });
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      const signature = [dev, ino, size, mtimeNs, ctimeNs].join(" ");
      if (!stats.isFile()) return { signature, problem: "it is no file." };
      const isLarge = size > maximumBytes;
      return { signature, problem: isLarge ? `it is larger than ${maximumBytes} bytes.` : undefined };
    } catch (error) {
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      const problem = code === "ENOENT" ? "there is no such file." : `it cannot be read: ${code}.`;
      return { signature: code, problem };
    }
  }

  #read(): { readonly text: string; readonly problem: string | undefined } {
    try {
      return { text: readFileSync(this.#options.path, "utf8"), problem: undefined };
    } catch (error) {
      return { text: "", problem: `it cannot be read: ${(error as NodeJS.ErrnoException).code}.` };
    }
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
