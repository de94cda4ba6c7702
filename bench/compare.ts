/**
 * `npm run bench:compare`: Martlet side by side with other brokers and with the floor, and its client with MQTT.js, on this
 * machine, in one run. `bench/README.md` says how to read what it prints.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../scripts/checkout.ts";
import { clientRows, clientTable } from "./client/rows.ts";
import { mqttjsTitle } from "./client/tasks.ts";
import { type BlockName, withBlock } from "./compare/docs-block.ts";
import { describeMachine, machineNow } from "./compare/machine.ts";
import {
  commonOptions,
  compareOptions,
  optionsHelp,
  parseArgs,
  parsedOrExit,
  splitClient,
} from "./compare/options.ts";
import { figuresTable, footnote, ratiosTable, type ScenarioReport } from "./compare/report.ts";
import { writeResults } from "./compare/results-file.ts";
import { markdownTable, textTable } from "./compare/table.ts";
import { measured, measuredClients } from "./compare/terminal.ts";
import { martletPeer } from "./peers/martlet.ts";

const help = `npm run bench:compare -- [options]
${optionsHelp}
                         and among the names of --only, client: Martlet's client beside MQTT.js
  --json <file>          where all figures go. Default: a new file in bench/results
  --markdown             prints the tables as Markdown
  --write-docs           writes them into README.md and docs/explanation/performance.md, where the clients' go`;

const PERFORMANCE_PAGE = "docs/explanation/performance.md";

function parse() {
  const own = {
    json: { type: "string" },
    markdown: { type: "boolean", default: false },
    "write-docs": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options: { ...commonOptions, ...own } });
  const { json, markdown, "write-docs": writeDocs, help: wantsHelp } = values;
  const { only, measuresClients } = splitClient(values.only);
  return { ...compareOptions({ ...values, only }), measuresClients, json, markdown, writeDocs, wantsHelp };
}

const options = parsedOrExit(parse, help);
if (options.wantsHelp) {
  console.log(help);
  process.exit();
}

const machine = machineNow();
const measuresBrokers = options.scenarios.length > 0;
const none = { titles: new Map<string, string>(), missing: new Map<string, string>(), runs: [], reports: [] };
const { titles, missing, runs, reports } = measuresBrokers ? await measured(options) : none;
const clientRuns = options.measuresClients ? await measuredClients(options) : [];
const clients = clientRows(clientRuns);
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
    ...(options.measuresClients ? { client: { runs: clientRuns, rows: clients } } : {}),
  },
  options.json,
);

// A comparison without Martlet is none, and writes no page.
const isWhole = !missing.has(martletPeer.name);
if (measuresBrokers) {
  console.log(`\n${options.markdown ? brokersMarkdown(reports) : brokersText(reports)}`);
  if (!isWhole) process.exitCode = 1;
  else if (options.writeDocs) {
    for (const page of ["README.md", PERFORMANCE_PAGE]) writeBlock(page, brokersMarkdown(reports), "bench");
  }
}
if (options.measuresClients) {
  console.log(`\n${options.markdown ? clientsMarkdown() : clientsText()}`);
  if (options.writeDocs && isWhole) writeBlock(PERFORMANCE_PAGE, clientsMarkdown(), "bench:client");
}
console.error(relative(process.cwd(), file));

function brokersText(all: readonly ScenarioReport[]): string {
  const isLoadBound = all.some(({ figures }) => [...figures.values()].some((each) => each.isLoadBound));
  const parts = [
    textTable(figuresTable(all, peers)),
    textTable(ratiosTable(all, peers)),
    ...(isLoadBound ? [footnote] : []),
    describeMachine(machine, [...titles.values()]),
  ];
  return parts.join("\n\n");
}

function brokersMarkdown(all: readonly ScenarioReport[]): string {
  const parts = [
    markdownTable(ratiosTable(all, peers)),
    markdownTable(figuresTable(all, peers)),
    footnote.replace("*", "\\*"),
    describeMachine(machine, [...titles.values()]),
  ];
  return parts.join("\n\n");
}

function clientsText(): string {
  return `${textTable(clientTable(clients, mqttjsTitle()))}\n\n${clientsMachine()}`;
}

function clientsMarkdown(): string {
  return `${markdownTable(clientTable(clients, mqttjsTitle()))}\n\n${clientsMachine()}`;
}

function clientsMachine(): string {
  return describeMachine(machine, ["Martlet's client", mqttjsTitle()]);
}

function writeBlock(page: string, text: string, name: BlockName): void {
  const path = join(root, page);
  const changed = withBlock(readFileSync(path, "utf8"), text, name);
  if (changed === undefined) {
    console.log(`${page} has no place for the tables`);
    return;
  }
  writeFileSync(path, changed);
  console.log(`${page} is written`);
}
