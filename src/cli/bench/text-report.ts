/** What a run found, for people: figures, two small charts, and what went wrong. */

import { styleText } from "node:util";
import type { Latency, Scenario, ScenarioResult } from "#bench";
import { printable } from "../escape.ts";
import { bar, sparkline } from "./charts.ts";
import { duration, rounded, size, whole } from "./figures.ts";

const LABEL_WIDTH = 13;
const NARROWEST_CHART = 10;
const WIDEST_CHART = 60;
/** Bars for less than this share of the messages are drawn together, at either end. */
const SMALLEST_SHARE = 0.0005;

/** Lines without a line feed; at most `columns` wide where words can be broken. */
export function textReport(scenario: Scenario, result: ScenarioResult, columns: number): string {
  const lines = [`${styleText("bold", result.scenario)}  ${styleText("dim", scenario.summary)}`];
  const say = (label: string, text: string): void => {
    lines.push(`  ${label.padEnd(LABEL_WIDTH)}${text}`);
  };
  for (const [label, text] of figures(result)) say(label, text);
  if (result.course.length > 1) {
    const rates = result.course.map(({ deliveriesPerSecond }) => deliveriesPerSecond);
    const width = Math.min(WIDEST_CHART, Math.max(NARROWEST_CHART, columns - LABEL_WIDTH - 3));
    say("course", styleText("cyan", sparkline(rates, width)));
  }
  if (result.latency !== undefined) {
    say("latency", percentiles(result.latency));
    lines.push(...distribution(result.latency, columns));
  }
  say("CPU", cpu(result));
  lines.push(...conclusion(result));
  return lines.join("\n");
}

function* figures(result: ScenarioResult): Generator<[label: string, text: string]> {
  const { deliveries, seconds, deliveriesPerSecond, fairness } = result;
  const many = `${whole(deliveries)} in ${seconds.toFixed(1)} s`;
  switch (result.kind) {
    case "storm":
      yield ["connects", `${styleText("bold", `${rounded(result.connectsPerSecond ?? 0)}/s`)}  (${many})`];
      break;
    case "idle":
      yield ["connections", `${whole(result.connections ?? 0)}, ${rounded(result.connectsPerSecond ?? 0)}/s`];
      if (result.bytesPerConnection !== undefined)
        yield ["memory", `${styleText("bold", size(result.bytesPerConnection))} a connection`];
      break;
    case "retained":
    case "offline": {
      const took = result.kind === "retained" ? result.allReceivedMs : result.drainMs;
      yield ["stored", `${rounded(result.storedPerSecond ?? 0)}/s`];
      yield ["fetched", `${whole(deliveries)} in ${styleText("bold", duration((took ?? 0) * 1000))}`];
      break;
    }
    case "flow":
    case "fairness":
      yield ["messages", `${styleText("bold", `${rounded(deliveriesPerSecond)}/s`)}  (${many})`];
  }
  if (fairness !== undefined) {
    const { aloneP99Us, floodedP99Us, ratio, floodPerSecond } = fairness;
    const ratioText = styleText("bold", `${rounded(ratio)} times`);
    yield [
      "fairness",
      `p99 ${duration(aloneP99Us)} alone, ${duration(floodedP99Us)} beside the flood: ${ratioText}`,
    ];
    yield ["flood", `${rounded(floodPerSecond)}/s`];
  }
  if (result.brokerResidentBytes !== undefined) yield ["broker's RSS", size(result.brokerResidentBytes)];
}

function percentiles({ p50Us, p99Us, p999Us, maxUs }: Latency): string {
  return `p50 ${styleText("bold", duration(p50Us))}, p99 ${styleText("bold", duration(p99Us))}, p99.9 ${duration(p999Us)}, max ${duration(maxUs)}`;
}

interface Row {
  readonly label: string;
  readonly share: number;
}

function distribution({ distribution: bars, count }: Latency, columns: number): string[] {
  const shown = bars.filter((each) => each.count / count >= SMALLEST_SHARE);
  const [first] = shown;
  const last = shown.at(-1);
  if (first === undefined || last === undefined) return [];
  const rows: Row[] = bars
    .filter(({ fromUs, toUs }) => fromUs >= first.fromUs && toUs <= last.toUs)
    .map((each) => ({
      label: `${duration(each.fromUs)} - ${duration(each.toUs)}`,
      share: each.count / count,
    }));
  const outside = (isOutside: (each: (typeof bars)[number]) => boolean): number =>
    bars.filter(isOutside).reduce((sum, each) => sum + each.count, 0) / count;
  const below = outside(({ toUs }) => toUs <= first.fromUs);
  const above = outside(({ fromUs }) => fromUs >= last.toUs);
  if (below > 0) rows.unshift({ label: `below ${duration(first.fromUs)}`, share: below });
  if (above > 0) rows.push({ label: `above ${duration(last.toUs)}`, share: above });

  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const largest = Math.max(...rows.map(({ share }) => share));
  const indent = 2 + LABEL_WIDTH;
  const width = Math.min(WIDEST_CHART, Math.max(NARROWEST_CHART, columns - indent - labelWidth - 10));
  return rows.map(({ label, share }) => {
    const drawn = styleText("cyan", bar(share / largest, width));
    return `${" ".repeat(indent)}${label.padStart(labelWidth)} ${drawn} ${percent(share)}`;
  });
}

function percent(share: number): string {
  const value = share * 100;
  return value >= 0.1 ? `${value.toFixed(1)} %` : "< 0.1 %";
}

function cpu({ kind, brokerCpuSecondsPerMillion, ownCpuSecondsPerMillion }: ScenarioResult): string {
  const what = kind === "storm" || kind === "idle" ? "connects" : "messages";
  const own = `${rounded(ownCpuSecondsPerMillion)} s`;
  const broker =
    brokerCpuSecondsPerMillion === undefined ? undefined : `${rounded(brokerCpuSecondsPerMillion)} s`;
  return broker === undefined
    ? `this program ${own} for a million ${what}; the broker's with --pid`
    : `broker ${styleText("bold", broker)}, this program ${own} for a million ${what}`;
}

function conclusion(result: ScenarioResult): string[] {
  const { correct, problems, kind } = result;
  const mark = correct ? styleText("green", "✓") : styleText("red", "✗");
  const told = problems.map((problem) => printable(problem));
  if (correct) {
    const fine =
      kind === "storm" || kind === "idle" ? "Nobody was refused." : "Every message came once and in order.";
    return [`  ${mark} ${told.length === 0 ? fine : told.join(" ")}`];
  }
  return told.map((problem) => `  ${mark} ${problem}`);
}
