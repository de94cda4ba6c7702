/**
 * Other people's programs as children of a test. Every program started here is ended, by its own process id, when its test
 * ends. One that is not installed fails the test.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { onTestFinished } from "vitest";
import { until } from "./until.ts";

export interface ProgramOptions {
  /** Written to the program's standard input, which then ends. Without it the input stays open for `write`. */
  readonly input?: string | Uint8Array;
}

export interface Finished {
  /** The exit status; null when a signal ended the program. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

const RUN_DEADLINE_MS = 20_000;

/** A running program. */
export class Program {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  #finished: Finished | undefined;
  #failure: Error | undefined;

  constructor(name: string, args: readonly string[], options: ProgramOptions = {}) {
    this.name = name;
    // Options files in the home of whoever runs the tests must not count.
    const env = { ...process.env, XDG_CONFIG_HOME: "/nonexistent", HOME: "/nonexistent", LC_ALL: "C.UTF-8" };
    this.#child = spawn(name, args, { stdio: ["pipe", "pipe", "pipe"], env });
    this.#child.stdout?.on("data", (chunk: Buffer) => this.#stdout.push(chunk));
    this.#child.stderr?.on("data", (chunk: Buffer) => this.#stderr.push(chunk));
    // A program may end without reading its input.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.on("error", (error) => {
      this.#failure = new Error(`${name} could not be started (.ci/run installs it): ${error.message}`);
    });
    this.#child.on("close", (code, signal) => {
      const { stdout, stderr, stdoutBytes } = this;
      this.#finished = { code, signal, stdout, stderr, stdoutBytes };
    });
    if (options.input !== undefined) this.#child.stdin?.end(options.input);
  }

  get stdoutBytes(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stdout(): string {
    return this.stdoutBytes.toString("utf8");
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString("utf8");
  }

  /** Whole lines of the standard output so far. */
  get lines(): string[] {
    return this.stdout.split("\n").slice(0, -1);
  }

  get isRunning(): boolean {
    return this.#finished === undefined && this.#failure === undefined;
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Sends `signal` to this program. */
  kill(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  /** Resolves when the program has ended. */
  async finished(withinMs: number = RUN_DEADLINE_MS): Promise<Finished> {
    await this.until("it ends", () => this.#finished !== undefined, withinMs);
    return this.#finished as Finished;
  }

  /** Like `until`; a failure says what the program has printed. */
  async until(what: string, done: () => boolean, withinMs: number = RUN_DEADLINE_MS): Promise<void> {
    try {
      await until(`${this.name}: ${what}`, () => this.#failure !== undefined || done(), withinMs);
    } catch (error) {
      const printed = `stdout:\n${this.stdout.slice(-2000)}\nstderr:\n${this.stderr.slice(-2000)}`;
      throw new Error(`${(error as Error).message}\n${printed}`, { cause: error });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits for `count` whole lines and returns all there are. */
  async untilLines(count: number): Promise<string[]> {
    await this.until(`${count} lines`, () => this.lines.length >= count);
    return this.lines;
  }
}

/** Starts `name`; it ends with the test. */
export function start(name: string, args: readonly string[], options?: ProgramOptions): Program {
  const program = new Program(name, args, options);
  onTestFinished(async () => {
    program.kill("SIGKILL");
    await until(`${name} is gone`, () => !program.isRunning);
  });
  return program;
}

/** Runs `name` to its end. */
export async function run(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  return await start(name, args, { input: "", ...options }).finished();
}

/** Runs `name` to its end, which has to be a good one. */
export async function runWell(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Finished> {
  const finished = await run(name, args, options);
  if (finished.code !== 0) {
    const what = `${name} ${args.join(" ")}`;
    throw new Error(
      `${what} ended with ${finished.code ?? finished.signal}:\n${finished.stdout}${finished.stderr}`,
    );
  }
  return finished;
}
