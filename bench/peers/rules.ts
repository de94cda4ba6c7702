/** A gate with 10,000 users and 1,000 rules, such as an installation has that has grown for years. From `dist/`. */

import type * as Access from "../../src/access/index.ts";
import type * as Auth from "../../src/auth/index.ts";
import type * as Base from "../../src/base/index.ts";
import type * as Credentials from "../../src/credentials/index.ts";
import type * as Logins from "../../src/logins/index.ts";

const USERS = 10_000;
const RULES = 1_000;

export async function gateWithRules(): Promise<Auth.Gate> {
  const { PasswordFile, formatPasswordHash, hashPassword } = await room<typeof Auth>("auth");
  const { AclFile, combineAccess } = await room<typeof Access>("access");
  const { LoginChain, PasswordFileLogin } = await room<typeof Logins>("logins");
  const { passwordHashing } = await room<typeof Credentials>("credentials");
  const { systemClock, systemRandom, utf8Encode } = await room<typeof Base>("base");

  const hashing = passwordHashing();
  const random = systemRandom();
  const clock = systemClock();
  const secret = utf8Encode("secret");
  const hash = formatPasswordHash(await hashPassword(secret, "sha512", { hashing, random }));
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}:${hash}`);
  const chain = new LoginChain([
    new PasswordFileLogin(PasswordFile.parse(users.join("\n"), "users"), { hashing, random, clock }),
  ]);
  const acl = AclFile.parse(rules().join("\n"), "acl");
  return { ...combineAccess([acl]), authenticate: (login) => chain.authenticate(login) };
}

/** Half of them of users, half of them patterns for all; the last one is the one that fits the load. */
function rules(): string[] {
  const lines: string[] = [];
  for (let index = 0; index < RULES / 2; index++) {
    lines.push(`user user-${index * 10}`, `topic readwrite site/${index}/+/data`);
  }
  for (let index = 0; index < RULES / 2 - 1; index++) lines.push(`pattern readwrite area/${index}/%u/#`);
  lines.push("pattern readwrite bench/#");
  return lines;
}

async function room<T>(name: string): Promise<T> {
  return (await import(new URL(`../../dist/${name}/index.js`, import.meta.url).href)) as T;
}
