/** What figures were measured on. */

import { spawnSync } from "node:child_process";
import { cpus, release, totalmem, type } from "node:os";
import { root } from "../../scripts/checkout.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** Short, `-dirty` behind it when files differ from it; `unknown` outside a checkout. */
  readonly commit: string;
  /** `2026-11-21` */
  readonly date: string;
}

export function machineNow(): Machine {
  const cores = cpus();
  const { stdout, status } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude=*"], {
    cwd: root,
    encoding: "utf8",
  });
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: status === 0 ? stdout.trim() : "unknown",
    date: new Date().toISOString().slice(0, 10),
  };
}

/** In one sentence. */
export function describeMachine(machine: Machine, peers: readonly string[]): string {
  const { cpu, cores, memoryGib, system, node, commit, date } = machine;
  return `${date}, commit ${commit}: ${peers.join(", ")}; Node ${node}, ${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}.`;
}
