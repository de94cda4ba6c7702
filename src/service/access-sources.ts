/**
 * From `[access]` of a configuration to the sources of permissions that are asked: what a token brought first, then the rules in
 * it, roles, a service over HTTP and the acl_file, with the files behind them.
 */

import { readFileSync } from "node:fs";
import {
  type AccessRule,
  type AccessSource,
  AclFile,
  accessRules,
  ClaimPermissions,
  DynamicSecurity,
} from "#access";
import type { Identity } from "#auth";
import { ConfigError, describeError } from "#base";
import type { Configuration } from "#config";
import { PRIVATE_MODE, passwordHashing, replaceFile } from "#credentials";
import { HttpAccess } from "#logins";
import type { GateFiles, GateTools } from "./gate-tools.ts";
import { nameOf } from "./listener-options.ts";
import { serviceOptions } from "./login-providers.ts";

type Access = Configuration["access"];

export interface AccessSources {
  /** In the order in which they are asked; empty when everything is allowed. */
  readonly sources: readonly AccessSource[];
  /** Knows users, too, and takes commands. */
  readonly roles: DynamicSecurity | undefined;
  /** Whether clients of the listener of that name meet no rules at all. */
  isFree(listener: string): boolean;
  close(): void;
}

/** @throws ConfigError for a file that cannot be used */
export function accessSources(
  { access, logins, listeners }: Configuration,
  tools: GateTools,
  files: GateFiles,
  connectionsOf: (userName: string) => readonly string[],
): AccessSources {
  const { rules, otherwise, acl_file, roles_file, http } = access;
  const sources: AccessSource[] = [];
  if (logins.jwt?.permissions_claim !== undefined) sources.push(new ClaimPermissions());
  const own = ownAclFiles(listeners);
  const ofFiles = acl_file !== undefined || own.size > 0;
  const othersFollow = ofFiles || roles_file !== undefined || http !== undefined;
  if (rules.length > 0) {
    sources.push(accessRules(rules.map(ruleOf), { otherwise: othersFollow ? "next" : otherwise }));
  }
  const roles = roles_file === undefined ? undefined : rolesOf(roles_file, tools, connectionsOf);
  if (roles !== undefined) sources.push(roles);
  const service =
    http === undefined
      ? undefined
      : new HttpAccess({
          ...serviceOptions(http, "access.http", tools),
          validForMs: http.valid_for_ms,
          troubleForMs: http.trouble_for_ms,
        });
  if (service !== undefined) sources.push(service);
  // Where no file is about a listener, it is as if none were named.
  const onlyRules = rules.length > 0 && roles_file === undefined && http === undefined;
  const isAllowed = sources.length === 0 || (onlyRules && otherwise === "allow");
  const hasOwnOnly = sources.length === 0 && acl_file === undefined;
  if (own.size > 0) sources.push(aclFiles(acl_file, own, files, { listeners, isAllowed }));
  else if (acl_file !== undefined) sources.push(aclFile(acl_file, files));
  return {
    sources,
    roles,
    isFree: (listener) => hasOwnOnly && !own.has(listener),
    close: () => service?.close(),
  };
}

function ruleOf(table: Access["rules"][number]): AccessRule {
  const { name, effect, actions, topics, qos, retain } = table;
  const { user_names, client_ids, anonymous, certificate, claims, addresses, listeners } = table;
  return {
    name,
    effect,
    actions,
    topics,
    qos: qos as AccessRule["qos"],
    retain,
    who: {
      userNames: user_names,
      clientIds: client_ids,
      anonymous,
      certificate,
      claims,
      addresses,
      listeners,
    },
  };
}

/** Files of listeners alone, by the listeners' names. */
type OwnFiles = ReadonlyMap<string, string>;

function ownAclFiles(listeners: Configuration["listeners"]): OwnFiles {
  const found = listeners.flatMap((listener) => {
    const path = listener.access?.acl_file;
    return path === undefined ? [] : [[nameOf(listener), path] as const];
  });
  return new Map(found);
}

/**
 * The general file, and those of listeners in its place. `isAllowed`: what is allowed on a listener that neither is about. A client
 * whose listener is not known is allowed nothing that the general file does not allow.
 */
function aclFiles(
  general: string | undefined,
  own: OwnFiles,
  files: GateFiles,
  { listeners, isAllowed }: { readonly listeners: Configuration["listeners"]; readonly isAllowed: boolean },
): AccessSource {
  const otherwise = isAllowed ? true : undefined;
  const unjudged: AccessSource = {
    mayPublish: () => otherwise,
    maySubscribe: () => otherwise,
    mayUnsubscribe: () => otherwise,
    mayReceive: () => otherwise,
  };
  const usual = general === undefined ? undefined : aclFile(general, files);
  const byListener = new Map(
    listeners.map((listener) => {
      const name = nameOf(listener);
      const path = own.get(name);
      return [name, path === undefined ? (usual ?? unjudged) : aclFile(path, files)] as const;
    }),
  );
  const sourceOf = ({ listener }: Identity): AccessSource | undefined => byListener.get(listener) ?? usual;
  return {
    name: "acl_file",
    mayPublish: (client, topicName, qos, retain) =>
      sourceOf(client)?.mayPublish?.(client, topicName, qos, retain),
    maySubscribe: (client, topicFilter, qos) => sourceOf(client)?.maySubscribe?.(client, topicFilter, qos),
    mayUnsubscribe: (client, topicFilter) => sourceOf(client)?.mayUnsubscribe?.(client, topicFilter),
    mayReceive: (client, topicName) => sourceOf(client)?.mayReceive?.(client, topicName),
  };
}

/** What the file says now, whenever somebody asks. */
function aclFile(path: string, files: GateFiles): AccessSource {
  let current = files.open(
    path,
    (text) => AclFile.parse(text, path),
    (next) => {
      current = next;
      files.onChange({});
    },
  );
  return {
    name: path,
    mayPublish: (client, topicName) => current.mayPublish(client, topicName),
    maySubscribe: () => current.maySubscribe(),
    mayUnsubscribe: () => current.mayUnsubscribe(),
    mayReceive: (client, topicName) => current.mayReceive(client, topicName),
  };
}

/** The state file belongs to this broker from now on: commands change it, and nobody else does. */
function rolesOf(
  path: string,
  { clock, random, log }: GateTools,
  connectionsOf: (userName: string) => readonly string[],
): DynamicSecurity {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(path, `it cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  return new DynamicSecurity(text, {
    source: path,
    hashing: passwordHashing(),
    random,
    clock,
    save: async (state) => replaceFile(path, state, PRIVATE_MODE),
    failed: (error) => log.write("error", `A command to change roles failed: ${describeError(error)}`),
    connectionsOf,
  });
}
