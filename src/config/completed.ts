/** Defaults where nothing was given. */

import type { Declared } from "./declare.ts";
import { valueAt } from "./key-path.ts";
import { type Configuration, configurationSchema } from "./schema/schema.ts";

/** `value`, which fits the declaration, with everything in it that is not set. */
export function completed(declared: Declared, value: unknown): unknown {
  switch (declared.kind) {
    case "table": {
      if (value === undefined && declared.optional === true) return undefined;
      const table: Record<string, unknown> = {};
      for (const [name, below] of Object.entries(declared.entries)) {
        table[name] = completed(below, valueAt(value, [name]));
      }
      return table;
    }
    case "tables":
      return ((value ?? declared.default) as readonly unknown[]).map((item) =>
        completed(declared.item, item),
      );
    case "pairs":
      return { ...((value ?? declared.default) as object | undefined) };
    default:
      return value ?? declared.default;
  }
}

/** What a broker does that is told nothing. */
export function defaultConfiguration(): Configuration {
  return completed(configurationSchema, {}) as Configuration;
}
