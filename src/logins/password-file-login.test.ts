import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hashPassword, PasswordFile, type PasswordHashing, type ScramHashing } from "#auth";
import { isPromise, seededRandom, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { VirtualClock } from "#testing";
import { loginOf } from "../../test/support/logins.ts";
import { nextTurn } from "../../test/support/next-turn.ts";
import { PasswordFileLogin, type PasswordFileLoginOptions } from "./password-file-login.ts";

const sha512 = (bytes: Uint8Array): Uint8Array => createHash("sha512").update(bytes).digest();
const scram: ScramHashing = {
  digest: (hash, bytes) => createHash(hash).update(bytes).digest(),
  hmac: (hash, key, bytes) => createHmac(hash, key).update(bytes).digest(),
  pbkdf2: () => new Uint8Array(32),
};

/** Hashes when it is told to. */
class SlowHashing implements PasswordHashing {
  readonly scram = scram;
  count = 0;
  readonly #held: (() => void)[] = [];
  isHeld = false;

  sha512(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    this.count++;
    if (!this.isHeld) return sha512(bytes);
    return new Promise((resolve) => this.#held.push(() => resolve(sha512(bytes))));
  }

  pbkdf2Sha512(): never {
    throw new TypeError("not used here");
  }

  get underWay(): number {
    return this.#held.length;
  }

  async release(): Promise<void> {
    this.#held.shift()?.();
    await nextTurn();
  }
}

async function fileOf(users: Readonly<Record<string, string>>, rest = ""): Promise<PasswordFile> {
  const file = PasswordFile.parse(rest, "f");
  const options = { hashing: { sha512, pbkdf2Sha512: sha512 }, random: seededRandom(1) };
  for (const [name, password] of Object.entries(users)) {
    file.set(name, await hashPassword(utf8Encode(password), "sha512", options));
  }
  return file;
}

async function providerOf(
  users: Readonly<Record<string, string>>,
  options: Partial<PasswordFileLoginOptions> = {},
) {
  const hashing = new SlowHashing();
  const clock = new VirtualClock();
  const random = seededRandom(2);
  const provider = new PasswordFileLogin(await fileOf(users), { hashing, clock, random, ...options });
  const login = (userName?: string, password?: string) =>
    provider.authenticate(loginOf({ userName, ...(password === undefined ? {} : { password }) }));
  return { provider, hashing, clock, login };
}

const accepted = { outcome: "accepted" };
const refused = (reason: string, reasonCode: ReasonCode = ReasonCode.BAD_USER_NAME_OR_PASSWORD) => ({
  outcome: "refused",
  reasonCode,
  reason,
});
const wrong = refused("the password is wrong");

describe("a login", () => {
  test("needs the user's password", async () => {
    const { login, hashing } = await providerOf({ alice: "a", bob: "b", empty: "" });
    expect(await login("alice", "a")).toEqual(accepted);
    expect(await login("alice", "b")).toEqual(wrong);
    expect(await login("alice")).toEqual(wrong);
    expect(await login("empty")).toEqual(accepted);
    const before = hashing.count;
    expect(await login("nobody", "a")).toEqual(refused("this user is not in the password file"));
    expect(hashing.count).toBe(before + 1);
  });

  test("without a user name is none of its business", async () => {
    const { login } = await providerOf({ alice: "a" });
    expect(login(undefined, "token")).toBeUndefined();
    expect(login()).toBeUndefined();
  });

  test("of a user who is not there may be passed on at once", async () => {
    const { login, hashing } = await providerOf({ alice: "a" }, { unknownUsers: "next" });
    expect(login("nobody", "a")).toBeUndefined();
    expect(hashing.count).toBe(0);
    expect(await login("alice", "b")).toEqual(wrong);
  });

  test("of a user whose password is not hashed says so, in the log", async () => {
    const { provider, login } = await providerOf({});
    provider.replace(
      PasswordFile.parse(
        "alice:secret\ncarol:$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA\n",
        "f",
      ),
    );
    expect(await login("alice", "secret")).toMatchObject({
      reason: "the password of this user is not hashed in the file; martlet passwd -U does that",
    });
    expect(await login("carol", "secret")).toMatchObject({ reason: /Node.js has no Argon2/ });
  });
});

describe("a storm", () => {
  test("is judged few at a time, some wait, and the others are told to come back", async () => {
    const { provider, login, hashing } = await providerOf({ alice: "a" }, { parallel: 2, mostWaiting: 3 });
    hashing.isHeld = true;
    const waiting = Array.from({ length: 5 }, async () => await login("alice", "x"));
    await nextTurn();
    expect([hashing.underWay, provider.waiting]).toEqual([2, 3]);
    const busy = refused("too many logins wait for their passwords to be judged", ReasonCode.SERVER_BUSY);
    expect(login("alice", "a")).toEqual(busy);
    expect(login("nobody", "a")).toEqual(busy);
    await hashing.release();
    expect([hashing.underWay, provider.waiting]).toEqual([2, 2]);
    const next = login("alice", "a");
    expect(isPromise(next as Promise<unknown>)).toBe(true);
    for (let i = 0; i < 5; i++) await hashing.release();
    expect(await Promise.all(waiting)).toEqual(new Array(5).fill(wrong));
    expect(await next).toEqual(accepted);
    expect([hashing.underWay, provider.waiting]).toEqual([0, 0]);
  });

  test("does not shut out who was there before", async () => {
    const { login, hashing } = await providerOf({ alice: "a", bob: "b" }, { parallel: 1, mostWaiting: 0 });
    await login("alice", "a");
    hashing.isHeld = true;
    const flood = login("bob", "x");
    expect(login("alice", "a")).toEqual(accepted);
    expect(login("alice", "A")).toMatchObject({ reasonCode: ReasonCode.SERVER_BUSY });
    await nextTurn();
    await hashing.release();
    expect(await flood).toEqual(wrong);
  });

  test("a hash that fails lets go of its place", async () => {
    const hashing: PasswordHashing = {
      sha512: () => Promise.reject(new TypeError("no memory")),
      pbkdf2Sha512: sha512,
    };
    const { login } = await providerOf({ alice: "a" }, { hashing, parallel: 1, mostWaiting: 0 });
    for (let i = 0; i < 3; i++) await expect(login("alice", "a")).rejects.toThrow("no memory");
  });
});

describe("what is remembered", () => {
  test("spares the hash until its time is over", async () => {
    const { login, hashing, clock } = await providerOf({ alice: "a" }, { rememberMs: 1_000 });
    await login("alice", "a");
    clock.advance(999);
    expect(login("alice", "a")).toEqual(accepted);
    expect(hashing.count).toBe(1);
    clock.advance(1);
    expect(await login("alice", "a")).toEqual(accepted);
    expect(hashing.count).toBe(2);
  });

  test("is no more than asked for, and nothing where it is switched off", async () => {
    const { login, hashing } = await providerOf({ alice: "a", bob: "b", carol: "c" }, { mostRemembered: 2 });
    for (const [name, password] of Object.entries({ alice: "a", bob: "b", carol: "c" }))
      await login(name, password);
    expect(login("bob", "b")).toEqual(accepted);
    await login("alice", "a");
    expect(hashing.count).toBe(4);
    const off = await providerOf({ alice: "a" }, { rememberMs: 0 });
    await off.login("alice", "a");
    await off.login("alice", "a");
    expect(off.hashing.count).toBe(2);
  });

  test("is not the refusals, and not the pair that looks alike", async () => {
    const { login, hashing } = await providerOf({ ab: "c", a: "x" });
    await login("ab", "c");
    expect(await login("a", "bc")).toEqual(wrong);
    expect(await login("a", "bc")).toEqual(wrong);
    expect(hashing.count).toBe(3);
  });
});

describe("another file", () => {
  test("names those who have to go, and lets in by its own passwords at once", async () => {
    const { provider, login } = await providerOf({ alice: "a", bob: "b", carol: "c" });
    for (const [name, password] of Object.entries({ alice: "a", bob: "b", carol: "c" }))
      await login(name, password);
    const [, , carol] = (await fileOf({ alice: "a", bob: "b", carol: "c" })).toString().split("\n");
    const next = await fileOf({ bob: "new" }, `${carol}\n`);
    expect(provider.replace(next)).toEqual([
      { userName: "alice", disconnect: true },
      { userName: "bob", disconnect: true },
    ]);
    expect(await login("alice", "a")).toMatchObject({ outcome: "refused" });
    expect(await login("bob", "b")).toEqual(wrong);
    expect(await login("bob", "new")).toEqual(accepted);
    expect(login("carol", "c")).toEqual(accepted);
  });

  test("counts for those who were being judged by the one before", async () => {
    const { provider, login, hashing } = await providerOf({ alice: "a", bob: "b" });
    hashing.isHeld = true;
    const [alice, bob] = [login("alice", "a"), login("bob", "b")];
    await nextTurn();
    const kept = (await fileOf({ alice: "a", bob: "b" })).toString().split("\n")[1];
    provider.replace(PasswordFile.parse(`${kept}\n`, "f"));
    await hashing.release();
    await hashing.release();
    expect(await alice).toEqual(refused("the password file has changed meanwhile"));
    expect(await bob).toEqual(accepted);
    expect(await login("bob", "b")).toEqual(accepted);
  });
});

test.each([[{ parallel: 0 }], [{ parallel: 1.5 }], [{ mostWaiting: -1 }], [{ rememberMs: Number.NaN }]])(
  "%j is not allowed",
  async (options) => {
    await expect(providerOf({}, options)).rejects.toMatchObject({ code: "MARTLET_CONFIG" });
  },
);
