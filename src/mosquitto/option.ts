/**
 * The words in which mosquitto's options are declared. A declaration says what the option takes, what it becomes here, and how
 * much of mosquitto's meaning that is; the reader, `martlet migrate` and the reference page are made from it.
 */

import type { Target } from "./target.ts";

/**
 * `same`: as in mosquitto. `different`: it has an effect, but another one. `unsupported`: it has none, which is said when the
 * broker starts. `refused`: the broker does not start with it, since without it the broker would be less safe than it looks.
 */
export type Verdict = "same" | "different" | "unsupported" | "refused";

export type OptionScope = "general" | "listener" | "bridge" | "plugin";

/** An option of mosquitto, as the reference page shows it. */
export interface MosquittoOption {
  /** One that ends with `*` stands for all that begin so. */
  readonly name: string;
  /** Other names of the same. */
  readonly aliases?: readonly string[];
  readonly scope: OptionScope;
  readonly verdict: Verdict;
  /** The keys of Martlet's configuration that it sets; within the listener or bridge where it belongs to one. */
  readonly keys: readonly string[];
  /** A sentence, or more. */
  readonly says: string;
  /** Never shown. */
  readonly isSecret?: true;
}

/** One that the reader can follow. */
export interface ReadableOption extends MosquittoOption {
  /** Whether a second one is a mistake; others add up, or the last one counts. */
  readonly isOnce: boolean;
  /** What mosquitto's errors call it. */
  readonly label: string;
  /** @throws MosquittoConfError for a value that mosquitto would not take */
  readonly apply: (text: string, target: Target) => void;
}

interface Marks {
  readonly verdict?: Verdict;
  readonly keys?: readonly string[];
  readonly says: string;
  readonly aliases?: readonly string[];
  readonly label?: string;
  readonly isSecret?: true;
  readonly isOnce?: true;
}

/** Makes a value of the text behind a name. */
export type Form<T> = (text: string, label: string, target: Target) => T;

/** What makes the options of one scope. */
export type OptionMaker = <T>(
  name: string,
  form: Form<T>,
  marks: Marks,
  use?: (value: T, target: Target) => void,
) => ReadableOption;

/**
 * Options of `scope`. Without `use` the value is set at the first of `keys`; an option without keys is read and has no effect.
 */
export function optionsOf(scope: OptionScope): OptionMaker {
  return (name, form, marks, use) => {
    const { verdict = "same", keys = [], label = name, isOnce, ...rest } = marks;
    const [key] = keys;
    return {
      ...rest,
      name,
      scope,
      verdict,
      keys: scope === "bridge" ? keys.map(inBridge) : keys,
      label,
      isOnce: isOnce === true,
      apply(text, target) {
        const value = form(text, label, target);
        if (use !== undefined) use(value, target);
        else if (key !== undefined) target.set(key, value);
      },
    };
  };
}

function inBridge(key: string): string {
  return key.startsWith("bridges.") ? key : `bridges.${key}`;
}

/** Yes or no. */
export const toggle: Form<boolean> = (text, label, target) => {
  const word = filled(text.trim(), label, target);
  if (word === "true" || word === "1") return true;
  if (word === "false" || word === "0") return false;
  throw target.mistake(`Invalid ${label} value (${word}).`);
};

/** A text; spaces within it are part of it. */
export const text: Form<string> = (value, label, target) => filled(value, label, target);

/** The words of the value. */
export const words: Form<readonly string[]> = (value, label, target) =>
  filled(value.trim(), label, target).split(/ +/);

/** A text without a meaning here. */
export const anything: Form<string> = (value) => value;

/** A whole number. @param otherwise mosquitto's words for one that is not allowed */
export function whole(lowest: number, highest = Number.MAX_SAFE_INTEGER, otherwise?: string): Form<number> {
  return (value, label, target) => {
    const shown = filled(value.trim(), label, target);
    const number = /^[+-]?\d{1,15}$/.test(shown) ? Number(shown) : Number.NaN;
    if (number >= lowest && number <= highest) return number;
    throw target.mistake(otherwise ?? `Invalid ${label} value (${shown}).`);
  };
}

/** One of some words. */
export function choice<const C extends string>(
  choices: readonly C[],
  otherwise?: (found: string) => string,
): Form<C> {
  return (value, label, target) => {
    const word = filled(value.trim(), label, target);
    const found = choices.find((each) => each === word);
    if (found !== undefined) return found;
    throw target.mistake(otherwise?.(word) ?? `Invalid ${label} value (${word}).`);
  };
}

function filled(value: string, label: string, target: Target): string {
  if (value === "") throw target.mistake(`Empty ${label} value in configuration.`);
  return value;
}
