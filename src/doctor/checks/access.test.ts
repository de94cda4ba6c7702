import { describe, expect, it } from "vitest";
import { configurationOf, exposedListenerOf, listenerOf, troubles } from "../../../test/support/doctor.ts";
import type { Facts } from "../facts.ts";
import { checkAccess } from "./access.ts";

async function judge(settings: readonly string[], facts: Partial<Facts> = {}): Promise<readonly string[]> {
  const listeners = [await listenerOf()];
  const configuration = await configurationOf(...settings);
  const findings = checkAccess({
    configuration,
    listeners,
    accounts: [],
    roles: undefined,
    accessFile: undefined,
    ...facts,
  });
  return troubles(findings);
}

const NO_RULES = "There are no rules: everybody who gets in may publish and receive everything.";
const SYS = "Everybody who gets in can read $SYS, which tells how many clients there are and what they send.";
const rules = (...list: readonly object[]): string => `access.rules=${JSON.stringify(list)}`;
const fileLetting = (readSys: boolean, readAll: boolean, writeAll: boolean): Partial<Facts> => ({
  accessFile: { path: "acl", strangerMay: { readSys, readAll, writeAll } },
});

describe("no rules", () => {
  it("are worth a note on a machine by itself", async () => {
    expect(await judge([])).toEqual([`note ${NO_RULES}`, `note ${SYS}`]);
  });

  it("are a warning where other machines get in", async () => {
    const listeners = [await exposedListenerOf("10.0.0.1")];
    expect(await judge([], { listeners })).toEqual([`warning ${NO_RULES}`, `warning ${SYS}`]);
  });

  it("are a warning where there are several users", async () => {
    const account = (userName: string) => ({ userName, hash: undefined });
    const accounts = [{ path: "pw", use: "password-file" as const, accounts: [account("a"), account("b")] }];
    expect(await judge([], { accounts })).toEqual([`warning ${NO_RULES} There are 2 users.`, `note ${SYS}`]);
    // The same ones again are no more of them.
    expect(
      await judge([], { accounts: [{ ...accounts[0]!, accounts: [account("a"), account("a")] }] }),
    ).toEqual([`note ${NO_RULES}`, `note ${SYS}`]);
  });

  it("tell nothing of $SYS where there is none", async () => {
    expect(await judge(["sys.interval_seconds=0"])).toEqual([`note ${NO_RULES}`]);
  });
});

describe("rules", () => {
  it("that name topics and people are in order", async () => {
    const list = rules(
      { effect: "allow", topics: ["devices/%u/#"] },
      { effect: "allow", topics: ["#", "$SYS/#"], user_names: ["admin"] },
      { effect: "deny", topics: ["#"] },
    );
    expect(await judge([list])).toEqual([]);
  });

  it("for everybody and everything are told by their names", async () => {
    const list = rules({ effect: "allow", topics: ["#"], name: "wide" }, { effect: "allow", topics: ["#"] });
    expect(await judge([list])).toEqual(["warning Everybody may use all topics by wide, access.rules[1]."]);
  });

  it("that allow $SYS to everybody", async () => {
    expect(await judge([rules({ effect: "allow", topics: ["$SYS/broker/#"] })])).toEqual([`note ${SYS}`]);
  });

  it("that allow what none fits", async () => {
    const list = rules({ effect: "deny", topics: ["secret/#"] });
    expect(await judge([list, "access.otherwise=allow"])).toEqual(["warning What no rule fits is allowed."]);
    expect(await judge([list, "access.otherwise=allow", "access.acl_file=acl"])).toEqual([]);
  });

  it("of a file that lets strangers do everything", async () => {
    const settings = ["access.acl_file=acl"];
    expect(await judge(settings, fileLetting(false, false, false))).toEqual([]);
    expect(await judge(settings, fileLetting(true, true, true))).toEqual([
      "warning acl lets users publish and receive anything whom it does not name.",
      `note ${SYS}`,
    ]);
    expect(await judge(settings, fileLetting(false, false, true))).toEqual([
      "warning acl lets users publish anything whom it does not name.",
    ]);
  });

  it("of roles that allow by default", async () => {
    const roles = { path: "r.json", allowedByDefault: ["subscribe"], hasAnonymousGroup: true };
    expect(await judge(["access.roles_file=r.json"], { roles })).toEqual([
      "warning r.json allows by default, to whoever has no role that says otherwise: subscribe.",
      "note r.json has a group for clients without a user name.",
    ]);
  });

  it("of a service in the clear can be changed on the way", async () => {
    expect(await judge(["access.http.url=http://10.0.0.1/x?key=hush"])).toEqual([
      "problem access.http is asked over plain HTTP at 10.0.0.1: who is between can read and change permissions.",
    ]);
  });
});
