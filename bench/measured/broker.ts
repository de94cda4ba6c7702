/** A broker in a process of its own that can be asked what it uses. Runs from the sources; needs no build. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { BrokerAnswers, BrokerQuestion } from "./broker-process.ts";

const program = fileURLToPath(new URL("./broker-process.ts", import.meta.url));

export class MeasuredBroker {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Resolves when clients can connect. */
  static async start(): Promise<MeasuredBroker> {
    const child = spawn(process.execPath, ["--expose-gc", "--conditions", "martlet-dev", program], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    return new MeasuredBroker(child, await answerOf<number>(child));
  }

  /** One question at a time. */
  async ask<Question extends BrokerQuestion>(question: Question): Promise<BrokerAnswers[Question]> {
    this.#child.send(question);
    return await answerOf(this.#child);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || !this.#child.connected) return;
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

/** @throws TypeError when the process ends instead */
async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  return await new Promise<Answer>((resolve, reject) => {
    const onExit = (): void => reject(new Error("the broker's process has ended"));
    child.once("exit", onExit);
    child.once("message", (answer) => {
      child.off("exit", onExit);
      resolve(answer as Answer);
    });
  });
}
