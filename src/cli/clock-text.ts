/** A time in the words of strftime(3), in the C locale and the local zone. */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** `%letter` of strftime; `%` and the letter for one that it does not know. */
export function strftime(letter: string, at: Date): string {
  const write = directives[letter];
  return write === undefined ? `%${letter}` : write(at);
}

/** A whole format of strftime, such as `%Y-%m-%dT%H:%M:%S`. */
export function strftimeText(format: string, at: Date): string {
  return format.replace(/%([A-Za-z%])/g, (_whole, letter: string) => strftime(letter, at));
}

/** Nanoseconds of the second, nine digits. */
export function nanoseconds(atMs: number): string {
  const fraction = atMs / 1000 - Math.floor(atMs / 1000);
  return two(Math.min(999_999_999, Math.floor(fraction * 1e9)), 9);
}

/** `+0100` */
function zone(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zoneName(at: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(at);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function two(value: number, digits = 2): string {
  return String(value).padStart(digits, "0");
}

function spaced(value: number): string {
  return String(value).padStart(2, " ");
}

function hour12(at: Date): number {
  return at.getHours() % 12 === 0 ? 12 : at.getHours() % 12;
}

function dayOfYear(at: Date): number {
  const day = Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((day - Date.UTC(at.getFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** ISO 8601: the week belongs to the year that has its Thursday. */
function isoWeek(at: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(at.getFullYear(), at.getMonth(), at.getDate() - ((at.getDay() + 6) % 7) + 3);
  return { year: thursday.getFullYear(), week: Math.floor((dayOfYear(thursday) - 1) / 7) + 1 };
}

function join(letters: string, at: Date): string {
  return letters.replace(/[A-Za-z]/g, (letter) => strftime(letter, at));
}

const directives: Readonly<Record<string, (at: Date) => string>> = {
  a: (at) => (DAYS[at.getDay()] as string).slice(0, 3),
  A: (at) => DAYS[at.getDay()] as string,
  b: (at) => (MONTHS[at.getMonth()] as string).slice(0, 3),
  B: (at) => MONTHS[at.getMonth()] as string,
  c: (at) => join("a b e T Y", at),
  C: (at) => two(Math.floor(at.getFullYear() / 100)),
  d: (at) => two(at.getDate()),
  D: (at) => join("m/d/y", at),
  e: (at) => spaced(at.getDate()),
  F: (at) => join("Y-m-d", at),
  g: (at) => two(isoWeek(at).year % 100),
  G: (at) => String(isoWeek(at).year),
  h: (at) => strftime("b", at),
  H: (at) => two(at.getHours()),
  I: (at) => two(hour12(at)),
  j: (at) => two(dayOfYear(at), 3),
  k: (at) => spaced(at.getHours()),
  l: (at) => spaced(hour12(at)),
  m: (at) => two(at.getMonth() + 1),
  M: (at) => two(at.getMinutes()),
  n: () => "\n",
  p: (at) => (at.getHours() < 12 ? "AM" : "PM"),
  P: (at) => (at.getHours() < 12 ? "am" : "pm"),
  r: (at) => join("I:M:S p", at),
  R: (at) => join("H:M", at),
  s: (at) => String(Math.floor(at.getTime() / 1000)),
  S: (at) => two(at.getSeconds()),
  t: () => "\t",
  T: (at) => join("H:M:S", at),
  u: (at) => String(at.getDay() === 0 ? 7 : at.getDay()),
  U: (at) => two(Math.floor((dayOfYear(at) + 6 - at.getDay()) / 7)),
  V: (at) => two(isoWeek(at).week),
  w: (at) => String(at.getDay()),
  W: (at) => two(Math.floor((dayOfYear(at) + 6 - ((at.getDay() + 6) % 7)) / 7)),
  x: (at) => join("m/d/y", at),
  X: (at) => join("H:M:S", at),
  y: (at) => two(at.getFullYear() % 100),
  Y: (at) => String(at.getFullYear()),
  z: zone,
  Z: zoneName,
  "%": () => "%",
};
