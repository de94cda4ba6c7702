/** Tables as aligned text for a terminal, and as Markdown. Columns of words begin at their left, those of figures end at their right. */

import { stripVTControlCharacters } from "node:util";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Columns of words, by their titles. */
const wordy: ReadonlySet<string> = new Set(["scenario", "client", "peer", "faults", "benchmark", "what"]);

export function textTable({ head, rows }: Table): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? "")].map(widthOf)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const padding = " ".repeat((widths[column] ?? 0) - widthOf(cell));
        return wordy.has(head[column] ?? "") ? cell + padding : padding + cell;
      })
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}

export function markdownTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => stripVTControlCharacters(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map((title) => (wordy.has(title) ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
