/** The log of a command: one line an event, `1767225600: New client connected ...`, safe to show and to parse. */

import { closeSync, openSync } from "node:fs";
import { ConfigError, describeError, type Log, type LogFields, type LogLevel } from "#base";
import { printable } from "./escape.ts";
import { LineWriter } from "./line-writer.ts";

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

/** How and where lines are written. */
export interface LogForm {
  /** What is below it is left out. */
  readonly level: LogLevel;
  /** Default `stdout`; a file is appended to. */
  readonly destination?: "stdout" | "stderr" | { readonly file: string };
  /** `json`: an object a line with `time`, `level` and `message`. Default `text`. */
  readonly format?: "text" | "json";
}

export class LogLines implements Log {
  #form: LogForm;
  #target: Target;
  #lowest: number;

  /** @throws ConfigError for a file that cannot be written */
  constructor(form: LogForm) {
    this.#form = form;
    this.#lowest = rank[form.level];
    this.#target = targetOf(form);
  }

  /**
   * Lines are written so once the returned function has been called. A file is opened anew even if its name stays: whoever rotates
   * logs has moved the old one.
   *
   * @throws ConfigError for a file that cannot be written; then all stays as it was
   */
  prepare(form: LogForm): () => void {
    const target = targetOf(form);
    return () => {
      const old = this.#target;
      this.#form = form;
      this.#lowest = rank[form.level];
      this.#target = target;
      old.close();
    };
  }

  write(level: LogLevel, sentence: string, fields?: LogFields): void {
    if (rank[level] < this.#lowest) return;
    this.#line(level, printable(sentence));
    const stack = fields?.["stack"];
    if (typeof stack !== "string") return;
    for (const line of stack.split("\n").slice(1)) this.#line(level, printable(line));
  }

  /** A line that belongs to the one before it. */
  writeDetail(level: LogLevel, text: string): void {
    if (rank[level] >= this.#lowest) this.#line(level, `\t${printable(text)}`);
  }

  /** Resolves when everything is out. */
  async drained(): Promise<void> {
    await this.#target.writer.drained();
  }

  flushSync(): void {
    this.#target.writer.flushSync();
  }

  #line(level: LogLevel, message: string): void {
    const now = Date.now();
    this.#target.writer.write(
      this.#form.format === "json"
        ? JSON.stringify({ time: new Date(now).toISOString(), level, message })
        : `${Math.floor(now / 1000)}: ${message}`,
    );
  }
}

interface Target {
  readonly writer: LineWriter;
  readonly close: () => void;
}

function targetOf({ destination = "stdout" }: LogForm): Target {
  if (typeof destination === "string") {
    const descriptor = destination === "stdout" ? STANDARD_OUTPUT : STANDARD_ERROR;
    return { writer: new LineWriter(descriptor), close: () => undefined };
  }
  const descriptor = opened(destination.file);
  const writer = new LineWriter(descriptor);
  // What is being written when it is replaced is written first.
  const closeWhenDrained = async (): Promise<void> => {
    await writer.drained();
    closeSync(descriptor);
  };
  return { writer, close: () => void closeWhenDrained() };
}

function opened(file: string): number {
  try {
    return openSync(file, "a", 0o640);
  } catch (error) {
    throw new ConfigError("log.file", `${file} cannot be written: ${describeError(error)}.`);
  }
}
