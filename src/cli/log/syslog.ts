/**
 * Lines to syslog (RFC 3164). Node has no datagram sockets of the Unix kind, which most systems listen on: those are reached
 * through the program `logger`, fed over its standard input. Where syslog listens on a stream, it is connected to.
 *
 * What fails is said once, until lines get through again, and costs lines: at most a bounded number waits.
 */

import { spawn } from "node:child_process";
import { connect, Socket } from "node:net";
import type { Writable } from "node:stream";
import { describeError } from "#base";
import type { Destination, LogEntry } from "./destination.ts";
import { traitsOf } from "./log-type.ts";

const facilities = {
  daemon: 3,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

export type Facility = keyof typeof facilities;

interface SyslogOptions {
  readonly facility: Facility;
  /** Usually `/dev/log`. */
  readonly socketPath: string;
  /** Told why lines are lost. */
  readonly onProblem: (sentence: string) => void;
  /** The program. Default `logger`. */
  readonly program?: string;
}

const TAG = "martlet";
/** Bytes that may wait for a slow reader, and lines that may wait for it to be found. */
const MOST_WAITING_BYTES = 1024 * 1024;
const MOST_WAITING_LINES = 10_000;
/** Characters of what `logger` says that are kept. */
const LONGEST_REASON = 1_000;
/** Until a lost syslog is tried again. */
const RETRY_MS = 5_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** What lines are written into, and their form there. */
interface Way {
  readonly into: Writable;
  readonly form: (priority: number, text: string) => string;
}

export class Syslog implements Destination {
  readonly #options: SyslogOptions;
  #waiting: LogEntry[] = [];
  #way: Way | undefined = undefined;
  #isOpening = false;
  #isClosed = false;
  #hasComplained = false;
  #retryAt = 0;
  #onSettled: (() => void)[] = [];

  constructor(options: SyslogOptions) {
    this.#options = options;
  }

  write(entry: LogEntry): void {
    if (this.#way !== undefined) this.#writeInto(this.#way, entry);
    else if (this.#isOpening) this.#wait(entry);
    else if (performance.now() >= this.#retryAt) {
      this.#wait(entry);
      this.#open();
    }
  }

  async drained(): Promise<void> {
    if (this.#isOpening) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
    const into = this.#way?.into;
    if (into !== undefined && into.writableLength > 0) {
      await new Promise<void>((resolve) => into.write("", () => resolve()));
    }
  }

  /** Nothing can be done at once; what waits is lost with the process. */
  flushSync(): void {}

  close(): void {
    this.#isClosed = true;
    this.#way?.into.end();
  }

  #wait(entry: LogEntry): void {
    if (this.#waiting.length < MOST_WAITING_LINES) this.#waiting.push(entry);
  }

  #open(): void {
    this.#isOpening = true;
    const socket = connect({ path: this.#options.socketPath });
    socket.once("connect", () => this.#found({ into: socket, form: framed }));
    // Usually a datagram socket; whatever it is, `logger` says what is wrong.
    socket.once("error", (error) => {
      if (this.#way?.into === socket) this.#lost(describeError(error));
      else this.#openProgram();
    });
    socket.once("close", () => this.#lost("the connection was closed", socket));
    socket.unref();
  }

  #openProgram(): void {
    const { program = "logger", socketPath } = this.#options;
    const args = ["--prio-prefix", "--socket-errors=on", `--id=${process.pid}`, "--tag", TAG];
    const child = spawn(program, [...args, "--socket", socketPath], { stdio: ["pipe", "ignore", "pipe"] });
    const { stdin, stderr } = child;
    let said = "";
    stderr.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < LONGEST_REASON) said += text;
    });
    stdin.on("error", () => undefined); // its end is told by `close`
    child.once("error", (error) => this.#lost(`${program} cannot be run: ${describeError(error)}`));
    child.once("close", () => this.#lost(said.trim() === "" ? `${program} has ended` : said.trim(), stdin));
    child.once("spawn", () => this.#found({ into: stdin, form: prefixed }));
    for (const each of [stdin, stderr]) if (each instanceof Socket) each.unref();
    child.unref();
  }

  #found(way: Way): void {
    this.#way = way;
    this.#settle();
    for (const entry of this.#waiting.splice(0)) this.#writeInto(way, entry);
    if (this.#isClosed) way.into.end();
  }

  /** @param into what is lost; another one that is open stays */
  #lost(why: string, into?: Writable): void {
    if (into !== undefined && this.#way?.into !== into) return;
    this.#way = undefined;
    this.#waiting = [];
    this.#retryAt = performance.now() + RETRY_MS;
    this.#settle();
    if (this.#hasComplained || this.#isClosed) return;
    this.#hasComplained = true;
    this.#options.onProblem(
      `Lines for syslog are lost: ${why}. Is syslog running, and is log.syslog_socket its socket?`,
    );
  }

  #settle(): void {
    this.#isOpening = false;
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  #writeInto({ into, form }: Way, { type, text }: LogEntry): void {
    if (into.writableLength > MOST_WAITING_BYTES) return;
    const priority = facilities[this.#options.facility] * 8 + traitsOf[type].severity;
    into.write(form(priority, text));
  }
}

/** RFC 3164, ended by a zero as the C library ends it on streams. */
function framed(priority: number, text: string): string {
  const now = new Date();
  const time = now.toTimeString().slice(0, 8);
  const day = String(now.getDate()).padStart(2);
  return `<${priority}>${MONTHS[now.getMonth()]} ${day} ${time} ${TAG}[${process.pid}]: ${text}\0`;
}

/** For `logger --prio-prefix`. */
function prefixed(priority: number, text: string): string {
  return `<${priority}>${text}\n`;
}
