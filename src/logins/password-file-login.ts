/**
 * Judges user name and password by a password file.
 *
 * Hashing is dear on purpose, so few passwords are judged at once, a bounded number waits, and the rest is told to come back
 * later (0x89 Server busy; 0x03 before 5.0). A name that is not there takes as long as a wrong password. Who has just logged in
 * gets in again without the hash and without the queue, so a flood of wrong passwords does not shut out the devices that were
 * there.
 *
 * The file is its caller's: `replace` puts another one in its place.
 */

import type { Accepted, GateChange, Login, PasswordFile, PasswordHashing } from "#auth";
import { type Clock, concatBytes, EMPTY_BYTES, type MaybePromise, type Random, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { FastPass } from "./fast-pass.ts";
import type { LoginProvider, RefusedLogin } from "./provider.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface PasswordFileLoginOptions {
  readonly hashing: PasswordHashing;
  readonly clock: Clock;
  /** For the key of what is remembered; has to be that of the system. */
  readonly random: Random;
  /** Default `password-file`. */
  readonly name?: string;
  /** Passwords that are judged at once. Default 2: Node hashes on four threads, which files and names need, too. */
  readonly parallel?: number;
  /** Passwords that wait for that. Default 1,000. */
  readonly mostWaiting?: number;
  /**
   * A user who is not in the file is refused after the time that a wrong password takes, or passed on to the next provider at
   * once; then the time tells which names are in the file. Default `refuse`.
   */
  readonly unknownUsers?: "refuse" | "next";
  /** For how long a login is remembered. Default an hour; 0 for not at all. */
  readonly rememberMs?: number;
  /** Logins that are remembered. Default 100,000. */
  readonly mostRemembered?: number;
}

const HOUR_MS = 3_600_000;
const ACCEPTED: Accepted = { outcome: "accepted" };

export class PasswordFileLogin implements LoginProvider {
  readonly name: string;
  readonly #hashing: PasswordHashing;
  readonly #passesUnknown: boolean;
  readonly #room: WaitingRoom;
  /** Absent where there is no HMAC, and so nothing is remembered. */
  readonly #fastPass: FastPass<true> | undefined;
  #file: PasswordFile;

  constructor(file: PasswordFile, options: PasswordFileLoginOptions) {
    const { hashing, clock, random, name = "password-file", unknownUsers = "refuse" } = options;
    const { parallel = 2, mostWaiting = 1_000, rememberMs = HOUR_MS, mostRemembered = 100_000 } = options;
    this.name = name;
    this.#file = file;
    this.#hashing = hashing;
    this.#passesUnknown = unknownUsers === "next";
    this.#room = new WaitingRoom({ parallel, mostWaiting });
    if (hashing.scram !== undefined) {
      const bounds = { validForMs: rememberMs, mostEntries: mostRemembered };
      this.#fastPass = new FastPass({ clock, random, hashing: hashing.scram, ...bounds });
    }
  }

  /** Logins that wait for their turn, for a gauge. */
  get waiting(): number {
    return this.#room.waiting;
  }

  /** Logins whose passwords are judged now. */
  get judging(): number {
    return this.#room.working;
  }

  authenticate({ userName, password }: Login): MaybePromise<Accepted | RefusedLogin | undefined> {
    if (userName === undefined) return undefined;
    if (this.#passesUnknown && !this.#file.has(userName)) return undefined;
    const given = password ?? EMPTY_BYTES;
    const proof = this.#fastPass?.proofOf(proved(userName, given));
    if (proof !== undefined && this.#fastPass?.find(userName, proof) === true) return ACCEPTED;
    const judged = this.#room.enter(async () => await this.#judge(userName, given, proof));
    return judged ?? refused("too many logins wait for their passwords to be judged", ReasonCode.SERVER_BUSY);
  }

  /** Takes `file` from now on. Returns what the gate has to tell: users who are gone, or have another password, have to go. */
  replace(file: PasswordFile): readonly GateChange[] {
    const gone = this.#file.usersUnlike(file);
    this.#file = file;
    for (const userName of gone) this.#fastPass?.forget(userName);
    return gone.map((userName) => ({ userName, disconnect: true }));
  }

  async #judge(
    userName: string,
    password: Uint8Array,
    proof: Uint8Array | undefined,
  ): Promise<Accepted | RefusedLogin> {
    const file = this.#file;
    const isRight = await file.verify(userName, password, this.#hashing);
    // Another file may have come meanwhile, in which the user is gone.
    if (isRight && file !== this.#file && file.usersUnlike(this.#file).includes(userName)) {
      return refused("the password file has changed meanwhile");
    }
    if (!isRight) return refused(this.#whyNot(userName));
    if (proof !== undefined) this.#fastPass?.remember(userName, proof, true);
    return ACCEPTED;
  }

  #whyNot(userName: string): string {
    if (!this.#file.has(userName)) return "this user is not in the password file";
    const method = this.#file.methodOf(userName);
    if (method === undefined)
      return "the password of this user is not hashed in the file; martlet passwd -U does that";
    if (method === "argon2id" && this.#hashing.argon2id === undefined) {
      return "this Node.js has no Argon2, by which the password of this user is hashed";
    }
    return "the password is wrong";
  }
}

/** Both at once, so that no other pair gives the same bytes. */
function proved(userName: string, password: Uint8Array): Uint8Array {
  const name = utf8Encode(userName);
  return concatBytes([utf8Encode(`${name.length}:`), name, password]);
}

function refused(
  reason: string,
  reasonCode: ReasonCode = ReasonCode.BAD_USER_NAME_OR_PASSWORD,
): RefusedLogin {
  return { outcome: "refused", reasonCode, reason };
}
