/**
 * Processes of peers. Each is ended by its own process id: when the bench is done with it, and at the latest when the bench
 * itself ends. Our own programs also end with their standard input, should the bench be killed.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { PeerMissing } from "./peer.ts";

const START_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 3_000;
const LOOK_EVERY_MS = 20;
/** Of what a process says on standard error, for the report when it does not start. */
const SAID_LIMIT = 2_000;

const running = new Set<PeerProcess>();
process.on("exit", () => {
  for (const each of running) each.kill();
});

export class PeerProcess {
  readonly #program: string;
  readonly #child: ChildProcess;
  #said = "";
  #failure: Error | undefined;
  #firstLine = "";
  #lastLine = "";

  constructor(program: string, args: readonly string[]) {
    this.#program = program;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(this);
    this.#child.on("error", (error) => {
      this.#failure = error;
      running.delete(this);
    });
    this.#child.on("exit", () => running.delete(this));
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (!this.#firstLine.includes("\n")) this.#firstLine += text;
      this.#lastLine = text.trimEnd().split("\n").at(-1) ?? "";
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_LIMIT);
    });
  }

  /** Of a process that has started. */
  get processId(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the first line that it prints: the port, of our own programs. */
  async firstLine(): Promise<string> {
    await this.#until(() => this.#firstLine.includes("\n"));
    return this.#firstLine.slice(0, this.#firstLine.indexOf("\n"));
  }

  /** The last line that it printed; of programs that print whole lines. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /** Resolves when it takes connections on `port` of 127.0.0.1. */
  async listens(port: number): Promise<void> {
    let isListening = false;
    await this.#until(() => {
      if (!isListening) void takesConnections(port).then((is) => (isListening ||= is));
      return isListening;
    });
  }

  /** Asks it to end, and ends it when it does not. */
  async stop(): Promise<void> {
    if (!running.has(this)) return;
    const ended = once(this.#child, "exit");
    this.#child.kill();
    const limit = setTimeout(() => this.kill(), STOP_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #until(done: () => boolean): Promise<void> {
    const deadline = performance.now() + START_LIMIT_MS;
    while (!done()) {
      const { exitCode, signalCode } = this.#child;
      const why = this.#failure?.message ?? exitCode ?? signalCode ?? undefined;
      if (why !== undefined || performance.now() > deadline) {
        this.kill();
        throw new PeerMissing(
          `${this.#program} does not start: ${why ?? "it takes too long"} ${this.#said.trim()}`.trim(),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isTaken = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  });
  socket.destroy();
  return isTaken;
}
