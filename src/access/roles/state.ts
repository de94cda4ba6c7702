/**
 * Clients, groups and roles, as mosquitto's dynamic security has them. All records are values that never change: a change puts
 * another one in their place, so that a copy of the three maps is a copy of everything.
 */

import type { PasswordHash } from "#auth";
import type { JsonObject } from "./json.ts";

export const aclTypes = [
  "publishClientSend",
  "publishClientReceive",
  "subscribeLiteral",
  "subscribePattern",
  "unsubscribeLiteral",
  "unsubscribePattern",
] as const;
export type AclType = (typeof aclTypes)[number];

export const defaultTypes = [
  "publishClientSend",
  "publishClientReceive",
  "subscribe",
  "unsubscribe",
] as const;
export type DefaultType = (typeof defaultTypes)[number];
export type DefaultAccess = Readonly<Record<DefaultType, boolean>>;

/** What holds when no role says anything, unless the file says otherwise. */
export const usualDefaults: DefaultAccess = {
  publishClientSend: false,
  publishClientReceive: true,
  subscribe: false,
  unsubscribe: true,
};

/** The priority of a reference that names none; it is not written. */
export const NO_PRIORITY = -1;

/** A role of a client or group, a group of a client, or a client of a group. The highest priority goes first. */
export interface Reference {
  readonly name: string;
  readonly priority: number;
}

export interface Texts {
  readonly textName: string | undefined;
  readonly textDescription: string | undefined;
  /** Fields that we do not know; written back as they were. */
  readonly others: JsonObject | undefined;
}

/** A password as it stands in the file, and what it means; `hash` is undefined when nobody can log in with it. */
export interface StoredPassword {
  readonly fields: JsonObject;
  readonly hash: PasswordHash | undefined;
}

export interface RoleClient extends Texts {
  readonly userName: string;
  /** The only client identifier that may log in with this user name. */
  readonly clientId: string | undefined;
  readonly disabled: boolean;
  readonly password: StoredPassword | undefined;
  readonly roles: readonly Reference[];
}

export interface Group extends Texts {
  readonly groupName: string;
  readonly roles: readonly Reference[];
  readonly clients: readonly Reference[];
}

export interface Acl {
  readonly topic: string;
  readonly priority: number;
  readonly allow: boolean;
  readonly others: JsonObject | undefined;
}

export interface Role extends Texts {
  readonly roleName: string;
  /** Undefined where the file says nothing, which means true. */
  readonly allowWildcardSubs: boolean | undefined;
  /** Highest priority first. */
  readonly acls: Readonly<Record<AclType, readonly Acl[]>>;
}

export interface RolesState {
  readonly defaults: DefaultAccess;
  readonly clients: ReadonlyMap<string, RoleClient>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly roles: ReadonlyMap<string, Role>;
  /** The group of clients without a user name. */
  readonly anonymousGroup: string | undefined;
  readonly others: JsonObject | undefined;
}

/** In the order of bytes, as mosquitto sorts; here of code units, which differs only beyond U+FFFF. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Highest priority first, then by name. */
export function inOrder(references: readonly Reference[]): Reference[] {
  return references.toSorted((a, b) => b.priority - a.priority || byName(a.name, b.name));
}

/** Highest priority first; of equal ones the older first. */
export function aclsInOrder(acls: readonly Acl[]): Acl[] {
  return acls.toSorted((a, b) => b.priority - a.priority);
}
