/**
 * `npm run bench:check`: compares in short form and says which ratio of `bench/budgets.json` has fallen. Ends with 1 when one
 * has, or could not be measured. `--update` writes what was measured instead.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { type Budgets, judgeBudgets, TOLERANCE, updatedBudgets } from "./compare/budgets.ts";
import { measures } from "./compare/comparisons.ts";
import { NOTHING, times } from "./compare/number-format.ts";
import { commonOptions, compareOptions, optionsHelp, parseArgs, parsedOrExit } from "./compare/options.ts";
import { textTable } from "./compare/table.ts";
import { measured } from "./compare/terminal.ts";

const help = `npm run bench:check -- [options]
${optionsHelp}
  --update               writes the ratios of this run to bench/budgets.json`;

const file = fileURLToPath(new URL("./budgets.json", import.meta.url));

function parse() {
  const { values } = parseArgs({
    options: { ...commonOptions, update: { type: "boolean", default: false } },
  });
  return { ...compareOptions(values), update: values.update, wantsHelp: values.help };
}

const options = parsedOrExit(parse, help);
if (options.wantsHelp) {
  console.log(help);
  process.exit();
}

const budgets = JSON.parse(readFileSync(file, "utf8")) as Budgets;
const { reports } = await measured(options);
const comparisons = reports.flatMap((report) => report.comparisons);

if (options.update) {
  writeFileSync(file, `${JSON.stringify(updatedBudgets(budgets, comparisons), null, 2)}\n`);
  console.log(`${comparisons.length} ratios are written to bench/budgets.json`);
  process.exit();
}

const verdicts = judgeBudgets(budgets, comparisons, {
  scenarios: options.scenarios.map(({ name }) => name),
  peers: options.kinds.map(({ name }) => name),
});
const rows = verdicts.map(({ scenario, peer, measure, budget, ratio, worseBy, isKept }) => [
  scenario,
  `${measures[measure].words} against ${peer}`,
  times(budget),
  ratio === undefined ? NOTHING : times(ratio),
  isKept ? styleText("green", "kept") : styleText("red", worseBy === undefined ? "not measured" : "WORSE"),
]);
if (rows.length > 0) console.log(`\n${textTable({ head: ["scenario", "what", "budget", "now", ""], rows })}`);

const broken = verdicts.filter(({ isKept }) => !isKept);
for (const { scenario, peer, measure, worseBy } of broken) {
  const { words, isHigherBetter } = measures[measure];
  const moved = `has ${isHigherBetter ? "fallen" : "risen"} by ${Math.round((worseBy ?? 0) * 100)} %`;
  console.log(`${scenario}: ${words} against ${peer} ${worseBy === undefined ? "was not measured" : moved}`);
}
const tolerated = `${Math.round(TOLERANCE * 100)} %`;
console.log(
  `\n${verdicts.length - broken.length} of ${verdicts.length} ratios are within ${tolerated} of their budgets`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
