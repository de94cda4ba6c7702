/** The commands about roles and about what holds without them, with mosquitto's answers. */

import { sortedValues } from "./client-commands.ts";
import type { Command, Commands } from "./command.ts";
import type { CommandFields } from "./command-fields.ts";
import type { Draft } from "./draft.ts";
import { field, isObject, type JsonObject, priorityOf } from "./json.ts";
import { type Acl, aclsInOrder, type DefaultAccess, defaultTypes, type Role } from "./state.ts";
import { aclsJson, parseAcls, textJson } from "./state-file.ts";

export const roleCommands: Commands = {
  setDefaultACLAccess(draft, fields) {
    const list = fields.raw("acls");
    if (!Array.isArray(list)) return "Missing/invalid actions array";
    const defaults: Record<string, boolean> = { ...draft.defaults };
    for (const object of list as unknown[]) {
      if (!isObject(object)) continue;
      const wanted = field(object, "acltype");
      const allow = field(object, "allow");
      if (typeof wanted !== "string" || typeof allow !== "boolean") continue;
      const type = defaultTypes.find((each) => each.toLowerCase() === wanted.toLowerCase());
      if (type !== undefined) defaults[type] = allow;
    }
    draft.defaults = defaults as DefaultAccess;
    draft.affectsAll = true;
    draft.changed();
    return undefined;
  },

  getDefaultACLAccess: (draft) => ({
    acls: defaultTypes.map((acltype) => ({ acltype, allow: draft.defaults[acltype] })),
  }),

  getDetails: (draft, _fields, tools) => ({
    clientCount: draft.clients.size,
    groupCount: draft.groups.size,
    roleCount: draft.roles.size,
    changeIndex: tools.changeIndex,
  }),

  createRole(draft, fields) {
    const roleName = fields.required("rolename", "Invalid/missing rolename");
    if (roleName === "") fields.fail("Empty rolename");
    fields.name("rolename");
    const texts = fields.texts();
    const wildcards = fields.raw("allowwildcardsubs");
    if (wildcards !== undefined && typeof wildcards !== "boolean") fields.fail("Invalid allowwildcardsubs");
    if (fields.problem !== undefined) return fields.problem;
    if (draft.roles.has(roleName)) return "Role already exists";
    const allowWildcardSubs = wildcards as boolean | undefined;
    const acls = parseAcls(fields.raw("acls"));
    draft.roles.set(roleName, { roleName, allowWildcardSubs, acls, others: undefined, ...texts });
    draft.changed();
    return undefined;
  },

  deleteRole: onRole((draft, { roleName }) => {
    draft.kickRole(roleName);
    draft.roles.delete(roleName);
    for (const client of draft.clients.values()) {
      if (!client.roles.some(({ name }) => name === roleName)) continue;
      const roles = client.roles.filter(({ name }) => name !== roleName);
      draft.clients.set(client.userName, { ...client, roles });
    }
    for (const group of draft.groups.values()) {
      if (!group.roles.some(({ name }) => name === roleName)) continue;
      const roles = group.roles.filter(({ name }) => name !== roleName);
      draft.groups.set(group.groupName, { ...group, roles });
    }
    draft.changed();
    return undefined;
  }),

  modifyRole: onRole((draft, role, fields) => {
    const wildcards = fields.raw("allowwildcardsubs");
    const list = fields.raw("acls");
    const allowWildcardSubs = typeof wildcards === "boolean" ? wildcards : role.allowWildcardSubs;
    draft.roles.set(role.roleName, {
      ...role,
      textName: fields.text("textname") ?? role.textName,
      textDescription: fields.text("textdescription") ?? role.textDescription,
      allowWildcardSubs,
      acls: Array.isArray(list) ? parseAcls(list) : role.acls,
    });
    const isWider = (allowWildcardSubs ?? true) !== (role.allowWildcardSubs ?? true);
    if (isWider || Array.isArray(list)) draft.kickRole(role.roleName);
    draft.changed();
    return undefined;
  }, "Role does not exist"),

  getRole: onRole((_draft, role) => ({ role: roleJson(role) })),

  listRoles(draft, fields) {
    const roles = fields.page(sortedValues(draft.roles));
    const verbose = fields.flag("verbose");
    return {
      totalCount: draft.roles.size,
      roles: roles.map((role) => (verbose ? roleJson(role) : role.roleName)),
    };
  },

  addRoleACL: onRole((draft, role, fields) => {
    const { type, topic } = fields.acl();
    if (fields.problem !== undefined) return fields.problem;
    if (role.acls[type].some((acl) => acl.topic === topic)) return "ACL with this topic already exists";
    const acl: Acl = {
      topic,
      priority: priorityOf(fields.raw("priority"), 0),
      allow: fields.flag("allow"),
      others: undefined,
    };
    const acls = { ...role.acls, [type]: aclsInOrder([...role.acls[type], acl]) };
    draft.roles.set(role.roleName, { ...role, acls });
    draft.kickRole(role.roleName);
    draft.changed();
    return undefined;
  }),

  removeRoleACL: onRole((draft, role, fields) => {
    const { type, topic } = fields.acl();
    if (fields.problem !== undefined) return fields.problem;
    const left = role.acls[type].filter((acl) => acl.topic !== topic);
    if (left.length === role.acls[type].length) return "ACL not found";
    draft.roles.set(role.roleName, { ...role, acls: { ...role.acls, [type]: left } });
    draft.kickRole(role.roleName);
    draft.changed();
    return undefined;
  }),
};

function onRole(
  act: (draft: Draft, role: Role, fields: CommandFields) => JsonObject | string | undefined,
  notFound = "Role not found",
): Command {
  return (draft, fields) => {
    const roleName = fields.name("rolename");
    if (fields.problem !== undefined) return fields.problem;
    const role = draft.roles.get(roleName);
    return role === undefined ? notFound : act(draft, role, fields);
  };
}

function roleJson(role: Role): JsonObject {
  return {
    rolename: role.roleName,
    ...textJson(role),
    allowwildcardsubs: role.allowWildcardSubs ?? true,
    acls: aclsJson(role).map(({ acltype, topic, priority, allow }) => ({ acltype, topic, priority, allow })),
  };
}
