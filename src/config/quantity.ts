/** Numbers with a unit behind them, as people write them: `64MiB`, `30s`. */

import type { Unit } from "./declare.ts";

const KIB = 1024;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** What each suffix is worth, in the setting's own unit. */
const worth: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  bytes: {
    B: 1,
    kB: 1000,
    MB: 1000 ** 2,
    GB: 1000 ** 3,
    TB: 1000 ** 4,
    KiB: KIB,
    MiB: KIB ** 2,
    GiB: KIB ** 3,
    TiB: KIB ** 4,
  },
  seconds: { s: 1, min: MINUTE, h: HOUR, d: DAY, w: WEEK },
  ms: { ms: 1, s: 1000, min: MINUTE * 1000, h: HOUR * 1000, d: DAY * 1000 },
};

const shape = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]{1,3})$/;

/**
 * The number that `text` stands for, or undefined when it stands for none.
 *
 * @example
 * quantityOf("64MiB", "bytes"); // 67108864
 * quantityOf("1.5s", "ms"); // 1500
 */
export function quantityOf(text: string, unit: Unit): number | undefined {
  const [, digits = "", suffix = ""] = shape.exec(text) ?? [];
  const factor = Object.hasOwn(worth[unit], suffix) ? worth[unit][suffix] : undefined;
  if (factor === undefined) return undefined;
  const value = Number(digits) * factor;
  // A part of a second may not come out exactly.
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) && Math.abs(value - rounded) < 1e-6 ? rounded : undefined;
}

/** For JSON Schema. */
export function quantityPattern(unit: Unit): string {
  return `^[0-9]+(\\.[0-9]+)? ?(${Object.keys(worth[unit]).join("|")})$`;
}

/** Behind "a whole number from 1 to 5". */
export function quantityWords(unit: Unit): string {
  switch (unit) {
    case "bytes":
      return `, or a text such as "64MiB"`;
    case "seconds":
      return `, or a text such as "30s" or "2h"`;
    case "ms":
      return `, or a text such as "500ms" or "30s"`;
  }
}
