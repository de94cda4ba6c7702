/**
 * `npm run bench:abuse`: what good clients notice of an attack. Quiet pairs at a fixed rate, alone and then beside an attacker with sockets
 * that never finish their CONNECT, half-open WebSocket upgrades and passwords that are tried; the latency of both, and their ratio.
 *
 * Broker, attacker and load share this machine, so an attack on anybody would be noticed. How much of it is that shows the measurement
 * in between: the same attack on another broker.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type FlowLoad, raisePriority, runScenario, type ScenarioResult } from "../src/bench/index.ts";
import { digits, duration, shortNumber, times } from "./compare/number-format.ts";
import { parsedOrExit } from "./compare/options.ts";
import { textTable } from "./compare/table.ts";
import { compiled } from "./peers/compiled.ts";
import { PeerProcess } from "./peers/process.ts";

const help = `npm run bench:abuse -- [options]

  --duration <seconds>   of each measurement. Default 5
  --rounds <n>           each with a fresh broker; the median ratio counts. Default 3
  --sockets <n>          that never finish their CONNECT, and as many half-open upgrades. Default 200
  --logins <n>           with a wrong password, a second. Default 10000
  --addresses <n>        that the attacker has. Default 20
  --rate <n>             messages a second of the quiet pairs. Default 500`;

const brokerProgram = fileURLToPath(new URL("./abuse/broker-process.ts", import.meta.url));
const attacker = compiled(fileURLToPath(new URL("./abuse/attacker.c", import.meta.url)));

function parse() {
  const { values } = parseArgs({
    options: {
      duration: { type: "string", default: "5" },
      rounds: { type: "string", default: "3" },
      sockets: { type: "string", default: "200" },
      logins: { type: "string", default: "10000" },
      addresses: { type: "string", default: "20" },
      rate: { type: "string", default: "500" },
      help: { type: "boolean", default: false },
    },
  });
  const { help: wantsHelp, ...numbers } = values;
  return { wantsHelp, ...mapNumbers(numbers) };
}

function mapNumbers<Name extends string>(texts: Record<Name, string>): Record<Name, number> {
  const numbers = Object.entries<string>(texts).map(([name, text]) => [name, Number(text)] as const);
  for (const [name, value] of numbers)
    if (!(value >= 0)) throw new TypeError(`--${name} is a number from 0 on`);
  return Object.fromEntries(numbers) as Record<Name, number>;
}

const options = parsedOrExit(parse, help);
if (options.wantsHelp) {
  console.log(help);
  process.exit();
}

const load: FlowLoad = {
  kind: "flow",
  publishers: 20,
  subscribers: 20,
  topics: 20,
  qos: 0,
  payloadBytes: 64,
  pace: { kind: "rate", perSecond: options.rate, sleeps: true },
};

/** As `bench/abuse/attacker.c` prints it. */
interface Tried {
  readonly seconds: number;
  readonly logins: number;
  readonly answered: number;
  readonly dropped: number;
  readonly skipped: number;
}

interface Round {
  readonly quiet: ScenarioResult;
  /** While another broker on this machine is attacked. */
  readonly beside: ScenarioResult;
  readonly attacked: ScenarioResult;
  readonly tried: Tried | undefined;
}

function startBroker(): PeerProcess {
  return new PeerProcess(process.execPath, ["--conditions", "martlet-dev", brokerProgram]);
}

interface Attacked {
  readonly result: ScenarioResult;
  readonly tried: Tried | undefined;
}

async function round(): Promise<Round> {
  const broker = startBroker();
  const other = startBroker();
  const ports = (await broker.firstLine()).split(" ");
  const target = {
    url: `mqtt://127.0.0.1:${ports[0]}`,
    userName: "good",
    password: "right",
    processIds: [broker.processId],
  };
  const measure = async (): Promise<ScenarioResult> => {
    const restorePriority = raisePriority();
    try {
      return await runScenario({ name: "quiet", summary: "", load }, target, {
        durationSeconds: options.duration,
      });
    } finally {
      restorePriority();
    }
  };
  const measureBeside = async (attackedPorts: readonly string[]): Promise<Attacked> => {
    const { sockets, logins, addresses } = options;
    const attack = new PeerProcess(attacker, [...attackedPorts, sockets, logins, addresses].map(String));
    await attack.firstLine();
    const result = await measure();
    const said = attack.lastLine;
    await attack.stop();
    return { result, tried: said.startsWith("{") ? (JSON.parse(said) as Tried) : undefined };
  };
  const quiet = await measure();
  const beside = await measureBeside((await other.firstLine()).split(" "));
  await other.stop();
  const attacked = await measureBeside(ports);
  await broker.stop();
  return { quiet, beside: beside.result, attacked: attacked.result, tried: attacked.tried };
}

/** How much of one processor the broker took. */
function share({ brokerCpuSecondsPerMillion = Number.NaN, deliveries, seconds }: ScenarioResult): string {
  return `${digits((brokerCpuSecondsPerMillion * deliveries) / 1e4 / seconds)} %`;
}

function p99({ latency }: ScenarioResult): number {
  return latency?.p99Us ?? Number.NaN;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const rows: string[][] = [];
const againstQuiet: number[] = [];
const againstBeside: number[] = [];
for (let number = 1; number <= options.rounds; number++) {
  const { quiet, beside, attacked, tried } = await round();
  againstQuiet.push(p99(attacked) / p99(quiet));
  againstBeside.push(p99(attacked) / p99(beside));
  rows.push([
    String(number),
    ...[quiet, beside, attacked].flatMap(({ latency }) => [
      duration(latency?.p50Us),
      duration(latency?.p99Us),
    ]),
    `${share(quiet)} → ${share(attacked)}`,
    tried === undefined ? "" : shortNumber(tried.logins / tried.seconds),
    tried === undefined ? "" : shortNumber(tried.answered),
    attacked.lost === 0 ? "" : attacked.problems.join(" "),
  ]);
}
const head = [
  "round",
  ...["quiet", "other attacked", "attacked"].flatMap((when) => [`${when} p50`, "p99"]),
  "broker's CPU",
  "logins/s",
  "answered",
  "faults",
];
console.log(textTable({ head, rows }));
console.log(
  `\nMedian ratio of p99 under attack to p99 alone: ${times(median(againstQuiet))}; to p99 while another broker is attacked: ${times(median(againstBeside))}.`,
);
