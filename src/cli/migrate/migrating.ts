/**
 * Reads mosquitto's files, writes Martlet's, and tells what is not the same. Everything is read and judged before anything is
 * written; the configuration is written last, when what it names is there.
 */

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ConfigError } from "#base";
import {
  type Assignment,
  ConfigurationError,
  printConfiguration,
  type Reading,
  readConfiguration,
} from "#config";
import { createFile, PRIVATE_MODE } from "#credentials";
import { type ImportReport, importMosquittoFile, type OptionReport, readMosquittoConf } from "#mosquitto";
import { version } from "#server";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import { one } from "../single-value.ts";
import { TextOutput } from "../text-output.ts";
import { type MigrateValues, type ReportForm, reportForms } from "./command-line.ts";
import { changesForUnit } from "./for-unit.ts";
import { countsOf, jsonReport, type Migration, textReport } from "./report.ts";

/** The store's own timers do not keep the process. */
const KEEP_ALIVE_MS = 1_000;

/** What is wanted, each thing once. */
interface Wishes {
  readonly conf: string;
  readonly output: string | undefined;
  readonly database: string | undefined;
  readonly data: string | undefined;
  readonly form: ReportForm;
  readonly accepts: boolean;
}

/** Resolves with the exit status: `FAILED` when something is not the same and that is not accepted. */
export async function migrate(values: MigrateValues): Promise<number> {
  const wishes = wishesOf(values);
  let found: { readonly options: readonly OptionReport[]; readonly reading: Reading };
  try {
    found = await readConf(wishes);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const line of error.lines) console.error(`martlet: ${printable(line)}`);
    return ExitStatus.FAILED;
  }
  const { options, reading } = found;
  const isGood = mayWrite(options, wishes);
  const done = isGood ? await write(reading, wishes) : { database: undefined, written: [] };
  const migration = { options, ...done, forUnit: changesForUnit(reading.configuration) };
  if (wishes.output === undefined) {
    process.stdout.write(tomlOf(reading, wishes.conf, { showSecrets: false }));
    tellOnStandardError(migration, wishes.form);
  } else await tell(migration, wishes.form);
  if (isGood) return ExitStatus.OK;
  console.error(`martlet: ${whyNot(options, wishes)}`);
  return ExitStatus.FAILED;
}

function wishesOf(values: MigrateValues): Wishes {
  const conf = one("<mosquitto.conf>", values.file);
  if (conf === undefined) {
    throw new ConfigError("<mosquitto.conf>", "it is missing; give mosquitto's configuration file.");
  }
  const output = one("--output", values.output);
  if (output !== undefined && existsSync(output)) {
    throw new ConfigError(output, "it is there already; give the name of a new file.");
  }
  if (output !== undefined && !existsSync(dirname(resolve(output)))) {
    throw new ConfigError(output, "its folder is not there; make that first.");
  }
  const database = one("--database", values.database);
  const data = one("--data", values.data);
  if (data !== undefined && database === undefined) {
    throw new ConfigError("--data", "it is for what --database gives; add that.");
  }
  return {
    conf,
    output,
    database,
    data,
    form: formOf(one("--report", values.report)),
    accepts: values["accept-differences"] === true,
  };
}

function formOf(given: string | undefined): ReportForm {
  const form = reportForms.find((each) => each === (given ?? "text"));
  if (form === undefined) throw new ConfigError("--report", `"${given}" is not allowed; it is text or json.`);
  return form;
}

/** @throws ConfigurationError for what mosquitto would not take, or what comes out would not be allowed here */
async function readConf({ conf, data }: Wishes) {
  const { document, options } = readMosquittoConf(conf);
  const folder: readonly Assignment[] =
    data === undefined
      ? []
      : [{ path: ["persistence", "folder"], value: resolve(data), place: { kind: "flag", name: "--data" } }];
  const reading = await readConfiguration({ document: () => document, flags: folder });
  return { options, reading };
}

function mayWrite(options: readonly OptionReport[], { accepts }: Wishes): boolean {
  const { different, unsupported, refused } = countsOf(options);
  return refused === 0 && (accepts || different + unsupported === 0);
}

function whyNot(options: readonly OptionReport[], { output }: Wishes): string {
  // What went to standard output is there to be read, and not to be run.
  const head = output === undefined ? "Nothing but this output is written" : "No file is written";
  return countsOf(options).refused > 0
    ? `${head}: without what is refused the broker would be less safe than it looks. Change those lines.`
    : `${head}, since not everything means the same; --accept-differences accepts that.`;
}

/** @throws ConfigError for files and folders that cannot be used; what was written before stays */
async function write(reading: Reading, wishes: Wishes): Promise<Pick<Migration, "database" | "written">> {
  const { conf, output, database } = wishes;
  const written: string[] = [];
  let moved: ImportReport | undefined;
  if (database !== undefined) {
    const folder = dataFolderOf(reading);
    moved = await keepingAlive(() => importMosquittoFile(database, folder));
    written.push(folder);
  }
  if (output !== undefined) {
    createFile(output, tomlOf(reading, conf, { showSecrets: true }), PRIVATE_MODE);
    written.push(output);
  }
  return { database: moved, written };
}

function dataFolderOf({ configuration: { persistence } }: Reading): string {
  if (persistence.mode !== "memory") return resolve(persistence.folder);
  throw new ConfigError(
    "--database",
    "mosquitto's configuration keeps nothing (persistence false), so Martlet would not look at what is moved; set persistence true there.",
  );
}

async function keepingAlive<T>(work: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => undefined, KEEP_ALIVE_MS);
  try {
    return await work();
  } finally {
    clearInterval(alive);
  }
}

function tomlOf(reading: Reading, conf: string, { showSecrets }: { showSecrets: boolean }): string {
  const lines = printConfiguration(reading, { showSecrets, omitDefaults: true });
  return `# Made of ${printable(conf)} by martlet version ${version}.\n\n${lines}`;
}

async function tell(migration: Migration, form: ReportForm): Promise<void> {
  const output = new TextOutput();
  for (const line of linesOf(migration, form)) await output.line(line);
  await output.flush();
}

function tellOnStandardError(migration: Migration, form: ReportForm): void {
  console.error(linesOf(migration, form).join("\n"));
}

function linesOf(migration: Migration, form: ReportForm): string[] {
  return form === "json" ? [jsonReport(migration)] : textReport(migration);
}
