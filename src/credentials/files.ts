/**
 * Files with secrets in them: what is written is there as a whole or not at all, also after a power cut, and belongs to its
 * owner alone.
 */

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfigError, describeError } from "#base";

/** Readable by its owner, and by nobody else. */
export const PRIVATE_MODE = 0o600;
const OWNER_ONLY = 0o700;
/** Readable by everybody, for certificates. */
export const PUBLIC_MODE = 0o644;

/**
 * Puts `text` in the place of what is at `path`, if anything is. A link stays a link; the new file belongs to whom the old one
 * belonged to, or else to this user and nobody else.
 *
 * @throws ConfigError when the folder cannot be written
 */
export function replaceFile(path: string, text: string, mode: number): void {
  const target = followed(path);
  const beside = besideOf(target);
  try {
    writeWhole(beside, text, mode, statOf(target));
    renameSync(beside, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(beside, { force: true });
    throw new ConfigError(path, `it cannot be written: ${whyUnwritable(error)}.`);
  }
}

/**
 * Writes a file that is not there yet.
 *
 * @throws ConfigError when it is there, or cannot be written
 */
export function createFile(path: string, text: string, mode: number): void {
  const beside = besideOf(path);
  try {
    writeWhole(beside, text, mode, undefined);
    // Unlike renaming, linking does not take the place of a file that is there.
    linkSync(beside, path);
    syncFolder(dirname(path));
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    const why = isThere ? "it is there already" : `it cannot be written: ${whyUnwritable(error)}`;
    throw new ConfigError(path, `${why}.`);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Why a file cannot be written, without a full stop. Names no path: what was tried may be a file beside it. */
export function whyUnwritable(error: unknown): string {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
      return "its folder is not there; make that first";
    case "ENOTDIR":
      return "what should be its folder is a file; check the path";
    case "EISDIR":
      return "this is a folder; give a file in it";
    case "EACCES":
    case "EPERM":
      return "this user may not; check the rights of the file and its folder";
    case "EROFS":
      return "nothing can be written on that disk; choose another place";
    case "ENOSPC":
      return "the disk is full; make room";
    default:
      return describeError(error);
  }
}

/** Where a file is written before it takes its place. */
function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.new`);
}

/** Fails when `path` exists. */
function writeWhole(path: string, text: string, mode: number, like: Stats | undefined): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    // The mask of the process may have taken more than it should.
    fchmodSync(file, mode);
    if (like !== undefined && !giveTo(file, like)) fchmodSync(file, mode & OWNER_ONLY);
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Returns whether it may: only root may give files away. */
function giveTo(file: number, { uid, gid }: Stats): boolean {
  try {
    fchownSync(file, uid, gid);
    return true;
  } catch {
    return false;
  }
}

function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
