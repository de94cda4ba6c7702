/**
 * A password file, as mosquitto has it: a line `name:hash` for each user, blank lines, and comments that begin with `#`. What
 * is not changed stays as it is, letter for letter.
 */

import { ConfigError, utf8Encode } from "#base";
import {
  formatPasswordHash,
  type PasswordHash,
  type PasswordHashing,
  parsePasswordHash,
  type ScramAccount,
  verifyPassword,
} from "./password-hash.ts";
import type { ScramMethod } from "./password-scram.ts";

/** Of a user name, as CONNECT can carry it. */
const LONGEST_NAME = 65_535;

interface Account {
  readonly userName: string;
  /** Undefined for a password that stands there as it is. */
  hash: PasswordHash | undefined;
  secret: string;
}

/** A comment or a blank line is kept as a text. */
type Line = Account | string;

/** An account whose password is not hashed. */
export interface PlainAccount {
  readonly userName: string;
  readonly password: string;
}

/**
 * The accounts of a file.
 *
 * @example
 * ```ts
 * import { PasswordFile } from "martlet/auth";
 *
 * const file = PasswordFile.parse("# who may connect\nalice:secret\n", "accounts.txt");
 * file.userNames; // ["alice"]
 * file.plainAccounts; // [{ userName: "alice", password: "secret" }]: to be hashed
 * ```
 */
export class PasswordFile {
  readonly #lines: Line[] = [];
  readonly #accounts = new Map<string, Account>();
  #commonest: PasswordHash | undefined;
  readonly #usualScram = new Map<ScramMethod, ScramAccount | undefined>();

  /**
   * @param source for errors, the name of the file
   * @throws ConfigError for a line that is no account, and for a user who is there twice
   */
  static parse(text: string, source: string): PasswordFile {
    const texts = text.split(/\r?\n/);
    if (texts.at(-1) === "") texts.pop();
    const file = new PasswordFile();
    for (const [index, line] of texts.entries()) {
      if (line.trim() === "" || line.startsWith("#")) {
        file.#lines.push(line);
        continue;
      }
      const account = parseLine(line);
      const place = `${source}:${index + 1}`;
      if (account === undefined) throw new ConfigError(place, "this is no account; write name:hash.");
      if (file.has(account.userName)) {
        throw new ConfigError(place, `the user ${account.userName} is there twice.`);
      }
      file.#add(account);
    }
    return file;
  }

  /** In the order of the file. */
  get userNames(): string[] {
    return [...this.#accounts.keys()];
  }

  /** Those whose passwords can be read by everybody who can read the file. */
  get plainAccounts(): PlainAccount[] {
    const plain = [...this.#accounts.values()].filter(({ hash }) => hash === undefined);
    return plain.map(({ userName, secret }) => ({ userName, password: secret }));
  }

  has(userName: string): boolean {
    return this.#accounts.has(userName);
  }

  /** Adds the user, or gives another password to one who is there. The name has no `userNameProblem`. */
  set(userName: string, hash: PasswordHash): void {
    const secret = formatPasswordHash(hash);
    const account = this.#accounts.get(userName);
    this.#forget();
    if (account === undefined) this.#add({ userName, hash, secret });
    else Object.assign(account, { hash, secret });
  }

  /** Returns whether the user was there. */
  delete(userName: string): boolean {
    const account = this.#accounts.get(userName);
    if (account === undefined) return false;
    this.#accounts.delete(userName);
    this.#forget();
    this.#lines.splice(this.#lines.indexOf(account), 1);
    return true;
  }

  /** How this user's password is hashed; undefined for a user who is not there, and for a password that is not hashed. */
  methodOf(userName: string): PasswordHash["method"] | undefined {
    return this.#accounts.get(userName)?.hash?.method;
  }

  /** What SCRAM needs of this user; undefined when the password is hashed otherwise, or the user is not there. */
  scramOf(userName: string): ScramAccount | undefined {
    const hash = this.#accounts.get(userName)?.hash;
    return hash !== undefined && "serverKey" in hash ? hash : undefined;
  }

  /** An account like most others of that method: what one who is not there has to look like. */
  usualScram(method: ScramMethod): ScramAccount | undefined {
    if (!this.#usualScram.has(method)) {
      const accounts = this.userNames.map((userName) => this.scramOf(userName));
      const usual = commonestOf(accounts.filter((account) => account?.method === method));
      this.#usualScram.set(method, usual);
    }
    return this.#usualScram.get(method);
  }

  /** The users of this file who are not in `next`, or have another password or hash there. */
  usersUnlike(next: PasswordFile): string[] {
    const unlike = [...this.#accounts.values()].filter(
      ({ userName, secret }) => next.#accounts.get(userName)?.secret !== secret,
    );
    return unlike.map(({ userName }) => userName);
  }

  /**
   * Whether this is the user's password. A name that is not there costs what most of the file's users do; a password that is
   * not hashed never fits.
   */
  async verify(userName: string, password: Uint8Array, hashing: PasswordHashing): Promise<boolean> {
    const known = this.#accounts.get(userName)?.hash;
    const judged = known ?? this.#commonestHash();
    if (judged === undefined) return false;
    const isRight = await verifyPassword(password, judged, hashing);
    return isRight && known !== undefined;
  }

  /** The text of the file. */
  toString(): string {
    const texts = this.#lines.map((line) =>
      typeof line === "string" ? line : `${line.userName}:${line.secret}`,
    );
    return texts.length === 0 ? "" : `${texts.join("\n")}\n`;
  }

  /** What is kept about all accounts is found anew. */
  #forget(): void {
    this.#commonest = undefined;
    this.#usualScram.clear();
  }

  #add(account: Account): void {
    this.#lines.push(account);
    this.#accounts.set(account.userName, account);
  }

  /** One that costs what most of them cost; found when it is first asked for after a change. */
  #commonestHash(): PasswordHash | undefined {
    this.#commonest ??= commonestOf([...this.#accounts.values()].map(({ hash }) => hash));
    return this.#commonest;
  }
}

/** The first of those that most others are like in cost. */
function commonestOf<Hash extends PasswordHash>(hashes: readonly (Hash | undefined)[]): Hash | undefined {
  const found = new Map<string, { hash: Hash; count: number }>();
  for (const hash of hashes) {
    if (hash === undefined) continue;
    const cost = costOf(hash);
    const alike = found.get(cost);
    if (alike === undefined) found.set(cost, { hash, count: 1 });
    else alike.count++;
  }
  let commonest: { hash: Hash; count: number } | undefined;
  for (const each of found.values()) if (each.count > (commonest?.count ?? 0)) commonest = each;
  return commonest?.hash;
}

/** The same for hashes that take as long. */
function costOf(hash: PasswordHash): string {
  const iterations = "iterations" in hash ? hash.iterations : 1;
  return `${hash.method} ${"cost" in hash ? JSON.stringify(hash.cost) : iterations}`;
}

function parseLine(line: string): Account | undefined {
  const colon = line.indexOf(":");
  if (colon < 1) return undefined;
  const secret = line.slice(colon + 1);
  return secret === ""
    ? undefined
    : { userName: line.slice(0, colon), hash: parsePasswordHash(secret), secret };
}

/** Why `name` cannot stand in a password file, or undefined. */
export function userNameProblem(name: string): string | undefined {
  if (name === "") return "a user name has at least one character";
  if (name.includes(":")) return "a user name has no colon: the file separates name and hash by it";
  if (name.startsWith("#")) return "a user name does not begin with #: the file has comments that way";
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "a user name has no control characters";
  if (!name.isWellFormed() || utf8Encode(name).length > LONGEST_NAME) {
    return `a user name has at most ${LONGEST_NAME} bytes of UTF-8`;
  }
  return undefined;
}
