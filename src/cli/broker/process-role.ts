/** What a broker is to its system: its PID file and its user, from when it listens until its process ends. */

import { ConfigurationError, keyText, missingFiles, type Reading } from "#config";
import type { PersistenceOptions } from "#server";
import type { LogLines } from "../output.ts";
import { PidFile } from "./pid-file.ts";
import {
  become,
  folderFault,
  giveFolder,
  mayBecome,
  mayMakeFilesBeside,
  type ProcessUser,
  userToBecome,
} from "./process-user.ts";

interface TakeOptions {
  /** Nothing is told that mosquitto does not tell, unless something is amiss. */
  readonly isBrief: boolean;
}

export class ProcessRole {
  readonly #reading: Reading;
  readonly #user: ReturnType<typeof userToBecome>;
  #pidFile: PidFile | undefined;

  /** @throws ConfigError for a user that is not there */
  constructor(reading: Reading) {
    this.#reading = reading;
    this.#user = userToBecome(reading.configuration.process.user);
  }

  /**
   * Makes the PID file, and becomes the user, who is given what the broker goes on writing to.
   * @throws ConfigError for a PID file that cannot be written, and for a user who cannot get at what is kept
   */
  take(lines: LogLines, persistence: PersistenceOptions | undefined, { isBrief }: TakeOptions): void {
    const user = this.#user;
    const { pid_file: path } = this.#reading.configuration.process;
    const pidFile = path === undefined ? undefined : new PidFile(path);
    this.#pidFile = pidFile;
    if (pidFile !== undefined) process.once("exit", () => pidFile.remove());
    if (user === undefined) return;
    if (typeof user === "string") {
      if (!this.#isImplied) lines.write(mayBecome() ? "warn" : "info", user);
      return;
    }
    pidFile?.giveTo(user.uid, user.gid);
    lines.giveTo(user.uid, user.gid);
    if (persistence !== undefined) giveFolder(persistence.folder, user);
    become(user);
    this.#tell(lines, user, isBrief);
    if (persistence !== undefined) this.#checkFolder(persistence.folder, user);
  }

  /** Signals are answered: the PID file may say to whom they go. */
  tell(): void {
    this.#pidFile?.tell();
  }

  /** Nobody has named the user: it is the one that mosquitto becomes. */
  get #isImplied(): boolean {
    const place = this.#reading.sourceOf(["process", "user"]);
    return place.kind === "file" && place.line === 0;
  }

  /** Who the broker is by now, and what root could do that this user cannot. */
  #tell(lines: LogLines, { name }: ProcessUser, isBrief: boolean): void {
    const { log, process: wished } = this.#reading.configuration;
    if (wished.user !== name) {
      const why = `there is no user ${wished.user} on this machine`;
      lines.write("warn", `process.user: ${why}; the broker goes on as ${name}.`);
    } else if (!isBrief) lines.write("info", `process.user: the broker goes on as ${name}.`);
    if (log.destination.includes("file") && log.file !== undefined && !mayMakeFilesBeside(log.file)) {
      lines.write(
        "warn",
        `log.file: ${name} may not make files beside ${log.file}; when it is moved away, the broker goes on in the file that was moved. Give it a folder of that user's.`,
      );
    }
    for (const { path, file } of missingFiles(this.#reading.configuration)) {
      lines.write(
        "warn",
        `${keyText(path)}: ${name} may not read ${file}; what changes in it counts after a restart.`,
      );
    }
  }

  #checkFolder(folder: string, user: ProcessUser): void {
    const says = folderFault(folder, user);
    if (says === undefined) return;
    const path = ["process", "user"];
    throw new ConfigurationError([{ path, place: this.#reading.placeOf(path), says }]);
  }
}
