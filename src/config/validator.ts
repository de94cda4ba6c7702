/**
 * The declaration as a schema of zod: finds everything that is not allowed in a tree of values, and reads numbers with units.
 * Loaded only when there is something to judge, since zod takes its time to load. What is said about a problem comes from the
 * declaration, not from zod.
 */

import * as z from "zod/mini";
import { nearest } from "#base";
import type { Declared, Entries, Leaf } from "./declare.ts";
import { declaredAt, type KeyPath, keyText, valueAt } from "./key-path.ts";
import { quantityOf, quantityPattern } from "./quantity.ts";
import { allowedWords, foundWords, isSecret } from "./words.ts";

type Schema = z.core.$ZodType;

/** More keys than these are for the reference. */
const MOST_NAMED = 12;
/** So are more places than these that a key may have been meant for. */
const MOST_PLACES = 3;

/** What was declared, by its schema. */
const declarations = new WeakMap<Schema, Declared>();

function schemaOf(declared: Declared): Schema {
  const schema = madeOf(declared);
  declarations.set(schema, declared);
  return schema;
}

function madeOf(declared: Declared): Schema {
  switch (declared.kind) {
    case "table":
      return z.strictObject(shapeOf(declared.entries));
    case "tables":
      return z.array(schemaOf(declared.item));
    case "list": {
      const item = schemaOf(declared.item);
      const items = z.array(item).check(z.minLength(declared.fewest ?? 0));
      return z.pipe(
        z.union([items, item]),
        z.transform((value) => (Array.isArray(value) ? value : [value])),
      );
    }
    case "pairs":
      return z.record(z.string().check(z.minLength(1)), z.string());
    default:
      return leafSchema(declared);
  }
}

function shapeOf(entries: Entries): Record<string, Schema> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, declared]) => {
      const schema = schemaOf(declared);
      return [name, declared.required === true ? schema : z.optional(schema)];
    }),
  );
}

function leafSchema(leaf: Exclude<Leaf, { kind: "list" | "pairs" }>): Schema {
  switch (leaf.kind) {
    case "whole": {
      const { lowest, highest, unit } = leaf;
      const number = z.int().check(z.gte(lowest), z.lte(highest));
      if (unit === undefined) return number;
      const text = z.string().check(z.regex(new RegExp(quantityPattern(unit))));
      const read = z.transform((value: number | string) =>
        typeof value === "string" ? quantityOf(value, unit) : value,
      );
      return z.pipe(z.union([number, text]), z.pipe(read, number));
    }
    case "text": {
      const { form } = leaf;
      // Who has the empty text as a default may also say so.
      const filled = leaf.default === "" ? z.string() : z.string().check(z.minLength(1));
      return form === undefined ? filled : filled.check(z.refine((value) => form.test(value)));
    }
    case "path":
      return z.string().check(z.minLength(1), z.regex(/^[^\0]+$/));
    case "toggle":
      return z.boolean();
    case "choice":
      return z.enum(leaf.choices as readonly [string, ...string[]]);
    case "mode":
      return z.pipe(
        z.string().check(z.regex(/^0?[0-7]{3}$/)),
        z.transform((digits) => Number.parseInt(digits, 8)),
      );
  }
}

/** What is wrong with a tree, without its place. */
interface Complaint {
  readonly path: KeyPath;
  readonly says: string;
}

export interface Judgement {
  /** The tree with units read and lone values in lists; as it was where something is wrong. */
  readonly tree: unknown;
  readonly complaints: readonly Complaint[];
}

/** Made once for each declaration. */
const made = new WeakMap<Declared, Schema>();

/** Judges all of `tree` by `root`. Never throws. */
export function judge(root: Declared, tree: unknown): Judgement {
  const schema = made.get(root) ?? schemaOf(root);
  made.set(root, schema);
  const result = z.safeParse(schema, tree, { reportInput: true });
  if (result.success) return { tree: result.data, complaints: [] };
  return { tree, complaints: result.error.issues.flatMap((issue) => complaintsOf(root, tree, issue, [])) };
}

function complaintsOf(root: Declared, tree: unknown, issue: z.core.$ZodIssue, before: KeyPath): Complaint[] {
  const path = [...before, ...(issue.path as KeyPath)];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => ({ path: [...path, name], says: unknownKey(root, [...path, name]) }));
  }
  const found = declaredAt(root, path)?.declared;
  if (issue.code === "invalid_union" && found?.kind === "list" && Array.isArray(valueAt(tree, path))) {
    // What is wrong within the list says more than that it is none.
    const within = issue.errors[0]?.filter((each) => each.path.length > 0) ?? [];
    if (within.length > 0) return within.flatMap((each) => complaintsOf(root, tree, each, path));
  }
  return [{ path, says: sentenceFor(found, valueAt(tree, path), path) }];
}

function sentenceFor(declared: Declared | undefined, value: unknown, path: KeyPath): string {
  if (declared === undefined) return "it is not allowed here.";
  // Who forgets the second pair of brackets has written a table.
  const hint = declared.kind === "tables" ? `, in TOML [[${tableName(path)}]]` : "";
  const words = `${allowedWords(declared)}${hint}`;
  if (value === undefined) return `it is missing; it is ${words}.`;
  return `${foundWords(value, isSecret(declared))} is not allowed; it is ${words}.`;
}

/** There is no such key; the sentence names the one that was probably meant. */
function unknownKey(root: Declared, path: KeyPath): string {
  const name = String(path.at(-1));
  const table = declaredAt(root, path.slice(0, -1))?.declared;
  const names = table?.kind === "table" ? Object.keys(table.entries) : [];
  // The same name further down is meant rather than another one that looks like it.
  const below = table === undefined ? [] : placesOf(name, table, path.slice(0, -1));
  const near = nearest(name, names);
  if (near !== undefined && below.length === 0) return `there is no such key. Did you mean ${near}?`;
  const elsewhere = (below.length > 0 ? below : placesOf(name, root, [])).slice(0, MOST_PLACES);
  if (elsewhere.length > 0) return `there is no such key here. Did you mean ${elsewhere.join(" or ")}?`;
  const isShort = names.length > 0 && names.length <= MOST_NAMED;
  return `there is no such key.${isShort ? ` Known here are: ${names.join(", ")}.` : ""}`;
}

/** Where a key of that name is, tables in their brackets, and of lists of tables in the first one. */
function placesOf(name: string, declared: Declared, path: KeyPath): string[] {
  if (declared.kind === "tables") return placesOf(name, declared.item, [...path, 0]);
  if (declared.kind !== "table") return [];
  return Object.entries(declared.entries).flatMap(([each, below]) => [
    ...(each === name ? [placeWords(below, [...path, each])] : []),
    ...placesOf(name, below, [...path, each]),
  ]);
}

function placeWords({ kind }: Declared, path: KeyPath): string {
  if (kind === "tables") return `[[${tableName(path)}]]`;
  return kind === "table" ? `[${tableName(path)}]` : keyText(path);
}

/** What stands between the brackets of a table in TOML, where lists have no numbers. */
function tableName(path: KeyPath): string {
  return path.filter((part) => typeof part === "string").join(".");
}

/**
 * The schema for editors (JSON Schema, draft 2020-12) of what files may hold.
 * @param meaningOf what a setting means, in words
 */
export function jsonSchema(root: Declared, meaningOf: (declared: Declared) => string | undefined): object {
  return z.toJSONSchema(schemaOf(root), {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema: shown }) {
      const declared = declarations.get(zodSchema);
      if (declared === undefined) return;
      const meaning = meaningOf(declared);
      if (meaning !== undefined) shown.description = meaning;
      if ("default" in declared && declared.kind !== "mode") {
        shown.default = declared.default as never;
      }
    },
  });
}
