import { describe, expect, test } from "vitest";
import type { Login } from "#auth";
import { utf8Encode } from "#base";
import { ProtocolVersion, ReasonCode } from "#protocol";
import { type JwtLoginOptions, jwtLogin, type TokenVerdict } from "./jwt.ts";

const NOW = 1_767_225_600;
const TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZXYxIn0.c2ln";

const plain: Login = {
  clientId: "c",
  userName: undefined,
  password: undefined,
  protocolVersion: ProtocolVersion.MQTT_5_0,
  keepAliveSeconds: 60,
  address: { transport: "tcp", remoteAddress: "192.0.2.7", remotePort: 4711, localPort: 1883 },
  listener: "tcp",
  certificate: undefined,
  pskIdentity: undefined,
  openingRequest: undefined,
};
const withToken: Login = { ...plain, password: utf8Encode(TOKEN) };

/** A login whose token says `claims`, which are signed well. */
function decide(
  claims: Record<string, unknown>,
  options: Partial<JwtLoginOptions> = {},
  login: Login = withToken,
) {
  const verdict: TokenVerdict = { outcome: "verified", claims: { sub: "dev1", exp: NOW + 60, ...claims } };
  const provider = jwtLogin({
    verifier: { verify: () => verdict },
    clock: { epochMs: () => NOW * 1000 },
    ...options,
  });
  return provider.authenticate(login);
}

describe("where a token stands", () => {
  const opening = (url: string, headers: Record<string, string> = {}) => ({
    ...plain,
    openingRequest: { url, headers },
  });

  test.each([
    ["the password, unless told otherwise", undefined, withToken],
    ["the user name", ["user-name"], { ...plain, userName: TOKEN }],
    ["a header", [{ header: "Authorization" }], opening("/mqtt", { authorization: `Bearer ${TOKEN}` })],
    ["a header of its own", [{ header: "x-token" }], opening("/mqtt", { "x-token": TOKEN })],
    ["the query", [{ query: "token" }], opening(`/mqtt?a=b&token=${TOKEN}`)],
    ["the second of two places", ["user-name", "password"], { ...withToken, userName: "somebody" }],
  ] as const)("%s", async (_where, places, login) => {
    const asked: string[] = [];
    const verifier = {
      verify: (token: string) => {
        asked.push(token);
        return { outcome: "verified", claims: { sub: "dev1", exp: NOW + 60 } } as const;
      },
    };
    const answer = await decide(
      {},
      { verifier, ...(places === undefined ? {} : { places }) },
      login as Login,
    );
    expect(answer).toMatchObject({ outcome: "accepted", userName: "dev1" });
    expect(asked).toEqual([TOKEN]);
  });

  test.each([
    ["nothing", plain],
    ["a password that is none", { ...plain, password: utf8Encode("secret") }],
    ["bytes that are no text", { ...plain, password: Uint8Array.of(0xff, 0xfe, 0x2e) }],
    ["two dots without a header of JSON", { ...plain, password: utf8Encode("a.b.c") }],
    ["a token where it does not belong", { ...plain, userName: TOKEN }],
    ["a URL without a query", { ...plain, openingRequest: { url: "/mqtt", headers: {} } }],
  ])("%s is none of its business", (_what, login) => {
    expect(decide({}, { places: ["password", { query: "token" }] }, login)).toBeUndefined();
  });

  test("a signature that is missing is the verifier's business, not a way around it", () => {
    const verifier = { verify: (): TokenVerdict => ({ outcome: "refused", reason: "no key fits" }) };
    const login = { ...plain, password: utf8Encode(`${TOKEN.slice(0, TOKEN.lastIndexOf("."))}.`) };
    expect(decide({}, { verifier }, login)).toMatchObject({ outcome: "refused" });
  });
});

describe("what the verifier says", () => {
  test.each([
    [
      { outcome: "refused", reason: "no key fits" },
      ReasonCode.BAD_USER_NAME_OR_PASSWORD,
      "the token is not good: no key fits",
    ],
    [
      { outcome: "unavailable", reason: "no keys" },
      ReasonCode.SERVER_UNAVAILABLE,
      "the token cannot be verified: no keys",
    ],
  ] as const)("%j refuses, now and later", async (verdict, reasonCode, reason) => {
    const refusal = { outcome: "refused", reasonCode, reason };
    expect(decide({}, { verifier: { verify: () => verdict } })).toEqual(refusal);
    expect(await decide({}, { verifier: { verify: async () => verdict } })).toEqual(refusal);
  });
});

describe("times", () => {
  test.each([
    [{}, {}, 90_000],
    [{ exp: NOW + 0.5 }, {}, 30_500],
    [{ exp: NOW - 29 }, {}, 1_000],
    [{ exp: NOW + 60 }, { skewSeconds: 0 }, 60_000],
    [{ exp: undefined }, { requireExpiry: false }, undefined],
    [{ nbf: NOW + 30, iat: NOW + 30 }, {}, 90_000],
    [{ iat: NOW - 40, exp: NOW + 60 }, { longestLifetimeSeconds: 100 }, 90_000],
  ])("%j with %j is good for %s ms", (claims, options, validForMs) => {
    const answer = decide(claims, options);
    expect(answer).toMatchObject({ outcome: "accepted" });
    expect((answer as { validForMs?: number }).validForMs).toBe(validForMs);
  });

  test.each([
    [{ exp: NOW - 30 }, {}, "the token has expired"],
    [{ exp: NOW }, { skewSeconds: 0 }, "the token has expired"],
    [{ exp: undefined }, {}, "the token does not say when it expires"],
    [{ exp: "2030" }, {}, "the token has an exp that is no time"],
    [{ exp: Number.POSITIVE_INFINITY }, {}, "the token has an exp that is no time"],
    [{ nbf: null }, {}, "the token has an nbf that is no time"],
    [{ nbf: NOW + 31 }, {}, "the token is not good yet"],
    [{ iat: NOW + 31 }, {}, "the token was issued at a time to come"],
    [{ iat: NOW - 41 }, { longestLifetimeSeconds: 100 }, "the token is good for more than 100 s"],
    [{}, { longestLifetimeSeconds: 100 }, "the token does not say for how long it is good"],
  ])("%j with %j: %s", (claims, options, reason) => {
    expect(decide(claims, options)).toEqual({
      outcome: "refused",
      reasonCode: ReasonCode.NOT_AUTHORIZED,
      reason,
    });
  });
});

describe("issuer and audience", () => {
  const wanted = { issuers: ["https://a", "https://b"], audiences: ["martlet", "other"] };

  test.each([
    [{ iss: "https://b", aud: "martlet" }, "accepted"],
    [{ iss: "https://a", aud: ["x", "other"] }, "accepted"],
    [{ iss: "https://c", aud: "martlet" }, "refused"],
    [{ iss: ["https://a"], aud: "martlet" }, "refused"],
    [{ iss: "https://a", aud: "martlet2" }, "refused"],
    [{ iss: "https://a", aud: [] }, "refused"],
    [{ iss: "https://a" }, "refused"],
    [{ aud: "martlet" }, "refused"],
  ])("%j: %s", (claims, outcome) => {
    expect(decide(claims, wanted)).toMatchObject({ outcome });
    expect(decide(claims)).toMatchObject({ outcome: "accepted" });
  });
});

describe("names", () => {
  test.each([
    [{}, {}, { userName: "dev1" }],
    [{ "realm.user": "a" }, { userNameClaim: "realm.user" }, { userName: "a" }],
    [{ realm: { user: "a" } }, { userNameClaim: "realm.user" }, { userName: "a" }],
    [{ cid: "d" }, { clientId: { claim: "cid", rule: "replace" } }, { userName: "dev1", clientId: "d" }],
    [{ cid: "c" }, { clientId: { claim: "cid", rule: "match" } }, { userName: "dev1" }],
  ] as const)("%j with %j: %j", (claims, options, names) => {
    expect(decide(claims, options)).toMatchObject({ outcome: "accepted", ...names });
  });

  test.each([
    [{ sub: undefined }, {}, "the token has no sub that could be a user name"],
    [{ sub: 7 }, {}, "the token has no sub that could be a user name"],
    [{ sub: "" }, {}, "the token has no sub that could be a user name"],
    [{}, { userNameClaim: "sub.x" }, "the token has no sub.x that could be a user name"],
    [
      {},
      { userNameClaim: "constructor.name" },
      "the token has no constructor.name that could be a user name",
    ],
    [{}, { clientId: { claim: "cid", rule: "replace" } }, "the token has no cid that could be a client id"],
    [{}, { clientId: { claim: "cid", rule: "match" } }, "the token has no cid that could be a client id"],
    [
      { cid: "d" },
      { clientId: { claim: "cid", rule: "match" } },
      "the token is for the client id d, and not for c",
    ],
  ] as const)("%j with %j: %s", (claims, options, reason) => {
    expect(decide(claims, options)).toMatchObject({ outcome: "refused", reason });
  });
});

describe("what goes to the rules", () => {
  test.each([
    [{ groups: ["a", 7, "b"] }, "groups", ["a", "b"]],
    [{ scope: "read  write" }, "scope", ["read", "write"]],
    [{ realm_access: { roles: ["a"] } }, "realm_access.roles", ["a"]],
    [{ groups: 7 }, "groups", []],
    [{}, "groups", []],
  ])("roles of %j in %s", (claims, rolesClaim, roles) => {
    expect(decide(claims, { rolesClaim })).toMatchObject({ claims: { sub: "dev1", roles } });
  });

  test("a token does not name roles and permissions unless it is told to", () => {
    const claims = { roles: ["admin"], permissions: [{ publish: "#" }] };
    const answer = decide(claims) as { claims?: Record<string, unknown> };
    expect(answer.claims?.["roles"]).toEqual([]);
    expect(answer.claims?.["permissions"]).toBeUndefined();
    expect(decide(claims, { rolesClaim: "roles", permissionsClaim: "permissions" })).toMatchObject({
      claims,
    });
  });
});
