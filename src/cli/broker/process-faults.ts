/**
 * What of a configuration this process could not do: write its log, write its PID file, become its user. Said before anything
 * listens, with its place, and without writing anything. What changes afterwards is found when it is done.
 */

import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import type { KeyPath, Problem, Reading } from "#config";
import { whyUnwritable } from "#credentials";
import { userFault } from "./process-user.ts";

/** None when all of it can be done. */
export function processFaults({ configuration, placeOf }: Reading): readonly Problem[] {
  const { log, process: role } = configuration;
  const faults: Problem[] = [];
  const judge = (path: KeyPath, wordsFor: () => string | undefined): void => {
    const says = wordsFor();
    if (says !== undefined) faults.push({ path, place: placeOf(path), says });
  };
  if (log.destination.includes("file")) judge(["log", "file"], () => logFileFault(log.file));
  judge(["process", "pid_file"], () => pidFileFault(role.pid_file));
  judge(["process", "user"], () => userFault(role.user));
  return faults;
}

function logFileFault(file: string | undefined): string | undefined {
  return faultOf(file, (path) => {
    if (isThere(path)) accessSync(path, constants.W_OK);
    else checkFolderOf(path);
  });
}

/** One that is there is replaced. */
function pidFileFault(file: string | undefined): string | undefined {
  return faultOf(file, (path) => {
    isThere(path);
    checkFolderOf(path);
  });
}

function faultOf(file: string | undefined, check: (path: string) => void): string | undefined {
  if (file === undefined) return undefined;
  try {
    check(file);
    return undefined;
  } catch (error) {
    return `${file} cannot be written: ${whyUnwritable(error)}.`;
  }
}

/** @throws for a folder, and where the system cannot say */
function isThere(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) throw Object.assign(new TypeError("a folder"), { code: "EISDIR" });
  return found !== undefined;
}

function checkFolderOf(path: string): void {
  const folder = dirname(path);
  if (!statSync(folder).isDirectory()) throw Object.assign(new TypeError("no folder"), { code: "ENOTDIR" });
  accessSync(folder, constants.W_OK | constants.X_OK);
}
