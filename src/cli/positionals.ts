/** Arguments without a name as options: a command line is read as a table of options and nothing else. */

import type { Options } from "./options.ts";

/**
 * `args` with each argument that is no option, nor the value of one, under the name that it has by its place; those behind
 * the last name have that, too. So `names` of `["file", "user"]` makes `accounts alice -b` to `--file=accounts --user=alice -b`.
 */
export function namePositionals(
  args: readonly string[],
  options: Options,
  names: readonly [string, ...string[]],
): string[] {
  const named: string[] = [];
  let count = 0;
  let isBehindTerminator = false;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    const next = args[i + 1];
    if (!isBehindTerminator && word === "--") isBehindTerminator = true;
    else if (isBehindTerminator || word === "-" || !word.startsWith("-")) {
      named.push(`--${names[Math.min(count, names.length - 1)] as string}=${word}`);
      count++;
    } else if (takesValue(word, options) && next !== undefined) {
      named.push(word, next);
      i++;
    } else named.push(word);
  }
  return named;
}

function takesValue(word: string, options: Options): boolean {
  const option = word.startsWith("--")
    ? options[word.slice(2)]
    : Object.values(options).find(({ short }) => short !== undefined && word === `-${short}`);
  return option !== undefined && option.kind !== "switch";
}
