/** From the runs of the clients to a row for each task, and to a table. Pure. */

import { median } from "../compare/figures.ts";
import { NOTHING, shortNumber, times } from "../compare/number-format.ts";
import { judged } from "../compare/report.ts";
import type { Table } from "../compare/table.ts";
import type { ClientRun } from "./rounds.ts";
import { type ClientTask, clientTasks, type LibraryName, taskTargets } from "./tasks.ts";

/** Messages per second of processor time; undefined where nothing was measured. */
export interface ClientRow {
  readonly task: ClientTask;
  readonly martlet: number | undefined;
  readonly mqttjs: number | undefined;
  /** The median of the rounds' ratios: what disturbs a round disturbs both. */
  readonly ratio: number | undefined;
  readonly target: number | undefined;
}

export function clientRows(runs: readonly ClientRun[]): ClientRow[] {
  return clientTasks.map((task) => {
    const ratesOf = (library: LibraryName): Map<number, number> =>
      new Map(
        runs
          .filter((run) => run.task === task && run.library === library)
          .map((run) => [run.round, ratePerCpuSecond(run)]),
      );
    const ours = ratesOf("martlet");
    const theirs = ratesOf("mqttjs");
    const ratios = [...ours].flatMap(([round, rate]) => {
      const other = theirs.get(round);
      return other === undefined ? [] : [rate / other];
    });
    return {
      task,
      martlet: median([...ours.values()]),
      mqttjs: median([...theirs.values()]),
      ratio: median(ratios),
      target: taskTargets[task],
    };
  });
}

export function ratePerCpuSecond({ messages, cpuMicroseconds }: ClientRun): number {
  return (messages * 1e6) / cpuMicroseconds;
}

/** @param mqttjs its name and version */
export function clientTable(rows: readonly ClientRow[], mqttjs: string): Table {
  return {
    head: ["client", "Martlet per CPU s", `${mqttjs} per CPU s`, "ratio"],
    rows: rows.map((row) => [row.task, shortNumber(row.martlet), shortNumber(row.mqttjs), ratioCell(row)]),
  };
}

function ratioCell({ ratio, target }: ClientRow): string {
  if (ratio === undefined) return NOTHING;
  if (target === undefined) return times(ratio);
  return judged(`${times(ratio)} (≥ ${target})`, ratio >= target);
}
