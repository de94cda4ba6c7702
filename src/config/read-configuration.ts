/**
 * From the sources to a configuration: defaults, then the file, then the environment, then flags; each later one wins. All that
 * is wrong is found before anything is said. Without a file, variables and `--set` there is nothing to judge, and zod is not
 * loaded.
 */

import { dirname, isAbsolute, resolve } from "node:path";
import { type Assignment, type Assignments, fromSettings, fromVariables } from "./assignment.ts";
import { completed } from "./completed.ts";
import type { Declared } from "./declare.ts";
import { type Document, readDocument } from "./document.ts";
import { declaredAt, type KeyPath, keyId, valueAt, withValueAt } from "./key-path.ts";
import { ConfigurationError, DEFAULT_PLACE, type Place, type Problem } from "./place.ts";
import { problemsOf } from "./rules.ts";
import { DEFAULT_WEBSOCKET_PATH, defaultPorts } from "./schema/listeners.ts";
import { type Configuration, configurationSchema } from "./schema/schema.ts";

export interface ConfigurationSources {
  /** A file in TOML, YAML or JSON, by its ending. Default: none. */
  readonly file?: string | undefined;
  /** Reads a file of another kind, instead of `file`; asked again at each reload. What it throws is told as it is. */
  readonly document?: (() => Document | Promise<Document>) | undefined;
  /** For example `process.env`; only those that begin with `MARTLET_` count. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** `key=value` each, as `--set` takes them. */
  readonly settings?: readonly string[];
  /** Flags of their own names, with values that fit: their command line has been judged. They win over `settings`. */
  readonly flags?: readonly Assignment[];
}

/** A configuration that is allowed, and where each of its values comes from. */
export interface Reading {
  readonly configuration: Configuration;
  /** Where exactly the value at `path` comes from. */
  readonly sourceOf: (path: KeyPath) => Place;
  /** What to look at when something is wrong with it: its own place, or that of the nearest table around it. */
  readonly placeOf: (path: KeyPath) => Place;
}

/**
 * Reads, judges and completes.
 *
 * @example
 * ```text
 * const { configuration } = await readConfiguration({ file: "martlet.toml", variables: process.env });
 * ```
 *
 * @throws ConfigurationError with all problems
 */
export async function readConfiguration(sources: ConfigurationSources): Promise<Reading> {
  const document = await documentOf(sources);
  const variables = fromVariables(sources.variables ?? {});
  const settings = fromSettings(sources.settings ?? []);
  const raw = new RawConfiguration(document, [variables, settings], sources.flags ?? []);
  const mustJudge = document !== undefined || raw.hasTexts;
  const { tree, problems } = mustJudge ? await judged(raw) : { tree: raw.tree, problems: raw.problems };
  if (problems.length > 0) throw new ConfigurationError(problems);
  const configuration = withPaths(completed(configurationSchema, tree) as Configuration, raw);
  const placeOf = (path: KeyPath): Place => raw.placeOf(path);
  const contradictions = problemsOf(configuration).map(({ path, says }) => ({
    path,
    says,
    place: placeOf(path),
  }));
  if (contradictions.length > 0) throw new ConfigurationError(contradictions);
  return { configuration, placeOf, sourceOf: (path) => raw.sourceOf(path) };
}

async function documentOf({ file, document }: ConfigurationSources): Promise<Document | undefined> {
  if (document !== undefined) return await document();
  return file === undefined ? undefined : await readDocument(file);
}

/** What the sources say, one on top of the other, before anybody has judged it. */
class RawConfiguration {
  readonly problems: Problem[] = [];
  readonly hasTexts: boolean;
  readonly #document: Document | undefined;
  readonly #assigned = new Map<string, Place>();
  #tree: unknown;

  constructor(document: Document | undefined, texts: readonly Assignments[], flags: readonly Assignment[]) {
    this.#document = document;
    this.#tree = document?.tree ?? {};
    this.hasTexts = texts.some(({ given }) => given.length > 0);
    for (const { given, problems } of texts) {
      this.problems.push(...problems);
      for (const each of given) this.#assign(each);
    }
    for (const each of flags) this.#assign(each);
  }

  get tree(): unknown {
    return this.#tree;
  }

  /** Where exactly this value comes from; the default when nobody gave it. */
  sourceOf(path: KeyPath): Place {
    for (let length = path.length; length > 0; length--) {
      const assigned = this.#assigned.get(keyId(path.slice(0, length)));
      if (assigned === undefined) continue;
      return valueAt(this.#tree, path) === undefined ? DEFAULT_PLACE : assigned;
    }
    if (this.#document === undefined || valueAt(this.#document.tree, path) === undefined)
      return DEFAULT_PLACE;
    return this.#document.placeOf(path);
  }

  /** What to look at when something is wrong with this value: its own place, or that of the nearest table around it. */
  placeOf(path: KeyPath): Place {
    for (let length = path.length; length > 0; length--) {
      const part = path.slice(0, length);
      const assigned = this.#assigned.get(keyId(part));
      if (assigned !== undefined) return assigned;
      if (this.#document !== undefined && valueAt(this.#document.tree, part) !== undefined) {
        return this.#document.placeOf(part);
      }
    }
    const isWhole = path.length === 0 && this.#document !== undefined;
    return isWhole ? this.#document.placeOf([]) : DEFAULT_PLACE;
  }

  #assign({ path, value, place }: Assignment): void {
    for (const [length, part] of path.entries()) {
      const around = valueAt(this.#tree, path.slice(0, length));
      // A mistake of the file is not to be hidden by what lies on top of it.
      if (around !== undefined && (typeof around !== "object" || around === null)) return;
      if (typeof part !== "number") continue;
      const list = path.slice(0, length);
      const items = valueAt(this.#tree, list) ?? defaultList(list);
      const count = Array.isArray(items) ? items.length : 0;
      if (part > count) {
        this.problems.push({
          place,
          path,
          says: `the list has ${count} so far; ${count} stands for one more.`,
        });
        return;
      }
      this.#tree = withValueAt(this.#tree, list, items);
    }
    this.#tree = withValueAt(this.#tree, path, value);
    for (const id of this.#assigned.keys()) {
      if (id.startsWith(`${keyId(path)}\u0000`)) this.#assigned.delete(id);
    }
    this.#assigned.set(keyId(path), place);
  }
}

function defaultList(path: KeyPath): unknown {
  const declared = declaredAt(configurationSchema, path)?.declared;
  return declared !== undefined && "default" in declared ? declared.default : [];
}

async function judged(raw: RawConfiguration): Promise<{ tree: unknown; problems: readonly Problem[] }> {
  const { judge } = await import("./validator.ts");
  const { tree, complaints } = judge(configurationSchema, raw.tree);
  const found = complaints.map(({ path, says }) => ({ path, says, place: raw.placeOf(path) }));
  return { tree, problems: [...raw.problems, ...found] };
}

/** With paths as they are from here, and what a listener's protocol decides. */
function withPaths(configuration: Configuration, raw: RawConfiguration): Configuration {
  const found = resolved(configurationSchema, configuration, [], raw) as Configuration;
  const listeners = found.listeners.map((listener, index) => {
    const { protocol, path } = listener;
    if (protocol === "unix") {
      const place = raw.sourceOf(["listeners", index, "path"]);
      return path === undefined ? listener : { ...listener, path: fromFolderOf(place, path) };
    }
    const isWeb = protocol === "websocket" || protocol === "wss";
    return {
      ...listener,
      port: listener.port ?? defaultPorts[protocol],
      path: path ?? (isWeb ? DEFAULT_WEBSOCKET_PATH : undefined),
    };
  });
  return { ...found, listeners };
}

function resolved(declared: Declared, value: unknown, path: KeyPath, raw: RawConfiguration): unknown {
  if (value === undefined) return value;
  switch (declared.kind) {
    case "table":
      return Object.fromEntries(
        Object.entries(declared.entries).map(([name, below]) => [
          name,
          resolved(below, valueAt(value, [name]), [...path, name], raw),
        ]),
      );
    case "tables":
      return (value as readonly unknown[]).map((item, index) =>
        resolved(declared.item, item, [...path, index], raw),
      );
    case "path":
      return fromFolderOf(raw.sourceOf(path), value as string);
    default:
      return value;
  }
}

function fromFolderOf(place: Place, path: string): string {
  return place.kind !== "file" || isAbsolute(path) ? path : resolve(dirname(place.file), path);
}
