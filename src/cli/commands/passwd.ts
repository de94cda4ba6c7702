/** `martlet passwd`: the users of a password file and their passwords, like mosquitto_passwd. */

import { readFileSync, statSync } from "node:fs";
import {
  DEFAULT_ITERATIONS,
  DEFAULT_SCRAM_ITERATIONS,
  hashPassword,
  MOST_ITERATIONS,
  PasswordFile,
  userNameProblem,
} from "#auth";
import { ConfigError, describeError, systemRandom, utf8Encode } from "#base";
import { PRIVATE_MODE, passwordHashing, replaceFile } from "#credentials";
import { defineCommand } from "../command.ts";
import { printable } from "../escape.ts";
import { ExitStatus } from "../exit-status.ts";
import type { Options, OptionValues } from "../options.ts";
import { askPassword } from "../passwd/ask-password.ts";
import { chooseMethod } from "../passwd/method.ts";
import { namePositionals } from "../positionals.ts";
import { one } from "../single-value.ts";

/** Of a password, as CONNECT can carry it. */
const LONGEST_PASSWORD = 65_535;
const GROUP_RIGHTS = 0o060;
const OTHERS_RIGHTS = 0o007;

const options = {
  file: { kind: "texts", placeholder: "<path>", help: "The same as <file>." },
  user: { kind: "texts", placeholder: "<name>", help: "The same as <user>." },
  password: { kind: "texts", placeholder: "<text>", help: "The same as <password>; needs --batch." },
  create: { kind: "switch", short: "c", help: "Make a new file; one that is there is replaced." },
  batch: {
    kind: "switch",
    short: "b",
    help: "Take the password from the command line, where other users of this machine may see it.",
  },
  delete: { kind: "switch", short: "D", help: "Remove the user." },
  upgrade: {
    kind: "switch",
    short: "U",
    help: "Hash all passwords of the file that stand there as they are.",
  },
  hash: {
    kind: "texts",
    short: "H",
    placeholder: "<hash>",
    help: "argon2id, sha512-pbkdf2, sha512, scram-sha-256 or scram-sha-512. Default argon2id, which mosquitto reads from 2.1 on; before that it reads the next two. Those of SCRAM only Martlet reads; users log in by SCRAM or with the plain password.",
  },
  iterations: {
    kind: "integer",
    short: "I",
    placeholder: "<n>",
    lowest: 1,
    highest: MOST_ITERATIONS,
    help: `Rounds of sha512-pbkdf2 and SCRAM. Default ${DEFAULT_ITERATIONS}; of scram-sha-256 ${DEFAULT_SCRAM_ITERATIONS["scram-sha-256"]}.`,
  },
} as const satisfies Options;

type Values = OptionValues<typeof options>;

export const passwdCommand = defineCommand({
  name: "passwd",
  description: [
    "Gives the user in the file a password, hashed in a form that mosquitto knows, too, unless you choose one of SCRAM. Asks for it twice on a terminal without showing it; where standard input is no terminal, its first line is the password. The file is replaced as a whole and readable by its owner only.",
    "Example: martlet passwd -c accounts.txt alice",
    "Example: martlet passwd -b accounts.txt alice secret",
    "Example: martlet passwd -D accounts.txt alice",
    "Example: martlet passwd -U accounts.txt",
  ],
  options,
  usage: "[-c | -b | -D | -U] <file> [<user>] [<password>]",
  prepare: (args) => namePositionals(args, options, ["file", "user", "password"]),
  async run(values) {
    const path = one("<file>", values.file);
    if (path === undefined) throw new ConfigError("<file>", "it is missing; give the password file.");
    refuseContradictions(values);
    const said = await change(path, values);
    console.log(printable(said));
    return ExitStatus.OK;
  },
});

function refuseContradictions(values: Values): void {
  const asked = (["create", "delete", "upgrade"] as const).filter((name) => values[name] === true);
  const [first, second] = asked;
  if (second !== undefined)
    throw new ConfigError(`--${second}`, `it contradicts --${first}; give one of them.`);
  if (values.batch === true && (values.delete === true || values.upgrade === true)) {
    throw new ConfigError("--batch", `--${asked[0]} takes no password.`);
  }
  if (values.upgrade === true && values.user !== undefined) {
    throw new ConfigError("--upgrade", "it is for all users of the file; give no user.");
  }
  if (values.password !== undefined && values.batch !== true) {
    throw new ConfigError("<password>", "add -b to take it from the command line.");
  }
}

/** Returns a sentence about what was done. */
async function change(path: string, values: Values): Promise<string> {
  if (values.upgrade === true) return await upgrade(path, values);
  const user = one("<user>", values.user);
  if (user === undefined) throw new ConfigError("<user>", "it is missing; give the name of a user.");
  const problem = userNameProblem(user);
  if (problem !== undefined) throw new ConfigError(user, `${problem}.`);
  const file = values.create === true ? new PasswordFile() : readFile(path);
  if (values.delete === true) {
    if (!file.delete(user)) throw new ConfigError(user, `there is no such user in ${path}.`);
    writeFile(path, file);
    return `${path}: ${user} is removed`;
  }
  const isKnown = file.has(user);
  const { method, hash } = hasherOf(values);
  file.set(user, await hash(await passwordOf(user, values)));
  writeFile(path, file);
  return `${path}: ${user} ${isKnown ? "has a new password" : "is added"} (${method})`;
}

async function upgrade(path: string, values: Values): Promise<string> {
  const file = readFile(path);
  const { method, hash } = hasherOf(values);
  const plain = file.plainAccounts;
  for (const { userName, password } of plain) file.set(userName, await hash(password));
  if (plain.length === 0) return `${path}: all passwords were hashed before`;
  writeFile(path, file);
  return `${path}: ${plain.length} ${plain.length === 1 ? "password is" : "passwords are"} hashed (${method})`;
}

function hasherOf(values: Values) {
  const hashing = passwordHashing();
  const { method, remark } = chooseMethod(one("--hash", values.hash), hashing);
  if (values.iterations !== undefined && (method === "argon2id" || method === "sha512")) {
    throw new ConfigError("--iterations", "they are for sha512-pbkdf2 and SCRAM; add -H sha512-pbkdf2.");
  }
  if (remark !== undefined) console.error(remark);
  const random = systemRandom();
  const { iterations } = values;
  const hash = async (password: string) =>
    await hashPassword(utf8Encode(password), method, { hashing, random, iterations });
  return { method, hash };
}

async function passwordOf(user: string, values: Values): Promise<string> {
  const given = one("<password>", values.password);
  if (values.batch === true && given === undefined) {
    throw new ConfigError("<password>", "it is missing; -b takes it from the command line.");
  }
  const password = given ?? (await askPassword(user));
  if (utf8Encode(password).length > LONGEST_PASSWORD) {
    throw new ConfigError("<password>", `it is longer than ${LONGEST_PASSWORD} bytes.`);
  }
  return password;
}

function readFile(path: string): PasswordFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing
      ? "there is no such file; -c makes one"
      : `it cannot be read: ${describeError(error)}`;
    throw new ConfigError(path, `${why}.`);
  }
  return PasswordFile.parse(text, path);
}

/** For the owner only; a group that was let in on purpose, while nobody else was, stays so. */
function writeFile(path: string, file: PasswordFile): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  const group = (mode & OTHERS_RIGHTS) === 0 ? mode & GROUP_RIGHTS : 0;
  replaceFile(path, file.toString(), PRIVATE_MODE | group);
}
