// Commands of dynamic security that mean harm: of wrong types, huge, deep, with names that JavaScript knows. All are answered, and
// what is answered with an error has changed nothing.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DynamicSecurity } from "#access";
import type { Identity } from "#auth";
import { ConfigError, seededRandom, utf8Decode, utf8Encode } from "#base";
import { VirtualClock } from "#testing";
import { syncHashing } from "../support/sync-hashing.ts";

const admin: Identity = {
  clientId: "admin",
  userName: "admin",
  address: { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 1, localPort: 1883 },
  listener: "",
  certificate: undefined,
  claims: undefined,
};

const file = JSON.stringify({
  clients: [{ username: "a", roles: [{ rolename: "r" }] }, { username: "b" }],
  groups: [{ groupname: "g", clients: [{ username: "a" }], roles: [{ rolename: "r" }] }],
  roles: [{ rolename: "r", acls: [{ acltype: "publishClientSend", topic: "t", allow: true }] }],
});

function started(text = file): DynamicSecurity {
  return new DynamicSecurity(text, {
    source: "dynsec.json",
    hashing: syncHashing,
    random: seededRandom(1),
    clock: new VirtualClock(),
    iterations: 1,
    save: async () => undefined,
  });
}

interface Response {
  readonly command: string;
  readonly error?: string;
  readonly data?: unknown;
}

async function ask(security: DynamicSecurity, payload: string | Uint8Array): Promise<readonly Response[]> {
  const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
  const { responses } = JSON.parse(utf8Decode(await security.handle(admin, bytes))) as {
    responses: Response[];
  };
  return responses;
}

const commands = [
  ["setDefaultACLAccess", "getDefaultACLAccess", "getDetails"],
  [
    "createClient",
    "deleteClient",
    "enableClient",
    "disableClient",
    "getClient",
    "listClients",
    "modifyClient",
  ],
  ["setClientId", "setClientPassword", "addClientRole", "removeClientRole"],
  [
    "createGroup",
    "deleteGroup",
    "getGroup",
    "listGroups",
    "modifyGroup",
    "addGroupClient",
    "removeGroupClient",
  ],
  ["addGroupRole", "removeGroupRole", "setAnonymousGroup", "getAnonymousGroup"],
  ["createRole", "deleteRole", "getRole", "listRoles", "modifyRole", "addRoleACL", "removeRoleACL"],
].flat();

const fields = [
  ["username", "groupname", "rolename", "clientid", "password", "textname", "textdescription", "priority"],
  [
    "roles",
    "groups",
    "clients",
    "acls",
    "acltype",
    "topic",
    "allow",
    "allowwildcardsubs",
    "verbose",
    "count",
  ],
  ["offset", "correlationData", "__proto__", "constructor", "toString", "USERNAME"],
].flat();

const name = fc.constantFrom(
  "a",
  "b",
  "g",
  "r",
  "t",
  "",
  "__proto__",
  "constructor",
  "new",
  "a\0b",
  "\ud800",
  "+/#",
);
const leaf = fc.oneof(name, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const reference = fc.dictionary(
  fc.constantFrom("username", "groupname", "rolename", "priority", "topic", "acltype", "allow"),
  leaf,
  { maxKeys: 3 },
);
const value = fc.oneof(leaf, leaf, fc.array(fc.oneof(leaf, reference), { maxLength: 3 }), reference);
const command = fc
  .tuple(fc.constantFrom(...commands), fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 8 }))
  .map(([called, rest]) => ({ command: called, ...rest }));

describe("hostile commands", () => {
  test("there are 32, and each is known", async () => {
    expect(new Set(commands).size).toBe(32);
    for (const each of commands) {
      const [response] = await ask(started(), JSON.stringify({ commands: [{ command: each }] }));
      expect(response?.error, each).not.toBe("Unknown command");
    }
  });

  test("of any shape are answered; what is answered with an error changes nothing", async () => {
    let done = 0;
    let errors = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 4 }), async (list) => {
        const security = started();
        for (const each of list) {
          const before = security.toString();
          const [response] = await ask(security, JSON.stringify({ commands: [each] }));
          if (response?.error === undefined) done++;
          else errors++;
          expect(response?.error === undefined || security.toString() === before).toBe(true);
          // What was written can be read again, and is the same then.
          expect(started(security.toString()).toString()).toBe(security.toString());
        }
        expect(({} as Record<string, unknown>)["username"]).toBeUndefined();
      }),
      { numRuns: 600 },
    );
    expect(done).toBeGreaterThan(50);
    expect(errors).toBeGreaterThan(50);
  });

  test("payloads that are no commands are answered", async () => {
    const security = started();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(utf8Encode)), async (payload) => {
        const [response] = await ask(security, payload);
        expect(response?.error ?? "no commands").toMatch(
          /^(Payload not valid JSON|Invalid\/missing commands|no commands)$/,
        );
      }),
      { numRuns: 500 },
    );
    expect(security.toString()).toBe(started().toString());
  });

  test("deep and huge ones are answered", async () => {
    const security = started();
    const before = security.toString();
    const deep = `{"commands":[${"[".repeat(200_000)}${"]".repeat(200_000)}]}`;
    expect(await ask(security, deep)).toEqual([
      { command: "Unknown command", error: "Payload not valid JSON" },
    ]);
    const many = `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join()}}`;
    expect(await ask(security, `{"commands":[${many}]}`)).toEqual([
      { command: "Unknown command", error: "Missing command" },
    ]);
    const long = { command: "createRole", rolename: "x".repeat(70_000) };
    expect(await ask(security, JSON.stringify({ commands: [long] }))).toEqual([
      { command: "createRole", error: "Role name not valid UTF-8" },
    ]);
    expect(await ask(security, new Uint8Array(5_000_000).fill(0x20))).toEqual([
      { command: "Unknown command", error: "Payload too large" },
    ]);
    expect(security.toString()).toBe(before);
  });

  test("names that JavaScript knows are names", async () => {
    const security = started();
    for (const username of ["__proto__", "constructor", "hasOwnProperty"]) {
      const create = { command: "createClient", username, roles: [{ rolename: "r" }] };
      const got = await ask(
        security,
        JSON.stringify({ commands: [create, { command: "getClient", username }] }),
      );
      expect(got[1]).toMatchObject({ data: { client: { username, roles: [{ rolename: "r" }] } } });
      expect(security.mayPublish({ ...admin, userName: username }, "t")).toBe(true);
    }
    expect(security.mayPublish({ ...admin, userName: "toString" }, "t")).toBeUndefined();
  });
});

describe("state files", () => {
  test("of any text are read or refused with a ConfigError", () => {
    const shape = fc.record(
      { clients: value, groups: value, roles: value, defaultACLAccess: value, anonymousGroup: value },
      { requiredKeys: [] },
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      shape.map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(text, (random) => {
        try {
          const written = started(random).toString();
          expect(started(written).toString()).toBe(written);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
