/**
 * `npm run bench:micro [-- <name>…]`: nanoseconds and bytes of garbage of single operations of HOT code. A name is the
 * beginning of a benchmark's: `copy-bytes`, `framer/qos1`. Each runs in a process of its own, so that none spoils the
 * compiled code of another.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { digits, NOTHING } from "./compare/number-format.ts";
import { textTable } from "./compare/table.ts";
import { accessBenchmarks } from "./micro/access.ts";
import { type Benchmark, type Cost, costOf } from "./micro/benchmark.ts";
import { byteBenchmarks } from "./micro/bytes.ts";
import { brokerBenchmarks, messageBenchmarks } from "./micro/messages.ts";
import { protocolBenchmarks } from "./micro/protocol.ts";
import { routingBenchmarks } from "./micro/routing.ts";

/** `--one <name>`: this process is the one for that benchmark; it prints its cost. */
const ONE = "--one";

const benchmarks: readonly Benchmark[] = [
  ...byteBenchmarks,
  ...accessBenchmarks,
  ...protocolBenchmarks,
  ...routingBenchmarks,
  ...messageBenchmarks,
  ...(await brokerBenchmarks()),
];

const args = process.argv.slice(2);
if (args[0] === ONE) {
  const benchmark = benchmarks.find(({ name }) => name === args[1]);
  if (benchmark === undefined) throw new Error(`there is no ${args[1]}`);
  console.log(JSON.stringify(costOf(benchmark.prepare())));
  process.exit();
}

const wanted = benchmarks.filter(({ name }) => args.length === 0 || args.some((arg) => name.startsWith(arg)));
if (wanted.length === 0) {
  const pieces = [...new Set(benchmarks.map(({ name }) => name.split("/")[0]))];
  console.error(`There is no ${args.join(", ")}. There are: ${pieces.join(", ")}.`);
  process.exit(2);
}

const rows: string[][] = [];
for (const { name, what } of wanted) {
  const { nanoseconds, allocatedBytes } = costInOwnProcess(name);
  rows.push([name, digits(nanoseconds), allocatedBytes < 0.5 ? NOTHING : digits(allocatedBytes), what]);
}
console.log(textTable({ head: ["benchmark", "ns", "heap B", "what"], rows }));

function costInOwnProcess(name: string): Cost {
  const program = fileURLToPath(import.meta.url);
  const child = spawnSync(process.execPath, ["--conditions", "martlet-dev", program, ONE, name], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (child.status !== 0) throw new Error(`${name} failed`);
  return JSON.parse(child.stdout) as Cost;
}
