/** Figures for people: three digits are all that a measurement is worth. */

export const NOTHING = "–";

/** `14.8M`, `229k`, `812` */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  const rounded = Number(value.toPrecision(3));
  if (rounded >= 1e6) return `${digits(rounded / 1e6)}M`;
  return rounded >= 1000 ? `${digits(rounded / 1000)}k` : digits(rounded);
}

/** `0.059`, `4.35`, `26.4`, `226` */
export function digits(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  const rounded = Number(value.toPrecision(3));
  const decimals = rounded >= 100 ? 0 : rounded >= 10 ? 1 : rounded >= 1 ? 2 : 3;
  return rounded.toFixed(decimals);
}

/** `5.31×` */
export function times(ratio: number): string {
  return `${digits(ratio)}×`;
}

/** `311 µs`, `2.72 ms`, `1.94 s` */
export function duration(microseconds: number | undefined): string {
  if (microseconds === undefined) return NOTHING;
  const rounded = Number(microseconds.toPrecision(3));
  if (rounded >= 1e6) return `${digits(rounded / 1e6)} s`;
  return rounded >= 1000 ? `${digits(rounded / 1000)} ms` : `${digits(rounded)} µs`;
}

/** `5.59 kB` */
export function kilobytes(bytes: number): string {
  return `${digits(bytes / 1000)} kB`;
}
