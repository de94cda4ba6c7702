/** Where a value comes from, and what is wrong with one. */

import { ConfigError } from "#base";
import { type KeyPath, keyText } from "./key-path.ts";

export type Place =
  | { readonly kind: "default" }
  /** `line` and `column` from 1; 0 for the file as a whole. */
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "variable"; readonly name: string }
  /** `name` as it was written: `--port`, or `--set limits.maximum_connections`. */
  | { readonly kind: "flag"; readonly name: string };

export const DEFAULT_PLACE: Place = { kind: "default" };

/** As people read it: `martlet.toml:12`, `MARTLET_LOG__LEVEL`, `--port`, `default`. */
export function placeText(place: Place): string {
  switch (place.kind) {
    case "default":
      return "default";
    case "file":
      return place.line === 0 ? place.file : `${place.file}:${place.line}`;
    default:
      return place.name;
  }
}

/** Something in a configuration that is not allowed. */
export interface Problem {
  readonly place: Place;
  /** Empty when it is about a whole file. */
  readonly path: KeyPath;
  /** A sentence: what was found, and what is allowed. Never holds a secret. */
  readonly says: string;
}

/** `martlet.toml:12:1: limits.maximum_connections: "x" is not allowed; it is …` */
function problemText({ place, path, says }: Problem): string {
  return `${problemHead(place, path)}: ${says}`;
}

/** What stands before the sentence: the place, and the key where the place does not name it. */
export function problemHead(place: Place, path: KeyPath): string {
  const key = keyText(path);
  switch (place.kind) {
    case "default":
      return key;
    case "file": {
      const position = place.line === 0 ? "" : `:${place.line}:${place.column}`;
      return `${place.file}${position}${key === "" ? "" : `: ${key}`}`;
    }
    default:
      return place.name;
  }
}

/** By file and line; what stands in no file comes last. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const rank = ({ place }: Problem): readonly [string, number, number] =>
    place.kind === "file" ? [place.file, place.line, place.column] : ["\uFFFF", 0, 0];
  return problems.toSorted((one, other) => {
    const [file, line, column] = rank(one);
    const [otherFile, otherLine, otherColumn] = rank(other);
    if (file !== otherFile) return file < otherFile ? -1 : 1;
    return line - otherLine || column - otherColumn;
  });
}

/** A configuration that is not allowed, with everything that is wrong with it, in the order of the file's lines. */
export class ConfigurationError extends ConfigError {
  /** At least one. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const ordered = inOrder(problems);
    const [first] = ordered;
    const more = ordered.length > 1 ? ` There are ${ordered.length - 1} more problems.` : "";
    super(
      first === undefined ? "configuration" : problemHead(first.place, first.path),
      `${first?.says ?? "it is not allowed."}${more}`,
    );
    this.problems = ordered;
  }

  /** Each problem, on a line of its own. */
  get lines(): readonly string[] {
    return this.problems.map(problemText);
  }
}
