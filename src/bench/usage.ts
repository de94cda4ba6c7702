/**
 * What processes use, from the system's own accounting: CPU time of this one, CPU time and memory of the broker's. Those of
 * others are known on Linux only, from /proc.
 */

import { readFileSync } from "node:fs";
import { ConfigError } from "#base";

/** Of /proc/<pid>/stat; the same on every Linux that Node runs on. */
const CLOCK_TICKS_PER_SECOND = 100;

/** CPU seconds of this process, all threads. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000_000;
}

/** Looks at other processes. */
export class ProcessUsage {
  readonly #processIds: readonly number[];

  /** @throws ConfigError when a process does not exist */
  constructor(processIds: readonly number[] = []) {
    this.#processIds = process.platform === "linux" ? processIds : [];
    for (const processId of this.#processIds) {
      if (cpuSecondsOf(processId) === undefined) {
        throw new ConfigError("processIds", `there is no process ${processId}.`);
      }
    }
  }

  /** CPU seconds of all of them so far; undefined when one is gone or nothing is known. */
  cpuSeconds(): number | undefined {
    return this.#sum(cpuSecondsOf);
  }

  /** Bytes of memory that they hold now; undefined when one is gone or nothing is known. */
  residentBytes(): number | undefined {
    return this.#sum(residentBytesOf);
  }

  #sum(valueOf: (processId: number) => number | undefined): number | undefined {
    if (this.#processIds.length === 0) return undefined;
    let sum = 0;
    for (const processId of this.#processIds) {
      const value = valueOf(processId);
      if (value === undefined) return undefined;
      sum += value;
    }
    return sum;
  }
}

function cpuSecondsOf(processId: number): number | undefined {
  const stat = read(`/proc/${processId}/stat`);
  if (stat === undefined) return undefined;
  // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function residentBytesOf(processId: number): number | undefined {
  const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${processId}/status`) ?? "")?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The whole file, or undefined when there is no such process. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
