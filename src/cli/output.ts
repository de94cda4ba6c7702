/** The log of a command: one line an event, `1767225600: New client connected ...`, safe to show and to parse. */

import type { Log, LogFields, LogLevel } from "#base";
import { printable } from "./escape.ts";
import { LineWriter } from "./line-writer.ts";

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

const STANDARD_OUTPUT = 1;

export class LogLines implements Log {
  readonly #lowest: number;
  readonly #writer = new LineWriter(STANDARD_OUTPUT);

  /** Writes what is of `lowest` level or above to standard output. */
  constructor(lowest: LogLevel) {
    this.#lowest = rank[lowest];
  }

  write(level: LogLevel, sentence: string, fields?: LogFields): void {
    if (rank[level] < this.#lowest) return;
    this.#line(printable(sentence));
    const stack = fields?.["stack"];
    if (typeof stack === "string") for (const line of stack.split("\n").slice(1)) this.#line(printable(line));
  }

  /** A line that belongs to the one before it. */
  writeDetail(level: LogLevel, text: string): void {
    if (rank[level] >= this.#lowest) this.#line(`\t${printable(text)}`);
  }

  /** Resolves when everything is out. */
  async drained(): Promise<void> {
    await this.#writer.drained();
  }

  flushSync(): void {
    this.#writer.flushSync();
  }

  #line(text: string): void {
    this.#writer.write(`${Math.floor(Date.now() / 1000)}: ${text}`);
  }
}
