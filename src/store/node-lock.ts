/**
 * The lock file of a folder: one process at a time.
 *
 *     lock      pid, host, start of the process, a random word; one a line
 *
 * It is made with O_EXCL. A lock whose process is dead is moved away and made anew; who moved one that was not the dead one
 * puts it back, and who had to take over looks once more, a moment later, whether the lock is still its own. A process of
 * another host cannot be seen: its lock counts as long as its file is touched, which its owner does every few seconds.
 */

import { randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimes,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { StoreError } from "./errors.ts";
import { diskError, errorCode } from "./node-error.ts";

const LOCK_NAME = "lock";
const LOCK_MODE = 0o600;
const TOUCH_EVERY_MS = 5_000;
/** A lock of another host that has not been touched for so long belongs to nobody. */
const FOREIGN_LIMIT_MS = 30_000;
/** Who took over looks again after this time. */
const LOOK_AGAIN_MS = 50;
const MOST_ATTEMPTS = 20;
const UNKNOWN_START = "-";

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly start: string;
  readonly text: string;
}

/** The lock of one folder. */
export class NodeLock {
  readonly #path: string;
  readonly #folder: string;
  readonly #text = `${process.pid}\n${hostname()}\n${startOf(process.pid)}\n${randomUUID()}\n`;
  #touching: NodeJS.Timeout | undefined;

  /** @param folder has to be there when the lock is taken */
  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, LOCK_NAME);
  }

  /** Takes the lock. Rejects with `StoreError` of kind `locked` when somebody has it. */
  async take(): Promise<void> {
    let tookOver = false;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      if (this.#create()) {
        if (tookOver) await wait(LOOK_AGAIN_MS);
        if (this.#read()?.text === this.#text) {
          this.#keepTouched();
          return;
        }
        continue;
      }
      const holder = this.#read();
      if (holder === undefined) continue;
      if (holder.pid === 0 && attempt < MOST_ATTEMPTS / 2) {
        await wait(LOOK_AGAIN_MS); // somebody is about to write into it
        continue;
      }
      if (this.#isAlive(holder)) throw this.#lockedBy(holder);
      tookOver = true;
      this.#moveAway(holder);
    }
    throw new StoreError("locked", `${this.#folder}: several processes want it at once; start one of them.`);
  }

  release(): void {
    clearInterval(this.#touching);
    this.#touching = undefined;
    if (this.#read()?.text === this.#text) this.#try(() => unlinkSync(this.#path));
  }

  /** Who has the lock and is alive, in words. */
  holder(): string | undefined {
    const holder = this.#read();
    return holder === undefined || !this.#isAlive(holder) ? undefined : nameOf(holder);
  }

  #create(): boolean {
    return this.#try(() => {
      try {
        const descriptor = openSync(this.#path, "wx", LOCK_MODE);
        try {
          writeSync(descriptor, this.#text);
        } finally {
          closeSync(descriptor);
        }
        return true;
      } catch (error) {
        if (errorCode(error) === "EEXIST") return false;
        throw error;
      }
    });
  }

  /** What the lock says; undefined when there is none, pid 0 when it says nothing. */
  #read(path: string = this.#path): Holder | undefined {
    return this.#try(() => {
      try {
        const text = readFileSync(path, "utf8");
        const [pid = "", host = "", start = ""] = text.split("\n");
        return { pid: /^\d{1,10}$/.test(pid) ? Number(pid) : 0, host, start, text };
      } catch (error) {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  #isAlive({ pid, host, start }: Holder): boolean {
    if (pid === 0) return false;
    if (host !== hostname()) return this.#touchedAgoMs() < FOREIGN_LIMIT_MS;
    try {
      process.kill(pid, 0);
    } catch (error) {
      return errorCode(error) === "EPERM";
    }
    // The number may belong to a younger process by now.
    const known = startOf(pid);
    return known === UNKNOWN_START || start === UNKNOWN_START || known === start;
  }

  #touchedAgoMs(): number {
    try {
      return Date.now() - statSync(this.#path).mtimeMs;
    } catch (error) {
      if (errorCode(error) === "ENOENT") return Number.POSITIVE_INFINITY;
      throw diskError(error, this.#path);
    }
  }

  /** Takes away the lock of a dead process. One that somebody has made meanwhile is put back. */
  #moveAway(dead: Holder): void {
    const away = `${this.#path}.${randomUUID()}`;
    this.#try(() => {
      try {
        renameSync(this.#path, away);
      } catch (error) {
        if (errorCode(error) === "ENOENT") return; // another one was faster
        throw error;
      }
      if (this.#read(away)?.text === dead.text) unlinkSync(away);
      else this.#putBack(away);
    });
  }

  #putBack(away: string): void {
    try {
      linkSync(away, this.#path);
      unlinkSync(away);
    } catch (error) {
      if (errorCode(error) === "EEXIST") unlinkSync(away);
      else renameSync(away, this.#path); // a file system without links
    }
  }

  #keepTouched(): void {
    this.#touching = setInterval(() => {
      const now = new Date();
      // It matters to other hosts only, and they wait for several touches.
      utimes(this.#path, now, now, () => undefined);
    }, TOUCH_EVERY_MS);
    this.#touching.unref();
  }

  #lockedBy(holder: Holder): StoreError {
    return new StoreError(
      "locked",
      `${this.#folder} is in use by ${nameOf(holder)}; stop it, or choose another folder.`,
      { file: LOCK_NAME },
    );
  }

  #try<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.#path, LOCK_NAME);
    }
  }
}

function nameOf({ pid, host }: Holder): string {
  return host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
}

/** When the process began, as the system counts it: together with the number it is unique until the next boot. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in the second field may hold anything, also blanks and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? UNKNOWN_START;
  } catch {
    return UNKNOWN_START; // not on this system, or not for us
  }
}
