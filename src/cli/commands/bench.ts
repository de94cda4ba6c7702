/** `martlet bench`: puts a load on any broker and counts what becomes of every message. */

import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { ConfigError, describeError } from "#base";
import {
  BenchError,
  type BenchTarget,
  type RunOptions,
  runScenario,
  SCENARIOS,
  type Scenario,
  type ScenarioResult,
} from "#bench";
import { prepareArguments, processIdsOf, scenariosOf } from "../bench/arguments.ts";
import { BenchStatus } from "../bench/exit-status.ts";
import { ProgressLines } from "../bench/progress-lines.ts";
import { textReport } from "../bench/text-report.ts";
import { defineCommand } from "../command.ts";
import { writeWhole } from "../conformance/standard-output.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import type { Options, OptionValues } from "../options.ts";
import { onStopSignal } from "../stop-signals.ts";

const DEFAULT_URL = "mqtt://127.0.0.1:1883";
const DEFAULT_DURATION_SECONDS = 5;
const DEFAULT_WARM_UP_SECONDS = 1;
/** Where the width of the terminal is not known. */
const USUAL_COLUMNS = 80;

const options = {
  url: {
    kind: "texts",
    placeholder: "<url>",
    help: `The same as <url>, the broker: mqtt://host:1883, mqtts://host:8883, ws://host/mqtt, wss://host/mqtt or unix:/path. Default ${DEFAULT_URL}.`,
  },
  scenario: {
    kind: "texts",
    placeholder: "<name>",
    help: "The same as <scenario>; several with commas, or all. Default: pairs, qos1 and rate.",
  },
  list: { kind: "switch", help: "List the scenarios instead of running them." },
  duration: {
    kind: "integer",
    short: "d",
    placeholder: "<s>",
    lowest: 1,
    highest: 86_400,
    help: `Seconds that are measured. Default ${DEFAULT_DURATION_SECONDS}.`,
  },
  "warm-up": {
    kind: "integer",
    placeholder: "<s>",
    lowest: 0,
    highest: 3_600,
    help: `Seconds that run before. Default ${DEFAULT_WARM_UP_SECONDS}.`,
  },
  publishers: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Publishers of a load of your own, or changed in those that are named; so are the options down to --protocol.",
  },
  subscribers: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Subscribers. They share out the topics, or each topic has several.",
  },
  topics: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 1_000_000,
    help: "Topics. Default: one for each publisher.",
  },
  window: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 0,
    highest: 65_535,
    help: "Messages that each publisher has under way at most; 0 for as many as its connection takes.",
  },
  rate: {
    kind: "integer",
    placeholder: "<n>",
    lowest: 1,
    highest: 10_000_000,
    help: "Messages a second of all publishers together, whether the broker keeps up or not, instead of a window.",
  },
  size: {
    kind: "integer",
    placeholder: "<bytes>",
    lowest: 16,
    highest: 16_000_000,
    help: "Bytes of each payload.",
  },
  qos: { kind: "integer", short: "q", placeholder: "<n>", lowest: 0, highest: 2, help: "0, 1 or 2." },
  protocol: { kind: "texts", placeholder: "<v>", help: "3.1.1 or 5." },
  pid: {
    kind: "texts",
    placeholder: "<n>",
    help: "Process of the broker, whose CPU time and memory are read (Linux only); several with commas.",
  },
  username: { kind: "texts", short: "u", placeholder: "<name>", help: "User name to log in with." },
  password: { kind: "texts", short: "P", placeholder: "<text>", help: "Password to log in with." },
  ca: {
    kind: "texts",
    placeholder: "<file>",
    help: "PEM file with the authorities that the broker's certificate is verified with.",
  },
  insecure: { kind: "switch", help: "Do not verify the broker's certificate." },
  json: { kind: "switch", help: "Write the results as JSON." },
  quiet: { kind: "switch", help: "Do not say how far the run is." },
} as const satisfies Options;

type Values = OptionValues<typeof options>;

export const benchCommand = defineCommand({
  name: "bench",
  summary: "Put a load on any broker, and count what becomes of every message.",
  description: [
    "Runs one scenario after the other and reports throughput, latency and CPU time, and whether every message came exactly as its QoS promises. The load needs a processor of its own: where its CPU time is near the broker's, or the machine has other work, figures are lower than the broker's best. Uses topics below bench/.",
    "For example: martlet bench mqtt://127.0.0.1:1883 qos1 --duration 10. Without a URL it is the broker on this machine, without a scenario a short selection.",
    "Exit status here: 0 every count was right, 1 messages were lost, came twice or out of order, or connections broke or were refused, 3 no connection, 5 the broker lets nobody in.",
  ],
  options,
  usage: "[<url>] [<scenario> ...] [options]",
  prepare: (args) => prepareArguments(args, options),
  async run(values: Values) {
    if (values.list === true) {
      await writeWhole(SCENARIOS.map(({ name, summary }) => `${name.padEnd(11)}${summary}`).join("\n"));
      return BenchStatus.ALL_RIGHT;
    }
    const scenarios = scenariosOf(values.scenario, values);
    const target = targetOf(values);
    const stop = new AbortController();
    let stoppedBy: NodeJS.Signals | undefined;
    onStopSignal(
      (signal) => {
        stoppedBy = signal;
        stop.abort();
      },
      () => undefined,
    );
    const status = await runAll(scenarios, target, values, stop.signal);
    return stoppedBy === undefined ? status : ExitStatus.SIGNALLED + constants.signals[stoppedBy];
  },
});

/** @throws ConfigError that names the option */
function targetOf(values: Values): BenchTarget {
  const caFile = one("--ca", values.ca);
  const userName = one("--username", values.username);
  const password = one("--password", values.password);
  return {
    url: one("<url>", values.url) ?? DEFAULT_URL,
    processIds: processIdsOf(values.pid),
    tls: {
      rejectUnauthorized: values.insecure !== true,
      ...(caFile === undefined ? {} : { ca: readPem(caFile) }),
    },
    ...(userName === undefined ? {} : { userName }),
    ...(password === undefined ? {} : { password }),
  };
}

function one(name: string, values: readonly string[] | undefined): string | undefined {
  if (values !== undefined && values.length > 1) throw new ConfigError(name, "it is given twice.");
  return values?.[0];
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError("--ca", `${path} cannot be read: ${describeError(error)}.`);
  }
}

/** Runs one after the other; resolves with the exit status, the worst of all. */
async function runAll(
  scenarios: readonly Scenario[],
  target: BenchTarget,
  values: Values,
  signal: AbortSignal,
): Promise<number> {
  const startedAt = new Date();
  const progress = values.quiet === true ? undefined : new ProgressLines(process.stderr);
  const runOptions: RunOptions = {
    durationSeconds: values.duration ?? DEFAULT_DURATION_SECONDS,
    warmUpSeconds: values["warm-up"] ?? DEFAULT_WARM_UP_SECONDS,
    signal,
    ...(progress === undefined ? {} : { onProgress: (each) => progress.show(each) }),
  };
  const results: ScenarioResult[] = [];
  let status: number = BenchStatus.ALL_RIGHT;
  for (const scenario of scenarios) {
    try {
      const result = await runScenario(scenario, target, runOptions);
      progress?.clear();
      results.push(result);
      if (!result.correct) status = Math.max(status, BenchStatus.WRONG);
      if (values.json !== true) {
        const text = textReport(scenario, result, process.stdout.columns ?? USUAL_COLUMNS);
        await writeWhole(results.length === 1 ? text : `\n${text}`);
      }
    } catch (error) {
      progress?.clear();
      if (!(error instanceof BenchError)) throw optionError(error);
      if (error.kind === "aborted") break;
      console.error(`martlet: ${scenario.name}: ${printable(error.message)} ${adviceFor(error)}`.trimEnd());
      status = Math.max(status, error.kind === "refused" ? BenchStatus.REFUSED : BenchStatus.UNREACHABLE);
      // Who refuses one scenario may well take another.
      if (error.kind === "unreachable") break;
    }
  }
  if (values.json === true) {
    const shown = { target: shownUrl(target.url), startedAt: startedAt.toISOString(), results };
    await writeWhole(JSON.stringify(shown, undefined, 2));
  }
  return status;
}

function adviceFor({ kind }: BenchError): string {
  switch (kind) {
    case "unreachable":
      return "Start one with martlet, or give the address of another: martlet bench mqtt://host:1883.";
    case "refused":
      return "If it wants to know who you are, say so with --username and --password.";
    case "timed-out":
    case "aborted":
      return "";
  }
}

/** The library names its parameters; here they are options. */
function optionError(error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  const names: Readonly<Record<string, string>> = {
    url: "<url>",
    processIds: "--pid",
    payloadBytes: "--size",
    perSecond: "--rate",
    publishers: "--publishers",
    subscribers: "--subscribers",
    topics: "--topics",
    pace: "--window",
  };
  const name = names[error.path];
  return name === undefined ? error : new ConfigError(name, error.message.slice(error.path.length + 2));
}

/** Without a password. */
function shownUrl(text: string): string {
  const url = new URL(text);
  url.username = "";
  url.password = "";
  return url.href;
}
