// `martlet passwd`, as a process, and mosquitto's own tool and broker on the same files.
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PasswordFile, type PasswordHashing } from "#auth";
import { passwordHashing } from "#credentials";
import { passwdCommand } from "../../src/cli/commands/passwd.ts";
import { chooseMethod } from "../../src/cli/passwd/method.ts";
import { mosquittoProgram } from "../conformance/mosquitto.ts";
import { freePort } from "../support/ports.ts";
import { run, runWell, start } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { program } from "./martlet-process.ts";
import { martlet, refusal } from "./run-martlet.ts";

const newFile = (): string => join(temporaryFolder(), "accounts");

/** `martlet passwd`, which has to end well; returns what it says, without the path. */
async function passwd(file: string, args: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await martlet(["passwd", ...args], input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.replace(`${file}: `, "").trimEnd();
}

async function fits(file: string, user: string, password: string): Promise<boolean> {
  const accounts = PasswordFile.parse(readFileSync(file, "utf8"), file);
  return await accounts.verify(user, Buffer.from(password), passwordHashing());
}

describe("users", () => {
  it("are added, get other passwords and are removed", async () => {
    const file = newFile();
    expect(await passwd(file, ["-c", "-b", file, "alice", "one"])).toBe("alice is added (argon2id)");
    expect(await passwd(file, ["-b", "-H", "sha512", file, "bob", "two"])).toBe("bob is added (sha512)");
    expect(await passwd(file, ["-b", "-H", "sha512-pbkdf2", "-I", "101", file, "alice", "three"])).toBe(
      "alice has a new password (sha512-pbkdf2)",
    );
    expect(readFileSync(file, "utf8")).toMatch(/^alice:\$7\$101\$\S+\nbob:\$6\$\S+\n$/);
    expect(await fits(file, "alice", "one")).toBe(false);
    expect(await fits(file, "alice", "three")).toBe(true);
    expect(await passwd(file, ["-D", file, "alice"])).toBe("alice is removed");
    expect(readFileSync(file, "utf8")).toMatch(/^bob:\S+\n$/);
  });

  it("may get a hash for SCRAM, which takes the plain password, too", async () => {
    const file = newFile();
    const name = "alice has a new password";
    await passwd(file, ["-c", "-b", "-H", "sha512", file, "alice", "one"]);
    expect(await passwd(file, ["-b", "-H", "scram-sha-256", "-I", "4096", file, "alice", "two"])).toBe(
      `${name} (scram-sha-256)`,
    );
    expect(readFileSync(file, "utf8")).toMatch(
      /^alice:\$scram-sha-256\$4096\$[^$]{24}\$[^$]{44}\$[^$]{44}\n$/,
    );
    expect(await fits(file, "alice", "two")).toBe(true);
    expect(await passwd(file, ["-b", "-H", "scram-sha-512", file, "alice", "three"])).toBe(
      `${name} (scram-sha-512)`,
    );
    expect(readFileSync(file, "utf8")).toMatch(
      /^alice:\$scram-sha-512\$210000\$[^$]{24}\$[^$]{88}\$[^$]{88}\n$/,
    );
    expect(await fits(file, "alice", "three")).toBe(true);
  });

  it("keep what else stands in the file, and begin a new one with -c", async () => {
    const file = newFile();
    writeFileSync(file, "# who may connect\n\nold:$6$x$y\n");
    await passwd(file, ["-b", "-H", "sha512", file, "new", "x"]);
    expect(readFileSync(file, "utf8")).toMatch(/^# who may connect\n\nold:\$6\$x\$y\nnew:\$6\$\S+\n$/);
    await passwd(file, ["-c", "-b", "-H", "sha512", file, "only", "x"]);
    expect(readFileSync(file, "utf8")).toMatch(/^only:\S+\n$/);
  });

  it("get the first line of standard input where it is no terminal", async () => {
    const file = newFile();
    await passwd(file, ["-c", "-H", "sha512", file, "alice"], "päss word\r\nnot this\n");
    expect(await fits(file, "alice", "päss word")).toBe(true);
  });

  it("whose passwords are not hashed are upgraded, once", async () => {
    const file = newFile();
    const hashed = `bob:$6$AAECAwQFBgcICQoL$VW95d+CjdI3h/HvBtobj9zdBEvOu6SgL6+n804PSZ0NnVYzuJO3YB8kmfLkteIN99WzwhjqJdhVA6pSAZObTCA==`;
    writeFileSync(file, `# all\nalice:se:cret\n${hashed}\ncarol:$6$plain\n`);
    expect(await passwd(file, ["-U", "-H", "sha512-pbkdf2", "-I", "9", file])).toBe(
      "2 passwords are hashed (sha512-pbkdf2)",
    );
    expect(await fits(file, "alice", "se:cret")).toBe(true);
    expect(await fits(file, "bob", "secret1")).toBe(true);
    expect(await fits(file, "carol", "$6$plain")).toBe(true);
    const before = readFileSync(file, "utf8");
    expect(await passwd(file, ["-U", file])).toBe("all passwords were hashed before");
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

describe("the file", () => {
  const modeOf = (file: string): number => statSync(file).mode & 0o777;

  it("is its owner's alone, also when it was everybody's", async () => {
    const file = newFile();
    await passwd(file, ["-c", "-b", "-H", "sha512", file, "a", "x"]);
    expect(modeOf(file)).toBe(0o600);
    chmodSync(file, 0o644);
    await passwd(file, ["-b", "-H", "sha512", file, "b", "x"]);
    expect(modeOf(file)).toBe(0o600);
    // A group that was let in on purpose stays.
    chmodSync(file, 0o640);
    await passwd(file, ["-D", file, "b"]);
    expect(modeOf(file)).toBe(0o640);
  });

  it("is another one after each change", async () => {
    const file = newFile();
    await passwd(file, ["-c", "-b", "-H", "sha512", file, "a", "x"]);
    const before = statSync(file).ino;
    await passwd(file, ["-b", "-H", "sha512", file, "a", "y"]);
    expect(statSync(file).ino).not.toBe(before);
  });
});

describe("is not allowed", () => {
  it.each([
    [[], "<file>: it is missing; give the password file."],
    [["f"], "<user>: it is missing; give the name of a user."],
    [["none", "alice"], "none: there is no such file; -c makes one."],
    [["-D", "none", "alice"], "none: there is no such file; -c makes one."],
    [["-c", "f", "a:b"], "a:b: a user name has no colon: the file separates name and hash by it."],
    [["-c", "f", "#a"], "#a: a user name does not begin with #: the file has comments that way."],
    [["-c", "f", "a\nb"], "a\nb: a user name has no control characters."],
    [["-c", "-D", "f", "a"], "--delete: it contradicts --create; give one of them."],
    [["-U", "f", "a"], "--upgrade: it is for all users of the file; give no user."],
    [["-D", "-b", "f", "a"], "--batch: --delete takes no password."],
    [["-c", "f", "a", "secret"], "<password>: add -b to take it from the command line."],
    [["-c", "-b", "f", "a"], "<password>: it is missing; -b takes it from the command line."],
    [
      ["-c", "-b", "-H", "md5", "f", "a", "x"],
      '--hash: "md5" is not known; give argon2id, sha512-pbkdf2, sha512, scram-sha-256, scram-sha-512.',
    ],
    [
      ["-c", "-b", "-I", "5", "f", "a", "x"],
      "--iterations: they are for sha512-pbkdf2 and SCRAM; add -H sha512-pbkdf2.",
    ],
  ])("%j", async (args, sentence) => {
    expect(await refusal(passwdCommand, args)).toBe(sentence);
  });

  it("an empty password, and the program ends with 2", async () => {
    expect(await martlet(["passwd", "-c", "f", "a"])).toEqual({
      code: 2,
      stdout: "",
      stderr: "martlet: <password>: it is empty.\n",
    });
  });

  it("a user who is not there, a password that is too long, a file that is broken", async () => {
    const file = newFile();
    writeFileSync(file, "alice\n");
    expect((await martlet(["passwd", "-D", file, "x"])).stderr).toBe(
      `martlet: ${file}:1: this is no account; write name:hash.\n`,
    );
    writeFileSync(file, "alice:$6$x$y\n");
    expect((await martlet(["passwd", "-D", file, "bob"])).stderr).toBe(
      `martlet: bob: there is no such user in ${file}.\n`,
    );
    expect((await martlet(["passwd", file, "bob"], "x".repeat(65_536))).stderr).toBe(
      "martlet: <password>: it is longer than 65535 bytes.\n",
    );
    expect(readFileSync(file, "utf8")).toBe("alice:$6$x$y\n");
  });
});

describe("the hash", () => {
  const hashing = passwordHashing();
  const without = passwordHashing({});

  it.each<[string | undefined, PasswordHashing, string, boolean]>([
    [undefined, hashing, "argon2id", false],
    [undefined, without, "sha512-pbkdf2", true],
    ["sha512", without, "sha512", false],
  ])("that is wished for as %s", (wish, available, method, isRemarked) => {
    const choice = chooseMethod(wish, available);
    expect([choice.method, choice.remark !== undefined]).toEqual([method, isRemarked]);
  });

  it("that an older Node does not have is refused", () => {
    expect(() => chooseMethod("argon2id", without)).toThrow("this Node.js has no Argon2");
  });
});

/** Runs it on a terminal; `answers` are typed when the text before them is there. */
async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<{ code: number | null; shown: string }> {
  const command = [process.execPath, program, "passwd", ...args].map((word) => `'${word}'`).join(" ");
  const script = start("script", ["-qefc", command, "/dev/null"]);
  for (const [question, answer] of answers) {
    await script.until(question, () => script.stdout.includes(question));
    script.write(answer);
  }
  await script.until("it ends", () => !script.isRunning);
  const { code } = await script.finished();
  return { code, shown: script.stdout.replaceAll("\r", "") };
}

describe("on a terminal", () => {
  it("asks twice and shows nothing of the answers", async () => {
    const file = newFile();
    const { code, shown } = await onTerminal(
      ["-c", "-H", "sha512", file, "alice"],
      [
        ["Password for alice: ", "sx\u007fecrët 1\r"],
        ["The same again: ", "wrong\u0015secrët 1\r"],
      ],
    );
    expect({ code, shown }).toEqual({
      code: 0,
      shown: `Password for alice: \nThe same again: \n${file}: alice is added (sha512)\n`,
    });
    expect(await fits(file, "alice", "secrët 1")).toBe(true);
  });

  it("changes nothing when the two differ, or when it is broken off", async () => {
    const file = newFile();
    const different = await onTerminal(
      ["-c", file, "alice"],
      [
        ["Password for alice: ", "one\r"],
        ["The same again: ", "two\r"],
      ],
    );
    expect(different.code).toBe(1);
    expect(different.shown).toContain("martlet: the two passwords are not the same; nothing was changed.\n");
    const brokenOff = await onTerminal(["-c", file, "alice"], [["Password for alice: ", "one\u0003"]]);
    expect(brokenOff).toEqual({ code: 130, shown: "Password for alice: \n" });
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe("mosquitto", () => {
  it("lets in whom martlet passwd has written, and nobody else", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "accounts");
    await passwd(file, ["-c", "-b", "-H", "sha512-pbkdf2", file, "alice", "pä$$ wörd"]);
    await passwd(file, ["-b", "-H", "sha512-pbkdf2", "-I", "1", file, "bob", "b"]);
    await passwd(file, ["-b", "-H", "sha512", file, "carol", "c"]);
    const port = await freePort();
    const configuration = join(folder, "mosquitto.conf");
    const asRoot = process.getuid?.() === 0 ? "user root\n" : "";
    writeFileSync(configuration, `listener ${port} 127.0.0.1\npassword_file ${file}\n${asRoot}`);
    const broker = start(mosquittoProgram, ["-c", configuration]);
    await broker.until("it runs", () => / running/.test(broker.stderr));
    const status = async (user: string, password: string): Promise<number | null> => {
      const args = ["-h", "127.0.0.1", "-p", String(port), "-u", user, "-P", password, "-t", "t", "-m", "m"];
      return (await run("mosquitto_pub", args)).code;
    };
    const accepted = 0;
    const refused = 5;
    expect([
      await status("alice", "pä$$ wörd"),
      await status("bob", "b"),
      await status("carol", "c"),
    ]).toEqual([accepted, accepted, accepted]);
    expect([
      await status("alice", "pä$$ word"),
      await status("carol", "b"),
      await status("nobody", "b"),
    ]).toEqual([refused, refused, refused]);
  });

  it("writes files that are verified here, and changes those that were written here", async () => {
    const file = newFile();
    await passwd(file, ["-c", "-b", "-H", "sha512-pbkdf2", "-I", "7", file, "alice", "a"]);
    await runWell("mosquitto_passwd", ["-b", file, "bob", "pä$$ wörd"]);
    await runWell("mosquitto_passwd", ["-H", "sha512", "-b", file, "carol", "c"]);
    expect(readFileSync(file, "utf8")).toMatch(/^alice:\$7\$7\$\S+\nbob:\$7\$101\$\S+\ncarol:\$6\$\S+\n$/);
    for (const [user, password] of [
      ["alice", "a"],
      ["bob", "pä$$ wörd"],
      ["carol", "c"],
    ] as const) {
      expect([user, await fits(file, user, password), await fits(file, user, `${password} `)]).toEqual([
        user,
        true,
        false,
      ]);
    }
    await runWell("mosquitto_passwd", ["-D", file, "alice"]);
    expect(await passwd(file, ["-D", file, "bob"])).toBe("bob is removed");
    expect(readFileSync(file, "utf8")).toMatch(/^carol:\S+\n$/);
  });
});
