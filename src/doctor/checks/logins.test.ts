import { describe, expect, it } from "vitest";
import { parsePasswordHash } from "#auth";
import { configurationOf, listenerOf, troubles } from "../../../test/support/doctor.ts";
import type { AccountsFacts } from "../facts.ts";
import { checkLogins } from "./logins.ts";

const bytes = (count: number): string => Buffer.alloc(count, 7).toString("base64");
const pbkdf2 = (rounds: number): string => `$7$${rounds}$${bytes(12)}$${bytes(64)}`;
const argon2 = (cost: string): string => `$argon2id$v=19$${cost}$${bytes(16)}$${bytes(32)}`;

const accounts = (...secrets: readonly string[]): AccountsFacts => ({
  path: "pw",
  use: "password-file",
  accounts: secrets.map((secret, index) => ({ userName: `u${index + 1}`, hash: parsePasswordHash(secret) })),
});

async function judge(
  settings: readonly string[],
  files: readonly AccountsFacts[] = [],
): Promise<ReturnType<typeof checkLogins>> {
  return checkLogins({
    configuration: await configurationOf(...settings),
    listeners: [await listenerOf()],
    accounts: files,
    preSharedKeys: [],
  });
}

describe("who is asked", () => {
  it("nobody", async () => {
    expect(troubles(await judge([]))).toEqual(["note Nobody is asked who they are: no provider is set."]);
  });

  it("the providers in their order, and the roles behind them", async () => {
    const findings = await judge([
      "logins.password_file.path=pw",
      "logins.http.url=http://127.0.0.1:1/",
      'logins.order=["http","password-file"]',
      "access.roles_file=roles.json",
    ]);
    expect(findings[0]?.what).toBe(
      "Asked about each login, in this order: http, password-file, the file of roles.",
    );
    expect(troubles(findings)).toEqual([]);
  });

  it("where clients get in that say nothing of themselves", async () => {
    const listeners = [await listenerOf({ allowsAnonymous: true }), await listenerOf({ name: "two" })];
    const configuration = await configurationOf("logins.password_file.path=pw");
    const facts = { configuration, listeners, accounts: [], preSharedKeys: [] };
    expect(troubles(checkLogins(facts))).toEqual([
      "note Clients that say nothing of themselves get in at one.",
    ]);
  });
});

describe("password files", () => {
  const settings = ["logins.password_file.path=pw"];

  it.each([
    ["argon2id of OWASP", argon2("m=19456,t=2,p=1")],
    ["argon2id of martlet passwd", argon2("m=47104,t=1,p=1")],
    ["PBKDF2 with 100,000 rounds", pbkdf2(100_000)],
    ["SCRAM", `$scram-sha-256$600000$${bytes(16)}$${bytes(32)}$${bytes(32)}`],
  ])("with %s are in order", async (_, secret) => {
    expect(troubles(await judge(settings, [accounts(secret)]))).toEqual([]);
  });

  it.each([
    ["SHA-512, $6$", `$6$${bytes(12)}$${bytes(64)}`],
    ["sha512-pbkdf2 with 99999 rounds", pbkdf2(99_999)],
    ["scram-sha-256 with 4096 rounds", `$scram-sha-256$4096$${bytes(16)}$${bytes(32)}$${bytes(32)}`],
    ["argon2id with 8192 KiB and 1 pass", argon2("m=8192,t=1,p=1")],
  ])("with %s are weak", async (kind, secret) => {
    expect(troubles(await judge(settings, [accounts(secret, pbkdf2(210_000))]))).toEqual([
      `warning pw: 1 weak hash (${kind}): u1.`,
    ]);
  });

  it("with passwords as they are hold a problem, and the passwords are not told", async () => {
    const findings = await judge(settings, [accounts("hush", "hush", "hush", "hush", "hush")]);
    expect(troubles(findings)).toEqual([
      "problem pw: 5 passwords unhashed, or hashed in a way that is not known: u1, u2, u3 and 2 more. Nobody gets in by that.",
    ]);
    expect(JSON.stringify(findings)).not.toContain("hush");
  });

  it("without users let nobody in", async () => {
    expect(troubles(await judge(settings, [accounts()]))).toEqual(["warning pw holds no users."]);
  });

  it("without hashes for SCRAM are of no use to it", async () => {
    const file = { ...accounts(pbkdf2(210_000)), use: "scram" as const };
    expect(troubles(await judge(["logins.scram.path=pw"], [file]))).toEqual([
      "warning pw holds nobody whose password is hashed for SCRAM.",
    ]);
  });
});

describe("tokens and services", () => {
  const jwks = "logins.jwt.jwks_url=https://issuer.example.org/keys?token=hush";

  it("over TLS, for this service and with an end, are in order", async () => {
    expect(troubles(await judge([jwks, 'logins.jwt.audiences=["mqtt"]']))).toEqual([]);
  });

  it("whatever they are for, and without an end", async () => {
    const findings = await judge([jwks, "logins.jwt.require_expiry=false"]);
    expect(troubles(findings)).toEqual([
      "warning Tokens without an end are accepted: one that is stolen lets in for ever.",
      "warning Tokens of that issuer are accepted whatever service they are for.",
    ]);
    expect(JSON.stringify(findings)).not.toContain("hush");
  });

  it("with a secret in the configuration", async () => {
    const findings = await judge(["logins.jwt.secret=hush hush hush hush hush hush hush"]);
    expect(troubles(findings)).toEqual(["note The secret of tokens stands in the configuration."]);
    expect(JSON.stringify(findings)).not.toContain("hush");
  });

  it.each([
    ["http://auth.example.org/x", 1],
    ["http://10.0.0.1/x", 1],
    ["http://127.0.0.1:8080/x", 0],
    ["http://[::1]:8080/x", 0],
    ["http://localhost/x", 0],
    ["https://auth.example.org/x", 0],
  ])("%s is asked in the clear over a network: %i", async (url, count) => {
    expect(troubles(await judge([`logins.http.url=${url}`]))).toHaveLength(count);
  });
});

describe("pre-shared keys", () => {
  it.each([
    [undefined, "warning keys holds no keys."],
    [8, "warning keys: the shortest pre-shared key has 8 bytes, which can be tried out."],
    [16, undefined],
  ])("of %s bytes", async (shortestBytes, trouble) => {
    const facts = {
      configuration: await configurationOf("logins.password_file.path=pw"),
      listeners: [await listenerOf()],
      accounts: [],
      preSharedKeys: [{ path: "keys", count: 1, shortestBytes }],
    };
    expect(troubles(checkLogins(facts))).toEqual(trouble === undefined ? [] : [trouble]);
  });
});
