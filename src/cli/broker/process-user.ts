/** The user that a broker goes on as once it listens: ports below 1024 need root, everything behind them does not. */

import { execFileSync } from "node:child_process";
import { accessSync, chownSync, constants, lstatSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConfigError } from "#base";

export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const ROOT = "root";
/** Who takes the place of a user that is not there. Of mosquitto's alone, as with mosquitto. */
const standIns: Readonly<Record<string, string>> = { mosquitto: "nobody" };

/** Node's types lack it. */
const { initgroups } = process as { initgroups?: (user: string, extraGroup: number) => void };

/** Whether this process may become another user. */
export function mayBecome(): boolean {
  return process.getuid?.() === 0;
}

/** What is wrong with a name that this process is to become, or undefined. */
export function userFault(name: string | undefined): string | undefined {
  if (name === undefined || name === ROOT || !mayBecome() || userNamed(name) !== undefined) return undefined;
  return `there is no user ${name} on this machine; make one of that name, or name another.`;
}

/**
 * The user to become, with another name where the one that is wished is not there; a sentence that says why this process stays
 * who it is; undefined when nothing is wished.
 * @throws ConfigError for a user that is not there
 */
export function userToBecome(name: string | undefined): ProcessUser | string | undefined {
  if (name === undefined) return undefined;
  if (!mayBecome()) {
    return `process.user: only root can become ${name}; the broker goes on as the user that started it.`;
  }
  if (name === ROOT) return "process.user: a broker should not run as root.";
  const fault = userFault(name);
  if (fault !== undefined) throw new ConfigError("process.user", fault);
  return userNamed(name);
}

function userNamed(name: string): ProcessUser | undefined {
  const uid = idOf("-u", name);
  const gid = idOf("-g", name);
  if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  const standIn = standIns[name];
  return standIn === undefined ? undefined : userNamed(standIn);
}

/** Gives up root for good: groups first, as they cannot be changed afterwards. */
export function become({ name, uid, gid }: ProcessUser): void {
  initgroups?.call(process, name, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/**
 * After `become`: why this process cannot get at what it keeps, or undefined.
 * @param folder one that is there
 */
export function folderFault(folder: string, { name }: ProcessUser): string | undefined {
  if (mayUse(folder, constants.R_OK | constants.W_OK | constants.X_OK)) return undefined;
  const closed = foldersAbove(folder).find((each) => !mayUse(each, constants.X_OK));
  const why =
    closed === undefined
      ? "its rights do not let that user read and write"
      : `${closed} is closed to that user; let it through (chmod o+x), or choose another persistence.folder`;
  return `${name} cannot use ${folder}: ${why}.`;
}

/** After `become`: whether the log can be opened anew when somebody has moved the file away. */
export function mayMakeFilesBeside(file: string): boolean {
  return mayUse(dirname(resolve(file)), constants.W_OK | constants.X_OK);
}

/** From the root down. */
function foldersAbove(folder: string): string[] {
  const above = dirname(resolve(folder));
  return above === resolve(folder) ? [above] : [...foldersAbove(above), above];
}

function mayUse(path: string, rights: number): boolean {
  try {
    accessSync(path, rights);
    return true;
  } catch {
    return false;
  }
}

/** Gives `folder` and the files in it to `user`; links are given, not what they lead to. */
export function giveFolder(folder: string, { uid, gid }: ProcessUser): void {
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).isFile()) chownSync(path, uid, gid);
  }
}

/** By the program `id`, which knows every source of users that this system has; undefined for a user that is not there. */
function idOf(option: "-u" | "-g", name: string): number | undefined {
  try {
    const text = execFileSync("id", [option, "--", name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number(text);
  } catch {
    return undefined;
  }
}
