/**
 * The state that the commands of one message are making. It is a copy: what comes of it counts once it is saved, and not at all when
 * it cannot be saved. Remembers whom the changes are about.
 */

import { byName, type Group, type Role, type RoleClient, type RolesState } from "./state.ts";

export class Draft {
  defaults: RolesState["defaults"];
  anonymousGroup: string | undefined;
  readonly clients: Map<string, RoleClient>;
  readonly groups: Map<string, Group>;
  readonly roles: Map<string, Role>;
  readonly #others: RolesState["others"];
  #isChanged = false;

  /** Users whose connections end, since mosquitto ends them. */
  readonly kicked = new Set<string>();
  /** Users for whom answers change. */
  readonly affected = new Set<string>();
  /** Answers change for everybody, or for nobody knows whom. */
  affectsAll = false;

  constructor(state: RolesState) {
    this.defaults = state.defaults;
    this.anonymousGroup = state.anonymousGroup;
    this.clients = new Map(state.clients);
    this.groups = new Map(state.groups);
    this.roles = new Map(state.roles);
    this.#others = state.others;
  }

  /** Whether there is anything to save. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** A command has changed something. */
  changed(): void {
    this.#isChanged = true;
  }

  /** The state to save, sorted by names. */
  finish(): RolesState {
    return {
      defaults: this.defaults,
      clients: sorted(this.clients),
      groups: sorted(this.groups),
      roles: sorted(this.roles),
      anonymousGroup: this.anonymousGroup,
      others: this.#others,
    };
  }

  kick(userName: string): void {
    this.kicked.add(userName);
  }

  /** Everybody in the group; clients without a user name too when it is theirs. */
  kickGroup({ groupName, clients }: Group): void {
    for (const { name } of clients) this.kick(name);
    if (groupName === this.anonymousGroup) this.affectAnonymous();
  }

  /** Everybody who has the role, directly or by a group. */
  kickRole(roleName: string): void {
    for (const client of this.clients.values()) {
      if (client.roles.some(({ name }) => name === roleName)) this.kick(client.userName);
    }
    for (const group of this.groups.values()) {
      if (group.roles.some(({ name }) => name === roleName)) this.kickGroup(group);
    }
  }

  /** mosquitto ends the connections of clients without a user name; here their answers change and they stay. */
  affectAnonymous(): void {
    this.affectsAll = true;
  }
}

function sorted<Record>(records: ReadonlyMap<string, Record>): Map<string, Record> {
  return new Map([...records].sort(([a], [b]) => byName(a, b)));
}
