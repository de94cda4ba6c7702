import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError, seededRandom, utf8Encode } from "#base";
import { PasswordFile, userNameProblem } from "./password-file.ts";
import { hashPassword, type PasswordHash, type PasswordHashing } from "./password-hash.ts";

/** Counts how often it hashes. */
class CountingHashing implements PasswordHashing {
  count = 0;

  sha512(bytes: Uint8Array): Uint8Array {
    this.count++;
    return createHash("sha512").update(bytes).digest();
  }

  pbkdf2Sha512(): Uint8Array {
    throw new TypeError("not used here");
  }
}

const random = seededRandom(5);
const hashOf = async (password: string): Promise<PasswordHash> =>
  await hashPassword(utf8Encode(password), "sha512", { hashing: new CountingHashing(), random });

async function fileText(...users: readonly (readonly [string, string])[]): Promise<string> {
  const file = new PasswordFile();
  for (const [name, password] of users) file.set(name, await hashOf(password));
  return file.toString();
}

describe("a file", () => {
  test("stays as it is but for what is changed", async () => {
    const [alice, bob] = (await fileText(["alice", "a"], ["bob", "b"])).split("\n");
    const text = `# who may connect\n\n${alice}\n  \n${bob}\n#carol:old\n`;
    const file = PasswordFile.parse(text, "accounts");
    expect(file.toString()).toBe(text);
    expect(file.userNames).toEqual(["alice", "bob"]);

    file.set("alice", await hashOf("new"));
    const [, , changed] = file.toString().split("\n");
    expect(file.toString()).toBe(text.replace(alice as string, changed as string));
    expect(file.delete("bob")).toBe(true);
    expect(file.delete("bob")).toBe(false);
    file.set("dora", await hashOf("d"));
    expect(file.toString()).toMatch(
      /^# who may connect\n\nalice:\$6\$\S+\n {2}\n#carol:old\ndora:\$6\$\S+\n$/,
    );
  });

  test("may be empty, and may lack its last line feed", async () => {
    expect(PasswordFile.parse("", "f").toString()).toBe("");
    expect(new PasswordFile().toString()).toBe("");
    const text = await fileText(["alice", "a"]);
    expect(PasswordFile.parse(text.trimEnd(), "f").toString()).toBe(text);
    expect(PasswordFile.parse(text.replaceAll("\n", "\r\n"), "f").userNames).toEqual(["alice"]);
  });

  test("tells whose passwords are not hashed", () => {
    const file = PasswordFile.parse("alice:pass:word\nbob:$6$x$y\n", "f");
    expect(file.plainAccounts).toEqual([
      { userName: "alice", password: "pass:word" },
      { userName: "bob", password: "$6$x$y" },
    ]);
  });

  test.each([
    ["alice", "f:1: this is no account; write name:hash."],
    ["# x\n:hash", "f:2: this is no account; write name:hash."],
    ["alice:", "f:1: this is no account; write name:hash."],
    ["alice:x\nbob:y\nalice:z", "f:3: the user alice is there twice."],
  ])("%j is refused with its line", (text, message) => {
    expect(() => PasswordFile.parse(text, "f")).toThrow(
      new ConfigError(message.slice(0, 3), message.slice(5)),
    );
  });
});

describe("verifying", () => {
  test("lets in who knows the password", async () => {
    const file = PasswordFile.parse(await fileText(["alice", "a"], ["bob", "b"]), "f");
    const hashing = new CountingHashing();
    const isRight = async (name: string, password: string): Promise<boolean> =>
      await file.verify(name, utf8Encode(password), hashing);
    expect(await isRight("alice", "a")).toBe(true);
    expect(await isRight("alice", "b")).toBe(false);
    expect(await isRight("bob", "b")).toBe(true);
    expect(await isRight("Alice", "a")).toBe(false);
    expect(await isRight("", "")).toBe(false);
  });

  test("costs as much for a name that is not there, also with the right password of another", async () => {
    const file = PasswordFile.parse(await fileText(["alice", "a"]), "f");
    const hashing = new CountingHashing();
    expect(await file.verify("nobody", utf8Encode("a"), hashing)).toBe(false);
    expect(hashing.count).toBe(1);
  });

  test("of a name that is not there costs what most names cost", async () => {
    const salt = "AAECAwQFBgcICQoL";
    const digest = Buffer.alloc(64, 7).toString("base64");
    const rounds: number[] = [];
    const hashing: PasswordHashing = {
      sha512: () => new Uint8Array(64),
      pbkdf2Sha512: (_password, _salt, iterations) => {
        rounds.push(iterations);
        return new Uint8Array(64);
      },
    };
    const lines = [`a:$6$${salt}$${digest}`, `b:$7$9$${salt}$${digest}`, `c:$7$9$${salt}$${digest}`];
    const file = PasswordFile.parse([...lines, `d:$7$5$${salt}$${digest}`].join("\n"), "f");
    await file.verify("nobody", utf8Encode("x"), hashing);
    file.delete("b");
    file.delete("c");
    file.delete("a");
    await file.verify("nobody", utf8Encode("x"), hashing);
    expect(rounds).toEqual([9, 5]);
  });

  test("lets nobody in by a password that is not hashed, and nobody into an empty file", async () => {
    const hashing = new CountingHashing();
    const plain = PasswordFile.parse("alice:a\n", "f");
    expect(await plain.verify("alice", utf8Encode("a"), hashing)).toBe(false);
    expect(await new PasswordFile().verify("alice", utf8Encode(""), hashing)).toBe(false);
  });
});

test.each([
  ["alice", undefined],
  ["a b@c/d", undefined],
  ["ü", undefined],
  ["", "a user name has at least one character"],
  ["a:b", "a user name has no colon: the file separates name and hash by it"],
  ["#a", "a user name does not begin with #: the file has comments that way"],
  ["a\nb", "a user name has no control characters"],
  ["\ud800", "a user name has at most 65535 bytes of UTF-8"],
  ["x".repeat(65_536), "a user name has at most 65535 bytes of UTF-8"],
])("the user name %j: %s", (name, problem) => {
  expect(userNameProblem(name)).toBe(problem);
});

describe("two files", () => {
  test("differ in users who are gone, or have another password or hash", async () => {
    const [alice, bob, carol] = (await fileText(["alice", "a"], ["bob", "b"], ["carol", "c"])).split("\n");
    const before = PasswordFile.parse([alice, bob, carol].join("\n"), "f");
    const [otherBob] = (await fileText(["bob", "new"])).split("\n");
    const after = PasswordFile.parse(["# comment", alice, otherBob, "dora:plain"].join("\n"), "f");
    expect(before.usersUnlike(after)).toEqual(["bob", "carol"]);
    expect(before.usersUnlike(before)).toEqual([]);
  });
});

describe("accounts for SCRAM", () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  const lineOf = (name: string, iterations: number): string =>
    `${name}:$scram-sha-256$${iterations}$AAECAwQFBgcICQoL$${key}$${key}`;

  test("are those that were hashed for it", async () => {
    const file = PasswordFile.parse(`${lineOf("s", 5)}\n${await fileText(["alice", "a"])}plain:x\n`, "f");
    expect(file.scramOf("s")).toMatchObject({ method: "scram-sha-256", iterations: 5 });
    expect([file.scramOf("alice"), file.scramOf("plain"), file.scramOf("nobody")]).toEqual(
      new Array(3).fill(undefined),
    );
    expect(["s", "alice", "plain", "nobody"].map((name) => file.methodOf(name))).toEqual([
      "scram-sha-256",
      "sha512",
      undefined,
      undefined,
    ]);
  });

  test("have a usual form, which is found anew after a change", () => {
    const file = PasswordFile.parse([lineOf("a", 5), lineOf("b", 9), lineOf("c", 9)].join("\n"), "f");
    expect(file.usualScram("scram-sha-256")?.iterations).toBe(9);
    expect(file.usualScram("scram-sha-512")).toBeUndefined();
    file.delete("b");
    file.delete("c");
    expect(file.usualScram("scram-sha-256")?.iterations).toBe(5);
  });
});
