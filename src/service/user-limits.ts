/** From `[[users]]` of a configuration to the limits that go with a login. */

import type { ClientLimits } from "#auth";
import { matchesOne, TextPattern } from "#base";
import { type Configuration, clientLimitsOf } from "#config";

/** Limits by user name; undefined for users who have those of all. One object a table, so that its users share their settings. */
export function userLimits(users: Configuration["users"]): (userName: string) => ClientLimits | undefined {
  const tables = users.map((found) => ({
    patterns: found.names.map((name) => new TextPattern(name)),
    limits: clientLimitsOf(found),
  }));
  return (userName) => tables.find(({ patterns }) => matchesOne(patterns, userName))?.limits;
}
