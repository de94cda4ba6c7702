// Dynamic security through sockets: Debian's mosquitto_ctrl administers Martlet, and Martlet answers what Debian's mosquitto answers.
import { describe, expect, test } from "vitest";
import { PacketType, ReasonCode } from "#protocol";
import { run, runWell } from "../support/programs.ts";
import {
  ADMIN,
  Administrator,
  type DynsecBroker,
  martletWithDynsec,
  mosquittoWithDynsec,
} from "./dynsec-broker.ts";

/** mosquitto_ctrl, as the administrator. */
async function ctrl(broker: DynsecBroker, ...args: string[]) {
  const where = ["-h", "127.0.0.1", "-p", String(broker.port), "-u", ADMIN.userName, "-P", ADMIN.password];
  const finished = await run("mosquitto_ctrl", [...where, "dynsec", ...args]);
  // It always warns that nothing is encrypted here.
  return { ...finished, stderr: finished.stderr.replace(/^Warning: [^]*?\n\n/, "") };
}

async function good(broker: DynsecBroker, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await ctrl(broker, ...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
}

describe("mosquitto_ctrl", () => {
  test("makes a client with a role, and the client may do what the role says", async () => {
    const broker = await martletWithDynsec();
    await good(broker, "createRole", "device");
    await good(broker, "addRoleACL", "device", "publishClientSend", "up/#", "allow", "5");
    await good(broker, "addRoleACL", "device", "publishClientSend", "up/secret", "deny", "9");
    await good(broker, "addRoleACL", "device", "subscribePattern", "down/#", "allow");
    await good(broker, "createClient", "sensor", "-p", "sensor-secret", "-c", "sensor-1");
    await good(broker, "addClientRole", "sensor", "device");

    const client = await broker.client({
      clientId: "sensor-1",
      userName: "sensor",
      password: "sensor-secret",
    });
    const acknowledged = async (topicName: string): Promise<number> => {
      client.sendPublish({ topicName, qos: 1 });
      return (await client.take(PacketType.PUBACK)).reasonCode;
    };
    expect(await acknowledged("up/1")).toBe(ReasonCode.NO_MATCHING_SUBSCRIBERS);
    expect(await acknowledged("up/secret")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(await acknowledged("elsewhere")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect(await acknowledged("$CONTROL/dynamic-security/v1")).toBe(ReasonCode.NOT_AUTHORIZED);
    expect((await client.subscribe("down/+", 1)).reasonCodes).toEqual([1]);
    expect((await client.subscribe("#", 1)).reasonCodes).toEqual([ReasonCode.NOT_AUTHORIZED]);
  });

  test("prints what there is", async () => {
    const broker = await martletWithDynsec();
    await good(broker, "createGroup", "floor");
    await good(broker, "createClient", "sensor", "-p", "x");
    await good(broker, "addGroupClient", "floor", "sensor", "3");
    await good(broker, "addGroupRole", "floor", "admin", "7");
    await good(broker, "setAnonymousGroup", "floor");
    await good(broker, "setDefaultACLAccess", "subscribe", "allow");
    expect(await good(broker, "listClients")).toBe("admin\nsensor\n");
    expect(await good(broker, "listGroups")).toBe("floor\n");
    expect(await good(broker, "listRoles")).toBe("admin\n");
    expect(await good(broker, "getClient", "sensor")).toMatch(
      /Username: +sensor\n[^]*Groups: +floor \(priority: 3\)/,
    );
    expect(await good(broker, "getGroup", "floor")).toMatch(/Groupname: +floor\n[^]*admin \(priority: 7\)/);
    expect(await good(broker, "getRole", "admin")).toContain("$CONTROL/dynamic-security/#");
    expect(await good(broker, "getAnonymousGroup")).toBe("floor\n");
    expect(await good(broker, "getDefaultACLAccess")).toMatch(/subscribe +: allow/);
  });

  test("says why something was not done", async () => {
    const broker = await martletWithDynsec();
    expect((await ctrl(broker, "addClientRole", "nobody", "admin")).stderr).toContain("Client not found");
    expect((await ctrl(broker, "createRole", "admin")).stderr).toContain("Role already exists");
  });

  test("ends the connections of those who lose what they had", async () => {
    const broker = await martletWithDynsec();
    await good(broker, "createClient", "a", "-p", "pw");
    const login = { clientId: "a", userName: "a", password: "pw" };
    const disabled = await broker.client(login);
    await good(broker, "disableClient", "a");
    await disabled.untilClosed();
    const refused = await broker.client(login);
    expect(refused.received[0]).toMatchObject({ reasonCode: ReasonCode.NOT_AUTHORIZED });
    await good(broker, "enableClient", "a");
    const enabled = await broker.client(login);
    expect(enabled.received[0]).toMatchObject({ reasonCode: ReasonCode.SUCCESS });
    await good(broker, "setClientPassword", "a", "other");
    await enabled.untilClosed();
    const changed = await broker.client({ ...login, password: "other" });
    await good(broker, "deleteClient", "a");
    await changed.untilClosed();
    // The administrator's own connection ends too, and not before the answer is there.
    await good(broker, "setClientPassword", ADMIN.userName, "another-secret");
    const old = await broker.client({ clientId: "old", ...ADMIN });
    expect(old.received[0]).toMatchObject({ reasonCode: ReasonCode.NOT_AUTHORIZED });
  });

  test("goes through all its commands, and mosquitto can go on with the file", async () => {
    const broker = await martletWithDynsec();
    const commands = `
      createRole r
      addRoleACL r subscribeLiteral a/b allow
      removeRoleACL r subscribeLiteral a/b
      createGroup g
      createClient u -p pw
      setClientId u id1
      setClientId u
      addClientRole u r 4
      removeClientRole u r
      addGroupRole g r
      removeGroupRole g r
      addGroupClient g u
      removeGroupClient g u
      deleteGroup g
      deleteRole r
      createRole later
      addClientRole u later`;
    for (const line of commands.trim().split("\n")) await good(broker, ...line.trim().split(" "));
    expect(JSON.parse(broker.file())).toMatchObject({
      clients: [{ username: "admin" }, { username: "u", roles: [{ rolename: "later" }], iterations: 101 }],
      groups: [],
      roles: [{ rolename: "admin" }, { rolename: "later", acls: [] }],
    });
    // Debian's mosquitto lets the new client in with the password that Martlet has hashed.
    const mosquitto = await mosquittoWithDynsec(broker.file());
    await runWell("mosquitto_pub", [
      "-p",
      String(mosquitto.port),
      "-u",
      "u",
      "-P",
      "pw",
      "-t",
      "a",
      "-m",
      "x",
    ]);
  });
});

describe("answers are mosquitto's", () => {
  const acls = [
    { acltype: "publishClientSend", topic: "a/#", priority: 5, allow: true },
    { acltype: "publishclientsend", topic: "b", priority: 9 },
    { acltype: "subscribePattern", topic: "bad/#/x", allow: true },
    { acltype: "none", topic: "x" },
    {},
  ];
  const several: readonly Readonly<Record<string, unknown>>[][] = [
    [{ command: "zzz" }, { command: 3 }, {}],
    [{ command: "zzz", correlationData: "a" }],
    [{ command: "getDefaultACLAccess", correlationData: "k" }, { command: "setDefaultACLAccess" }],
    [
      {
        command: "setDefaultACLAccess",
        acls: [{ acltype: "subscribe", allow: true }, { acltype: "x", allow: true }, {}],
      },
      { command: "getDefaultACLAccess" },
    ],
    [
      { command: "createRole", rolename: "r1", acls, textname: "T", textdescription: "D" },
      { command: "createRole", rolename: "r1" },
      { command: "createRole", rolename: "\u0001" },
      { command: "createRole" },
      { command: "createRole", rolename: "q", textname: 3 },
      { command: "createRole", rolename: "r2" },
      { command: "GETROLE", rolename: "r1", correlationData: "z" },
      { command: "listRoles" },
      { command: "listRoles", verbose: true, count: 1, offset: 1 },
    ],
    [
      {
        command: "createClient",
        username: "u1",
        password: "p",
        roles: [
          { rolename: "r1", priority: 3 },
          { rolename: "r2", priority: 8 },
        ],
        textname: "T",
      },
      { command: "createClient", username: "u1" },
      { command: "createClient", username: "x", roles: "a" },
      { command: "createClient", username: "x", roles: [{ rolename: "none" }] },
      { command: "createClient", username: "x", groups: [{ groupname: "none" }] },
      { command: "createClient", username: "x", clientid: 3 },
      { command: "createClient", username: "x", password: 3 },
      { command: "getClient", username: "x" },
      { command: "getClient", username: "u1" },
      { command: "listClients", count: 1, offset: 1 },
      { command: "listClients", count: 0 },
      { command: "listClients", verbose: true },
    ],
    [
      { command: "createGroup", groupname: "g1", roles: [{ rolename: "r1" }] },
      { command: "createGroup", groupname: "g1" },
      { command: "createGroup", groupname: "gg", roles: 3 },
      { command: "createGroup", groupname: "gg", textname: 3 },
      { command: "addGroupClient", groupname: "g1", username: "u1", priority: 4 },
      { command: "addGroupClient", groupname: "g1", username: "u1" },
      { command: "addGroupClient", groupname: "g1", username: "none" },
      { command: "addGroupClient", groupname: "none", username: "u1" },
      { command: "addGroupRole", groupname: "g1", rolename: "r2", priority: 3 },
      { command: "addGroupRole", groupname: "g1", rolename: "r2" },
      { command: "getGroup", groupname: "g1" },
      { command: "getGroup", groupname: "none" },
      { command: "getClient", username: "u1" },
      { command: "listGroups" },
      { command: "listGroups", verbose: true },
      { command: "getAnonymousGroup" },
      { command: "setAnonymousGroup", groupname: "none" },
      { command: "setAnonymousGroup", groupname: "g1" },
      { command: "getAnonymousGroup" },
    ],
    [
      { command: "addClientRole", username: "u1", rolename: "r1" },
      { command: "addClientRole", username: "u1", rolename: "none" },
      { command: "removeClientRole", username: "u1", rolename: "none" },
      { command: "removeClientRole", username: "none", rolename: "r1" },
      { command: "addRoleACL", rolename: "r1", acltype: "x" },
      { command: "addRoleACL", rolename: "r1" },
      { command: "addRoleACL", rolename: "r1", acltype: "subscribepattern" },
      { command: "addRoleACL", rolename: "r1", acltype: "subscribepattern", topic: "#/a" },
      { command: "addRoleACL", rolename: "r1", acltype: "subscribepattern", topic: "c/a", priority: 2 },
      { command: "addRoleACL", rolename: "r1", acltype: "subscribePattern", topic: "c/a" },
      { command: "addRoleACL", rolename: "none", acltype: "subscribePattern", topic: "c/a" },
      { command: "removeRoleACL", rolename: "r1", acltype: "subscribePattern", topic: "q" },
      { command: "removeRoleACL", rolename: "r1", acltype: "publishClientSend", topic: "b" },
      { command: "getRole", rolename: "r1" },
    ],
    [
      { command: "modifyClient", username: "u1", roles: 3 },
      { command: "modifyClient", username: "u1", roles: [{}] },
      { command: "modifyClient", username: "none" },
      {
        command: "modifyClient",
        username: "u1",
        textdescription: "D",
        clientid: "cid",
        roles: [{ rolename: "r2" }],
      },
      { command: "getClient", username: "u1" },
      { command: "setClientId", username: "u1" },
      { command: "setClientId", username: "u1", clientid: 3 },
      { command: "getClient", username: "u1" },
      { command: "modifyGroup", groupname: "g1", clients: [], textname: "G", roles: [] },
      { command: "modifyGroup", groupname: "none" },
      { command: "getGroup", groupname: "g1" },
      { command: "modifyRole", rolename: "none" },
      { command: "modifyRole", rolename: "r2", acls, textname: "R" },
      { command: "getRole", rolename: "r2" },
      { command: "setClientPassword", username: "u1" },
      { command: "setClientPassword", username: "u1", password: "" },
      { command: "disableClient", username: "u1" },
      { command: "disableClient", username: "none" },
      { command: "getClient", username: "u1" },
      { command: "enableClient", username: "u1" },
      { command: "removeGroupClient", groupname: "g1", username: "none" },
      { command: "removeGroupClient", groupname: "none", username: "u1" },
      { command: "removeGroupRole", groupname: "g1", rolename: "none" },
      { command: "deleteGroup", groupname: "none" },
      { command: "deleteRole", rolename: "r2" },
      { command: "deleteRole", rolename: "none" },
      { command: "deleteClient", username: "none" },
      { command: "deleteClient" },
      { command: "getClient", username: "u1" },
    ],
    [{ command: "zzz", correlationData: 3 }, { command: "listRoles" }],
  ];

  /** Without what 2.1 adds to the answers of 2.0. */
  const comparable = (answers: unknown): unknown =>
    JSON.parse(
      JSON.stringify(answers, (key, value: unknown) => (key === "allowwildcardsubs" ? undefined : value)),
    );

  test("command by command, and so is the file in the end", async () => {
    const [martlet, mosquitto] = [await martletWithDynsec(), await mosquittoWithDynsec()];
    const [ours, theirs] = [await Administrator.of(martlet), await Administrator.of(mosquitto)];
    for (const payload of ["nonsense", "{}", "[]", '{"commands":3}', '{"commands":["x"]}']) {
      expect(await ours.raw(payload), payload).toEqual(await theirs.raw(payload));
    }
    for (const commands of several) {
      const expected = await theirs.run(...commands);
      expect(comparable(await ours.run(...commands))).toEqual(comparable(expected));
    }
    const withoutSalts = (file: string): unknown =>
      JSON.parse(file, (key, value: unknown) => (key === "password" || key === "salt" ? "…" : value));
    expect(withoutSalts(martlet.file())).toEqual(withoutSalts(mosquitto.file()));
  });
});
