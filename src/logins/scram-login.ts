/**
 * SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677), the server's side, as enhanced authentication: both sides prove that
 * they know the password, and it does not travel.
 *
 * The accounts are those lines of a password file that were hashed for SCRAM. A user who is not there, or whose password is
 * hashed otherwise, gets a salt like any other, the same each time, and is refused at the end as for a wrong password: names
 * cannot be probed. Without channel binding. A connection that authenticates again stays with its user.
 */

import {
  type Accepted,
  type Continued,
  DEFAULT_SCRAM_ITERATIONS,
  type Exchange,
  type GateChange,
  type Login,
  type PasswordFile,
  SCRAM_KEY_BYTES,
  type ScramAccount,
  type ScramHashing,
  type ScramMethod,
  scramHashOf,
} from "#auth";
import { type Random, sameSecret, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import type { LoginProvider, RefusedLogin } from "./provider.ts";
import { type ClientFirst, parseClientFinal, parseClientFirst, toBase64 } from "./scram-message.ts";

export interface ScramLoginOptions {
  readonly hashing: ScramHashing;
  /** For nonces; has to be that of the system. */
  readonly random: Random;
  /**
   * Makes the salts of users who are not there; at least 16 bytes. Kept from run to run, they stay the same. Default: by
   * chance.
   */
  readonly secret?: Uint8Array;
  /** Default both. */
  readonly methods?: readonly ScramName[];
}

/** As MQTT's Authentication Method has it, and how it is called in a password file. */
const methods = { "SCRAM-SHA-256": "scram-sha-256", "SCRAM-SHA-512": "scram-sha-512" } as const;

export type ScramName = keyof typeof methods;

const NONCE_BYTES = 18;
const SECRET_BYTES = 32;
/** As martlet passwd makes them. */
const USUAL_SALT_BYTES = 16;

export class ScramLogin implements LoginProvider {
  readonly name = "scram";
  readonly #options: ScramLoginOptions;
  readonly #methods: readonly ScramName[];
  readonly #secret: Uint8Array;
  /** Who the connections of these logins are, for when they authenticate again. */
  readonly #users = new WeakMap<Login, string>();
  #file: PasswordFile;

  constructor(file: PasswordFile, options: ScramLoginOptions) {
    this.#file = file;
    this.#options = options;
    this.#methods = options.methods ?? ["SCRAM-SHA-256", "SCRAM-SHA-512"];
    this.#secret = options.secret ?? options.random.bytes(SECRET_BYTES);
  }

  /**
   * Takes `file` from now on, for exchanges under way as well. Returns what the gate has to tell: users whose keys are gone, or
   * others now, have to go.
   */
  replace(file: PasswordFile): readonly GateChange[] {
    const before = this.#file;
    this.#file = file;
    const gone = before.usersUnlike(file).filter((userName) => before.scramOf(userName) !== undefined);
    return gone.map((userName) => ({ userName, disconnect: true }));
  }

  authenticate(): undefined {
    return undefined;
  }

  beginExchange(method: string, login: Login): Exchange | undefined {
    const known = this.#methods.find((each) => each === method);
    return known === undefined ? undefined : new ScramExchange(this, methods[known], login);
  }

  /** @internal */
  get hashing(): ScramHashing {
    return this.#options.hashing;
  }

  /** @internal */
  nonce(): string {
    return toBase64(this.#options.random.bytes(NONCE_BYTES));
  }

  /** @internal The user's account, or one that nobody can log in with. */
  accountFor(userName: string, method: ScramMethod): ScramAccount {
    return this.account(userName, method) ?? this.#inventedAccount(userName, method);
  }

  /** @internal */
  account(userName: string, method: ScramMethod): ScramAccount | undefined {
    const account = this.#file.scramOf(userName);
    return account?.method === method ? account : undefined;
  }

  /** @internal Why there is no account, for the log. */
  whyNone(userName: string, method: ScramMethod): string {
    if (!this.#file.has(userName)) return "this user is not in the password file";
    const other = this.#file.methodOf(userName);
    const how = other === undefined ? "not hashed" : `hashed with ${other}`;
    return `the password of this user is ${how}, of which ${method} can make nothing; give it anew with martlet passwd -H ${method}`;
  }

  /** @internal A login stays with the user that it began with. */
  claim(login: Login, userName: string): boolean {
    const before = this.#users.get(login);
    this.#users.set(login, before ?? userName);
    return before === undefined || before === userName;
  }

  #inventedAccount(userName: string, method: ScramMethod): ScramAccount {
    const { hashing } = this.#options;
    const usual = this.#file.usualScram(method);
    const saltBytes = Math.min(usual?.salt.length ?? USUAL_SALT_BYTES, SCRAM_KEY_BYTES[method]);
    const salt = hashing.hmac(scramHashOf(method), this.#secret, utf8Encode(`${method} ${userName}`));
    const key = this.#options.random.bytes(SCRAM_KEY_BYTES[method]);
    const iterations = usual?.iterations ?? DEFAULT_SCRAM_ITERATIONS[method];
    return { method, iterations, salt: salt.subarray(0, saltBytes), hash: key, serverKey: key };
  }
}

class ScramExchange implements Exchange {
  readonly #provider: ScramLogin;
  readonly #method: ScramMethod;
  readonly #login: Login;
  #first: ClientFirst | undefined;
  #account: ScramAccount | undefined;
  #nonce = "";
  #serverFirst = "";
  #isOver = false;

  constructor(provider: ScramLogin, method: ScramMethod, login: Login) {
    this.#provider = provider;
    this.#method = method;
    this.#login = login;
  }

  step(data: Uint8Array | undefined): Accepted | Continued | RefusedLogin {
    if (this.#isOver) return refused("the exchange is over");
    const answer = this.#first === undefined ? this.#begin(data) : this.#finish(data, this.#first);
    this.#isOver = answer.outcome !== "continued";
    return answer;
  }

  #begin(data: Uint8Array | undefined): Continued | RefusedLogin {
    const first = parseClientFirst(data);
    if ("problem" in first) return refused(first.problem);
    const account = this.#provider.accountFor(first.userName, this.#method);
    this.#first = first;
    this.#account = account;
    this.#nonce = first.nonce + this.#provider.nonce();
    this.#serverFirst = `r=${this.#nonce},s=${toBase64(account.salt)},i=${account.iterations}`;
    return { outcome: "continued", authenticationData: utf8Encode(this.#serverFirst) };
  }

  #finish(data: Uint8Array | undefined, first: ClientFirst): Accepted | RefusedLogin {
    const { hashing } = this.#provider;
    const account = this.#account as ScramAccount;
    const final = parseClientFinal(data);
    if ("problem" in final) return refused(final.problem);
    // Whoever changed the header on the way, to talk the client out of channel binding, is found out here.
    if (!sameSecret(final.channelBinding, utf8Encode(first.header))) {
      return refused("its two messages do not agree on channel binding");
    }
    if (final.nonce !== this.#nonce) return refused("the nonce is not the one of this exchange");
    const authMessage = utf8Encode(`${first.bare},${this.#serverFirst},${final.withoutProof}`);
    const hash = scramHashOf(this.#method);
    const signature = hashing.hmac(hash, account.hash, authMessage);
    const clientKey = signature.map((byte, index) => byte ^ (final.proof[index] ?? 0));
    const isRight =
      final.proof.length === signature.length && sameSecret(hashing.digest(hash, clientKey), account.hash);
    const known = this.#provider.account(first.userName, this.#method);
    if (known === undefined) return refused(this.#provider.whyNone(first.userName, this.#method));
    if (!isRight) return refused("the password is wrong");
    if (!sameSecret(known.hash, account.hash)) return refused("the password file has changed meanwhile");
    if (!this.#provider.claim(this.#login, first.userName)) {
      return refused("it has authenticated as another user before");
    }
    const verifier = toBase64(hashing.hmac(hash, account.serverKey, authMessage));
    return {
      outcome: "accepted",
      userName: first.userName,
      authenticationData: utf8Encode(`v=${verifier}`),
    };
  }
}

/** One code for all: which of them it was is for the log. It fits CONNACK and DISCONNECT. */
function refused(reason: string): RefusedLogin {
  return { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED, reason };
}
