import { describe, expect, test } from "vitest";
import { DynamicSecurity } from "#access";
import type { PasswordHashing } from "#auth";
import { seededRandom, utf8Decode, utf8Encode } from "#base";
import { VirtualClock } from "#testing";
import { identityOf, loginOf } from "../../test/support/logins.ts";
import { syncHashing } from "../../test/support/sync-hashing.ts";
import { rolesLogin } from "./roles-login.ts";

/** One user, alice, with the password `right`; counts the passwords that are hashed. */
async function scene() {
  let hashed = 0;
  const hashing: PasswordHashing = {
    ...syncHashing,
    pbkdf2Sha512: (...recipe) => {
      hashed++;
      return syncHashing.pbkdf2Sha512(...recipe);
    },
  };
  const [clock, random] = [new VirtualClock(), seededRandom(1)];
  const roles = new DynamicSecurity("{}", {
    source: "roles.json",
    hashing,
    random,
    clock,
    iterations: 10,
    save: async () => undefined,
  });
  const command = async (command: string, more: object = {}): Promise<void> => {
    const commands = [{ command, username: "alice", ...more }];
    const answer = utf8Decode(await roles.handle(identityOf(), utf8Encode(JSON.stringify({ commands }))));
    expect(answer).not.toContain("error");
    hashed = 0;
  };
  await command("createClient", { password: "right" });
  const provider = rolesLogin(roles, { clock, random });
  return {
    clock,
    command,
    provider,
    hashed: () => hashed,
    comesIn: async (password = "right", clientId = "c"): Promise<boolean> => {
      const login = loginOf({ userName: "alice", password, clientId });
      return (await provider.authenticate(login))?.outcome === "accepted";
    },
  };
}

describe("who has just logged in", () => {
  test("gets in again without a hash, for an hour, and with the same password only", async () => {
    const { clock, comesIn, hashed } = await scene();
    expect(await comesIn()).toBe(true);
    expect(await comesIn()).toBe(true);
    expect(hashed()).toBe(1);
    expect(await comesIn("wrong")).toBe(false);
    expect(hashed()).toBe(2);
    expect(await comesIn()).toBe(true);
    expect(hashed()).toBe(2);
    clock.advance(3_600_000);
    expect(await comesIn()).toBe(true);
    expect(hashed()).toBe(3);
  });

  test("gets in although a thousand others wait for their passwords to be judged", async () => {
    const { provider, comesIn } = await scene();
    expect(await comesIn()).toBe(true);
    const flood = Array.from(
      { length: 1_100 },
      async () => await provider.authenticate(loginOf({ userName: "alice", password: "wrong" })),
    );
    expect(provider.authenticate(loginOf({ userName: "alice", password: "right" }))).toEqual({
      outcome: "accepted",
    });
    await Promise.all(flood);
  });

  test.each([
    ["has another password", "setClientPassword", { password: "other" }],
    ["is disabled", "disableClient", {}],
    ["is for another client id", "setClientId", { clientid: "another" }],
    ["is deleted", "deleteClient", {}],
  ])("does not get in when the user %s", async (_what, command, fields) => {
    const scened = await scene();
    expect(await scened.comesIn()).toBe(true);
    await scened.command(command, fields);
    expect(await scened.comesIn()).toBe(false);
  });

  test("gets in under the client id that is asked for, and under no other", async () => {
    const { command, comesIn } = await scene();
    await command("setClientId", { clientid: "mine" });
    expect(await comesIn("right", "mine")).toBe(true);
    expect(await comesIn("right", "yours")).toBe(false);
  });
});
