/** The commands about clients, with mosquitto's answers. */

import type { MaybePromise } from "#base";
import type { Command, CommandAnswer, Commands, CommandTools } from "./command.ts";
import { type CommandFields, INVALID_ROLES, isValidText } from "./command-fields.ts";
import type { Draft } from "./draft.ts";
import { field, isObject, type JsonObject } from "./json.ts";
import { inOrder, type Reference, type RoleClient } from "./state.ts";
import { parseReferences, referencesJson, textJson } from "./state-file.ts";

const NOT_FOUND = "Client not found";

export const clientCommands: Commands = {
  async createClient(draft, fields, tools) {
    const userName = fields.required("username", "Invalid/missing username");
    if (userName === "") fields.fail("Empty username");
    if (!isValidText(userName)) fields.fail("Username not valid UTF-8");
    const password = fields.optional("password", "Invalid/missing password");
    const clientId = fields.clientId("Invalid/missing client id");
    const texts = fields.texts();
    if (fields.problem === undefined && draft.clients.has(userName)) return "Client already exists";
    const roles = fields.roles(draft.roles) ?? [];
    const groups = listedGroups(fields.raw("groups"));
    for (const { name } of groups) if (!draft.groups.has(name)) fields.fail("Group not found");
    if (fields.problem !== undefined) return fields.problem;
    const stored = password === undefined ? undefined : await tools.hashPassword(password);
    const client = { userName, clientId, disabled: false, password: stored, roles, others: undefined };
    draft.clients.set(userName, { ...client, ...texts });
    for (const group of groups) joinGroup(draft, userName, group);
    draft.affected.add(userName);
    draft.changed();
    return undefined;
  },

  deleteClient(draft, fields) {
    const userName = fields.required("username", "Invalid/missing username");
    if (fields.problem !== undefined) return fields.problem;
    if (!draft.clients.delete(userName)) return NOT_FOUND;
    leaveGroups(draft, userName);
    draft.kick(userName);
    draft.changed();
    return undefined;
  },

  enableClient: onClient((draft, client) => {
    draft.clients.set(client.userName, { ...client, disabled: false });
    draft.changed();
    return undefined;
  }),

  disableClient: onClient((draft, client) => {
    draft.clients.set(client.userName, { ...client, disabled: true });
    draft.kick(client.userName);
    draft.changed();
    return undefined;
  }),

  setClientId(draft, fields) {
    const userName = fields.name("username");
    const clientId = fields.clientId("Invalid/missing client ID");
    if (fields.problem !== undefined) return fields.problem;
    const client = draft.clients.get(userName);
    if (client === undefined) return NOT_FOUND;
    draft.clients.set(userName, { ...client, clientId });
    draft.kick(userName);
    draft.changed();
    return undefined;
  },

  async setClientPassword(draft, fields, tools) {
    const userName = fields.name("username");
    const password = fields.required("password", "Invalid/missing password");
    if (password === "") fields.fail("Empty password is not allowed");
    if (fields.problem !== undefined) return fields.problem;
    const client = draft.clients.get(userName);
    if (client === undefined) return NOT_FOUND;
    draft.clients.set(userName, { ...client, password: await tools.hashPassword(password) });
    draft.kick(userName);
    draft.changed();
    return undefined;
  },

  modifyClient: onClient(modifyClient),

  getClient: onClient((draft, client, _fields, tools) => ({
    client: clientJson(client, groupsOf(draft, client.userName), tools),
  })),

  listClients(draft, fields, tools) {
    const clients = fields.page(sortedValues(draft.clients));
    const verbose = fields.flag("verbose");
    return {
      totalCount: draft.clients.size,
      clients: clients.map((client) =>
        verbose ? clientJson(client, groupsOf(draft, client.userName), tools) : client.userName,
      ),
    };
  },

  addClientRole: onClientRole((client, name, fields) => {
    // That is all that mosquitto has to say about a role that is there already.
    if (client.roles.some((role) => role.name === name)) return "Internal error";
    return inOrder([...client.roles, { name, priority: fields.priority() }]);
  }),

  removeClientRole: onClientRole((client, name) => client.roles.filter((role) => role.name !== name)),
};

function onClient(
  act: (
    draft: Draft,
    client: RoleClient,
    fields: CommandFields,
    tools: CommandTools,
  ) => MaybePromise<CommandAnswer>,
): Command {
  return (draft, fields, tools) => {
    const userName = fields.name("username");
    if (fields.problem !== undefined) return fields.problem;
    const client = draft.clients.get(userName);
    return client === undefined ? NOT_FOUND : act(draft, client, fields, tools);
  };
}

/** @param act says what the client's roles become, or why they do not */
function onClientRole(
  act: (client: RoleClient, roleName: string, fields: CommandFields) => readonly Reference[] | string,
): Command {
  return (draft, fields) => {
    const userName = fields.name("username");
    const roleName = fields.name("rolename");
    if (fields.problem !== undefined) return fields.problem;
    const client = draft.clients.get(userName);
    if (client === undefined) return NOT_FOUND;
    if (!draft.roles.has(roleName)) return "Role not found";
    const roles = act(client, roleName, fields);
    if (typeof roles === "string") return roles;
    draft.clients.set(userName, { ...client, roles });
    draft.kick(userName);
    draft.changed();
    return undefined;
  };
}

/** Takes over what the command names and leaves the rest; roles and groups as wholes. */
async function modifyClient(
  draft: Draft,
  client: RoleClient,
  fields: CommandFields,
  tools: CommandTools,
): Promise<string | undefined> {
  const { userName } = client;
  const clientId = fields.text("clientid");
  const password = fields.text("password") ?? "";
  const roles = fields.roles(draft.roles, INVALID_ROLES);
  const groups = fields.raw("groups");
  if (Array.isArray(groups)) checkGroups(draft, groups, fields);
  if (clientId !== undefined && !isValidText(clientId)) fields.fail("Client ID not valid UTF-8");
  if (fields.problem !== undefined) return fields.problem;
  const stored = password === "" ? client.password : await tools.hashPassword(password);
  draft.clients.set(userName, {
    ...client,
    clientId: clientId === undefined ? client.clientId : clientId === "" ? undefined : clientId,
    textName: fields.text("textname") ?? client.textName,
    textDescription: fields.text("textdescription") ?? client.textDescription,
    password: stored,
    roles: roles ?? client.roles,
  });
  if (Array.isArray(groups)) {
    leaveGroups(draft, userName);
    for (const group of listedGroups(groups)) joinGroup(draft, userName, group);
  }
  draft.kick(userName);
  draft.changed();
  return undefined;
}

function checkGroups(draft: Draft, groups: readonly unknown[], fields: CommandFields): void {
  for (const object of groups) {
    if (!isObject(object)) continue;
    const name = field(object, "groupname");
    if (typeof name !== "string") fields.fail("'groups' contains an object with an invalid 'groupname'");
    else if (!draft.groups.has(name)) {
      fields.fail("'groups' contains an object with a 'groupname' that does not exist");
    }
  }
}

/** The groups that a command names, known or not. */
function listedGroups(list: unknown): Reference[] {
  const anyName = { has: () => true } as unknown as ReadonlyMap<string, unknown>;
  return parseReferences(list, "groupname", anyName);
}

function joinGroup(draft: Draft, userName: string, { name, priority }: Reference): void {
  const group = draft.groups.get(name);
  if (group === undefined) return;
  const clients = inOrder([...group.clients, { name: userName, priority }]);
  draft.groups.set(name, { ...group, clients });
}

function leaveGroups(draft: Draft, userName: string): void {
  for (const group of draft.groups.values()) {
    if (!group.clients.some(({ name }) => name === userName)) continue;
    const clients = group.clients.filter(({ name }) => name !== userName);
    draft.groups.set(group.groupName, { ...group, clients });
  }
}

function groupsOf(draft: Draft, userName: string): Reference[] {
  const found: Reference[] = [];
  for (const { groupName, clients } of draft.groups.values()) {
    const own = clients.find(({ name }) => name === userName);
    if (own !== undefined) found.push({ name: groupName, priority: own.priority });
  }
  return inOrder(found);
}

/** The records of a map in the order of their names. */
export function sortedValues<Record>(records: ReadonlyMap<string, Record>): Record[] {
  return [...records.keys()].sort().map((name) => records.get(name) as Record);
}

function clientJson(client: RoleClient, groups: readonly Reference[], tools: CommandTools): JsonObject {
  return {
    username: client.userName,
    clientid: client.clientId,
    ...textJson(client),
    disabled: client.disabled ? true : undefined,
    roles: referencesJson(client.roles, "rolename"),
    groups: referencesJson(groups, "groupname"),
    connections: tools.connectionsOf(client.userName)?.map((address) => ({ address })),
  };
}
