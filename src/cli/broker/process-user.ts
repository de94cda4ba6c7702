/** The user that a broker goes on as once it listens: ports below 1024 need root, everything behind them does not. */

import { execFileSync } from "node:child_process";
import { accessSync, chownSync, constants, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, describeError } from "#base";

export interface ProcessUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const ROOT = "root";

/** Node's types lack it. */
const { initgroups } = process as { initgroups?: (user: string, extraGroup: number) => void };

/**
 * The user to become, or a sentence that says why this process stays who it is; undefined when nothing is wished.
 * @throws ConfigError for a user that is not there
 */
export function userToBecome(name: string | undefined): ProcessUser | string | undefined {
  if (name === undefined) return undefined;
  if (process.getuid?.() !== 0) {
    return `process.user: only root can become ${name}; the broker goes on as the user that started it.`;
  }
  if (name === ROOT) return "process.user: a broker should not run as root.";
  return { name, uid: idOf("-u", name), gid: idOf("-g", name) };
}

/** Gives up root for good: groups first, as they cannot be changed afterwards. */
export function become({ name, uid, gid }: ProcessUser): void {
  initgroups?.call(process, name, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/**
 * After `become`: whether this process can still get at what it keeps.
 * @throws ConfigError when a folder around it is closed to the user
 */
export function checkFolder(folder: string, { name }: ProcessUser): void {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ConfigError("process.user", `${name} cannot use ${folder}: ${describeError(error)}.`);
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

/** By the program `id`, which knows every source of users that this system has. */
function idOf(option: "-u" | "-g", name: string): number {
  try {
    const text = execFileSync("id", [option, "--", name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return Number(text);
  } catch {
    throw new ConfigError("process.user", `there is no user ${name} on this machine.`);
  }
}
