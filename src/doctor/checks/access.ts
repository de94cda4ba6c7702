/** What those may do who got in. */

import type { Configuration } from "#config";
import type { Facts } from "../facts.ts";
import { counted, type Finding, named, note, ok, warning } from "../finding.ts";
import { checkUrl } from "./logins.ts";

type AccessFacts = Pick<Facts, "configuration" | "listeners" | "accounts" | "roles" | "accessFile">;
type Rule = Configuration["access"]["rules"][number];

export function checkAccess(facts: AccessFacts): Finding[] {
  const { configuration, roles, accessFile } = facts;
  const { access } = configuration;
  if (!hasRules(configuration)) return [unlimitedAccess(facts), ...sysOf(facts)];
  const found: Finding[] = [ok("access", `Permissions: ${sourcesOf(configuration).join(", then ")}.`)];
  if (access.http !== undefined) found.push(...checkUrl(access.http.url, "access.http", "permissions"));
  const isLast =
    access.acl_file === undefined && access.roles_file === undefined && access.http === undefined;
  if (access.otherwise === "allow" && isLast)
    found.push(
      warning(
        "access",
        "What no rule fits is allowed.",
        'Leave out access.otherwise, or set it to "deny", and allow what is needed.',
      ),
    );
  if (roles !== undefined && roles.allowedByDefault.length > 0)
    found.push(
      warning(
        "access",
        `${roles.path} allows by default, to whoever has no role that says otherwise: ${roles.allowedByDefault.join(", ")}.`,
        "Set these to false in defaultACLAccess (mosquitto_ctrl dynsec setDefaultACLAccess), and give roles.",
      ),
    );
  if (roles?.hasAnonymousGroup === true)
    found.push(note("access", `${roles.path} has a group for clients without a user name.`));
  const wide = access.rules.flatMap((rule, index) =>
    isForAll(rule) ? [rule.name ?? `access.rules[${index}]`] : [],
  );
  if (wide.length > 0)
    found.push(
      warning(
        "access",
        `Everybody may use all topics by ${named(wide)}.`,
        "Name the topics, or who it is for.",
      ),
    );
  const { readAll = false, writeAll = false } = accessFile?.strangerMay ?? {};
  if (accessFile !== undefined && (readAll || writeAll)) {
    const doing = readAll && writeAll ? "publish and receive" : readAll ? "receive" : "publish";
    found.push(
      warning(
        "access",
        `${accessFile.path} lets users ${doing} anything whom it does not name.`,
        "Use patterns with %u or %c for what everybody may do.",
      ),
    );
  }
  return [...found, ...sysOf(facts)];
}

/** Whether anything stands between a client and all topics. */
export function hasRules({ access }: Configuration): boolean {
  const { rules, acl_file, roles_file, http } = access;
  return rules.length > 0 || acl_file !== undefined || roles_file !== undefined || http !== undefined;
}

function sourcesOf({ access }: Configuration): string[] {
  const { rules, acl_file, roles_file, http } = access;
  return [
    ...(rules.length === 0 ? [] : [counted(rules.length, "rule")]),
    ...(roles_file === undefined ? [] : [roles_file]),
    ...(http === undefined ? [] : ["access.http"]),
    ...(acl_file === undefined ? [] : [acl_file]),
  ];
}

function unlimitedAccess({ listeners, accounts }: AccessFacts): Finding {
  const what = "There are no rules: everybody who gets in may publish and receive everything.";
  const users = new Set(accounts.flatMap((file) => file.accounts.map(({ userName }) => userName))).size;
  const advice = "Say who may do what: access.acl_file, access.rules or access.roles_file.";
  if (users > 1) return warning("access", `${what} There are ${users} users.`, advice);
  return listeners.some(({ isExposed }) => isExposed)
    ? warning("access", what, advice)
    : note("access", what);
}

function sysOf({ configuration, listeners, accessFile }: AccessFacts): Finding[] {
  const { rules } = configuration.access;
  const isRead =
    !hasRules(configuration) ||
    accessFile?.strangerMay.readSys === true ||
    rules.some((rule) => rule.effect === "allow" && isAboutAll(rule) && rule.topics.some(isBelowSys));
  if (configuration.sys.interval_seconds === 0 || !isRead) return [];
  const what =
    "Everybody who gets in can read $SYS, which tells how many clients there are and what they send.";
  const isExposed = listeners.some((listener) => listener.isExposed);
  return isExposed
    ? [
        warning(
          "access",
          what,
          'Allow "$SYS/#" to those only who watch the broker, or set sys.interval_seconds to 0.',
        ),
      ]
    : [note("access", what)];
}

const isBelowSys = (topic: string): boolean => topic === "$SYS/#" || topic.startsWith("$SYS/");

const isForAll = (rule: Rule): boolean =>
  rule.effect === "allow" && isAboutAll(rule) && rule.topics.includes("#");

/** It names nobody in particular. */
function isAboutAll(rule: Rule): boolean {
  const { user_names, client_ids, anonymous, certificate, claims, addresses, listeners } = rule;
  const wishes = [...Object.keys(certificate ?? {}), ...Object.keys(claims ?? {})];
  const lists = [user_names, client_ids, addresses, listeners];
  return anonymous === undefined && wishes.length === 0 && lists.every((each) => each === undefined);
}
