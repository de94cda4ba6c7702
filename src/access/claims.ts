/** Claims of a client's login, found by names whose dots go into objects. */

import type { Identity } from "#auth";

/** The claim, or undefined. Only what the login put there counts, nothing inherited. */
export function claimOf(client: Identity, path: string): unknown {
  const { claims } = client;
  if (claims === undefined) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  let found: unknown = claims;
  for (const name of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** The texts of a claim: itself, or those in its list. */
export function textsOf(claim: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  const texts: string[] = [];
  for (const value of values) {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "number" || typeof value === "boolean") texts.push(String(value));
  }
  return texts;
}
