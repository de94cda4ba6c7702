/**
 * The options of a command as a table, and a command line read by it: typed values, or one sentence that says what is
 * wrong. Node's `parseArgs` splits the line; what is allowed is judged here, so that all commands answer alike.
 */

import { parseArgs } from "node:util";
import { ConfigError, nearest } from "#base";

interface Described {
  /** One letter, for `-p`. */
  readonly short?: string;
  readonly help: string;
}

/** On or off. */
interface Switch extends Described {
  readonly kind: "switch";
}

/** A whole number from `lowest` to `highest`. */
interface IntegerOption extends Described {
  readonly kind: "integer";
  readonly placeholder: string;
  readonly lowest: number;
  readonly highest: number;
}

/** As `integer`, and may be given several times. */
interface IntegersOption extends Described {
  readonly kind: "integers";
  readonly placeholder: string;
  readonly lowest: number;
  readonly highest: number;
}

/** A text that may be given several times. */
interface TextsOption extends Described {
  readonly kind: "texts";
  readonly placeholder: string;
}

export type Option = Switch | IntegerOption | IntegersOption | TextsOption;

/** By their long names, without the dashes. */
export type Options = Readonly<Record<string, Option>>;

type Value<O extends Option> = O extends Switch
  ? boolean
  : O extends IntegerOption
    ? number
    : O extends IntegersOption
      ? readonly number[]
      : readonly string[];

/** What was given; absent where nothing was. */
export type OptionValues<O extends Options> = { readonly [Name in keyof O]?: Value<O[Name]> };

/** Every command has these. */
export const commonOptions = {
  help: { kind: "switch", short: "h", help: "Show this help." },
  version: { kind: "switch", help: "Show the version." },
} as const satisfies Options;

/**
 * The values that `args` give to `options`. An option that is given twice counts as it was given last, unless it may be
 * given several times.
 *
 * @throws ConfigError whose `path` is the option as it was written
 */
export function readOptions<O extends Options>(args: readonly string[], options: O): OptionValues<O> {
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { kind, short }]) => [
        name,
        { type: kind === "switch" ? "boolean" : "string", ...(short === undefined ? {} : { short }) },
      ]),
    ),
    strict: false,
    tokens: true,
  });
  const values: Record<string, boolean | number | (string | number)[]> = {};
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new ConfigError(token.value, "no argument is expected here; martlet --help lists the options.");
    if (token.kind === "option-terminator") continue;
    const { rawName, name } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownOption(rawName, Object.keys(options));
    if (option.kind === "switch") {
      if (token.value !== undefined) throw new ConfigError(rawName, "this option takes no value.");
      values[name] = true;
    } else {
      const value = givenValue(token, option);
      if (option.kind === "integer") values[name] = integer(rawName, value, option);
      else {
        const item = option.kind === "texts" ? value : integer(rawName, value, option);
        values[name] = [...((values[name] as (string | number)[] | undefined) ?? []), item];
      }
    }
  }
  return values as OptionValues<O>;
}

function unknownOption(rawName: string, names: readonly string[]): ConfigError {
  const near = rawName.startsWith("--") ? nearest(rawName.slice(2), names) : undefined;
  const hint = near === undefined ? "martlet --help lists them all." : `Did you mean --${near}?`;
  return new ConfigError(rawName, `there is no such option. ${hint}`);
}

interface Given {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

/** The value behind the option; the next option is none. */
function givenValue({ rawName, value, inlineValue }: Given, option: Exclude<Option, Switch>): string {
  const isNextOption = inlineValue === false && value !== undefined && /^-[^0-9]/.test(value);
  if (value === undefined || value === "" || isNextOption) {
    throw new ConfigError(rawName, `a value is missing; write ${rawName} ${option.placeholder}.`);
  }
  return value;
}

function integer(rawName: string, text: string, { lowest, highest }: IntegerOption | IntegersOption): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= lowest && value <= highest) return value;
  throw new ConfigError(
    rawName,
    `"${text}" is not allowed; give a whole number from ${lowest} to ${highest}.`,
  );
}
