/** A configuration of Martlet's in the making, with the line that each value comes from. */

import { type Document, type KeyPath, keyText } from "#config";
import { type FileLine, placeOf } from "./conf-error.ts";

type Tables = { [part: string | number]: unknown };

export class TreeDraft {
  readonly #file: string;
  readonly #tree: Tables = {};
  readonly #lines = new Map<string, FileLine>();

  /** @param file the one that was named */
  constructor(file: string) {
    this.#file = file;
  }

  /** Tables and lists on the way are made. Without `line` it is what mosquitto does that is told nothing. */
  set(path: KeyPath, value: unknown, line: FileLine | undefined): void {
    let table = this.#tree;
    for (const [depth, part] of path.entries()) {
      const above = path.slice(0, depth + 1);
      const id = keyText(above);
      const isLast = depth === path.length - 1;
      // Of tables on the way only those of a list belong to a line.
      if (isLast || (typeof part === "number" && !this.#lines.has(id))) {
        this.#lines.set(id, line ?? { file: this.#file, line: 0 });
      }
      if (isLast) table[part] = value;
      else table = (table[part] ??= typeof path[depth + 1] === "number" ? [] : {}) as Tables;
    }
  }

  /** As `set`, unless something is there. */
  setDefault(path: KeyPath, value: unknown): void {
    if (this.get(path) === undefined) this.set(path, value, undefined);
  }

  get(path: KeyPath): unknown {
    let found: unknown = this.#tree;
    for (const part of path) {
      if (typeof found !== "object" || found === null) return undefined;
      found = (found as Tables)[part];
    }
    return found;
  }

  document(): Document {
    const file = this.#file;
    return {
      file,
      tree: this.#tree,
      placeOf: (path) => {
        for (let length = path.length; length > 0; length--) {
          const line = this.#lines.get(keyText(path.slice(0, length)));
          if (line !== undefined) return placeOf(line);
        }
        return placeOf({ file, line: 0 });
      },
    };
  }
}
