/** What an examination says: one sentence about one thing, how much it matters, and what to do about it. */

/** By how much they matter, the least first. Only a `problem` makes an examination fail. */
export const levels = ["ok", "note", "warning", "problem"] as const;
export type Level = (typeof levels)[number];

/** What a finding is about, in the order in which they are told. */
export const areas = [
  "start",
  "reach",
  "logins",
  "access",
  "tls",
  "safety",
  "clock",
  "system",
  "disk",
  "probe",
] as const;
export type Area = (typeof areas)[number];

/** Never holds a secret. */
export interface Finding {
  readonly level: Level;
  readonly area: Area;
  /** A sentence or several: what is so. */
  readonly what: string;
  /** What to do about it, in the imperative; absent where nothing is to be done. */
  readonly advice?: string;
}

export function ok(area: Area, what: string): Finding {
  return { level: "ok", area, what };
}

export function note(area: Area, what: string, advice?: string): Finding {
  return { level: "note", area, what, ...(advice === undefined ? {} : { advice }) };
}

export function warning(area: Area, what: string, advice: string): Finding {
  return { level: "warning", area, what, advice };
}

export function problem(area: Area, what: string, advice: string): Finding {
  return { level: "problem", area, what, advice };
}

/** `1 user`, `2 users`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

const MOST_NAMED = 3;

/** `a, b, c and 2 more` */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(", ");
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown;
}
