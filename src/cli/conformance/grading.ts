/** What `martlet conformance` does: looks which versions the broker speaks, runs the cases, and writes the reports. */

import { readFileSync, writeFileSync } from "node:fs";
import { ConfigError, describeError } from "#base";
import { type ProtocolVersion, versionName } from "#protocol";
import {
  type ConformanceCase,
  type ConformanceTarget,
  conformanceCases,
  gradeOutcomes,
  type Outcome,
  type PreflightResult,
  preflight,
  runConformance,
  type UrlTargetOptions,
  urlTarget,
} from "#testing";
import { printable } from "../escape.ts";
import { one } from "../single-value.ts";
import { selectCases, versionsOf } from "./arguments.ts";
import {
  DEFAULT_CONCURRENCY,
  DEFAULT_PATIENCE_SECONDS,
  type ConformanceValues as Values,
} from "./command-line.ts";
import { ConformanceStatus } from "./exit-status.ts";
import { jsonReport } from "./json-report.ts";
import { junitReport } from "./junit-report.ts";
import { Progress } from "./progress.ts";
import type { LeftOut, RunReport } from "./run-report.ts";
import { writeWhole } from "./standard-output.ts";
import { textReport } from "./text-report.ts";

const STANDARD_OUTPUT = "-";

/** Does what `values` ask for and resolves with the exit status. */
export async function gradeBroker(values: Values): Promise<number> {
  const versions = versionsOf(values["protocol-version"]);
  const cases = selectCases(conformanceCases, values.only);
  if (values.list === true) {
    await writeWhole(listOf(cases, versions));
    return ConformanceStatus.NOTHING_FAILED;
  }
  const junitFile = one("--junit", values.junit);
  if (junitFile === STANDARD_OUTPUT && values.json === true) {
    throw new ConfigError("--junit", "it and --json cannot both go to standard output; name a file.");
  }
  const target = targetOf(values);
  const ready = await look(target, versions, values);
  if ("status" in ready) {
    console.error(`martlet: ${printable(ready.reason)}`);
    return ready.status;
  }
  const report = await runAll(target, cases, ready, values);
  if (junitFile !== undefined && junitFile !== STANDARD_OUTPUT) writeReport(junitFile, junitReport(report));
  if (junitFile === STANDARD_OUTPUT) await writeWhole(junitReport(report));
  else if (values.json === true) await writeWhole(jsonReport(report));
  else await writeWhole(textReport(report, { listsStatements: values.statements === true }));
  return await statusOf(target, report);
}

/** @throws ConfigError that names the option */
function targetOf(values: Values): ConformanceTarget {
  const url = one("<url>", values.url);
  if (url === undefined) {
    throw new ConfigError(
      "<url>",
      "it is missing; write for example martlet conformance mqtt://127.0.0.1:1883.",
    );
  }
  const file = (name: "cafile" | "cert" | "key"): string | undefined => {
    const path = one(`--${name}`, values[name]);
    return path === undefined ? undefined : readPem(`--${name}`, path);
  };
  if ((values.cert === undefined) !== (values.key === undefined)) {
    throw new ConfigError(
      values.cert === undefined ? "--cert" : "--key",
      "it is missing; --cert and --key go together.",
    );
  }
  const given: { -readonly [Name in keyof UrlTargetOptions]?: UrlTargetOptions[Name] | undefined } = {
    webSocketUrl: one("--ws-url", values["ws-url"]),
    userName: one("--username", values.username),
    password: one("--password", values.password),
    ca: file("cafile"),
    cert: file("cert"),
    key: file("key"),
    insecure: values.insecure,
  };
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  try {
    return urlTarget(url, known);
  } catch (error) {
    // The library names its parameters; here they are options.
    if (!(error instanceof ConfigError)) throw error;
    const option = error.path === "webSocketUrl" ? "--ws-url" : "<url>";
    throw new ConfigError(option, error.message.slice(error.path.length + 2));
  }
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(option, `${path} cannot be read: ${describeError(error)}.`);
  }
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`);
  } catch (error) {
    throw new ConfigError("--junit", `${path} cannot be written: ${describeError(error)}.`);
  }
}

interface Ready {
  readonly versions: readonly ProtocolVersion[];
  readonly leftOut: readonly LeftOut[];
  readonly remarks: readonly string[];
}

const statuses = {
  unreachable: ConformanceStatus.UNREACHABLE,
  "not-mqtt": ConformanceStatus.NOT_MQTT,
  refused: ConformanceStatus.REFUSED,
  "version-not-supported": ConformanceStatus.VERSION_NOT_SUPPORTED,
} as const;

/** Which of `versions` the broker speaks, or why none of this can be. */
async function look(
  target: ConformanceTarget,
  versions: readonly ProtocolVersion[],
  values: Values,
): Promise<Ready | { readonly status: number; readonly reason: string }> {
  const patienceMs = (values.patience ?? DEFAULT_PATIENCE_SECONDS) * 1000;
  const results: [ProtocolVersion, PreflightResult][] = await Promise.all(
    versions.map(async (version) => [version, await preflight(target, version, { patienceMs })]),
  );
  const isAsked = values["protocol-version"] !== undefined;
  const isReady = results.some(([, { kind }]) => kind === "ready");
  const leftOut: LeftOut[] = [];
  for (const kind of ["unreachable", "refused", "version-not-supported", "not-mqtt"] as const) {
    for (const [version, result] of results) {
      if (result.kind !== kind) continue;
      // A broker that speaks one version and is silent in another does not know the other.
      const isOtherVersion = kind === "version-not-supported" || kind === "not-mqtt";
      if (isReady && isOtherVersion && !isAsked) leftOut.push({ version, reason: result.reason });
      else {
        const status = isReady && isOtherVersion ? statuses["version-not-supported"] : statuses[kind];
        return { status, reason: result.reason };
      }
    }
  }
  const remarks = results.flatMap(([, result]) =>
    result.kind === "ready" && result.remark !== undefined ? [result.remark] : [],
  );
  const spoken = results.filter(([, { kind }]) => kind === "ready").map(([version]) => version);
  return { versions: spoken, leftOut, remarks };
}

async function runAll(
  target: ConformanceTarget,
  cases: readonly ConformanceCase[],
  { versions, leftOut, remarks }: Ready,
  values: Values,
): Promise<RunReport> {
  const startedAt = new Date();
  const started = performance.now();
  const progress = new Progress(process.stderr);
  const outcomes: Outcome[] = [];
  for (const version of versions) {
    const all = cases.filter((each) => each.versions.includes(version)).length;
    let done = 0;
    let failed = 0;
    const found = await runConformance(target, {
      cases,
      versions: [version],
      concurrency: values.concurrency ?? DEFAULT_CONCURRENCY,
      patienceMs: (values.patience ?? DEFAULT_PATIENCE_SECONDS) * 1000,
      onOutcome({ status }) {
        done++;
        if (status === "failed") failed++;
        progress.show(`MQTT ${versionName(version)}: ${done} of ${all} cases, ${failed} failed`);
      },
    });
    outcomes.push(...found);
  }
  progress.clear();
  return {
    target: target.name,
    startedAt,
    durationMs: performance.now() - started,
    grades: versions.map((version) => gradeOutcomes(outcomes, version)),
    outcomes,
    leftOut,
    remarks,
  };
}

/** A broker that went away during the run has not been graded, whatever was found before. */
async function statusOf(target: ConformanceTarget, { outcomes, grades }: RunReport): Promise<number> {
  const lost = outcomes.find(
    ({ status, reason }) => status === "inconclusive" && reason?.includes(target.name),
  );
  const version = grades.at(-1)?.version;
  if (lost !== undefined && version !== undefined) {
    const result = await preflight(target, version);
    if (result.kind === "unreachable") {
      console.error(
        `martlet: The broker went away during the run, at ${lost.case.name} or before. ${result.reason}`,
      );
      return ConformanceStatus.UNREACHABLE;
    }
  }
  const hasFailed = outcomes.some(({ status }) => status === "failed");
  return hasFailed ? ConformanceStatus.FAILURES : ConformanceStatus.NOTHING_FAILED;
}

function listOf(cases: readonly ConformanceCase[], versions: readonly ProtocolVersion[]): string {
  const shown = cases.filter((each) => each.versions.some((version) => versions.includes(version)));
  return shown
    .map((each) => {
      const names = each.versions.filter((version) => versions.includes(version)).map(versionName);
      return `${each.name}  (${names.join(", ")})  ${each.title}`;
    })
    .join("\n");
}
