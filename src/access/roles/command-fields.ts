/**
 * The fields of one command, read in the order in which mosquitto reads them: the first that is wrong gives the command its error, in
 * mosquitto's words. What is read after it does not count.
 */

import { utf8Encode } from "#base";
import { topicFilterProblem, utf8Problem } from "#protocol";
import { field, isObject, type JsonObject, priorityOf } from "./json.ts";
import { type AclType, NO_PRIORITY, type Reference } from "./state.ts";
import { aclTypeOf, parseReferences } from "./state-file.ts";

/** As long as MQTT can carry. */
const LONGEST_TEXT = 65_535;

interface NameTexts {
  readonly missing: string;
  readonly invalid: string;
}

const names = {
  username: { missing: "Invalid/missing username", invalid: "Username not valid UTF-8" },
  groupname: { missing: "Invalid/missing groupname", invalid: "Group name not valid UTF-8" },
  rolename: { missing: "Invalid/missing rolename", invalid: "Role name not valid UTF-8" },
} as const satisfies Record<string, NameTexts>;

export class CommandFields {
  readonly #command: JsonObject;
  #problem: string | undefined = undefined;

  constructor(command: JsonObject) {
    this.#command = command;
  }

  /** The first thing that is wrong, or undefined. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Only the first counts. */
  fail(problem: string): void {
    this.#problem ??= problem;
  }

  raw(name: string): unknown {
    return field(this.#command, name);
  }

  /** A text that has to be there; empty after a failure. */
  required(name: string, missing: string): string {
    const value = this.raw(name);
    if (typeof value === "string") return value;
    this.fail(missing);
    return "";
  }

  /** A text, or undefined when it is not there; anything else fails with `invalid`. */
  optional(name: string, invalid: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === "string") return value;
    this.fail(invalid);
    return undefined;
  }

  /** A text, or undefined for anything else. */
  text(name: string): string | undefined {
    const value = this.raw(name);
    return typeof value === "string" ? value : undefined;
  }

  name(name: keyof typeof names): string {
    const { missing, invalid } = names[name];
    const value = this.required(name, missing);
    if (!isValidText(value)) this.fail(invalid);
    return value;
  }

  clientId(missing: string): string | undefined {
    const value = this.optional("clientid", missing);
    if (value !== undefined && !isValidText(value)) this.fail("Client ID not valid UTF-8");
    return value === "" ? undefined : value;
  }

  texts(): { textName: string | undefined; textDescription: string | undefined } {
    return {
      textName: this.optional("textname", "Invalid/missing textname"),
      textDescription: this.optional("textdescription", "Invalid/missing textdescription"),
    };
  }

  priority(otherwise = NO_PRIORITY): number {
    return priorityOf(this.raw("priority"), otherwise);
  }

  /**
   * The roles that the command lists, or undefined when it lists none.
   *
   * @param invalid what is said when `roles` is no list of names
   */
  roles(known: ReadonlyMap<string, unknown>, invalid = INVALID_ROLES): Reference[] | undefined {
    const list = this.raw("roles");
    if (list === undefined) return undefined;
    if (!Array.isArray(list)) {
      this.fail(invalid);
      return undefined;
    }
    for (const object of list as unknown[]) {
      const name = isObject(object) ? field(object, "rolename") : undefined;
      if (typeof name !== "string") this.fail(invalid);
      else if (!known.has(name)) this.fail("Role not found");
    }
    return parseReferences(list, "rolename", known);
  }

  /** The topic of an ACL and its kind. */
  acl(): { type: AclType; topic: string } {
    const type = aclTypeOf(this.required("acltype", "Invalid/missing acltype"));
    if (type === undefined) this.fail("Unknown acltype");
    const topic = this.required("topic", "Invalid/missing topic");
    if (!isValidText(topic)) this.fail("Topic not valid UTF-8");
    if (topicFilterProblem(topic) !== undefined) this.fail("Invalid ACL topic");
    return { type: type ?? "publishClientSend", topic };
  }

  flag(name: string): boolean {
    return this.raw(name) === true;
  }

  /** What `list` commands show of `all`, from `offset` on and `count` at most. */
  page<Record>(all: readonly Record[]): Record[] {
    const offset = wholeNumber(this.raw("offset"), 0);
    const count = wholeNumber(this.raw("count"), -1);
    const from = Math.max(0, offset);
    // mosquitto shows one for a count of 0.
    return count < 0 ? all.slice(from) : all.slice(from, from + Math.max(1, count));
  }
}

export const INVALID_ROLES = "'roles' not an array or missing/invalid rolename";

function wholeNumber(value: unknown, otherwise: number): number {
  return typeof value === "number" ? Math.trunc(value) : otherwise;
}

/** Whether MQTT can carry `text`, without control characters. */
export function isValidText(text: string): boolean {
  if (!text.isWellFormed()) return false;
  const bytes = utf8Encode(text);
  if (bytes.length > LONGEST_TEXT) return false;
  return utf8Problem(bytes, 0, bytes.length, { rejectControlCharacters: true }) === undefined;
}
