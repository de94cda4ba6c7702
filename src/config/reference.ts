/** All keys with what a reference says of each: the data of a page and of the schema for editors. */

import { variableName } from "./assignment.ts";
import type { Declared, Leaf, Reload } from "./declare.ts";
import { type KeyPath, keyText } from "./key-path.ts";
import { shownValue } from "./print.ts";
import { configurationSchema } from "./schema/schema.ts";
import { jsonSchema } from "./validator.ts";
import { allowedWords } from "./words.ts";

/** What a setting of a lower room means, by its name there. */
export type Meanings = ReadonlyMap<string, string>;

interface KeyReference {
  /** Within its table. */
  readonly name: string;
  /** As TOML; `required` or `not set` without one. */
  readonly default: string;
  readonly meaning: string;
  readonly allowed: string;
  readonly reload: Reload;
}

export interface TableReference {
  /** `[limits]`, or `[[listeners]]` for one of several. */
  readonly heading: string;
  readonly meaning: string;
  readonly isOptional: boolean;
  readonly keys: readonly KeyReference[];
  /** The variable of its first key. */
  readonly variable: string | undefined;
}

/** Tables in the order of the declaration; those within others behind them. */
export function tableReferences(meanings: Meanings): readonly TableReference[] {
  const found: TableReference[] = [];
  collect(configurationSchema, [], "restart", { found, meanings, brackets: "[]", meaning: "" });
  return found.filter(({ heading }) => heading !== "[]");
}

interface Context {
  readonly found: TableReference[];
  readonly meanings: Meanings;
  readonly brackets: "[]" | "[[]]";
  readonly meaning: string;
}

function collect(declared: Declared, path: KeyPath, inherited: Reload, context: Context): void {
  if (declared.kind !== "table") return;
  const { found, meanings, brackets } = context;
  const names = path.filter((part) => typeof part === "string").join(".");
  const reload = declared.reload ?? inherited;
  const leaves = Object.entries(declared.entries).filter(([, each]) => isLeaf(each)) as [string, Leaf][];
  const [first] = leaves;
  found.push({
    heading: brackets === "[]" ? `[${names}]` : `[[${names}]]`,
    meaning: declared.says ?? context.meaning,
    isOptional: declared.optional === true,
    keys: leaves.map(([name, leaf]) => keyReference(name, leaf, reload, meanings)),
    variable: first === undefined ? undefined : variableName([...path, first[0]]),
  });
  for (const [name, each] of Object.entries(declared.entries)) {
    const below = each.reload ?? reload;
    const meaning = each.says ?? "";
    if (each.kind === "table") {
      collect(each, [...path, name], below, { found, meanings, brackets: "[]", meaning });
    } else if (each.kind === "tables") {
      collect(each.item, [...path, name, 0], below, { found, meanings, brackets: "[[]]", meaning });
    }
  }
}

function isLeaf(declared: Declared): boolean {
  return declared.kind !== "table" && declared.kind !== "tables";
}

function keyReference(name: string, leaf: Leaf, inherited: Reload, meanings: Meanings): KeyReference {
  const standard =
    "default" in leaf && leaf.default !== undefined ? shownValue(leaf, leaf.default) : "not set";
  const forSome = leaf.protocols === undefined ? "" : ` For \`${leaf.protocols.join("`, `")}\`.`;
  return {
    name,
    default: leaf.required === true ? "required" : standard,
    meaning: `${meaningOf(leaf, meanings) ?? ""}${forSome}`,
    allowed: allowedWords(leaf),
    reload: leaf.reload ?? inherited,
  };
}

function meaningOf(declared: Declared, meanings: Meanings): string | undefined {
  return declared.says ?? (declared.setting === undefined ? undefined : meanings.get(declared.setting));
}

/** The schema of configuration files (JSON Schema), for editors. */
export function configurationJsonSchema(meanings: Meanings): object {
  return jsonSchema(configurationSchema, (declared) => meaningOf(declared, meanings));
}

/** The keys that share a setting of a lower room, as texts; those of listeners left out. */
export function keysOfSettings(): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const visit = (declared: Declared, path: KeyPath): void => {
    if (declared.setting !== undefined) keys.set(declared.setting, keyText(path));
    if (declared.kind !== "table") return;
    for (const [name, each] of Object.entries(declared.entries)) visit(each, [...path, name]);
  };
  visit(configurationSchema, []);
  // What only a listener has.
  for (const [name, { setting }] of Object.entries<Declared>(
    configurationSchema.entries.listeners.item.entries,
  ))
    if (setting !== undefined) keys.set(setting, keyText(["listeners", name]));
  return keys;
}
