// docs/reference/conformance-known-deviations.md: what other brokers do differently, with the packets that show it.
// `node --conditions martlet-dev scripts/ledger.ts --deviations` writes it.
import { seededRandom } from "#base";
import { type ProtocolVersion, versionName } from "#protocol";
import type { Outcome } from "../../src/testing/conformance/case.ts";
import { conformanceCases } from "../../src/testing/conformance/cases/index.ts";
import { runConformance } from "../../src/testing/conformance/run.ts";
import type { ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { formatTrace } from "../../src/testing/conformance/trace.ts";
import { aedesTarget } from "./aedes.ts";
import { deviationOf } from "./deviation-of.ts";
import {
  aedesDeviations,
  type Deviations,
  mosquittoDeviations,
  mosquittoTested,
} from "./known-deviations.ts";
import { mosquittoTarget, mosquittoVersion } from "./mosquitto.ts";

/** Entries of a trace, counted from its end, where it went wrong; and bytes of a packet. */
const MOST_ENTRIES = 8;
const MOST_BYTES = 32;

/** The line that stands for a row of the tables; a test looks for it in the page. */
export function deviationLine(row: string, reason: string): string {
  return `- **${row}**: ${reason}.`;
}

/** Runs the cases that are known to fail, and returns the page. */
export async function deviationsPage(): Promise<string> {
  const installed = mosquittoVersion();
  if (installed !== mosquittoTested) throw new Error(`This needs ${mosquittoTested}, found ${installed}.`);
  const lines = [
    "# Conformance: known deviations of other brokers",
    "",
    "Written by `node --conditions martlet-dev scripts/ledger.ts --deviations`; do not edit. The cases run against these brokers as a check of the cases ([why](../explanation/conformance.md#the-cases-are-checked-too)). Each failure has been looked at: the broker departs from the standard and the case is right. Below each stand the last packets of one run; `>` is sent by the case, `<` by the broker. A deviation is a fact about one release with its defaults, not a judgement of the broker.",
    "",
    ...(await section("mosquitto 2.0.11", mosquittoTarget(), mosquittoDeviations, [3, 4, 5])),
    "",
    ...(await section("aedes 1.2.0 (MQTT 3.1 and 3.1.1)", aedesTarget(), aedesDeviations, [3, 4])),
  ];
  return `${lines.join("\n")}\n`;
}

async function section(
  title: string,
  target: ConformanceTarget,
  deviations: Deviations,
  versions: readonly ProtocolVersion[],
): Promise<string[]> {
  const names = new Set(Object.keys(deviations).map((row) => row.split(" ")[0]));
  const cases = conformanceCases.filter(({ name }) => names.has(name));
  const outcomes = await runConformance(target, { cases, versions, random: seededRandom(1) });
  await target.close?.();
  const lines = [`## ${title}`];
  for (const [row, reason] of Object.entries(deviations)) {
    const failed = outcomes.filter(
      (outcome) =>
        outcome.status === "failed" &&
        deviationOf(deviations, outcome) === reason &&
        outcome.case.name === row.split(" ")[0],
    );
    // One run shows it; the newest version has most to say.
    const shown = failed.at(-1);
    if (shown === undefined) throw new Error(`"${row}" does not fail any more.`);
    lines.push("", deviationLine(row, reason), "", ...details(shown, failed));
  }
  return lines;
}

function details(shown: Outcome, failed: readonly Outcome[]): string[] {
  const versions = failed.map(({ version }) => versionName(version)).join(", ");
  const trace = shown.trace.slice(-MOST_ENTRIES).map((entry) => ({ ...entry, atMs: 0 }));
  const text = formatTrace(trace, MOST_BYTES)
    .replaceAll(/^\+0 ms {2}/gm, "")
    .replaceAll(/^ {7}/gm, "  ");
  const statements = shown.case.statements.filter((id) => id.startsWith("5.0/") === (shown.version === 5));
  return [
    `  In ${versions}; ${shown.broken ?? statements.join(", ")}. ${versionName(shown.version)}: ${shown.reason?.replaceAll("\n", " ")}`,
    "",
    "  ```",
    ...text.split("\n").map((line) => `  ${line}`),
    "  ```",
  ];
}
