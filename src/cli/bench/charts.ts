/** Small charts of Unicode blocks. */

const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** `▁▃▆█`: the values in at most `width` columns, from 0 to the largest. */
export function sparkline(values: readonly number[], width: number): string {
  const largest = Math.max(...values);
  return inColumns(values, width)
    .map((value) => LEVELS[largest > 0 ? Math.min(7, Math.floor((value / largest) * 8)) : 0])
    .join("");
}

/** `███▌`: `share` (0 to 1) of `width` columns; something can be seen of everything above 0. */
export function bar(share: number, width: number): string {
  const eighths = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** Means of neighbours where there are more values than columns. */
function inColumns(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.floor(((column + 1) * values.length) / width);
    const part = values.slice(from, to);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
