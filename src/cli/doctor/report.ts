/** Findings for people, by areas, the worst marked; and for programs. */

import { styleText } from "node:util";
import { type Area, areas, type Finding, type Level, levels } from "#doctor";
import { paragraph } from "../decode/text-lines.ts";
import { printable } from "../escape.ts";

const titles: Readonly<Record<Area, string>> = {
  start: "The configuration",
  reach: "What is reachable from where",
  logins: "Who may log in",
  access: "Who may do what",
  tls: "Certificates",
  safety: "What is unsafe",
  clock: "Clock",
  system: "System",
  disk: "Disk",
  probe: "The broker that runs",
};

/** Words, so that they can be searched for and read without colours; as wide as the widest. */
const marks: Readonly<Record<Level, string>> = {
  ok: "ok     ",
  note: "note   ",
  warning: "warning",
  problem: "problem",
};
const styles = { ok: "green", note: "cyan", warning: "yellow", problem: "red" } as const;
const INDENT = " ".repeat(2 + marks.ok.length + 2);

/** Lines without a line feed, at most `columns` wide where words can be broken. */
export function textReport(findings: readonly Finding[], columns: number): string[] {
  const lines: string[] = [];
  for (const area of areas) {
    const here = findings.filter((finding) => finding.area === area);
    if (here.length === 0) continue;
    lines.push(styleText("bold", titles[area]), ...here.flatMap((each) => findingLines(each, columns)), "");
  }
  return [...lines, conclusion(findings)];
}

function findingLines({ level, what, advice }: Finding, columns: number): string[] {
  const width = columns - INDENT.length;
  const [first = "", ...rest] = paragraph(printable(what), width);
  const advised = advice === undefined ? [] : paragraph(printable(`-> ${advice}`), width, "   ");
  return [
    `  ${styleText(styles[level], marks[level])}  ${first}`,
    ...rest.map((line) => INDENT + line),
    ...advised.map((line) => INDENT + styleText("bold", line)),
  ];
}

function conclusion(findings: readonly Finding[]): string {
  const counts = countsOf(findings);
  const text = `${counted(counts.problem, "problem")}, ${counted(counts.warning, "warning")}, ${counted(counts.note, "note")}.`;
  const worst = levels.findLast((level) => counts[level] > 0) ?? "ok";
  return styleText(styles[worst], text);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

type Counts = Record<Level, number>;

export function countsOf(findings: readonly Finding[]): Counts {
  const counts: Counts = { ok: 0, note: 0, warning: 0, problem: 0 };
  for (const { level } of findings) counts[level]++;
  return counts;
}

/** One object: the counts by level, and all findings. */
export function jsonReport(findings: readonly Finding[]): string {
  return JSON.stringify({ counts: countsOf(findings), findings }, undefined, 2);
}
