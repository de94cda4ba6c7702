import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigError } from "#base";
import type { TokenVerdict } from "#logins";
import type { JwtAlgorithm, JwtKeySource } from "./jwt-keys.ts";
import { jwtVerifier } from "./jwt-verifier.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const pairs = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: generateKeyPairSync("ed25519"),
  Ed25519: generateKeyPairSync("ed25519"),
};
const secret = new Uint8Array(64).fill(7);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const pemOf = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

/** A token that is made without the library that verifies it. */
function tokenOf(
  alg: string,
  key: KeyObject | Uint8Array,
  header: object = {},
  payload: unknown = { sub: "dev1" },
) {
  const signed = `${base64url({ alg, typ: "JWT", ...header })}.${base64url(payload)}`;
  const hash = `sha${/\d{3}$/.exec(alg)?.[0] ?? 256}`;
  const bytes = Buffer.from(signed);
  const signature =
    key instanceof Uint8Array
      ? createHmac(hash, key).update(bytes).digest()
      : alg.startsWith("Ed")
        ? sign(null, bytes, key)
        : sign(hash, bytes, {
            key,
            dsaEncoding: "ieee-p1363",
            ...(alg.startsWith("PS") ? { padding: 6, saltLength: -1 } : {}),
          });
  return `${signed}.${signature.toString("base64url")}`;
}

async function verdictOn(token: string, ...keys: JwtKeySource[]): Promise<TokenVerdict> {
  return await jwtVerifier({ keys }).verify(token);
}

const good = { outcome: "verified", claims: { sub: "dev1" } };
const noKey = { outcome: "refused", reason: expect.stringMatching(/^no key fits its signature/) };

describe("vectors", () => {
  test("HS256 of our own", async () => {
    const token =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJkZXYxIiwiYXVkIjoibWFydGxldCIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwfQ.52pm7tH20AttOFcKyjGc6TBXHyURYH6P-AyGCOV6KQg";
    const key = { secret: Buffer.from("martlet-jwt-test-secret-0123456789") };
    expect(await verdictOn(token, key)).toEqual({
      outcome: "verified",
      claims: { sub: "dev1", aud: "martlet", iat: 1_767_225_600, exp: 1_767_229_200 },
    });
  });

  test("RFC 7515, A.1", async () => {
    const jwk = {
      kty: "oct",
      k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    };
    const token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect(await verdictOn(token, { jwk })).toMatchObject({
      outcome: "verified",
      claims: { iss: "joe", "http://example.com/is_root": true },
    });
  });
});

describe("algorithms", () => {
  test.each(Object.entries(pairs))(
    "%s, with a key in PEM and as JWK",
    async (alg, { publicKey, privateKey }) => {
      const token = tokenOf(alg, privateKey);
      expect(await verdictOn(token, { pem: pemOf(publicKey) })).toEqual(good);
      expect(await verdictOn(token, { jwk: publicKey.export({ format: "jwk" }) })).toEqual(good);
      const [head, body, tail = ""] = token.split(".");
      const other = tail[5] === "A" ? "B" : "A";
      const forged = `${head}.${body}.${tail.slice(0, 5)}${other}${tail.slice(6)}`;
      expect(await verdictOn(forged, { pem: pemOf(publicKey) })).toEqual(noKey);
    },
  );

  test.each(["HS256", "HS384", "HS512"])("%s", async (alg) => {
    expect(await verdictOn(tokenOf(alg, secret), { secret })).toEqual(good);
    expect(await verdictOn(tokenOf(alg, secret), { secret: secret.slice(1).fill(8) })).toEqual(noKey);
  });

  test("a key that is told its algorithms is for no other", async () => {
    const source = { pem: pemOf(rsa.publicKey), algorithms: ["PS256"] as JwtAlgorithm[] };
    expect(await verdictOn(tokenOf("PS256", rsa.privateKey), source)).toEqual(good);
    expect(await verdictOn(tokenOf("RS256", rsa.privateKey), source)).toEqual(noKey);
    const jwk = { ...rsa.publicKey.export({ format: "jwk" }), alg: "RS512" };
    expect(await verdictOn(tokenOf("RS512", rsa.privateKey), { jwk })).toEqual(good);
    expect(await verdictOn(tokenOf("RS256", rsa.privateKey), { jwk })).toEqual(noKey);
  });
});

test("the algorithms of the verifier are those of all its keys", async () => {
  const keys = [{ pem: pemOf(rsa.publicKey) }, { pem: pemOf(pairs.ES256.publicKey) }];
  const verifier = jwtVerifier({ keys, algorithms: ["PS256", "ES256"] });
  expect(await verifier.verify(tokenOf("PS256", rsa.privateKey))).toEqual(good);
  expect(await verifier.verify(tokenOf("ES256", pairs.ES256.privateKey))).toEqual(good);
  expect(await verifier.verify(tokenOf("RS256", rsa.privateKey))).toEqual(noKey);
});

describe("tokens that try something", () => {
  const pem = pemOf(rsa.publicKey);

  test("the public key as the secret of HMAC", async () => {
    for (const text of [pem, pem.trim(), `${pem}\n`]) {
      expect(await verdictOn(tokenOf("HS256", Buffer.from(text)), { pem })).toEqual(noKey);
    }
    const der = rsa.publicKey.export({ type: "spki", format: "der" });
    expect(await verdictOn(tokenOf("HS256", der), { pem })).toEqual(noKey);
  });

  test.each(["none", "None", "NONE", ""])("algorithm %j", async (alg) => {
    const body = `${base64url({ alg })}.${base64url({ sub: "dev1" })}`;
    expect(await verdictOn(`${body}.`, { pem }, { secret })).toEqual(noKey);
    expect((await verdictOn(body, { pem }, { secret })).outcome).toBe("refused");
  });

  test("keys and addresses of its own", async () => {
    const own = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const header = {
      jwk: own.publicKey.export({ format: "jwk" }),
      jku: "http://127.0.0.1:1/",
      x5u: "http://127.0.0.1:1/",
    };
    expect(await verdictOn(tokenOf("RS256", own.privateKey, header), { pem })).toEqual(noKey);
  });

  test("extensions that have to be understood", async () => {
    const token = tokenOf("RS256", rsa.privateKey, { crit: ["b64x"], b64x: true });
    expect(await verdictOn(token, { pem })).toEqual({ outcome: "refused", reason: "it is malformed" });
  });

  test.each([
    ["a list", [1]],
    ["a text", "dev1"],
    ["nothing", null],
  ])("%s in the place of claims", async (_what, payload) => {
    const token = tokenOf("RS256", rsa.privateKey, {}, payload);
    expect(await verdictOn(token, { pem })).toEqual({
      outcome: "refused",
      reason: "what it says is no JSON object",
    });
  });

  test.each([
    ["too long", `eyJhbGciOiJSUzI1NiJ9.${"A".repeat(16_384)}.AA`],
    ["a header that is no JSON", "eyJ4.e30.AA"],
    ["a header without an algorithm", `${base64url({ typ: "JWT" })}.e30.AA`],
    ["empty", ""],
  ])("%s", async (_what, token) => {
    expect(await verdictOn(token, { pem })).toEqual({
      outcome: "refused",
      reason: "it is malformed, or too long",
    });
  });

  test("what it names stands in the reason short and quoted", async () => {
    const token = tokenOf("RS256", rsa.privateKey, { kid: `x\n${"y".repeat(500)}` });
    const verdict = await verdictOn(token, { pem, keyId: "other" });
    expect(verdict).toEqual(noKey);
    expect(JSON.stringify(verdict).length).toBeLessThan(250);
    expect((verdict as { reason: string }).reason).not.toContain("\n");
  });
});

describe("several keys", () => {
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const both = [
    { pem: pemOf(rsa.publicKey), keyId: "a" },
    { pem: pemOf(other.publicKey), keyId: "b" },
  ];

  test("a token without a name is tried with all, one with a name with that alone", async () => {
    for (const { privateKey } of [rsa, other]) {
      expect(await verdictOn(tokenOf("RS256", privateKey), ...both)).toEqual(good);
    }
    expect(await verdictOn(tokenOf("RS256", other.privateKey, { kid: "b" }), ...both)).toEqual(good);
    expect(await verdictOn(tokenOf("RS256", other.privateKey, { kid: "a" }), ...both)).toEqual(noKey);
    expect(await verdictOn(tokenOf("RS256", other.privateKey, { kid: "c" }), ...both)).toEqual(noKey);
  });
});

test.each([
  ["no key at all", [], "keys: they are missing; give a key or the URL of a key set."],
  ["a short secret", [{ secret: secret.slice(0, 31) }], "keys[0]: a secret has to have 32 bytes or more."],
  [
    "a secret that is too short for it",
    [{ secret: secret.slice(0, 32), algorithms: ["HS512"] }],
    "keys[0]: it is not for HS512; it is for HS256.",
  ],
  [
    "a public key for HMAC",
    [{ secret }, { pem: pemOf(pairs.ES256.publicKey), algorithms: ["HS256"] }],
    "keys[1]: it is not for HS256; it is for ES256.",
  ],
  [
    "a private key",
    [{ pem: rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString() }],
    "keys[0]: it is a private key; give the public one.",
  ],
  [
    "a private JWK",
    [{ jwk: rsa.privateKey.export({ format: "jwk" }) }],
    "keys[0]: it is a private key; give the public one.",
  ],
  [
    "a short RSA key",
    [{ pem: pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey) }],
    "keys[0]: an RSA key has to have 2048 bits or more.",
  ],
  [
    "another curve",
    [{ pem: pemOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey) }],
    "keys[0]: the curve has to be P-256, P-384 or P-521.",
  ],
  [
    "a key that signs nothing",
    [{ pem: pemOf(createPublicKey(generateKeyPairSync("x25519").privateKey)) }],
    "keys[0]: keys of the kind x25519 sign no tokens.",
  ],
  ["no key in PEM", [{ pem: "nonsense" }], /^keys\[0\]: it is no key: /],
] as [string, JwtKeySource[], string | RegExp][])("%s is refused at the start", (_what, keys, message) => {
  expect(() => jwtVerifier({ keys })).toThrow(ConfigError);
  expect(() => jwtVerifier({ keys })).toThrow(message);
});
