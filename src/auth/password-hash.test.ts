import { argon2, createHash, createHmac, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { seededRandom, utf8Encode } from "#base";
import {
  formatPasswordHash,
  hashPassword,
  type PasswordHashing,
  type PasswordMethod,
  parsePasswordHash,
  verifyPassword,
} from "./password-hash.ts";
import type { ScramHashing } from "./password-scram.ts";

/** As on a platform without Argon2. */
const without: PasswordHashing = {
  sha512: (bytes) => createHash("sha512").update(bytes).digest(),
  pbkdf2Sha512: (password, salt, iterations, length) =>
    promisify(pbkdf2)(password, salt, iterations, length, "sha512"),
};
const scram: ScramHashing = {
  digest: (hash, bytes) => createHash(hash).update(bytes).digest(),
  hmac: (hash, key, bytes) => createHmac(hash, key).update(bytes).digest(),
  pbkdf2: (hash, password, salt, iterations) =>
    promisify(pbkdf2)(password, salt, iterations, hash === "sha256" ? 32 : 64, hash),
};
const hashing: PasswordHashing = {
  ...without,
  scram,
  argon2id: (message, nonce, { memoryKib: memory, passes, lanes: parallelism }, tagLength) =>
    promisify(argon2)("argon2id", { message, nonce, memory, passes, parallelism, tagLength }),
};
const verify = async (password: string, text: string): Promise<boolean> => {
  const hash = parsePasswordHash(text);
  if (hash === undefined) throw new TypeError(`no hash: ${text}`);
  return await verifyPassword(utf8Encode(password), hash, hashing);
};

/** The first three were made by Debian's mosquitto_passwd 2.0.11; the salts of the others are 00 to 0b. */
const vectors = [
  [
    "secret1",
    "$7$101$K2G3JAmvRuyL4nmB$ctUG9xGPITUJXYItBpxZFqLR4RyN+ilh3tZrqvkT2Ci6r3ZmlJ22D93JEzlCX0enMQZJsplQfwMzV5245Zaoew==",
  ],
  [
    "secret2",
    "$6$T2PEPzIuhOTgAI3A$23pjKX30wO9vyt+YZDmWQxDgE7V7p0oClSAWF1dTW/pDS+H7uruEHP4FtPnh1s62u+MFTHTJEBVxdt4EEZhCsg==",
  ],
  [
    "pä$$word",
    "$7$101$sGN4Tgv8OmknKUew$vtpxMVWtFe484RxWGzx1WGiy25ch6npf5eCVDuIIrRXfQHKqplagh3fE5OJhTccQbpTBAT4fMbdhSTBmeQfiIw==",
  ],
  [
    "secret1",
    "$7$1$AAECAwQFBgcICQoL$lmuh0o3yvEzdb2EOO+hILKrm+SlEa8e2khr8lB9QSwRYhjdLxNgX1GEN6K+k4Nr8adwVCtytN8+LoaH2PJephg==",
  ],
  [
    "secret1",
    "$7$101$AAECAwQFBgcICQoL$M2JaCzvtN0uUE+gKnYpIcMJXBkrpjcgdq05BT5KziDcEsHnwm7I/nbmygx8wQA/kuT+aykJfx01CggO52tDHww==",
  ],
  [
    "secret1",
    "$7$1000$AAECAwQFBgcICQoL$4I9m16LtWc+DLNttGGOESTR/NO/MKLNWgdPTevyyRqP2DFKT2aiTyZlTZKFoQMkBXgvwZGltG7FUCTjjFc/gKA==",
  ],
  [
    "secret1",
    "$6$AAECAwQFBgcICQoL$VW95d+CjdI3h/HvBtobj9zdBEvOu6SgL6+n804PSZ0NnVYzuJO3YB8kmfLkteIN99WzwhjqJdhVA6pSAZObTCA==",
  ],
] as const;

describe("hashes of mosquitto", () => {
  test.each(vectors)("%s is the password of %s", async (password, text) => {
    expect(await verify(password, text)).toBe(true);
    for (const wrong of [`${password} `, password.slice(1), "", password.toUpperCase()]) {
      expect(await verify(wrong, text)).toBe(false);
    }
    expect(formatPasswordHash(parsePasswordHash(text) ?? ({} as never))).toBe(text);
  });
});

const methods: readonly PasswordMethod[] = [
  ...(["argon2id", "sha512-pbkdf2", "sha512"] as const),
  ...(["scram-sha-256", "scram-sha-512"] as const),
];

describe.each(methods)("a new hash of %s", (method) => {
  const options = { hashing, random: seededRandom(1), iterations: 7 };

  test("fits its password and no other, also when read back", async () => {
    const made = await hashPassword(utf8Encode("pass wörd"), method, options);
    const text = formatPasswordHash(made);
    expect(text).toMatch(
      {
        argon2id: /^\$argon2id\$v=19\$m=47104,t=1,p=1\$[^$=]{86}\$[^$=]{86}$/,
        "sha512-pbkdf2": /^\$7\$7\$[^$]{16}\$[^$]{88}$/,
        sha512: /^\$6\$[^$]{16}\$[^$]{88}$/,
        "scram-sha-256": /^\$scram-sha-256\$7\$[^$]{24}\$[^$]{44}\$[^$]{44}$/,
        "scram-sha-512": /^\$scram-sha-512\$7\$[^$]{24}\$[^$]{88}\$[^$]{88}$/,
      }[method],
    );
    expect(parsePasswordHash(text)).toEqual({
      ...made,
      salt: new Uint8Array(made.salt),
      hash: new Uint8Array(made.hash),
      ...("serverKey" in made ? { serverKey: new Uint8Array(made.serverKey) } : {}),
    });
    expect(await verify("pass wörd", text)).toBe(true);
    expect(await verify("pass word", text)).toBe(false);
  });

  test("has a salt of its own", async () => {
    const [one, other] = await Promise.all([
      hashPassword(utf8Encode("x"), method, options),
      hashPassword(utf8Encode("x"), method, options),
    ]);
    expect(formatPasswordHash(one)).not.toBe(formatPasswordHash(other));
  });
});

describe("a text that is no hash", () => {
  const salt = "AAECAwQFBgcICQoL";
  const digest = Buffer.alloc(64, 7).toString("base64");
  const argon = (cost: string): string => `$argon2id$v=19$${cost}$${salt}$${digest.slice(0, 40)}`;

  test.each([
    ["secret"],
    [""],
    ["$"],
    ["$5$a$b"],
    [`$6$${salt}`],
    [`$6$${salt}$`],
    // An empty or short hash would fit too much.
    [`$6$${salt}$AAAA`],
    [`$6$${salt}$${digest}$`],
    [`$6$$${digest}`],
    [`$6$${salt}$${digest.replace("B", "*")}`],
    [`$7$0$${salt}$${digest}`],
    [`$7$-1$${salt}$${digest}`],
    [`$7$1e3$${salt}$${digest}`],
    [`$7$10000001$${salt}$${digest}`],
    [`$7$101$${salt}$AAAA`],
    [argon("m=4,t=1,p=1")],
    [argon("m=47104,t=0,p=1")],
    [argon("m=99999999,t=1,p=1")],
    [argon("m=47104,t=101,p=1")],
    [argon("m=47104,t=1")],
    [argon("m=47104,t=1,p=1").replace("v=19", "v=16")],
    [argon("m=47104,t=1,p=1").replace(salt, "AAAA")],
    [`x$6$${salt}$${digest}`],
    [`$scram-sha-512$4096$${salt}$${digest}`],
    [`$scram-sha-512$0$${salt}$${digest}$${digest}`],
    [`$scram-sha-512$10000001$${salt}$${digest}$${digest}`],
    // Keys of the other hash function.
    [`$scram-sha-256$4096$${salt}$${digest}$${digest}`],
    [`$scram-sha-512$4096$${salt}$${digest}$${digest.slice(0, 44)}`],
    [`$scram-sha-1$4096$${salt}$${digest}$${digest}`],
  ])("%s", (text) => {
    expect(parsePasswordHash(text)).toBeUndefined();
  });
});

test("without Argon2 no password fits a hash of it", async () => {
  const hash = await hashPassword(utf8Encode("x"), "argon2id", { hashing, random: seededRandom(1) });
  expect(await verifyPassword(utf8Encode("x"), hash, without)).toBe(false);
});

describe("SCRAM", () => {
  test("has the keys of RFC 7677", async () => {
    // The RFC gives the proof and the signature; these are the keys that they are made with.
    const text =
      "$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    expect(await verify("pencil", text)).toBe(true);
    expect(await verify("Pencil", text)).toBe(false);
    expect(formatPasswordHash(parsePasswordHash(text) ?? ({} as never))).toBe(text);
  });

  test("takes a password in each of its Unicode forms, and bytes that are no text as they are", async () => {
    const options = { hashing, random: seededRandom(3), iterations: 1 };
    const composed = formatPasswordHash(await hashPassword(utf8Encode("pässﬁon"), "scram-sha-256", options));
    expect(await verify("pa\u0308ssfion", composed)).toBe(true);
    const bytes = await hashPassword(Uint8Array.of(0xff), "scram-sha-256", options);
    expect(await verifyPassword(Uint8Array.of(0xff), bytes, hashing)).toBe(true);
    expect(await verifyPassword(utf8Encode("\ufffd"), bytes, hashing)).toBe(false);
  });

  test("that the platform does not have fits nobody, and is not made", async () => {
    const options = { hashing, random: seededRandom(3), iterations: 1 };
    const hash = await hashPassword(utf8Encode("x"), "scram-sha-256", options);
    expect(await verifyPassword(utf8Encode("x"), hash, without)).toBe(false);
    await expect(
      hashPassword(utf8Encode("x"), "scram-sha-256", { ...options, hashing: without }),
    ).rejects.toThrow("there is no scram-sha-256 here.");
  });
});
