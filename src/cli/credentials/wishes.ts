/** What somebody asks for, as a recipe reads it: an option that is missing or wrong becomes a sentence. */

import { ConfigError } from "#base";

const DAY_SECONDS = 86_400;

export type GivenValues = Readonly<Record<string, boolean | number | readonly string[] | undefined>>;

export class Wishes {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly #values: GivenValues;
  readonly #invent: (length: number) => string;

  /** @param invent makes letters and digits that nobody can guess */
  constructor(values: GivenValues, nowMs: number, invent: (length: number) => string) {
    this.#values = values;
    this.nowMs = nowMs;
    this.#invent = invent;
  }

  /** @throws ConfigError when it is missing */
  need(option: string): string {
    const value = this.text(option);
    if (value === undefined) throw new ConfigError(`--${option}`, "it is missing; this cloud needs it.");
    return value;
  }

  /** @throws ConfigError when it is given twice, or would break lines */
  text(option: string): string | undefined {
    const values = this.#values[option];
    if (!Array.isArray(values)) return undefined;
    if (values.length > 1) throw new ConfigError(`--${option}`, "it is given twice.");
    const [value] = values as string[];
    // oxlint-disable-next-line no-control-regex
    if (value !== undefined && /[\u0000-\u001f\u007f]/.test(value)) {
      throw new ConfigError(`--${option}`, "there is a control character in it.");
    }
    return value;
  }

  has(option: string): boolean {
    return this.#values[option] === true;
  }

  number(option: string): number | undefined {
    const value = this.#values[option];
    return typeof value === "number" ? value : undefined;
  }

  /** @throws ConfigError for what is none of `known` */
  choice<T extends string>(option: string, known: readonly T[]): T | undefined {
    const value = this.text(option);
    const found = known.find((each) => each === value);
    if (value !== undefined && found === undefined) {
      throw new ConfigError(`--${option}`, `"${value}" is not known here; give ${known.join(", ")}.`);
    }
    return found;
  }

  random(option: string, length: number): string {
    return this.text(option) ?? this.#invent(length);
  }

  /** Seconds since 1970. */
  get signedAtSeconds(): number {
    return this.number("timestamp") ?? Math.floor(this.nowMs / 1000);
  }

  /** Seconds since 1970, counted from the time that is signed. */
  get expiresAtSeconds(): number {
    const at = this.number("expires-at");
    const within = this.number("expires-in");
    if (at !== undefined && within !== undefined) {
      throw new ConfigError("--expires-at", "it contradicts --expires-in; give one of them.");
    }
    return at ?? this.signedAtSeconds + (within ?? DAY_SECONDS);
  }
}
