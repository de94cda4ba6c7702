/** The ratios that were reached once, and which of them have fallen since. Pure. */

import { type Comparison, type Measure, measures } from "./comparisons.ts";

/** `scenario` → `peer measure` → ratio, as in `bench/budgets.json`. */
export type Budgets = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** How much worse a ratio may be before it counts as fallen. */
export const TOLERANCE = 0.15;

export interface BudgetVerdict {
  readonly scenario: string;
  readonly peer: string;
  readonly measure: Measure;
  readonly budget: number;
  /** Undefined when it could not be measured now. */
  readonly ratio: number | undefined;
  /** How far it has moved for the worse, as a part of the budget: 0.2 is a fifth; below 0 it has become better. */
  readonly worseBy: number | undefined;
  readonly isKept: boolean;
}

/** Each budget among `scenarios` and `peers`, judged. */
export function judgeBudgets(
  budgets: Budgets,
  comparisons: readonly Comparison[],
  range: { readonly scenarios: readonly string[]; readonly peers: readonly string[] },
): BudgetVerdict[] {
  const verdicts: BudgetVerdict[] = [];
  for (const [scenario, entries] of Object.entries(budgets)) {
    if (!range.scenarios.includes(scenario)) continue;
    for (const [key, budget] of Object.entries(entries)) {
      const [peer = "", measure = ""] = key.split(" ");
      if (!range.peers.includes(peer) || !isMeasure(measure)) continue;
      const now = comparisons.find(
        (each) => each.scenario === scenario && each.peer === peer && each.measure === measure,
      );
      const worseBy = now === undefined ? undefined : worsening(measure, budget, now.ratio);
      const isKept = worseBy !== undefined && worseBy <= TOLERANCE;
      verdicts.push({ scenario, peer, measure, budget, ratio: now?.ratio, worseBy, isKept });
    }
  }
  return verdicts;
}

/** `budgets` with what was measured now in place of what it had. */
export function updatedBudgets(budgets: Budgets, comparisons: readonly Comparison[]): Budgets {
  const updated: Record<string, Record<string, number>> = {};
  for (const [scenario, entries] of Object.entries(budgets)) updated[scenario] = { ...entries };
  for (const { scenario, peer, measure, ratio } of comparisons) {
    const entries = (updated[scenario] ??= {});
    entries[`${peer} ${measure}`] = Number(ratio.toPrecision(3));
  }
  return updated;
}

function worsening(measure: Measure, budget: number, ratio: number): number {
  const rise = ratio / budget - 1;
  return measures[measure].isHigherBetter ? -rise : rise;
}

function isMeasure(text: string): text is Measure {
  return Object.hasOwn(measures, text);
}
