/** Numbers as people read them. */

/** `4,021,000`: four digits that count, the rest zeros. */
export function rounded(value: number): string {
  if (value < 100) return String(Number(value.toPrecision(3)));
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 3);
  return whole(Math.round(value / step) * step);
}

/** `4,021,345` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** `210 µs`, `1.23 ms`, `4.5 s` */
export function duration(microseconds: number): string {
  const digits = (value: number): string => String(Number(value.toPrecision(3)));
  if (microseconds < 999.5) return `${digits(microseconds)} µs`;
  if (microseconds < 999_500) return `${digits(microseconds / 1000)} ms`;
  return `${digits(microseconds / 1_000_000)} s`;
}

/** `96.4 MB` */
export function size(bytes: number): string {
  const digits = (value: number): string => String(Number(value.toPrecision(3)));
  if (bytes < 1000) return `${digits(bytes)} B`;
  if (bytes < 1_000_000) return `${digits(bytes / 1000)} kB`;
  return bytes < 1_000_000_000 ? `${digits(bytes / 1_000_000)} MB` : `${digits(bytes / 1_000_000_000)} GB`;
}
