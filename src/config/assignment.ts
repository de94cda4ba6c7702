/**
 * Single settings from outside a file: environment variables, and `--set key=value`. Both name a setting by its path and give
 * it as a text, which is read as the setting's kind wants it.
 *
 * A variable is called `MARTLET_` and the path in capitals with two underscores between its parts:
 * `MARTLET_LIMITS__MAXIMUM_CONNECTIONS`, `MARTLET_LISTENERS__0__PORT`. Variables without two underscores are not ours: where
 * the broker is a service of Kubernetes, that sets MARTLET_PORT and MARTLET_SERVICE_HOST.
 */

import { nearest } from "#base";
import type { Declared } from "./declare.ts";
import { declaredAt, type KeyPath, keyPathOf, keyText } from "./key-path.ts";
import type { Place, Problem } from "./place.ts";
import { configurationSchema } from "./schema/schema.ts";

const PREFIX = "MARTLET_";
const SEPARATOR = "__";

export interface Assignment {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly place: Place;
}

/** What variables or flags say, and what is wrong with them. */
export interface Assignments {
  readonly given: readonly Assignment[];
  readonly problems: readonly Problem[];
}

/** The name of the variable that sets what is at `path`. */
export function variableName(path: KeyPath): string {
  return PREFIX + path.map((part) => String(part).toUpperCase()).join(SEPARATOR);
}

/** Those of `variables` that set something. An empty one counts as not set. */
export function fromVariables(variables: Readonly<Record<string, string | undefined>>): Assignments {
  const given: Assignment[] = [];
  const problems: Problem[] = [];
  for (const name of Object.keys(variables).toSorted()) {
    const shown = variables[name];
    if (!name.startsWith(PREFIX) || !name.includes(SEPARATOR) || shown === undefined || shown === "")
      continue;
    const path = keyPathOf(name.slice(PREFIX.length).toLowerCase().replaceAll(SEPARATOR, "."));
    const place: Place = { kind: "variable", name };
    collect(path, shown, place, { given, problems });
  }
  return { given, problems };
}

/** @param settings `key=value` each */
export function fromSettings(settings: readonly string[]): Assignments {
  const given: Assignment[] = [];
  const problems: Problem[] = [];
  for (const each of settings) {
    const equals = each.indexOf("=");
    const key = equals < 0 ? each : each.slice(0, equals);
    const place: Place = { kind: "flag", name: `--set ${key}` };
    if (equals < 1)
      problems.push({ place, path: [], says: "write it as key=value, for example log.level=debug." });
    else collect(keyPathOf(key), each.slice(equals + 1), place, { given, problems });
  }
  return { given, problems };
}

interface Collected {
  readonly given: Assignment[];
  readonly problems: Problem[];
}

function collect(path: KeyPath, shown: string, place: Place, { given, problems }: Collected): void {
  const declared = declaredAt(configurationSchema, path)?.declared;
  if (declared === undefined) problems.push({ place, path, says: unknownPath(path) });
  else given.push({ path, value: valueOfText(declared, shown), place });
}

/** The value that `shown` stands for; the text itself when it stands for none, so that it is judged as that. */
function valueOfText(declared: Declared, shown: string): unknown {
  switch (declared.kind) {
    case "whole":
      return /^-?\d{1,15}$/.test(shown) ? Number(shown) : shown;
    case "toggle":
      if (shown === "true") return true;
      return shown === "false" ? false : shown;
    case "list": {
      if (shown.startsWith("[")) return fromJson(shown);
      const { item } = declared;
      return shown === "" ? [] : shown.split(",").map((each) => valueOfText(item, each.trim()));
    }
    case "pairs":
    case "table":
    case "tables":
      return fromJson(shown);
    default:
      return shown;
  }
}

function fromJson(shown: string): unknown {
  try {
    return JSON.parse(shown);
  } catch {
    return shown;
  }
}

function unknownPath(path: KeyPath): string {
  const known = [...keysOf(configurationSchema, path, [])];
  const last = path.at(-1);
  const near =
    nearest(keyText(path), known) ??
    known.find((each) => each.split(".").at(-1) === last) ??
    nearestOfFirstUnknown(path);
  return `there is no such setting.${near === undefined ? "" : ` Did you mean ${near}?`}`;
}

/** The path up to the first part that is not known, with that part as it was probably meant. */
function nearestOfFirstUnknown(path: KeyPath): string | undefined {
  const length = path.findIndex(
    (_, index) => declaredAt(configurationSchema, path.slice(0, index + 1)) === undefined,
  );
  const before = path.slice(0, length);
  const table = declaredAt(configurationSchema, before)?.declared;
  if (table?.kind !== "table") return undefined;
  const near = nearest(String(path[length]), Object.keys(table.entries));
  return near === undefined ? undefined : keyText([...before, near]);
}

/** All keys as texts; those of lists with the indices that `path` has. */
function* keysOf(declared: Declared, path: KeyPath, at: KeyPath): Generator<string> {
  if (declared.kind === "table") {
    for (const [name, below] of Object.entries(declared.entries)) yield* keysOf(below, path, [...at, name]);
  } else if (declared.kind === "tables") {
    const index = path[at.length];
    yield* keysOf(declared.item, path, [...at, typeof index === "number" ? index : 0]);
  } else yield keyText(at);
}
