/** One place that lines go to: standard output and error, and files. The others have files of their own. */

import { closeSync, fchownSync, openSync } from "node:fs";
import { ConfigError } from "#base";
import { whyUnwritable } from "#credentials";
import { LineWriter } from "../line-writer.ts";
import type { LogType } from "./log-type.ts";

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

export interface LogEntry {
  readonly type: LogType;
  /** Safe for one line, without its time. */
  readonly text: string;
  /** The same as it is written, with its time if that is wished. */
  readonly line: string;
  /** The topic of the message that it tells of, if there is one. */
  readonly about: string | undefined;
}

/** Takes lines and never waits. */
export interface Destination {
  write(entry: LogEntry): void;
  /** Resolves when everything is out, or cannot get out. */
  drained(): Promise<void>;
  /** Writes what waits at once, where that is possible. */
  flushSync(): void;
  /** No line comes any more; what waits still goes out. */
  close(): void;
  /** From now on this user's rights are all there are. */
  giveTo?(uid: number, gid: number): void;
}

export function standardStream(name: "stdout" | "stderr"): Destination {
  const writer = new LineWriter(name === "stdout" ? STANDARD_OUTPUT : STANDARD_ERROR);
  return destinationOf(writer, () => undefined);
}

/**
 * A file that lines are appended to.
 * @throws ConfigError when it cannot be written
 */
export function logFile(file: string): Destination {
  const descriptor = opened(file);
  const writer = new LineWriter(descriptor);
  // What is being written when it is replaced is written first.
  const closeWhenDrained = async (): Promise<void> => {
    await writer.drained();
    closeSync(descriptor);
  };
  return {
    ...destinationOf(writer, () => void closeWhenDrained()),
    giveTo: (uid, gid) => fchownSync(descriptor, uid, gid),
  };
}

function destinationOf(writer: LineWriter, close: () => void): Destination {
  return {
    write: ({ line }) => writer.write(line),
    drained: () => writer.drained(),
    flushSync: () => writer.flushSync(),
    close,
  };
}

function opened(file: string): number {
  try {
    return openSync(file, "a", 0o640);
  } catch (error) {
    throw new ConfigError("log.file", `${file} cannot be written: ${whyUnwritable(error)}.`);
  }
}
