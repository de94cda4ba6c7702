/** Every option of mosquitto, in one table: what is read, what `martlet migrate` says and what the reference shows. */

import type { MosquittoOption, ReadableOption } from "./option.ts";
import { bridgeOptions } from "./options/bridges.ts";
import { generalOptions } from "./options/general.ts";
import { listenerOptions } from "./options/listeners.ts";
import { logOptions } from "./options/log.ts";
import { pluginOptions } from "./options/plugins.ts";

const readableOptions: readonly ReadableOption[] = [
  ...generalOptions,
  ...logOptions,
  ...pluginOptions,
  ...listenerOptions,
  ...bridgeOptions,
];

/** The same, as it is shown. */
export const mosquittoOptions: readonly MosquittoOption[] = readableOptions;

const byName = new Map(
  readableOptions.flatMap((option) => [option.name, ...(option.aliases ?? [])].map((name) => [name, option])),
);

/** The option of that name; undefined when mosquitto has none. */
export function optionNamed(name: string): ReadableOption | undefined {
  const [prefix] = /^(?:plugin|auth)_opt_/.exec(name) ?? [];
  return byName.get(name) ?? (prefix === undefined ? undefined : byName.get(`${prefix}*`));
}
