// The conformance ledger: which statements of MQTT 3.1.1 and 5.0 are tested, waived, wait for the client, or are open.
//
//   node --conditions martlet-dev scripts/ledger.ts              counts, and the checks
//   node --conditions martlet-dev scripts/ledger.ts --list open  the statements of a state (tested, waived, waits, open)
//   node --conditions martlet-dev scripts/ledger.ts --markdown   writes docs/reference/conformance.md
//
//   node --conditions martlet-dev scripts/ledger.ts --deviations
//       runs the cases on mosquitto and aedes and writes docs/reference/conformance-known-deviations.md
//
// Fails when a statement is open, when a case, claim or waiver names a statement that no standard has, when a claimed test
// does not exist, and when a citation in the source ([MQTT-3.3.1-4], [3.1.1/MQTT-3.3.1-4], [U5-3.8.3b]) names no statement.
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { conformanceCases } from "../src/testing/conformance/cases/index.ts";
import { claims } from "../src/testing/conformance/ledger/claims.ts";
import { buildLedger, type LedgerEntry, ledgerProblems } from "../src/testing/conformance/ledger/ledger.ts";
import { caseFiles, ledgerMarkdown } from "../src/testing/conformance/ledger/markdown.ts";
import { root } from "./checkout.ts";

const CASES = "src/testing/conformance/cases";
const PAGE = "docs/reference/conformance.md";
const DEVIATIONS_PAGE = "docs/reference/conformance-known-deviations.md";

const ledger = buildLedger(conformanceCases);
const known = new Set(ledger.map((entry) => entry.id));

/** A citation without a version is one of 5.0, whose words the project uses. */
function citedStatement(citation: string): string {
  return citation.includes("/") ? citation : `5.0/${citation}`;
}

function citationProblems(): string[] {
  const problems: string[] = [];
  for (const file of globSync("src/**/*.ts", { cwd: root }).toSorted()) {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    for (const [index, line] of lines.entries()) {
      // Several may share a pair of brackets: [MQTT-3.1.2-4, MQTT-3.1.2-5].
      for (const [, inside = ""] of line.matchAll(/\[((?:(?:3\.1\.1|5\.0)\/)?(?:MQTT-|U5-)[^\]]*)\]/g)) {
        for (const [citation] of inside.matchAll(/(?:(?:3\.1\.1|5\.0)\/)?(?:MQTT-|U5-)[0-9][0-9a-z.-]*/g)) {
          const id = citedStatement(citation);
          if (!known.has(id)) problems.push(`${file}:${index + 1}: ${id} is cited, but no standard has it`);
        }
      }
    }
  }
  return problems;
}

function claimProblems(): string[] {
  return claims
    .filter(
      ({ test, title }) =>
        !existsSync(join(root, test)) || !readFileSync(join(root, test), "utf8").includes(title),
    )
    .map(({ test, title }) => `${test} has no test "${title}", which a claim names`);
}

function openProblems(): string[] {
  return ledger.filter((entry) => entry.state === "open").map(({ id }) => `${id} is open: nothing tests it`);
}

function count(entries: readonly LedgerEntry[], state: string): number {
  return entries.filter((entry) => entry.state === state).length;
}

function printCounts(): void {
  const groups: [string, LedgerEntry[]][] = [
    ["MQTT 3.1.1", ledger.filter((entry) => entry.specification === "3.1.1")],
    ["MQTT 5.0", ledger.filter((entry) => entry.id.startsWith("5.0/MQTT-"))],
    ["MQTT 5.0, errors without a number", ledger.filter((entry) => entry.id.startsWith("5.0/U5-"))],
  ];
  console.log(`${conformanceCases.length} cases`);
  for (const [name, entries] of groups) {
    console.log(
      `${name}: ${entries.length} statements, ${count(entries, "tested")} tested, ${count(entries, "waived")} waived, ` +
        `${count(entries, "waits: client")} wait for the client, ${count(entries, "open")} open`,
    );
  }
}

function write(page: string, content: string): void {
  mkdirSync(dirname(join(root, page)), { recursive: true });
  writeFileSync(join(root, page), content);
  console.log(`${page} is written`);
}

const [mode, state] = process.argv.slice(2);
if (mode === "--list") {
  for (const entry of ledger.filter((each) => state === undefined || each.state.startsWith(state))) {
    const remark = entry.remark === "" ? "" : `  (${entry.remark})`;
    console.log(`${entry.id}  ${entry.binds}  ${entry.requirement}${remark}`);
  }
} else if (mode === "--markdown") {
  const sources = globSync("*.ts", { cwd: join(root, CASES) }).map(
    (file) => [`${CASES}/${file}`, readFileSync(join(root, CASES, file), "utf8")] as const,
  );
  write(PAGE, ledgerMarkdown(ledger, caseFiles(sources)));
} else if (mode === "--deviations") {
  const { deviationsPage } = await import("../test/conformance/deviations-page.ts");
  write(DEVIATIONS_PAGE, await deviationsPage());
} else {
  printCounts();
  const problems = [
    ...openProblems(),
    ...ledgerProblems(conformanceCases),
    ...claimProblems(),
    ...citationProblems(),
  ];
  for (const problem of problems) console.log(problem);
  console.log(`${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
