/**
 * @module access: the rules of who may publish, subscribe and receive what: mosquitto's acl_file, rules of our own, roles and groups
 * as in mosquitto's dynamic security, and several of them in order. Each is an `AccessSource`; `combineAccess` makes the half of a
 * gate of them.
 */

export {
  type AccessRule,
  type ClaimWish,
  type RuleAction,
  type RuleSubject,
  ruleActions,
} from "./access-rule.ts";
export { AclFile } from "./acl-file.ts";
export { ClaimPermissions } from "./claim-permissions.ts";
export { type AccessGate, combineAccess } from "./combine.ts";
export {
  DYNAMIC_SECURITY_TOPIC,
  DynamicSecurity,
  type DynamicSecurityOptions,
  type RefusedByRoles,
} from "./roles/dynamic-security.ts";
export { type AccessRulesOptions, accessRules } from "./rules.ts";
export type { AccessSource } from "./source.ts";
