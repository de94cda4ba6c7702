/**
 * From the outcomes of cases to what is known of each statement, and of each chapter.
 *
 * A failed case counts against the statement it names; when it cannot tell which of its statements is broken, it counts
 * against each of them, and `isCertain` is false.
 */

import type { ProtocolVersion } from "#protocol";
import type { Outcome, OutcomeStatus } from "./case.ts";
import { statements } from "./ledger/statements.ts";

interface StatementGrade {
  /** Of 3.1.1 for MQTT 3.1 too, whose own text has no numbers. */
  readonly id: string;
  /** In our own words. */
  readonly requirement: string;
  readonly status: OutcomeStatus;
  /** False for a failure that may be that of another statement of the same case. */
  readonly isCertain: boolean;
  /** Names of the cases that decided. */
  readonly cases: readonly string[];
}

/** How many outcomes there are of each kind. */
type Counts = Readonly<Record<OutcomeStatus, number>>;

interface ChapterGrade {
  /** The first half of the cases' names, for example `connect`. */
  readonly chapter: string;
  readonly counts: Counts;
}

export interface Grade {
  readonly version: ProtocolVersion;
  readonly cases: Counts;
  readonly chapters: readonly ChapterGrade[];
  /** Those that a case tests, in the order of the standard. */
  readonly statements: readonly StatementGrade[];
}

function countOutcomes(all: readonly { readonly status: OutcomeStatus }[]): Counts {
  const count = (status: OutcomeStatus): number => all.filter((each) => each.status === status).length;
  return {
    passed: count("passed"),
    failed: count("failed"),
    "not-supported": count("not-supported"),
    inconclusive: count("inconclusive"),
  };
}

/** The statements of the version that the case tests. */
function statementsOf({ case: { statements: ids }, version }: Outcome): string[] {
  return ids.filter((id) => id.startsWith("5.0/") === (version === 5));
}

/** What a failed case speaks against: the statement that is broken, or those of which one is. */
export function brokenStatements(outcome: Outcome): string[] {
  return outcome.broken === undefined ? statementsOf(outcome) : [outcome.broken];
}

/** Grades the outcomes of one version. */
export function gradeOutcomes(outcomes: readonly Outcome[], version: ProtocolVersion): Grade {
  const own = outcomes.filter((outcome) => outcome.version === version);
  const chapters = new Map<string, Outcome[]>();
  for (const outcome of own) {
    const chapter = outcome.case.name.split("/")[0] as string;
    chapters.set(chapter, [...(chapters.get(chapter) ?? []), outcome]);
  }
  return {
    version,
    cases: countOutcomes(own),
    chapters: [...chapters].map(([chapter, all]) => ({ chapter, counts: countOutcomes(all) })),
    statements: statements.flatMap(({ id, requirement }) => {
      const grade = gradeStatement(id, own);
      return grade === undefined ? [] : [{ id, requirement, ...grade }];
    }),
  };
}

function gradeStatement(
  id: string,
  outcomes: readonly Outcome[],
): Pick<StatementGrade, "status" | "isCertain" | "cases"> | undefined {
  const against = outcomes.filter((each) => each.status === "failed" && brokenStatements(each).includes(id));
  if (against.length > 0) {
    const isCertain = against.some((each) => brokenStatements(each).length === 1);
    return { status: "failed", isCertain, cases: names(against) };
  }
  const about = outcomes.filter((each) => statementsOf(each).includes(id));
  if (about.length === 0) return undefined;
  for (const status of ["passed", "inconclusive", "not-supported"] as const) {
    const deciding = about.filter((each) => each.status === status);
    if (deciding.length > 0) return { status, isCertain: true, cases: names(deciding) };
  }
  // All its cases failed for a statement that they know not to be this one.
  return { status: "inconclusive", isCertain: true, cases: names(about) };
}

function names(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((each) => each.case.name);
}
