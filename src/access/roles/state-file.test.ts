import { describe, expect, test } from "vitest";
import { ConfigError } from "#base";
import { formatState, parseState } from "./state-file.ts";

// Made by `mosquitto_ctrl dynsec init` of Debian's mosquitto 2.0.11, and shortened.
const madeByTool = `{
	"clients":	[{
			"username":	"admin",
			"textName":	"Dynsec admin user",
			"password":	"dW0uNxGGy+qWMiRZEqV9jm4JvvTq7yv/I1oaMUALDEDmu4p9kXPcGlMevsYCtZmfGx528ekYYZa05q/NBwcTKw==",
			"salt":	"u0Jh+k9/kohb/EVT",
			"iterations":	101,
			"roles":	[{
					"rolename":	"admin"
				}]
		}],
	"roles":	[{
			"rolename":	"admin",
			"acls":	[{
					"acltype":	"publishClientSend",
					"topic":	"$CONTROL/dynamic-security/#",
					"allow":	true
				}]
		}],
	"defaultACLAccess":	{
		"publishClientSend":	false,
		"publishClientReceive":	true,
		"subscribe":	false,
		"unsubscribe":	true
	}
}`;

const rewritten = (text: string): unknown => JSON.parse(formatState(parseState(text, "f")));

function problemOf(text: string): string {
  try {
    parseState(text, "dynsec.json");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
  return "none";
}

describe("the state file", () => {
  test("of mosquitto's tool is read, and written as mosquitto itself writes it", () => {
    expect(rewritten(madeByTool)).toEqual({
      defaultACLAccess: {
        publishClientSend: false,
        publishClientReceive: true,
        subscribe: false,
        unsubscribe: true,
      },
      clients: [
        {
          username: "admin",
          textname: "Dynsec admin user",
          roles: [{ rolename: "admin" }],
          password:
            "dW0uNxGGy+qWMiRZEqV9jm4JvvTq7yv/I1oaMUALDEDmu4p9kXPcGlMevsYCtZmfGx528ekYYZa05q/NBwcTKw==",
          salt: "u0Jh+k9/kohb/EVT",
          iterations: 101,
        },
      ],
      groups: [],
      roles: [
        {
          rolename: "admin",
          acls: [
            { acltype: "publishClientSend", topic: "$CONTROL/dynamic-security/#", priority: 0, allow: true },
          ],
        },
      ],
    });
  });

  test("is written as it was read", () => {
    const file = {
      defaultACLAccess: {
        publishClientSend: true,
        publishClientReceive: false,
        subscribe: true,
        unsubscribe: false,
      },
      clients: [
        {
          username: "a",
          clientid: "c",
          textname: "n",
          textdescription: "d",
          disabled: true,
          roles: [{ rolename: "r2", priority: 5 }, { rolename: "r1" }],
          encoded_password: "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgc$AAECAwQFBgcICQoLDA0ODw",
          future: { deep: [1, { x: null }] },
        },
        { username: "b", roles: [], encoded_password: "$99$something" },
      ],
      groups: [
        {
          groupname: "g",
          textname: "G",
          roles: [{ rolename: "r1", priority: 0 }],
          clients: [{ username: "b", priority: 9 }, { username: "a" }],
          future: true,
        },
      ],
      roles: [
        {
          rolename: "r1",
          allowwildcardsubs: false,
          acls: [
            { acltype: "publishClientSend", topic: "a", priority: 9, allow: true, comment: "kept" },
            { acltype: "publishClientSend", topic: "b", priority: -1, allow: false },
            { acltype: "unsubscribePattern", topic: "#", priority: 0, allow: true },
          ],
        },
        { rolename: "r2", allowwildcardsubs: true, acls: [], __proto: "x" },
      ],
      anonymousGroup: "g",
      future: ["kept"],
    };
    expect(rewritten(JSON.stringify(file))).toEqual(file);
    expect(formatState(parseState(JSON.stringify(file), "f"))).toContain('\n\t"clients": [\n');
  });

  test("names of fields are found in any case, and what is nobody's is kept", () => {
    const text = '{"CLIENTS":[{"UserName":"a","__proto__":{"polluted":1},"constructor":2}]}';
    expect(formatState(parseState(text, "f"))).toContain('"__proto__": {');
    expect(rewritten(text)).toMatchObject({ clients: [{ username: "a", roles: [], constructor: 2 }] });
    expect((Object.prototype as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("what refers to nothing is dropped, and of several with one name the first counts", () => {
    const text = JSON.stringify({
      clients: [
        {
          username: "a",
          roles: [{ rolename: "gone" }, { rolename: "r", priority: 1 }, { rolename: "r", priority: 2 }],
        },
        { username: "a", disabled: true },
      ],
      groups: [{ groupname: "g", clients: [{ username: "gone" }, { username: "a" }, 3, null], roles: "x" }],
      roles: [
        {
          rolename: "r",
          acls: [7, { acltype: "no", topic: "a" }, { acltype: "publishclientsend", topic: "a" }],
        },
      ],
      anonymousGroup: "gone",
    });
    expect(rewritten(text)).toMatchObject({
      clients: [{ username: "a", roles: [{ rolename: "r", priority: 1 }] }],
      groups: [{ groupname: "g", clients: [{ username: "a" }], roles: [] }],
      roles: [
        { rolename: "r", acls: [{ acltype: "publishClientSend", topic: "a", priority: 0, allow: false }] },
      ],
    });
    expect(rewritten(text)).not.toHaveProperty("anonymousGroup");
  });

  test("passwords of both forms are found", () => {
    const clients = parseState(madeByTool, "f").clients;
    expect(clients.get("admin")?.password?.hash).toMatchObject({ method: "sha512-pbkdf2", iterations: 101 });
    const encoded =
      '{"clients":[{"username":"a","encoded_password":"$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgc$AAECAwQFBgcICQoLDA0ODw"}]}';
    expect(parseState(encoded, "f").clients.get("a")?.password?.hash?.method).toBe("argon2id");
    const broken = '{"clients":[{"username":"a","password":"x","salt":3,"iterations":-1}]}';
    expect(parseState(broken, "f").clients.get("a")?.password?.hash).toBeUndefined();
  });

  test("an empty object is a state without anybody", () => {
    expect(parseState("{}", "f").defaults).toEqual({
      publishClientSend: false,
      publishClientReceive: true,
      subscribe: false,
      unsubscribe: true,
    });
  });

  test.each([
    ["", "dynsec.json: is no JSON; write a state file of dynamic security."],
    ["{", "dynsec.json: is no JSON; write a state file of dynamic security."],
    ["[]", "dynsec.json: is no JSON object; write one with clients, groups and roles."],
    ['{"clients":{}}', "dynsec.json: clients: is no list; write [ … ]."],
    ['{"clients":[{"username":"a"},7]}', "dynsec.json: clients[1]: is no object; write { … }."],
    ['{"groups":[{}]}', "dynsec.json: groups[0].groupname: is missing or no text."],
    ['{"roles":[{"rolename":7}]}', "dynsec.json: roles[0].rolename: is missing or no text."],
    [
      `{"x":${"[".repeat(5000)}${"]".repeat(5000)}}`,
      "dynsec.json: is no JSON; write a state file of dynamic security.",
    ],
  ])("%#: an error that says where", (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });
});
