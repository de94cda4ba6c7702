/**
 * The table of clients: messages per second of the client's own processor time, so that the broker and whatever else the
 * machine does count for nothing. The libraries alternate; a figure is the median of its rounds.
 */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MeasuredBroker } from "../measured/broker.ts";
import type { ClientUse } from "./client-process.ts";
import { type ClientTask, clientTasks, type LibraryName, libraryNames, taskTargets } from "./tasks.ts";

const program = fileURLToPath(new URL("./client-process.ts", import.meta.url));

export interface ClientRowsOptions {
  readonly rounds: number;
  /** Of one measurement, behind its warm-up. */
  readonly durationSeconds: number;
  readonly onMeasured?: (task: ClientTask, library: LibraryName, messagesPerCpuSecond: number) => void;
}

/** One row of the table. */
export interface ClientRow {
  readonly task: ClientTask;
  /** Messages per second of processor time, medians. */
  readonly martlet: number;
  readonly mqttjs: number;
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly target: number | undefined;
}

/** Starts a broker, measures every task with both libraries, and returns a row for each task. */
export async function clientRows(options: ClientRowsOptions): Promise<ClientRow[]> {
  const broker = await MeasuredBroker.start();
  try {
    const rows: ClientRow[] = [];
    for (const task of clientTasks) rows.push(await rowOf(task, broker.port, options));
    return rows;
  } finally {
    await broker.stop();
  }
}

async function rowOf(task: ClientTask, port: number, options: ClientRowsOptions): Promise<ClientRow> {
  const rates: Record<LibraryName, number[]> = { martlet: [], mqttjs: [] };
  for (let round = 0; round < options.rounds; round++) {
    // Who begins alternates too.
    for (const library of round % 2 === 0 ? libraryNames : libraryNames.toReversed()) {
      const { messages, cpuMicroseconds } = await measure(library, task, port, options.durationSeconds);
      const rate = (messages * 1e6) / cpuMicroseconds;
      rates[library].push(rate);
      options.onMeasured?.(task, library, rate);
    }
  }
  const ratios = rates.martlet.map((rate, round) => rate / (rates.mqttjs[round] as number));
  return {
    task,
    martlet: median(rates.martlet),
    mqttjs: median(rates.mqttjs),
    ratio: median(ratios),
    target: taskTargets[task],
  };
}

async function measure(
  library: LibraryName,
  task: ClientTask,
  port: number,
  seconds: number,
): Promise<ClientUse> {
  const client = startClient(library, task, port, seconds);
  if (task !== "receive") return client.use;
  await client.ready;
  // The same feeder for both; it ends a little later than the receiver.
  const feeder = startClient("martlet", "publish QoS 0", port, seconds * 1.5);
  const [use] = await Promise.all([client.use, feeder.use]);
  return use;
}

interface StartedClient {
  /** A receiver is subscribed. */
  readonly ready: Promise<void>;
  readonly use: Promise<ClientUse>;
}

function startClient(library: LibraryName, task: ClientTask, port: number, seconds: number): StartedClient {
  const child = fork(program, [library, task, String(port), String(seconds)], {
    execArgv: ["--conditions", "martlet-dev"],
  });
  let onReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const use = new Promise<ClientUse>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the ${library} process ended with ${code}`)));
    child.on("message", (message) => {
      if (message === "ready") onReady();
      else resolve(message as ClientUse);
    });
  });
  return { ready, use };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
