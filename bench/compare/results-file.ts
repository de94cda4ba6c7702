/** Everything that a comparison measured, as a file: `bench/results/<date>-<commit>.json`, which is not kept in git. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientRun } from "../client/rounds.ts";
import type { ClientRow } from "../client/rows.ts";
import type { Comparison } from "./comparisons.ts";
import type { Run } from "./figures.ts";
import type { Machine } from "./machine.ts";

const folder = fileURLToPath(new URL("../results", import.meta.url));

export interface Results {
  readonly machine: Machine;
  readonly durationSeconds: number;
  readonly rounds: number;
  /** Titles with versions, by name. */
  readonly peers: Readonly<Record<string, string>>;
  /** Why, by name. */
  readonly missing: Readonly<Record<string, string>>;
  readonly runs: readonly Run[];
  readonly comparisons: readonly Comparison[];
  /** Absent when only brokers were measured. */
  readonly client?: { readonly runs: readonly ClientRun[]; readonly rows: readonly ClientRow[] };
}

/** Writes to `file`, or to a new one in `bench/results`. Returns its path. */
export function writeResults(results: Results, file: string | undefined): string {
  const path = file ?? newFile(results.machine);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
  return path;
}

function newFile({ date, commit }: Machine): string {
  for (let i = 1; ; i++) {
    const path = join(folder, `${date}-${commit}${i === 1 ? "" : `-${i}`}.json`);
    if (!existsSync(path)) return path;
  }
}
