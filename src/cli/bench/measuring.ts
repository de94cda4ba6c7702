/** What `martlet bench` does: runs one scenario after the other, and writes what came out. */

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
import { writeWhole } from "../conformance/standard-output.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { one } from "../single-value.ts";
import { onStopSignal } from "../stop-signals.ts";
import { processIdsOf, scenariosOf } from "./arguments.ts";
import {
  DEFAULT_DURATION_SECONDS,
  DEFAULT_URL,
  DEFAULT_WARM_UP_SECONDS,
  type BenchValues as Values,
} from "./command-line.ts";
import { BenchStatus } from "./exit-status.ts";
import { ProgressLines } from "./progress-lines.ts";
import { textReport } from "./text-report.ts";

/** Where the width of the terminal is not known. */
const USUAL_COLUMNS = 80;

/** Does what `values` ask for and resolves with the exit status. */
export async function measureBroker(values: Values): Promise<number> {
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
}

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
