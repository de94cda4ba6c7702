/** A flood beside a load: the thread that makes it, and what is said to it. */

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { BenchError } from "./errors.ts";
import type { LoadVersion } from "./scenario.ts";
import type { BenchTarget } from "./target.ts";

/** What the thread is started with. */
export interface FloodPlan {
  readonly target: BenchTarget;
  readonly version: LoadVersion;
  readonly payloadBytes: number;
}

/** `count` only asks; `stop` waits for what is under way and ends the thread. */
export type FloodOrder = "start" | "count" | "stop";

/** One comes when the thread is ready, and one for each order. */
export interface FloodAnswer {
  readonly kind: "ready" | "counted" | "stopped" | "failed";
  /** Messages so far. */
  readonly received: number;
  readonly published: number;
  readonly lost: number;
  readonly reason: string;
}

/** From source the doors of the rooms lead to sources, as in the thread that starts it. */
const fromSource = import.meta.url.endsWith(".ts");
const program = fileURLToPath(
  new URL(fromSource ? "./flood-worker.ts" : "./flood-worker.js", import.meta.url),
);

export class Flood {
  readonly #worker: Worker;
  #failure: unknown;

  constructor(plan: FloodPlan) {
    this.#worker = new Worker(program, {
      workerData: plan,
      ...(fromSource ? { execArgv: ["--conditions", "martlet-dev"] } : {}),
    });
    this.#worker.on("error", (error) => {
      this.#failure = error;
    });
  }

  /** Once, first: resolves when it is connected; nothing is sent yet. @throws BenchError when it cannot be */
  async prepared(): Promise<void> {
    await this.#next();
  }

  /** @throws BenchError when the thread has failed */
  async order(order: FloodOrder): Promise<FloodAnswer> {
    const answer = this.#next();
    this.#worker.postMessage(order);
    return await answer;
  }

  /** At once, whatever it does. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  /** A thread that ends by itself, or fails, has no answer. */
  async #next(): Promise<FloodAnswer> {
    const gone = new AbortController();
    const onGone = (): void => gone.abort();
    this.#worker.once("exit", onGone);
    let answer: FloodAnswer;
    try {
      [answer] = (await once(this.#worker, "message", { signal: gone.signal })) as [FloodAnswer];
    } catch (cause) {
      throw new BenchError("unreachable", "The flood has ended before its time.", {
        cause: this.#failure ?? cause,
      });
    } finally {
      this.#worker.off("exit", onGone);
    }
    if (answer.kind === "failed") throw new BenchError("unreachable", `The flood: ${answer.reason}`);
    return answer;
  }
}
