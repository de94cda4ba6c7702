/** A run for people: a table by chapter for each version, and each failure with its packets. */

import { versionName } from "#protocol";
import { brokenStatements, formatTrace, type Grade, type Outcome } from "#testing";
import { printable } from "../escape.ts";
import type { RunReport } from "./run-report.ts";

export interface TextOptions {
  /** Every statement with its result, not only counts. */
  readonly listsStatements: boolean;
}

const columns = ["passed", "failed", "not-supported", "inconclusive"] as const;
const NAME_WIDTH = 24;

export function textReport(report: RunReport, options: TextOptions): string {
  const lines = [`Conformance of ${printable(report.target)}`];
  for (const { version, reason } of report.leftOut) {
    lines.push("", `MQTT ${versionName(version)}: not supported. ${printable(reason)}`);
  }
  for (const grade of report.grades) {
    lines.push("", ...table(grade));
    if (options.listsStatements) lines.push("", ...statementLines(grade));
    const own = report.outcomes.filter((outcome) => outcome.version === grade.version);
    lines.push(...own.filter(({ status }) => status === "failed").flatMap(failureLines));
    lines.push(...noteLines(own));
  }
  if (report.remarks.length > 0) lines.push("", ...report.remarks.map((remark) => printable(remark)));
  lines.push("", conclusion(report));
  return lines.join("\n");
}

function table({ version, chapters, cases, statements }: Grade): string[] {
  const row = (name: string, cells: readonly (number | string)[]): string => {
    const padded = cells.map((cell, index) =>
      String(cell === 0 ? "-" : cell).padStart((columns[index] as string).length + 2),
    );
    return `${name.padEnd(NAME_WIDTH)}${padded.join("")}`;
  };
  const cells = (counts: Readonly<Record<(typeof columns)[number], number>>): number[] =>
    columns.map((column) => counts[column]);
  const statementCounts = columns.map(
    (column) => statements.filter(({ status }) => status === column).length,
  );
  return [
    row(
      `MQTT ${versionName(version)}`,
      columns.map((column) => column.replace("-", " ")),
    ),
    ...chapters.map(({ chapter, counts }) => row(`  ${chapter}`, cells(counts))),
    row("All cases", cells(cases)),
    row("Statements", statementCounts),
  ];
}

function statementLines({ version, statements }: Grade): string[] {
  const lines = [`Statements of MQTT ${versionName(version)}`];
  for (const { id, status, isCertain, requirement } of statements) {
    const shown = isCertain ? status.replace("-", " ") : `${status}?`;
    lines.push(`  ${shown.padEnd(15)}${id.padEnd(22)}${requirement}`);
  }
  if (statements.some(({ isCertain }) => !isCertain)) {
    lines.push(
      "  failed? = a case about this statement and others failed, and cannot tell which of them is broken",
    );
  }
  return lines;
}

function failureLines(outcome: Outcome): string[] {
  const broken = brokenStatements(outcome);
  const trace = formatTrace(outcome.trace).split("\n");
  return [
    "",
    `FAILED ${outcome.case.name} in MQTT ${versionName(outcome.version)}: ${outcome.case.title}`,
    `  ${broken.length === 1 ? "breaks" : "breaks one of"} ${broken.join(", ")}`,
    `  ${printable(outcome.reason ?? "")}`,
    ...trace.map((line) => `    ${line}`),
  ];
}

function noteLines(outcomes: readonly Outcome[]): string[] {
  const lines = outcomes.flatMap(({ case: { name }, notes }) =>
    [...new Set(notes)].map((note) => `  ${name}: ${printable(note)}`),
  );
  return lines.length === 0 ? [] : ["", "Allowed, though the standard prefers something else:", ...lines];
}

function conclusion({ outcomes, durationMs }: RunReport): string {
  const failed = outcomes.filter(({ status }) => status === "failed").length;
  const what = failed === 0 ? "Nothing failed" : `${failed} ${failed === 1 ? "case" : "cases"} failed`;
  return `${what}: ${outcomes.length} cases in ${(durationMs / 1000).toFixed(1)} seconds.`;
}
