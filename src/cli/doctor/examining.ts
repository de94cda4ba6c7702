/** Reads the configuration, has it and this machine examined, and tells what was found. */

import { ConfigError } from "#base";
import { ConfigurationError, type Reading, readConfiguration } from "#config";
import { examine } from "#doctor";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { TextOutput } from "../text-output.ts";
import type { DoctorValues } from "./command-line.ts";
import { countsOf, jsonReport, textReport } from "./report.ts";

const DEFAULT_WIDTH = 80;
const WIDEST = 120;

/** Resolves with the exit status: `FAILED` when there is a problem. */
export async function runDoctor(values: DoctorValues): Promise<number> {
  let reading: Reading;
  try {
    reading = await readConfiguration(sourcesOf(values));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const line of error.lines) console.error(`martlet: ${printable(line)}`);
    const isCommandLine = error.problems.every(({ place }) => place.kind === "flag");
    return isCommandLine ? ExitStatus.USAGE : ExitStatus.FAILED;
  }
  const findings = await examine(reading, {
    startProblems: await startProblems(reading),
    nowMs: Date.now(),
    isProbing: values.probe === true,
  });
  const columns = process.stdout.isTTY ? process.stdout.columns : DEFAULT_WIDTH;
  const width = Math.min(Math.max(columns, DEFAULT_WIDTH), WIDEST);
  const output = new TextOutput();
  const lines = values.json === true ? [jsonReport(findings)] : textReport(findings, width);
  for (const line of lines) await output.line(line);
  await output.flush();
  return countsOf(findings).problem > 0 ? ExitStatus.FAILED : ExitStatus.OK;
}

/** @throws ConfigError for a file that is given twice */
function sourcesOf({ config = [], set = [] }: DoctorValues): Parameters<typeof readConfiguration>[0] {
  const [file, second] = config;
  if (second !== undefined) throw new ConfigError("--config", "it is given twice.");
  return { file, variables: process.env, settings: set };
}

/** Why a broker would not start: what it would say itself. */
async function startProblems(reading: Reading): Promise<readonly string[]> {
  const { checkConfiguration } = await import("#service");
  try {
    checkConfiguration(reading);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.lines;
    if (error instanceof ConfigError) return [error.message];
    throw error;
  }
}
