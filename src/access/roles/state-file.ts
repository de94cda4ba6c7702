/**
 * The state file of mosquitto's dynamic security, read and written so that both sides understand it: passwords in the form of 2.0
 * (`password`, `salt`, `iterations`) or of 2.1 (`encoded_password`), fields that nobody here knows kept.
 *
 * As in mosquitto, what refers to nothing is dropped, and of several with one name the first counts. What has no shape at all is an
 * error: to go on without half of the permissions helps nobody.
 */

import { formatPasswordHash, type PasswordHash, parsePasswordHash } from "#auth";
import { ConfigError } from "#base";
import { field, isObject, type JsonObject, otherFields, parseJson, priorityOf } from "./json.ts";
import {
  type Acl,
  type AclType,
  aclsInOrder,
  aclTypes,
  byName,
  type DefaultAccess,
  defaultTypes,
  type Group,
  inOrder,
  NO_PRIORITY,
  type Reference,
  type Role,
  type RoleClient,
  type RolesState,
  type StoredPassword,
  type Texts,
  usualDefaults,
} from "./state.ts";

const textFields = ["textname", "textdescription"] as const;
const passwordFields = ["encoded_password", "password", "salt", "iterations"] as const;
const known = {
  file: new Set(["defaultaclaccess", "clients", "groups", "roles", "anonymousgroup"]),
  client: new Set(["username", "clientid", "disabled", "roles", ...textFields, ...passwordFields]),
  group: new Set(["groupname", "roles", "clients", ...textFields]),
  role: new Set(["rolename", "allowwildcardsubs", "acls", ...textFields]),
  acl: new Set(["acltype", "topic", "priority", "allow"]),
} as const;

/**
 * @param source for errors, the name of the file
 * @throws ConfigError
 */
export function parseState(text: string, source: string): RolesState {
  const parsed = parseJson(text);
  if (parsed === undefined)
    throw new ConfigError(source, "is no JSON; write a state file of dynamic security.");
  const file = parsed.value;
  if (!isObject(file))
    throw new ConfigError(source, "is no JSON object; write one with clients, groups and roles.");
  const reader = new StateReader(source);
  const roles = reader.named(file, "roles", "rolename", parseRole);
  const clients = reader.named(file, "clients", "username", (object, name) =>
    parseClient(object, name, roles),
  );
  const groups = reader.named(file, "groups", "groupname", (object, name) =>
    parseGroup(object, name, roles, clients),
  );
  const anonymousGroup = textOf(file, "anonymousgroup");
  return {
    defaults: parseDefaults(field(file, "defaultaclaccess")),
    clients,
    groups,
    roles,
    anonymousGroup: anonymousGroup !== undefined && groups.has(anonymousGroup) ? anonymousGroup : undefined,
    others: otherFields(file, known.file),
  };
}

class StateReader {
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
  }

  /** The records of a list by their names, sorted. */
  named<Record>(
    file: JsonObject,
    list: string,
    nameField: string,
    parse: (object: JsonObject, name: string) => Record,
  ): Map<string, Record> {
    const objects = field(file, list) ?? [];
    if (!Array.isArray(objects))
      throw new ConfigError(`${this.#source}: ${list}`, "is no list; write [ … ].");
    const records = new Map<string, Record>();
    for (const [index, object] of (objects as unknown[]).entries()) {
      const place = `${this.#source}: ${list}[${index}]`;
      if (!isObject(object)) throw new ConfigError(place, "is no object; write { … }.");
      const name = field(object, nameField);
      if (typeof name !== "string") throw new ConfigError(`${place}.${nameField}`, "is missing or no text.");
      if (!records.has(name)) records.set(name, parse(object, name));
    }
    return new Map([...records].sort(([a], [b]) => byName(a, b)));
  }
}

function textOf(object: JsonObject, name: string): string | undefined {
  const value = field(object, name);
  return typeof value === "string" ? value : undefined;
}

function parseTexts(object: JsonObject, fields: ReadonlySet<string>): Texts {
  return {
    textName: textOf(object, "textname"),
    textDescription: textOf(object, "textdescription"),
    others: otherFields(object, fields),
  };
}

/** References whose names are in `targets`, each once. */
export function parseReferences(
  list: unknown,
  nameField: string,
  targets: ReadonlyMap<string, unknown>,
): Reference[] {
  const found = new Map<string, Reference>();
  for (const object of Array.isArray(list) ? (list as unknown[]) : []) {
    if (!isObject(object)) continue;
    const name = textOf(object, nameField);
    if (name === undefined || found.has(name) || !targets.has(name)) continue;
    found.set(name, { name, priority: priorityOf(field(object, "priority"), NO_PRIORITY) });
  }
  return inOrder([...found.values()]);
}

function parseClient(object: JsonObject, userName: string, roles: ReadonlyMap<string, Role>): RoleClient {
  return {
    userName,
    clientId: textOf(object, "clientid"),
    disabled: field(object, "disabled") === true,
    password: parsePassword(object),
    roles: parseReferences(field(object, "roles"), "rolename", roles),
    ...parseTexts(object, known.client),
  };
}

/** Undefined when the client has none; one that cannot be read is kept, and lets nobody in. */
function parsePassword(object: JsonObject): StoredPassword | undefined {
  const fields: Record<string, unknown> = {};
  for (const name of passwordFields) {
    const value = field(object, name);
    if (value !== undefined) fields[name] = value;
  }
  if (Object.keys(fields).length === 0) return undefined;
  const { encoded_password: encoded, password, salt, iterations } = fields;
  const text = typeof encoded === "string" ? encoded : ["", "7", iterations, salt, password].join("$");
  return { fields, hash: parsePasswordHash(text) };
}

/** `hash` in the form that every mosquitto with dynamic security can read, if there is one. */
export function storedPassword(hash: PasswordHash): StoredPassword {
  const text = formatPasswordHash(hash);
  if (hash.method !== "sha512-pbkdf2") return { fields: { encoded_password: text }, hash };
  const [, , , salt, password] = text.split("$");
  return { fields: { password, salt, iterations: hash.iterations }, hash };
}

function parseGroup(
  object: JsonObject,
  groupName: string,
  roles: ReadonlyMap<string, Role>,
  clients: ReadonlyMap<string, RoleClient>,
): Group {
  return {
    groupName,
    roles: parseReferences(field(object, "roles"), "rolename", roles),
    clients: parseReferences(field(object, "clients"), "username", clients),
    ...parseTexts(object, known.group),
  };
}

function parseRole(object: JsonObject, roleName: string): Role {
  const wildcards = field(object, "allowwildcardsubs");
  return {
    roleName,
    allowWildcardSubs: typeof wildcards === "boolean" ? wildcards : undefined,
    acls: parseAcls(field(object, "acls")),
    ...parseTexts(object, known.role),
  };
}

/** Topic by topic the first counts; what is no ACL is left out, as mosquitto leaves it out. */
export function parseAcls(list: unknown): Record<AclType, Acl[]> {
  const acls = Object.fromEntries(aclTypes.map((type) => [type, []])) as unknown as Record<AclType, Acl[]>;
  const seen = new Set<string>();
  for (const object of Array.isArray(list) ? (list as unknown[]) : []) {
    if (!isObject(object)) continue;
    const type = aclTypeOf(textOf(object, "acltype"));
    const topic = textOf(object, "topic") ?? "";
    if (type === undefined || topic === "" || seen.has(`${type} ${topic}`)) continue;
    seen.add(`${type} ${topic}`);
    acls[type].push(parseAcl(object, topic));
  }
  for (const type of aclTypes) acls[type] = aclsInOrder(acls[type]);
  return acls;
}

function parseAcl(object: JsonObject, topic: string): Acl {
  return {
    topic,
    priority: priorityOf(field(object, "priority"), 0),
    allow: field(object, "allow") === true,
    others: otherFields(object, known.acl),
  };
}

export function aclTypeOf(text: string | undefined): AclType | undefined {
  const wanted = text?.toLowerCase();
  return aclTypes.find((type) => type.toLowerCase() === wanted);
}

function parseDefaults(object: unknown): DefaultAccess {
  const defaults: Record<string, boolean> = { ...usualDefaults };
  if (isObject(object)) {
    for (const type of defaultTypes) {
      const value = field(object, type.toLowerCase());
      if (typeof value === "boolean") defaults[type] = value;
    }
  }
  return defaults as DefaultAccess;
}

/** The text of the file, as mosquitto writes it. */
export function formatState(state: RolesState): string {
  const { defaults, clients, groups, roles, anonymousGroup, others } = state;
  const file = {
    defaultACLAccess: defaults,
    clients: [...clients.values()].map(clientJson),
    groups: [...groups.values()].map(groupJson),
    roles: [...roles.values()].map(roleJson),
    anonymousGroup,
    ...others,
  };
  return `${JSON.stringify(file, undefined, "\t")}\n`;
}

function clientJson({ userName, clientId, disabled, password, roles, ...texts }: RoleClient): JsonObject {
  return {
    username: userName,
    clientid: clientId,
    ...textJson(texts),
    disabled: disabled ? true : undefined,
    roles: referencesJson(roles, "rolename"),
    ...password?.fields,
    ...texts.others,
  };
}

function groupJson({ groupName, roles, clients, ...texts }: Group): JsonObject {
  return {
    groupname: groupName,
    ...textJson(texts),
    roles: referencesJson(roles, "rolename"),
    clients: referencesJson(clients, "username"),
    ...texts.others,
  };
}

function roleJson(role: Role): JsonObject {
  return {
    rolename: role.roleName,
    ...textJson(role),
    allowwildcardsubs: role.allowWildcardSubs,
    acls: aclsJson(role),
    ...role.others,
  };
}

export function textJson({ textName, textDescription }: Omit<Texts, "others">): JsonObject {
  return { textname: textName, textdescription: textDescription };
}

export function referencesJson(references: readonly Reference[], nameField: string): JsonObject[] {
  return references.map(({ name, priority }) => ({
    [nameField]: name,
    priority: priority === NO_PRIORITY ? undefined : priority,
  }));
}

export function aclsJson({ acls }: Role): JsonObject[] {
  return aclTypes.flatMap((acltype) =>
    acls[acltype].map(({ topic, priority, allow, others }) => ({
      acltype,
      topic,
      priority,
      allow,
      ...others,
    })),
  );
}
