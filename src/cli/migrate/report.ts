/** What `martlet migrate` tells: each line of a mosquitto.conf, and what was moved of a mosquitto.db. */

import type { ImportReport, OptionReport, Verdict } from "#mosquitto";
import { printable } from "../escape.ts";

const verdicts: readonly Verdict[] = ["same", "different", "unsupported", "refused"];
const WIDEST_VERDICT = "unsupported".length;

/** All that there is to tell. */
export interface Migration {
  readonly options: readonly OptionReport[];
  /** Undefined when none was to be moved, or nothing was written. */
  readonly database: ImportReport | undefined;
  /** Where files were written. */
  readonly written: readonly string[];
  /** What `martlet.service` of packaging/ would need changed, a sentence each. */
  readonly forUnit: readonly string[];
}

export function countsOf(options: readonly OptionReport[]): Readonly<Record<Verdict, number>> {
  const counts = { same: 0, different: 0, unsupported: 0, refused: 0 };
  for (const { verdict } of options) counts[verdict]++;
  return counts;
}

/** One object on one line. */
export function jsonReport({ options, database, written, forUnit }: Migration): string {
  return JSON.stringify({ options, counts: countsOf(options), database, written, forUnit });
}

export function textReport({ options, database, written, forUnit }: Migration): string[] {
  const counts = countsOf(options);
  const lines = options.map(optionLine);
  lines.push(
    verdicts
      .filter((verdict) => verdict === "same" || counts[verdict] > 0)
      .map((verdict) => `${counts[verdict]} ${verdict}`)
      .join(", "),
  );
  if (database !== undefined) lines.push(...databaseLines(database));
  for (const path of written) lines.push(printable(`${path} is written`));
  if (written.length > 0) lines.push(...forUnit.map((each) => printable(`for martlet.service: ${each}`)));
  return lines;
}

/** `mosquitto.conf:3: same        listener 1883: …; listeners.port` */
function optionLine({ file, line, name, value, scope, verdict, says, keys }: OptionReport): string {
  const place = line === 0 ? file : `${file}:${line}`;
  const option = [name, value].filter((part) => part !== "").join(" ");
  const head = `${place}: ${verdict.padEnd(WIDEST_VERDICT)} ${option === "" ? "" : `${option}: `}`;
  const where = scope === "general" || scope.startsWith("listener ") ? "" : ` (${scope})`;
  const ours = keys.length === 0 ? "" : ` [${keys.join(", ")}]`;
  return printable(`${head}${says}${where}${ours}`);
}

function databaseLines(report: ImportReport): string[] {
  const { retained, sessions, subscriptions, queued, inFlight, published, leftOut } = report;
  return [
    `moved: ${retained} retained messages, ${sessions} sessions with ${subscriptions} subscriptions, ${queued} messages that wait for them and ${inFlight} in flight`,
    ...(published === 0 ? [] : [`published: ${published} messages that mosquitto held back until PUBREL`]),
    ...leftOut.map((each) => printable(`left out: ${each}`)),
  ];
}
