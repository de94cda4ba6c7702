/**
 * What clients, groups and roles say about one question, in mosquitto's order: the client's roles by priority, then its groups by
 * priority and the roles of each; in a role its ACLs by priority. The first that matches decides, otherwise the default. HOT.
 *
 * A default that denies is no answer but the next source's turn, and `$CONTROL` is never allowed by default.
 */

import type { Identity, Permission } from "#auth";
import { CompiledRole } from "./compiled-role.ts";
import {
  type DefaultType,
  type Group,
  inOrder,
  type Reference,
  type Role,
  type RolesState,
} from "./state.ts";

const NO_ROLES: readonly CompiledRole[] = [];

export type RoleQuestion = "mayPublish" | "mayReceive" | "maySubscribe" | "mayUnsubscribe";

const defaultOf: Readonly<Record<RoleQuestion, DefaultType>> = {
  mayPublish: "publishClientSend",
  mayReceive: "publishClientReceive",
  maySubscribe: "subscribe",
  mayUnsubscribe: "unsubscribe",
};

export class Decisions {
  /** Kept as long as their records: a change compiles only what it changed. */
  readonly #compiled = new WeakMap<Role, CompiledRole>();
  #state: RolesState;
  #rolesOfUser = new Map<string, readonly CompiledRole[]>();
  #rolesOfAnonymous: readonly CompiledRole[] | undefined = undefined;
  #groupsOfUser: Map<string, Reference[]> | undefined = undefined;

  constructor(state: RolesState) {
    this.#state = state;
  }

  use(state: RolesState): void {
    this.#state = state;
    this.#rolesOfUser = new Map();
    this.#rolesOfAnonymous = undefined;
    this.#groupsOfUser = undefined;
  }

  /** Undefined when another source has to say. */
  decide(question: RoleQuestion, client: Identity, topic: string): Permission | undefined {
    const roles = this.#rolesOf(client.userName);
    if (roles === undefined) return undefined;
    for (let i = 0; i < roles.length; i++) {
      const answer = (roles[i] as CompiledRole)[question](client, topic);
      if (answer !== undefined) return answer;
    }
    return this.#state.defaults[defaultOf[question]] && !topic.startsWith("$CONTROL") ? true : undefined;
  }

  /** In the order in which they are asked; undefined for a user who is not known here. */
  #rolesOf(userName: string | undefined): readonly CompiledRole[] | undefined {
    if (userName === undefined) {
      this.#rolesOfAnonymous ??= this.#rolesOfGroup(this.#state.anonymousGroup);
      return this.#rolesOfAnonymous;
    }
    const known = this.#rolesOfUser.get(userName);
    if (known !== undefined) return known;
    const client = this.#state.clients.get(userName);
    if (client === undefined) return undefined;
    const groups = this.#groupsOf(userName);
    const roles = [...this.#compile(client.roles), ...groups.flatMap(({ name }) => this.#rolesOfGroup(name))];
    this.#rolesOfUser.set(userName, roles);
    return roles;
  }

  #rolesOfGroup(groupName: string | undefined): readonly CompiledRole[] {
    const group = groupName === undefined ? undefined : this.#state.groups.get(groupName);
    return group === undefined ? NO_ROLES : this.#compile(group.roles);
  }

  #groupsOf(userName: string): readonly Reference[] {
    this.#groupsOfUser ??= groupsByUser(this.#state.groups.values());
    return inOrder(this.#groupsOfUser.get(userName) ?? []);
  }

  #compile(references: readonly Reference[]): CompiledRole[] {
    const compiled: CompiledRole[] = [];
    for (const { name } of references) {
      const role = this.#state.roles.get(name);
      if (role === undefined) continue;
      let ready = this.#compiled.get(role);
      if (ready === undefined) {
        ready = new CompiledRole(role);
        this.#compiled.set(role, ready);
      }
      compiled.push(ready);
    }
    return compiled;
  }
}

function groupsByUser(groups: Iterable<Group>): Map<string, Reference[]> {
  const found = new Map<string, Reference[]>();
  for (const { groupName, clients } of groups) {
    for (const { name: userName, priority } of clients) {
      const list = found.get(userName);
      if (list === undefined) found.set(userName, [{ name: groupName, priority }]);
      else list.push({ name: groupName, priority });
    }
  }
  return found;
}
