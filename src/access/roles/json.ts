/**
 * JSON from outside: bounded, and read without trusting its shape. Names of fields are found whatever their case, as mosquitto
 * finds them: its own tool writes `textName` where its broker writes `textname`.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper nesting is refused before anything walks it. */
const MOST_DEPTH = 100;

/** Undefined for what is no JSON, or is nested deeper than anything that makes sense. */
export function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    if (isTooDeep(text)) return undefined;
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Counts brackets outside of texts; what is no JSON may give any answer. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isText) {
      if (character === "\\") i++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") {
      if (++depth > MOST_DEPTH) return true;
    } else if (character === "}" || character === "]") depth--;
  }
  return false;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The field `name`, which is in lower case; undefined when it is not there. Never anything inherited. */
export function field(object: JsonObject, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  for (const key of Object.keys(object)) if (key.toLowerCase() === name) return object[key];
  return undefined;
}

/** All fields that are not among `known`, whose names are in lower case. */
export function otherFields(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const others = Object.entries(object).filter(([key]) => !known.has(key.toLowerCase()));
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** A whole number, cut to what mosquitto's `int` could hold and then to `PRIORITY_LIMIT`. */
export function priorityOf(value: unknown, otherwise: number): number {
  if (typeof value !== "number") return otherwise;
  return Math.max(-PRIORITY_LIMIT, Math.min(PRIORITY_LIMIT, Math.trunc(value)));
}

const PRIORITY_LIMIT = 1_000_000;
