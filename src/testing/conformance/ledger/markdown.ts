/** The ledger as a page of the documentation: each statement with its state and links to what tests it. */

import { type LedgerEntry, type LedgerTest, statementStates } from "./ledger.ts";

/** The file in which each case is defined, from the sources of the cases: path and content. */
export function caseFiles(
  sources: readonly (readonly [path: string, content: string])[],
): Map<string, string> {
  const files = new Map<string, string>();
  for (const [path, content] of sources) {
    // A name that is put together is known by its beginning: `flags-of-${name}`.
    for (const [, name = ""] of content.matchAll(/\bname: ["`]([a-z0-9-]+\/[^"`$]+)/g)) files.set(name, path);
  }
  return files;
}

/** The page; links lead from `docs/reference/` to the root of the repository. */
export function ledgerMarkdown(ledger: readonly LedgerEntry[], files: ReadonlyMap<string, string>): string {
  const lines = [
    "# Conformance: all statements",
    "",
    "Written by `node --conditions martlet-dev scripts/ledger.ts --markdown`; do not edit. What the states mean stands in [the explanation](../explanation/conformance.md#the-ledger).",
    "",
    ...summary(ledger),
  ];
  for (const specification of ["3.1.1", "5.0"]) {
    lines.push("", `## MQTT ${specification}`);
    let section = "";
    for (const entry of ledger.filter((each) => each.specification === specification)) {
      if (entry.section !== section) {
        section = entry.section;
        lines.push("", `### ${specification}: ${section}`, "");
        lines.push("| statement | binds | requirement | state |", "|---|---|---|---|");
      }
      const id = entry.id.slice(specification.length + 1);
      const cells = [id, entry.binds, entry.requirement, state(entry, files)];
      lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function summary(ledger: readonly LedgerEntry[]): string[] {
  const groups: [string, string][] = [
    ["MQTT 3.1.1", "3.1.1/MQTT-"],
    ["MQTT 5.0", "5.0/MQTT-"],
    ["MQTT 5.0, errors without a number", "5.0/U5-"],
  ];
  const rows = groups.map(([name, start]) => {
    const own = ledger.filter((entry) => entry.id.startsWith(start));
    const counts = statementStates.map((each) => own.filter((entry) => entry.state === each).length);
    return `| ${[name, own.length, ...counts].join(" | ")} |`;
  });
  return [
    `| | statements | ${statementStates.join(" | ")} |`,
    `|---|${"--:|".repeat(statementStates.length + 1)}`,
    ...rows,
  ];
}

function state({ state: name, tests, remark }: LedgerEntry, files: ReadonlyMap<string, string>): string {
  const links = tests.map((test) => link(test, files)).join(", ");
  if (name !== "tested") return `**${name}**: ${remark}`;
  return remark === "" ? `tested: ${links}` : `tested: ${links} (${remark})`;
}

function link({ name, file }: LedgerTest, files: ReadonlyMap<string, string>): string {
  const target = file ?? files.get(name) ?? [...files].find(([beginning]) => name.startsWith(beginning))?.[1];
  return target === undefined ? name : `[${name}](../../${target})`;
}
