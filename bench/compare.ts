/**
 * `npm run bench:compare`: Martlet side by side with other brokers and with the floor, on this machine, in one run.
 * `bench/README.md` says how to read what it prints.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../scripts/checkout.ts";
import { withBlock } from "./compare/docs-block.ts";
import { describeMachine, machineNow } from "./compare/machine.ts";
import { commonOptions, compareOptions, optionsHelp, parseArgs, parsedOrExit } from "./compare/options.ts";
import { figuresTable, footnote, ratiosTable, type ScenarioReport } from "./compare/report.ts";
import { writeResults } from "./compare/results-file.ts";
import { markdownTable, textTable } from "./compare/table.ts";
import { measured } from "./compare/terminal.ts";
import { martletPeer } from "./peers/martlet.ts";

const help = `npm run bench:compare -- [options]
${optionsHelp}
  --json <file>          where all figures go. Default: a new file in bench/results
  --markdown             prints the tables as Markdown
  --write-docs           writes them into README.md and docs/explanation/performance.md`;

const pages = ["README.md", "docs/explanation/performance.md"];

function parse() {
  const own = {
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
    "write-docs": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options: { ...commonOptions, ...own } });
  const { json, markdown, "write-docs": writeDocs, help: wantsHelp } = values;
  return { ...compareOptions(values), json, markdown, writeDocs, wantsHelp };
}

const options = parsedOrExit(parse, help);
if (options.wantsHelp) {
  console.log(help);
  process.exit();
}

const machine = machineNow();
const { titles, missing, runs, reports } = await measured(options);
const peers = [...titles.keys()];
const file = writeResults(
  {
    machine,
    durationSeconds: options.durationSeconds,
    rounds: options.rounds,
    peers: Object.fromEntries(titles),
    missing: Object.fromEntries(missing),
    runs,
    comparisons: reports.flatMap(({ comparisons }) => comparisons),
  },
  options.json,
);

if (options.markdown) console.log(`\n${asMarkdown(reports)}`);
else {
  console.log(`\n${textTable(figuresTable(reports, peers))}`);
  console.log(`\n${textTable(ratiosTable(reports, peers))}`);
  if (reports.some(({ figures }) => [...figures.values()].some(({ isLoadBound }) => isLoadBound)))
    console.log(`\n${footnote}`);
}
if (!options.markdown) console.log(`\n${describeMachine(machine, [...titles.values()])}`);
console.error(relative(process.cwd(), file));
// A comparison without Martlet is none, and writes no page.
if (missing.has(martletPeer.name)) process.exitCode = 1;
else if (options.writeDocs) {
  for (const page of pages) writeBlock(page, asMarkdown(reports));
}

function asMarkdown(all: readonly ScenarioReport[]): string {
  const parts = [
    markdownTable(ratiosTable(all, peers)),
    markdownTable(figuresTable(all, peers)),
    footnote.replace("*", "\\*"),
    describeMachine(machine, [...titles.values()]),
  ];
  return parts.join("\n\n");
}

function writeBlock(page: string, text: string): void {
  const path = join(root, page);
  const changed = withBlock(readFileSync(path, "utf8"), text);
  if (changed === undefined) {
    console.log(`${page} has no place for the tables`);
    return;
  }
  writeFileSync(path, changed);
  console.log(`${page} is written`);
}
