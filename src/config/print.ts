/** A configuration as a file in TOML, with the source of each value behind it. Secrets are not shown. */

import type { Declared, Table } from "./declare.ts";
import type { KeyPath } from "./key-path.ts";
import { valueAt } from "./key-path.ts";
import { type Place, placeText } from "./place.ts";
import { type Configuration, configurationSchema } from "./schema/schema.ts";
import { isSecret } from "./words.ts";

const HIDDEN = "(hidden)";

interface Printed {
  readonly configuration: Configuration;
  readonly sourceOf: (path: KeyPath) => Place;
}

interface PrintOptions {
  /** What is printed is then the same configuration when it is read. Default false. */
  readonly showSecrets?: boolean;
  /** Leaves out what nobody has set. Default false. */
  readonly omitDefaults?: boolean;
}

/** The lines of the file. Keys that are not set are comments. */
export function printConfiguration(printed: Printed, options: PrintOptions = {}): string {
  const printer = new Printer(printed, options);
  printer.table(configurationSchema, printed.configuration, []);
  return `${printer.lines.join("\n").trim()}\n`;
}

class Printer {
  readonly lines: string[] = [];
  readonly #printed: Printed;
  readonly #showsSecrets: boolean;
  readonly #omitsDefaults: boolean;

  constructor(printed: Printed, { showSecrets = false, omitDefaults = false }: PrintOptions) {
    this.#printed = printed;
    this.#showsSecrets = showSecrets;
    this.#omitsDefaults = omitDefaults;
  }

  table({ entries }: Table, value: unknown, path: KeyPath): void {
    const below: [Table, unknown, KeyPath, string][] = [];
    for (const [name, declared] of Object.entries(entries)) {
      const here = [...path, name];
      const item = valueAt(value, [name]);
      if (declared.kind === "table" && item !== undefined) below.push([declared, item, here, "[]"]);
      else if (declared.kind === "tables" && (item as readonly unknown[]).length > 0) {
        for (const [index, each] of (item as readonly unknown[]).entries()) {
          below.push([declared.item, each, [...here, index], "[[]]"]);
        }
      } else this.#leaf(name, declared, item, here);
    }
    for (const [declared, item, here, brackets] of below) {
      const names = tableName(here);
      const before = this.lines.length;
      this.lines.push("", brackets === "[]" ? `[${names}]` : `[[${names}]]`);
      this.table(declared, item, here);
      const isEmpty = this.lines.length === before + 2;
      if (isEmpty && brackets === "[]" && this.#isOmitted(here)) this.lines.length = before;
    }
  }

  #isOmitted(path: KeyPath): boolean {
    return this.#omitsDefaults && this.#printed.sourceOf(path).kind === "default";
  }

  #leaf(name: string, declared: Declared, value: unknown, path: KeyPath): void {
    if (this.#isOmitted(path)) return;
    if (value === undefined) {
      this.lines.push(`# ${declared.kind === "table" ? `[${tableName(path)}]` : name} is not set`);
      return;
    }
    const source = placeText(this.#printed.sourceOf(path));
    this.lines.push(
      `${name} = ${shownValue(declared, value, this.#showsSecrets)}  # ${source.replaceAll(/\p{Cc}/gu, "?")}`,
    );
  }
}

/** As it stands between brackets. */
function tableName(path: KeyPath): string {
  return path.filter((part) => typeof part === "string").join(".");
}

/** The value of a leaf as TOML has it. */
export function shownValue(declared: Declared, value: unknown, showsSecrets = false): string {
  const hides = isSecret(declared) && !showsSecrets;
  switch (declared.kind) {
    case "mode":
      return `"${(value as number).toString(8).padStart(4, "0")}"`;
    case "list":
      return `[${(value as readonly unknown[]).map((item) => shownValue(declared.item, item)).join(", ")}]`;
    case "pairs": {
      const pairs = Object.entries(value as Readonly<Record<string, string>>);
      if (pairs.length === 0) return "{}";
      return `{ ${pairs.map(([name, each]) => `${quoted(name)} = ${quoted(hides ? HIDDEN : each)}`).join(", ")} }`;
    }
    case "tables":
    case "table":
      return "[]";
    default:
      if (hides) return quoted(HIDDEN);
      if (typeof value !== "string") return String(value as number | boolean);
      return quoted(showsSecrets ? value : withoutSecrets(declared, value));
  }
}

function withoutSecrets(declared: Declared, value: string): string {
  const form = declared.kind === "text" ? declared.form : undefined;
  return form?.shown?.(value) ?? value;
}

/** JSON's escapes are TOML's, but for DEL. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u007F", "\\u007F");
}
