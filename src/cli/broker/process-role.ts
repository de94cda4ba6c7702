/** What a broker is to its system: its PID file and its user, from when it listens until its process ends. */

import type { Configuration } from "#config";
import type { PersistenceOptions } from "#server";
import type { LogLines } from "../output.ts";
import { PidFile } from "./pid-file.ts";
import { become, checkFolder, giveFolder, userToBecome } from "./process-user.ts";

export class ProcessRole {
  readonly #pidFile: string | undefined;
  readonly #user: ReturnType<typeof userToBecome>;

  /** @throws ConfigError for a user that is not there */
  constructor({ pid_file: pidFile, user }: Configuration["process"]) {
    this.#pidFile = pidFile;
    this.#user = userToBecome(user);
  }

  /**
   * Writes the PID file, and becomes the user, who is given what the broker goes on writing to.
   * @throws ConfigError for a PID file that cannot be written, and for a user who cannot get at what is kept
   */
  take(lines: LogLines, persistence: PersistenceOptions | undefined): void {
    const user = this.#user;
    const pidFile = this.#pidFile === undefined ? undefined : new PidFile(this.#pidFile);
    if (pidFile !== undefined) process.once("exit", () => pidFile.remove());
    if (user === undefined) return;
    if (typeof user === "string") {
      lines.write("warn", user);
      return;
    }
    pidFile?.giveTo(user.uid, user.gid);
    lines.giveTo(user.uid, user.gid);
    if (persistence !== undefined) giveFolder(persistence.folder, user);
    become(user);
    if (persistence !== undefined) checkFolder(persistence.folder, user);
  }
}
