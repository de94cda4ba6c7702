/** An option that may be given once, out of values of which there could be more. */

import { ConfigError } from "#base";

/**
 * The value; undefined where none was given.
 * @param name as it is written, for example `--output`
 * @throws ConfigError for a second one
 */
export function one(name: string, values: readonly string[] | undefined): string | undefined {
  if (values !== undefined && values.length > 1) throw new ConfigError(name, "it is given twice.");
  return values?.[0];
}
