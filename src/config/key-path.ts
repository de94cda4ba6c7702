/**
 * Where in a configuration a value stands: names of tables and keys, and indices of lists. As text it is
 * `listeners[0].tls.cert`; `listeners.0.tls.cert` is read as well.
 */

import type { Declared, Reload } from "./declare.ts";

export type KeyPath = readonly (string | number)[];

/** As people read it. */
export function keyText(path: KeyPath): string {
  let shown = "";
  for (const part of path) {
    if (typeof part === "number") shown += `[${part}]`;
    else shown += `${shown === "" ? "" : "."}${part}`;
  }
  return shown;
}

/** What it is as the key of a map. */
export function keyId(path: KeyPath): string {
  return path.join("\u0000");
}

/** The parts of a text; what they lead to is not judged. */
export function keyPathOf(shown: string): KeyPath {
  const parts = shown.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  return parts.map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part));
}

export interface Found {
  readonly declared: Declared;
  readonly reload: Reload;
}

/** What is declared at `path` below `root`; undefined when nothing is. */
export function declaredAt(root: Declared, path: KeyPath): Found | undefined {
  let declared = root;
  let reload: Reload = root.reload ?? "restart";
  for (const part of path) {
    const next = child(declared, part);
    if (next === undefined) return undefined;
    declared = next;
    reload = declared.reload ?? reload;
  }
  return { declared, reload };
}

function child(declared: Declared, part: string | number): Declared | undefined {
  switch (declared.kind) {
    case "table":
      return typeof part === "string" && Object.hasOwn(declared.entries, part)
        ? declared.entries[part]
        : undefined;
    case "tables":
    case "list":
      return typeof part === "number" ? declared.item : undefined;
    case "pairs":
      return typeof part === "string"
        ? { kind: "text", ...(declared.secret && { secret: true }) }
        : undefined;
    default:
      return undefined;
  }
}

/** The value at `path` below `value`; undefined when there is none. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string | number, unknown>)[part];
  }
  return found;
}

/** A copy of `value` with another one at `path`; tables on the way are made, everything beside it is shared. */
export function withValueAt(value: unknown, path: KeyPath, changed: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return changed;
  const below = withValueAt(valueAt(value, [part]), rest, changed);
  if (typeof part === "number") {
    const items: unknown[] = Array.isArray(value) ? [...value] : [];
    items[part] = below;
    return items;
  }
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  return { ...(isTable ? value : {}), [part]: below };
}

/** Whether two values of a configuration say the same. */
export function sameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every(
      (name) => Object.hasOwn(other, name) && sameValue(valueAt(one, [name]), valueAt(other, [name])),
    )
  );
}
