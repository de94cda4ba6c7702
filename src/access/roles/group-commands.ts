/** The commands about groups, with mosquitto's answers. */

import { sortedValues } from "./client-commands.ts";
import type { Command, Commands } from "./command.ts";
import { type CommandFields, INVALID_ROLES } from "./command-fields.ts";
import type { Draft } from "./draft.ts";
import { field, isObject, type JsonObject } from "./json.ts";
import { type Group, inOrder } from "./state.ts";
import { parseReferences, referencesJson, textJson } from "./state-file.ts";

const NOT_FOUND = "Group not found";

export const groupCommands: Commands = {
  createGroup(draft, fields) {
    const groupName = fields.required("groupname", "Invalid/missing groupname");
    if (groupName === "") fields.fail("Empty groupname");
    fields.name("groupname");
    const texts = fields.texts();
    if (fields.problem === undefined && draft.groups.has(groupName)) return "Group already exists";
    const roles = fields.roles(draft.roles, "Internal error") ?? [];
    if (fields.problem !== undefined) return fields.problem;
    draft.groups.set(groupName, { groupName, roles, clients: [], others: undefined, ...texts });
    draft.changed();
    return undefined;
  },

  deleteGroup: onGroup((draft, group) => {
    if (group.groupName === draft.anonymousGroup) return "Deleting the anonymous group is forbidden";
    draft.kickGroup(group);
    draft.groups.delete(group.groupName);
    draft.changed();
    return undefined;
  }),

  modifyGroup: onGroup((draft, group, fields) => {
    const roles = fields.roles(draft.roles, INVALID_ROLES);
    const list = fields.raw("clients");
    if (Array.isArray(list)) checkClients(draft, list, fields);
    if (fields.problem !== undefined) return fields.problem;
    const changed: Group = {
      ...group,
      textName: fields.text("textname") ?? group.textName,
      textDescription: fields.text("textdescription") ?? group.textDescription,
      roles: roles ?? group.roles,
      clients: Array.isArray(list) ? parseReferences(list, "username", draft.clients) : group.clients,
    };
    draft.groups.set(group.groupName, changed);
    // Who was in it, and who is.
    draft.kickGroup(group);
    draft.kickGroup(changed);
    draft.changed();
    return undefined;
  }),

  getGroup: onGroup((_draft, group) => ({ group: groupJson(group) })),

  listGroups(draft, fields) {
    const groups = fields.page(sortedValues(draft.groups));
    const verbose = fields.flag("verbose");
    return {
      totalCount: draft.groups.size,
      groups: groups.map((group) => (verbose ? groupJson(group) : group.groupName)),
    };
  },

  addGroupClient: onMember((draft, group, userName, fields) => {
    if (group.clients.some(({ name }) => name === userName)) return "Client is already in this group";
    const clients = inOrder([...group.clients, { name: userName, priority: fields.priority() }]);
    draft.groups.set(group.groupName, { ...group, clients });
    return undefined;
  }),

  removeGroupClient: onMember((draft, group, userName) => {
    const clients = group.clients.filter(({ name }) => name !== userName);
    draft.groups.set(group.groupName, { ...group, clients });
    return undefined;
  }),

  addGroupRole: onGroupRole((draft, group, name, fields) => {
    if (group.roles.some((role) => role.name === name)) return "Group is already in this role";
    const roles = inOrder([...group.roles, { name, priority: fields.priority() }]);
    draft.groups.set(group.groupName, { ...group, roles });
    return undefined;
  }),

  removeGroupRole: onGroupRole((draft, group, name) => {
    const roles = group.roles.filter((role) => role.name !== name);
    draft.groups.set(group.groupName, { ...group, roles });
    return undefined;
  }),

  setAnonymousGroup: onGroup((draft, group) => {
    draft.anonymousGroup = group.groupName;
    draft.affectAnonymous();
    draft.changed();
    return undefined;
  }),

  getAnonymousGroup: (draft) => ({ group: { groupname: draft.anonymousGroup ?? "" } }),
};

function onGroup(
  act: (draft: Draft, group: Group, fields: CommandFields) => JsonObject | string | undefined,
): Command {
  return (draft, fields) => {
    const groupName = fields.name("groupname");
    if (fields.problem !== undefined) return fields.problem;
    const group = draft.groups.get(groupName);
    return group === undefined ? NOT_FOUND : act(draft, group, fields);
  };
}

/** A change of one client in one group; the client goes, as mosquitto has it. */
function onMember(
  act: (draft: Draft, group: Group, userName: string, fields: CommandFields) => string | undefined,
): Command {
  return (draft, fields) => {
    const userName = fields.name("username");
    const groupName = fields.name("groupname");
    if (fields.problem !== undefined) return fields.problem;
    if (!draft.clients.has(userName)) return "Client not found";
    const group = draft.groups.get(groupName);
    if (group === undefined) return NOT_FOUND;
    const problem = act(draft, group, userName, fields);
    if (problem !== undefined) return problem;
    draft.kick(userName);
    draft.changed();
    return undefined;
  };
}

function onGroupRole(
  act: (draft: Draft, group: Group, roleName: string, fields: CommandFields) => string | undefined,
): Command {
  return (draft, fields) => {
    const groupName = fields.name("groupname");
    const roleName = fields.name("rolename");
    if (fields.problem !== undefined) return fields.problem;
    const group = draft.groups.get(groupName);
    if (group === undefined) return NOT_FOUND;
    if (!draft.roles.has(roleName)) return "Role not found";
    const problem = act(draft, group, roleName, fields);
    if (problem !== undefined) return problem;
    draft.kickGroup(group);
    draft.changed();
    return undefined;
  };
}

function checkClients(draft: Draft, clients: readonly unknown[], fields: CommandFields): void {
  for (const object of clients) {
    if (!isObject(object)) continue;
    const name = field(object, "username");
    if (typeof name !== "string") fields.fail("'clients' contains an object with an invalid 'username'");
    else if (!draft.clients.has(name)) {
      fields.fail("'clients' contains an object with a 'username' that does not exist");
    }
  }
}

function groupJson(group: Group): JsonObject {
  return {
    groupname: group.groupName,
    ...textJson(group),
    clients: group.clients.map(({ name }) => ({ username: name })),
    roles: referencesJson(group.roles, "rolename"),
  };
}
