/** The log of a command: one line an event, `1767225600: New client connected ...`, safe to show and to parse. */

import type { Log, LogFields, LogLevel } from "#base";
import { strftimeText } from "./clock-text.ts";
import { printable } from "./escape.ts";
import { type Destination, logFile, standardStream } from "./log/destination.ts";
import { LogTopics, type PublishLine } from "./log/log-topics.ts";
import { type LogType, traitsOf, typeOfLevel } from "./log/log-type.ts";
import { type Facility, Syslog } from "./log/syslog.ts";

const rank: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export type LogDestination =
  | "stdout"
  | "stderr"
  | "topic"
  | { readonly file: string }
  | { readonly syslog: Facility; readonly socketPath: string };

/** How and where lines are written. */
export interface LogForm {
  /** What is below it is left out. */
  readonly level: LogLevel;
  /** What is told, whatever `level` says. Default: `level` decides. */
  readonly types?: readonly LogType[] | undefined;
  /** Default `stdout`; a file is appended to. */
  readonly destinations?: readonly LogDestination[];
  /** `json`: an object a line with `time`, `level` and `message`. Default `text`. */
  readonly format?: "text" | "json";
  /** Whether lines of text begin with their time. Default true. */
  readonly hasTimestamp?: boolean;
  /** For strftime. Default: seconds since 1970. */
  readonly timestampFormat?: string | undefined;
  /** Whether connections and their ends are told. Default true. */
  readonly hasConnections?: boolean;
}

/** What a line tells of, besides its text. */
interface LineContext {
  /** The topic of a message. */
  readonly about?: string;
}

export class LogLines implements Log {
  #form: LogForm;
  #destinations: readonly Destination[];
  #publish: PublishLine | undefined = undefined;
  /** The second that `#time` was written for. */
  #second = Number.NaN;
  #time = "";

  /** @throws ConfigError for a file that cannot be written */
  constructor(form: LogForm) {
    this.#form = form;
    this.#destinations = this.#opened(form);
  }

  /**
   * Lines are written so once the returned function has been called. A file is opened anew even if its name stays: whoever rotates
   * logs has moved the old one.
   *
   * @throws ConfigError for a file that cannot be written; then all stays as it was
   */
  prepare(form: LogForm): () => void {
    const destinations = this.#opened(form);
    return () => {
      const old = this.#destinations;
      this.#form = form;
      this.#destinations = destinations;
      this.#second = Number.NaN;
      for (const each of old) each.close();
    };
  }

  /** What publishes lines for the destination `topic`, while there is somebody to do it. */
  publishWith(publish: PublishLine | undefined): void {
    this.#publish = publish;
  }

  /** Files that are open become this user's, so that they can be written once it is the process's. */
  giveTo(uid: number, gid: number): void {
    for (const each of this.#destinations) each.giveTo?.(uid, gid);
  }

  /** Whether connections and their ends are to be told. */
  get hasConnections(): boolean {
    return this.#form.hasConnections !== false;
  }

  write(level: LogLevel, sentence: string, fields?: LogFields): void {
    const type = typeOfLevel[level];
    if (!this.tells(type)) return;
    this.#line(type, printable(sentence));
    const stack = fields?.["stack"];
    if (typeof stack !== "string") return;
    for (const line of stack.split("\n").slice(1)) this.#line(type, printable(line));
  }

  /** A line of a type that levels do not tell apart. */
  tell(type: LogType, text: string, { about }: LineContext = {}): void {
    if (this.tells(type)) this.#line(type, printable(text), about);
  }

  /** A line that belongs to the one before it. */
  detail(type: LogType, text: string): void {
    if (this.tells(type)) this.#line(type, `\t${printable(text)}`);
  }

  tells(type: LogType): boolean {
    const { types, level } = this.#form;
    return types === undefined ? rank[traitsOf[type].level] >= rank[level] : types.includes(type);
  }

  /** Resolves when everything is out. */
  async drained(): Promise<void> {
    await Promise.all(this.#destinations.map((each) => each.drained()));
  }

  flushSync(): void {
    for (const each of this.#destinations) each.flushSync();
  }

  #line(type: LogType, text: string, about?: string): void {
    const { format, hasTimestamp } = this.#form;
    const now = Date.now();
    const line =
      format === "json"
        ? JSON.stringify({ time: new Date(now).toISOString(), level: traitsOf[type].level, message: text })
        : hasTimestamp === false
          ? text
          : `${this.#timeText(now)}: ${text}`;
    for (const each of this.#destinations) each.write({ type, text, line, about });
  }

  #timeText(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      const { timestampFormat } = this.#form;
      this.#second = second;
      this.#time =
        timestampFormat === undefined
          ? String(second)
          : printable(strftimeText(timestampFormat, new Date(now)));
    }
    return this.#time;
  }

  /** @throws ConfigError for a file that cannot be written; then none stays open */
  #opened({ destinations = ["stdout"] }: LogForm): Destination[] {
    const opened: Destination[] = [];
    try {
      for (const each of destinations) opened.push(this.#open(each));
    } catch (error) {
      for (const each of opened) each.close();
      throw error;
    }
    return opened;
  }

  #open(destination: LogDestination): Destination {
    if (destination === "topic") return new LogTopics(() => this.#publish);
    if (typeof destination === "string") return standardStream(destination);
    if ("file" in destination) return logFile(destination.file);
    const { syslog, socketPath } = destination;
    return new Syslog({ facility: syslog, socketPath, onProblem: (sentence) => this.#onProblem(sentence) });
  }

  /** One of several destinations fails: the others say so, and standard error where there is no other. */
  #onProblem(sentence: string): void {
    if (this.#destinations.length > 1) this.write("warn", sentence);
    else console.error(`martlet: ${printable(sentence)}`);
  }
}
