/**
 * The file that holds the number of this process, for scripts that send it signals: made when nothing is in its way, and empty
 * until signals are answered.
 */

import { chownSync, closeSync, openSync, readFileSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { ConfigError } from "#base";
import { whyUnwritable } from "#credentials";

export class PidFile {
  readonly #path: string;
  /** While it is empty. */
  #descriptor: number | undefined;

  /**
   * Makes it, in place of one that another process has left.
   * @throws ConfigError when it cannot be written
   */
  constructor(path: string) {
    this.#path = path;
    try {
      removed(path);
      // Never through a link that somebody has put there.
      this.#descriptor = openSync(path, "wx", 0o644);
    } catch (error) {
      throw new ConfigError("process.pid_file", `${path} cannot be written: ${whyUnwritable(error)}.`);
    }
  }

  /** From now on signals are answered. Once only. */
  tell(): void {
    if (this.#descriptor === undefined) return;
    writeSync(this.#descriptor, `${process.pid}\n`);
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** It becomes this user's, so that it can be emptied at the end. */
  giveTo(uid: number, gid: number): void {
    chownSync(this.#path, uid, gid);
  }

  /** Removes it, unless another process has written its own meanwhile. In a folder that is another user's it stays, empty. */
  remove(): void {
    try {
      const isTold = this.#descriptor === undefined;
      if (isTold && Number(readFileSync(this.#path, "utf8")) !== process.pid) return;
      removed(this.#path);
    } catch {
      this.#empty();
    }
  }

  #empty(): void {
    try {
      truncateSync(this.#path);
    } catch {
      // Somebody has taken it away, or its rights; this process is about to end.
    }
  }
}

function removed(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
