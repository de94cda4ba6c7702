/**
 * A broker that can be killed: how it is started on its folder, again and again, and how one knows that it is there.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { ProtocolVersion } from "#protocol";

const START_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 2;
/** Of what it prints, for the report. */
const SAID_LIMIT = 4_000;

const running = new Set<ChildProcess>();
// Should the harness end first.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface Target {
  readonly name: string;
  /** With its version and how it was set up. */
  readonly title: string;
  readonly newestVersion: ProtocolVersion;
  /** It keeps the order of a publisher's messages on a topic also over different QoS. */
  readonly hasOneOrder: boolean;
  /** Starts it on `folder`, where the life before may have left something. */
  start(folder: string): Promise<TargetProcess>;
}

/** One life of a broker. */
export class TargetProcess {
  readonly #child: ChildProcess;
  readonly #portOf: (said: string) => Promise<number | undefined>;
  readonly #gone: Promise<unknown>;
  #said = "";
  #failure: Error | undefined;

  /** @param portOf the port where it takes connections, once it does; gets what it has printed */
  constructor(
    program: string,
    args: readonly string[],
    portOf: (said: string) => Promise<number | undefined>,
  ) {
    this.#portOf = portOf;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.#child);
    this.#child.on("close", () => running.delete(this.#child));
    this.#gone = once(this.#child, "close").catch((error: Error) => {
      this.#failure = error;
    });
    const keep = (text: string): void => {
      this.#said = (this.#said + text).slice(-SAID_LIMIT);
    };
    this.#child.stdout?.setEncoding("utf8").on("data", keep);
    this.#child.stderr?.setEncoding("utf8").on("data", keep);
    this.#child.stdin?.on("error", () => undefined);
  }

  /** What it has printed, or the end of that. */
  get said(): string {
    return this.#said;
  }

  /** Resolves with its port; undefined when it ends before, or takes too long. */
  async port(): Promise<number | undefined> {
    const deadline = performance.now() + START_LIMIT_MS;
    for (;;) {
      if (this.#failure !== undefined || this.#child.exitCode !== null || this.#child.signalCode !== null)
        return undefined;
      const port = await this.#portOf(this.#said);
      if (port !== undefined) return port;
      if (performance.now() > deadline) return undefined;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** SIGKILL, at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#gone;
  }
}
