/**
 * What a provider may say of a client that it lets in. Names come from certificates, tokens and services, so from others: they go
 * into sessions, rules and logs only when they are what MQTT calls a name.
 */

import type { Accepted } from "#auth";
import { utf8Encode } from "#base";

/** Of a name, in bytes of UTF-8. */
const LONGEST_NAME = 65_535;

/** Why `name` cannot be a user name or a Client Identifier, as a clause; undefined when it can. */
export function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return "is no text";
  if (name === "") return "is empty";
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "has a control character in it";
  if (!name.isWellFormed()) return "is not well-formed";
  return utf8Encode(name).length > LONGEST_NAME ? `is longer than ${LONGEST_NAME} bytes` : undefined;
}

/** Why this acceptance cannot stand, as a sentence; undefined when it can. */
export function acceptanceProblem(accepted: Accepted): string | undefined {
  if (accepted?.outcome !== "accepted") return "it gave no answer";
  const { userName, clientId, claims, validForMs, authenticationData } = accepted;
  for (const [what, name] of Object.entries({ "user name": userName, "client id": clientId })) {
    const problem = name === undefined ? undefined : nameProblem(name);
    if (problem !== undefined) return `the ${what} that it gave ${problem}`;
  }
  if (claims !== undefined && (typeof claims !== "object" || claims === null))
    return "its claims are no object";
  if (validForMs !== undefined && !(validForMs > 0)) return "what it let in for had run out before";
  if (authenticationData !== undefined && !(authenticationData instanceof Uint8Array)) {
    return "its last word is no bytes";
  }
  return undefined;
}
