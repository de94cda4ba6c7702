/** A run for CI servers, in the XML that JUnit made common: a suite a version, a test a case. */

import { versionName } from "#protocol";
import { brokenStatements, formatTrace, type Grade, type Outcome } from "#testing";
import type { RunReport } from "./run-report.ts";

export function junitReport(report: RunReport): string {
  const suites = report.grades.map((grade) =>
    suite(
      report,
      grade,
      report.outcomes.filter((outcome) => outcome.version === grade.version),
    ),
  );
  const attributes = `name="martlet conformance" time="${seconds(report.durationMs)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${attributes}>\n${suites.join("")}</testsuites>`;
}

function suite(
  { target, startedAt }: RunReport,
  { version, cases }: Grade,
  outcomes: readonly Outcome[],
): string {
  const skipped = cases["not-supported"] + cases.inconclusive;
  const timeMs = outcomes.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const counts = `tests="${outcomes.length}" failures="${cases.failed}" errors="0" skipped="${skipped}"`;
  const when = `time="${seconds(timeMs)}" timestamp="${startedAt.toISOString().slice(0, 19)}"`;
  const head = `  <testsuite name="MQTT ${versionName(version)}" hostname="${escaped(target)}" ${counts} ${when}>\n`;
  return `${head}${outcomes.map(test).join("")}  </testsuite>\n`;
}

function test(outcome: Outcome): string {
  const { case: each, version, status, reason = "", trace, durationMs } = outcome;
  const className = `mqtt-${versionName(version)}.${each.name.split("/")[0]}`;
  const head = `    <testcase classname="${className}" name="${escaped(each.name)}" time="${seconds(durationMs)}"`;
  if (status === "passed") return `${head}/>\n`;
  const message = `message="${escaped(reason)}"`;
  if (status !== "failed") {
    const words = status === "not-supported" ? "not supported" : "inconclusive";
    return `${head}>\n      <skipped message="${escaped(`${words}: ${reason}`)}"/>\n    </testcase>\n`;
  }
  const broken = brokenStatements(outcome);
  const body = `${each.title}\n${broken.length === 1 ? "breaks" : "breaks one of"} ${broken.join(", ")}\n${formatTrace(trace)}`;
  return `${head}>\n      <failure ${message} type="conformance">${escaped(body)}</failure>\n    </testcase>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

// What XML 1.0 has no way at all to write: most control characters, and halves of surrogate pairs.
// oxlint-disable-next-line no-control-regex
const unwritable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** As text or attribute of XML. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(unwritable, "\ufffd");
}
