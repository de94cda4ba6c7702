/** What a comparison found, as tables: for the terminal, the README and the page about performance. */

import { styleText } from "node:util";
import type { Load, Scenario } from "../../src/bench/index.ts";
import { type Comparison, comparisonsOf, isReached, type Measure, measures } from "./comparisons.ts";
import { type Figures, figuresOf, type Run } from "./figures.ts";
import { digits, duration, kilobytes, NOTHING, shortNumber, times } from "./number-format.ts";
import type { Table } from "./table.ts";

const OURS = "martlet";
/** Memory of a connection that says nothing should be no more, whatever the others need. */
const IDLE_TARGET_BYTES = 3_000;
/** The last column of the figures. */
const FAULTS = 8;

export interface ScenarioReport {
  readonly scenario: Scenario;
  /** By the name of the peer, Martlet among them. */
  readonly figures: ReadonlyMap<string, Figures>;
  readonly comparisons: readonly Comparison[];
}

export function reportsOf(scenarios: readonly Scenario[], runs: readonly Run[]): ScenarioReport[] {
  return scenarios.map((scenario) => {
    const ofScenario = runs.filter((run) => run.scenario === scenario.name);
    const peers = [...new Set(ofScenario.map(({ peer }) => peer))];
    const figures = new Map(
      peers.map((peer) => [peer, figuresOf(ofScenario.filter((run) => run.peer === peer))]),
    );
    const ours = figures.get(OURS);
    const others = new Map([...figures].filter(([peer]) => peer !== OURS));
    return {
      scenario,
      figures,
      comparisons: ours === undefined ? [] : comparisonsOf(scenario, ours, others),
    };
  });
}

/** One row for each scenario and peer. */
export function figuresTable(reports: readonly ScenarioReport[], peers: readonly string[]): Table {
  const rows: string[][] = [];
  for (const { scenario, figures } of reports) {
    let title = scenario.name;
    for (const peer of peers) {
      const found = figures.get(peer);
      if (found === undefined) continue;
      rows.push([
        title,
        peer,
        shortNumber(found.perSecond) + (found.isLoadBound ? "*" : ""),
        digits(found.cpuPerMillion),
        digits(found.ownCpuPerMillion),
        duration(found.p50Us),
        duration(found.p99Us),
        restOf(found),
        found.faults.length === 0 ? "" : styleText(["red", "bold"], `!! ${found.faults.join("; ")}`),
      ]);
      title = "";
    }
  }
  const head = ["scenario", "peer", "per second", "CPU s/M", "load's own", "p50", "p99", "other", "faults"];
  // Without faults there is no column for them.
  return rows.some((row) => row[FAULTS] !== "") ? { head, rows } : withoutColumn({ head, rows }, FAULTS);
}

function withoutColumn({ head, rows }: Table, column: number): Table {
  return { head: head.toSpliced(column, 1), rows: rows.map((row) => row.toSpliced(column, 1)) };
}

function restOf({ bytesPerConnection, allThereMs }: Figures): string {
  if (bytesPerConnection !== undefined) return `${kilobytes(bytesPerConnection)} each`;
  return allThereMs === undefined ? "" : duration(allThereMs * 1000);
}

/** One row for each scenario, one column for each peer: the ratio and its target. */
export function ratiosTable(reports: readonly ScenarioReport[], peers: readonly string[]): Table {
  const others = peers.filter((peer) => peer !== OURS);
  const rows = reports.map(({ scenario, figures, comparisons }) => {
    const ours = figures.get(OURS);
    const cells = others.map((peer) => {
      const found = comparisons.filter((each) => each.peer === peer);
      return found.length === 0 ? NOTHING : found.map(ratioCell).join(", ");
    });
    return [scenario.name, ownCell(scenario.load, ours), ...cells];
  });
  return { head: ["scenario", "Martlet", ...others.map((peer) => `against ${peer}`)], rows };
}

/** The figure that the ratios of the row are about. */
function ownCell(load: Load, ours: Figures | undefined): string {
  if (ours === undefined) return NOTHING;
  const { bytesPerConnection, allThereMs, perSecond, isLoadBound, p99Us } = ours;
  switch (load.kind) {
    case "idle":
      if (bytesPerConnection === undefined) return NOTHING;
      return judged(`${kilobytes(bytesPerConnection)} (≤ 3)`, bytesPerConnection <= IDLE_TARGET_BYTES);
    case "retained":
    case "offline":
      return duration(allThereMs === undefined ? undefined : allThereMs * 1000);
    case "fairness":
      return `p99 ${duration(p99Us)}`;
    case "flow":
    case "storm":
      return `${shortNumber(perSecond)}/s${isLoadBound ? "*" : ""}`;
  }
}

/** What their columns and rows say anyway. */
const unnamed: ReadonlySet<Measure> = new Set(["rate", "connects", "time", "memory"]);

function ratioCell(comparison: Comparison): string {
  const { measure, ratio, target, isLoadBound } = comparison;
  const { words, isHigherBetter } = measures[measure];
  const bound = target === undefined ? "" : ` (${isHigherBetter ? "≥" : "≤"} ${target})`;
  const name = unnamed.has(measure) ? "" : `${words} `;
  const text = `${name}${times(ratio)}${isLoadBound ? "*" : ""}${bound}`;
  const reached = isReached(comparison);
  if (reached === undefined) return text;
  return judged(text, reached);
}

export function judged(text: string, isGood: boolean): string {
  return styleText(isGood ? "green" : "red", `${text} ${isGood ? "✓" : "✗"}`);
}

export const footnote = "* the load used up its own core: the peer could have done more.";
