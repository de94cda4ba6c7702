/** What is different between two configurations, and what of it counts at once. */

import type { Declared, Reload, Table, Tables } from "./declare.ts";
import { type KeyPath, keyText, sameValue, valueAt, withValueAt } from "./key-path.ts";
import { shownValue } from "./print.ts";
import { type Configuration, configurationSchema } from "./schema/schema.ts";

/** One setting that is different. */
export interface Change {
  readonly path: KeyPath;
  readonly reload: Reload;
  /** `limits.maximum_connections is 5 (was 10)`; secrets are not shown. */
  readonly says: string;
}

/**
 * The settings in which `next` differs from `previous`. A list of tables that has become longer or shorter is one change, and so
 * is a table that has come or gone. What is said of another listener than the one that stood there waits for a restart as a whole:
 * who may come in at one door must not come in at another because two tables have changed places.
 */
export function changesBetween(previous: Configuration, next: Configuration): readonly Change[] {
  return [...differences(configurationSchema, previous, next, [], "restart")];
}

/** `previous` with those of `changes` that need no restart, as they are in `next`. */
export function withChanges(
  previous: Configuration,
  next: Configuration,
  changes: readonly Change[],
): Configuration {
  let merged: unknown = previous;
  for (const { path, reload } of changes) {
    if (reload !== "restart") merged = withValueAt(merged, path, valueAt(next, path));
  }
  return merged as Configuration;
}

function* differences(
  declared: Declared,
  previous: unknown,
  next: unknown,
  path: KeyPath,
  inherited: Reload,
): Generator<Change> {
  const reload = declared.reload ?? inherited;
  if (sameValue(previous, next)) return;
  if (declared.kind === "table" && previous !== undefined && next !== undefined) {
    yield* inTable(declared, previous, next, path, reload);
  } else if (declared.kind === "tables" && lengthOf(previous) === lengthOf(next)) {
    for (let index = 0; index < lengthOf(next); index++) {
      const [one, other] = [valueAt(previous, [index]), valueAt(next, [index])];
      const found = differences(declared.item, one, other, [...path, index], reload);
      if (isSameOne(declared, one, other)) yield* found;
      else for (const change of found) yield { ...change, reload };
    }
  } else {
    const wholly = declared.kind === "table" ? (declared.presence ?? reload) : reload;
    yield { path, reload: wholly, says: changeText(declared, previous, next, path) };
  }
}

function* inTable(
  { entries }: Table,
  previous: unknown,
  next: unknown,
  path: KeyPath,
  reload: Reload,
): Generator<Change> {
  for (const [name, below] of Object.entries(entries)) {
    yield* differences(below, valueAt(previous, [name]), valueAt(next, [name]), [...path, name], reload);
  }
}

/** Whether both say which one of the list they are in the same way. */
function isSameOne({ identity = [] }: Tables, one: unknown, other: unknown): boolean {
  return identity.every((name) => sameValue(valueAt(one, [name]), valueAt(other, [name])));
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function changeText(declared: Declared, previous: unknown, next: unknown, path: KeyPath): string {
  const key = keyText(path);
  if (declared.kind === "table") return `${key} is ${next === undefined ? "gone" : "new"}`;
  if (declared.kind === "tables") return `${key} has ${lengthOf(next)} entries (had ${lengthOf(previous)})`;
  const shown = (value: unknown): string => (value === undefined ? "not set" : shownValue(declared, value));
  const is = shown(next);
  const was = shown(previous);
  return is === was ? `${key} is another one` : `${key} is ${is} (was ${was})`;
}
