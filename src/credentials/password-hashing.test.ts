import { describe, expect, test } from "vitest";
import { hashPassword, parsePasswordHash, verifyPassword } from "#auth";
import { systemRandom, utf8Encode } from "#base";
import { passwordHashing } from "./password-hashing.ts";

describe("the hash functions of Node", () => {
  test.each(["argon2id", "sha512-pbkdf2", "sha512", "scram-sha-256", "scram-sha-512"] as const)(
    "%s fits what it made",
    async (method) => {
      const options = { hashing: passwordHashing(), random: systemRandom(), iterations: 10 };
      const hash = await hashPassword(utf8Encode("secret"), method, options);
      expect(await verifyPassword(utf8Encode("secret"), hash, options.hashing)).toBe(true);
      expect(await verifyPassword(utf8Encode("Secret"), hash, options.hashing)).toBe(false);
    },
  );

  test("Argon2id is that of RFC 9106, with a known result", async () => {
    // Made by the reference implementation: argon2 -id -t 2 -k 65536 -p 1 with the salt "somesalt".
    const text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    const hash = parsePasswordHash(text);
    expect(hash && (await verifyPassword(utf8Encode("password"), hash, passwordHashing()))).toBe(true);
  });

  test("an older Node has no Argon2, and the others all the same", async () => {
    const hashing = passwordHashing({});
    expect(Object.keys(hashing)).toEqual(["sha512", "pbkdf2Sha512", "scram"]);
    const hash = parsePasswordHash(
      "$7$101$AAECAwQFBgcICQoL$M2JaCzvtN0uUE+gKnYpIcMJXBkrpjcgdq05BT5KziDcEsHnwm7I/nbmygx8wQA/kuT+aykJfx01CggO52tDHww==",
    );
    expect(hash && (await verifyPassword(utf8Encode("secret1"), hash, hashing))).toBe(true);
  });
});
