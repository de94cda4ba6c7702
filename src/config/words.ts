/** What is allowed and what was found, in words. */

import type { Declared } from "./declare.ts";
import { quantityWords } from "./quantity.ts";

const LONGEST_SHOWN = 60;

/** Behind "it is": `a whole number from 1 to 65535`. */
export function allowedWords(declared: Declared): string {
  switch (declared.kind) {
    case "whole": {
      const { lowest, highest, unit } = declared;
      const end = highest === Number.MAX_SAFE_INTEGER ? "on" : `to ${highest}`;
      return `a whole number from ${lowest} ${end}${unit === undefined ? "" : quantityWords(unit)}`;
    }
    case "text":
      return declared.form?.words ?? (declared.default === "" ? "a text" : "a text that is not empty");
    case "path":
      return "a path, as a text";
    case "toggle":
      return "true or false";
    case "choice":
      return oneOf(declared.choices);
    case "mode":
      return `a text of octal digits such as "0660"`;
    case "list": {
      const several =
        declared.item.kind === "choice" ? oneOf(declared.item.choices) : allowedWords(declared.item);
      return `a list with ${declared.fewest === undefined ? "any number" : `at least ${declared.fewest}`} of: ${several}`;
    }
    case "pairs":
      return "a table of texts";
    case "table":
      return "a table";
    case "tables":
      return "a list of tables";
  }
}

function oneOf(choices: readonly string[]): string {
  const quoted = choices.map((each) => `"${each}"`);
  return quoted.length < 2 ? quoted.join() : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** What was found, short and on one line. */
export function foundWords(value: unknown, isSecret: boolean): string {
  if (isSecret && value !== "") return "what was given";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object" && value !== null) return "a table";
  const shown = typeof value === "string" ? JSON.stringify(withoutPassword(value)) : String(value);
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown;
}

/** In a URL a password stands before the host, and other keys behind the question mark. */
function withoutPassword(text: string): string {
  return text.includes("://") ? text.replace(/\/\/.*@/s, "//…@").replace(/\?.*/s, "?…") : text;
}

/** Whether values of that kind are not to be shown. */
export function isSecret(declared: Declared | undefined): boolean {
  return declared !== undefined && "secret" in declared && declared.secret === true;
}
