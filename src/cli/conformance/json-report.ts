/** A run for programs: everything that is known. The names are API. */

import { toHex } from "#base";
import { versionName } from "#protocol";
import { brokenStatements, dissectEntry, type Outcome } from "#testing";
import type { RunReport } from "./run-report.ts";

export function jsonReport(report: RunReport): string {
  const versions = report.grades.map(({ version, cases, chapters, statements }) => ({
    version: versionName(version),
    counts: cases,
    chapters: Object.fromEntries(chapters.map(({ chapter, counts }) => [chapter, counts])),
    statements,
    cases: report.outcomes.filter((outcome) => outcome.version === version).map(caseOf),
  }));
  const leftOut = report.leftOut.map(({ version, reason }) => ({ version: versionName(version), reason }));
  return JSON.stringify(
    {
      target: report.target,
      startedAt: report.startedAt.toISOString(),
      durationMs: Math.round(report.durationMs),
      versions,
      versionsNotSupported: leftOut,
      remarks: report.remarks,
    },
    undefined,
    2,
  );
}

function caseOf(outcome: Outcome) {
  const { case: each, status, reason, notes, trace, durationMs } = outcome;
  const failure =
    status === "failed" ? { breaksOneOf: brokenStatements(outcome), trace: trace.map(entryOf) } : {};
  return {
    name: each.name,
    title: each.title,
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(notes.length === 0 ? {} : { notes }),
    statements: each.statements,
    durationMs: Math.round(durationMs),
    ...failure,
  };
}

function entryOf(entry: Outcome["trace"][number]) {
  const { atMs, peer, direction, what, bytes } = entry;
  const says = dissectEntry(entry);
  return {
    atMs: Math.round(atMs),
    peer,
    direction,
    what,
    ...(bytes === undefined ? {} : { hex: toHex(bytes) }),
    ...(says.length === 0 ? {} : { says }),
  };
}
