/**
 * Measures the clients: messages per second of the client's own processor time, so that the broker and whatever else the
 * machine does count for nothing. The libraries alternate in rounds, all against one broker.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MeasuredBroker } from "../measured/broker.ts";
import type { ClientUse } from "./client-process.ts";
import { type ClientTask, clientTasks, type LibraryName, libraryNames } from "./tasks.ts";

const program = fileURLToPath(new URL("./client-process.ts", import.meta.url));
/** The feeder of a receiver ends a little later than that. */
const FEEDER_SHARE = 1.5;

export interface ClientRoundsOptions {
  readonly rounds: number;
  /** Of one measurement, behind its warm-up. */
  readonly durationSeconds: number;
  readonly signal: AbortSignal;
  onRun(run: ClientRun): void;
}

/** One library at one task, once. */
export interface ClientRun {
  readonly task: ClientTask;
  readonly library: LibraryName;
  /** From 1. */
  readonly round: number;
  readonly messages: number;
  readonly cpuMicroseconds: number;
}

/** Starts a broker, measures every task with both libraries, and ends the broker. @throws whatever `signal` is aborted with */
export async function runClientRounds(options: ClientRoundsOptions): Promise<ClientRun[]> {
  const { rounds, signal } = options;
  const broker = await MeasuredBroker.start();
  const runs: ClientRun[] = [];
  try {
    for (const task of clientTasks) {
      for (let round = 1; round <= rounds; round++) {
        // Who begins alternates too.
        for (const library of round % 2 === 1 ? libraryNames : libraryNames.toReversed()) {
          signal.throwIfAborted();
          const run = { task, library, round, ...(await measure(library, task, broker.port, options)) };
          runs.push(run);
          options.onRun(run);
        }
      }
    }
    return runs;
  } finally {
    await broker.stop();
  }
}

async function measure(
  library: LibraryName,
  task: ClientTask,
  port: number,
  { durationSeconds, signal }: ClientRoundsOptions,
): Promise<ClientUse> {
  const client = startClient([library, task, port, durationSeconds], signal);
  if (task !== "receive") return await client.use;
  // One that ends early is not waited for until it is ready.
  await Promise.race([client.ready, client.use]);
  const feeder = startClient(["martlet", "publish QoS 0", port, durationSeconds * FEEDER_SHARE], signal);
  const [use] = await Promise.all([client.use, feeder.use]);
  return use;
}

interface StartedClient {
  /** A receiver is subscribed. */
  readonly ready: Promise<void>;
  readonly use: Promise<ClientUse>;
}

function startClient(
  args: readonly [LibraryName, ClientTask, port: number, seconds: number],
  signal: AbortSignal,
): StartedClient {
  const child = fork(program, args.map(String), { execArgv: ["--conditions", "martlet-dev"], signal });
  const ready = Promise.withResolvers<void>();
  const use = new Promise<ClientUse>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new TypeError(`the process of ${args[0]} ended with ${code}`)));
    child.on("message", (message) => {
      if (message === "ready") ready.resolve();
      else resolve(message as ClientUse);
    });
  });
  return { ready: ready.promise, use };
}
