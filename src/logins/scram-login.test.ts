import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type Continued,
  type Exchange,
  hashPassword,
  type Login,
  PasswordFile,
  type PasswordHashing,
  type ScramHashing,
  type ScramMethod,
} from "#auth";
import { seededRandom, utf8Decode, utf8Encode } from "#base";
import { ReasonCode } from "#protocol";
import { loginOf } from "../../test/support/logins.ts";
import { ScramLogin, type ScramLoginOptions, type ScramName } from "./scram-login.ts";

const scram: ScramHashing = {
  digest: (hash, bytes) => createHash(hash).update(bytes).digest(),
  hmac: (hash, key, bytes) => createHmac(hash, key).update(bytes).digest(),
  pbkdf2: (hash, password, salt, iterations) =>
    pbkdf2Sync(password, salt, iterations, hash === "sha256" ? 32 : 64, hash),
};
const hashing: PasswordHashing = {
  sha512: (bytes) => scram.digest("sha512", bytes),
  pbkdf2Sha512: () => new Uint8Array(64),
  scram,
};
const methodOf = { "SCRAM-SHA-256": "scram-sha-256", "SCRAM-SHA-512": "scram-sha-512" } as const;

async function fileOf(
  users: Readonly<Record<string, string>>,
  method: ScramMethod | "sha512" = "scram-sha-256",
) {
  const file = new PasswordFile();
  const options = { hashing, random: seededRandom(1), iterations: 10 };
  for (const [name, password] of Object.entries(users)) {
    file.set(name, await hashPassword(utf8Encode(password), method, options));
  }
  return file;
}

function serverOf(file: PasswordFile, options: Partial<ScramLoginOptions> = {}): ScramLogin {
  return new ScramLogin(file, { hashing: scram, random: seededRandom(4), ...options });
}

/** A client that can be told to do each thing wrongly. */
interface Ways {
  readonly name?: string;
  readonly password?: string;
  readonly header?: string;
  readonly first?: (text: string) => string;
  readonly final?: (text: string) => string;
  readonly binding?: string;
  readonly between?: () => void;
  readonly login?: Login;
}

async function talk(server: ScramLogin, method: ScramName, ways: Ways) {
  const { name = "user", password = "pencil", header = "n,,", login = loginOf() } = ways;
  const exchange = server.beginExchange(method, login) as Exchange;
  const hash = method === "SCRAM-SHA-256" ? "sha256" : "sha512";
  const bare = `n=${name},r=clientnonce`;
  const first = (ways.first ?? ((text) => text))(header + bare);
  const challenge = await exchange.step(utf8Encode(first));
  if (challenge.outcome !== "continued") return { answer: challenge, exchange };
  const serverFirst = utf8Decode(challenge.authenticationData);
  const [, nonce = "", salt = "", iterations = ""] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
  const salted = await scram.pbkdf2(
    hash,
    utf8Encode(password),
    Buffer.from(salt, "base64"),
    Number(iterations),
  );
  const clientKey = scram.hmac(hash, salted, utf8Encode("Client Key"));
  const withoutProof = `c=${btoa(ways.binding ?? header)},r=${nonce}`;
  const authMessage = utf8Encode(`${bare},${serverFirst},${withoutProof}`);
  const signature = scram.hmac(hash, scram.digest(hash, clientKey), authMessage);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] as number)));
  const final = (ways.final ?? ((text) => text))(`${withoutProof},p=${proof.toString("base64")}`);
  ways.between?.();
  const answer = await exchange.step(utf8Encode(final));
  const serverKey = scram.hmac(hash, salted, utf8Encode("Server Key"));
  const verifier = `v=${Buffer.from(scram.hmac(hash, serverKey, authMessage)).toString("base64")}`;
  return { answer, exchange, verifier, nonce, salt, iterations };
}

const refused = (reason: string) => ({
  outcome: "refused",
  reasonCode: ReasonCode.NOT_AUTHORIZED,
  reason,
});
const missing = refused("this user is not in the password file");

test("the conversation of RFC 7677", () => {
  const random = { below: () => 0, bytes: () => new Uint8Array(0) };
  const line =
    "user:$scram-sha-256$4096$W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=$wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
  class KnownNonce extends ScramLogin {
    override nonce(): string {
      return "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    }
  }
  const server = new KnownNonce(PasswordFile.parse(line, "f"), { hashing: scram, random });
  const exchange = server.beginExchange("SCRAM-SHA-256", loginOf());
  const challenge = exchange?.step(utf8Encode("n,,n=user,r=rOprNGfwEbeRWgbNEkqO")) as Continued;
  const nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  expect(utf8Decode(challenge.authenticationData)).toBe(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  expect(
    exchange?.step(utf8Encode(`c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`)),
  ).toEqual({
    outcome: "accepted",
    userName: "user",
    authenticationData: utf8Encode("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="),
  });
});

describe.each<ScramName>(["SCRAM-SHA-256", "SCRAM-SHA-512"])("%s", (method) => {
  const serve = async (users: Readonly<Record<string, string>> = { user: "pencil" }) =>
    serverOf(await fileOf(users, methodOf[method]));

  test("lets in who knows the password, and proves to be the server", async () => {
    const { answer, verifier, exchange } = await talk(await serve(), method, {});
    expect(answer).toEqual({
      outcome: "accepted",
      userName: "user",
      authenticationData: utf8Encode(verifier as string),
    });
    expect(exchange.step(utf8Encode("n,,n=user,r=x"))).toEqual(refused("the exchange is over"));
  });

  test.each<[string, Ways, string]>([
    ["a wrong password", { password: "Pencil" }, "the password is wrong"],
    ["a user who is not there", { name: "nobody" }, missing.reason],
    ["channel binding", { header: "p=tls-exporter,," }, "it asks for channel binding, which is not offered"],
    ["another header than at first", { binding: "y,," }, "its two messages do not agree on channel binding"],
    ["a header that is none", { header: "n=x,," }, "the first message does not begin as SCRAM does"],
    ["no header", { header: "" }, "the first message does not begin as SCRAM does"],
    ["another user to act for", { header: "n,a=admin," }, "it wants to act for another user"],
    [
      "a mandatory extension",
      { first: (text) => text.replace("n=user", "m=x,n=user") },
      "it asks for an extension that is not known",
    ],
    ["no name", { name: "" }, "the first message has no name and nonce"],
    ["a name with a bare sign", { name: "a=b" }, "the first message has no name and nonce"],
    [
      "no nonce",
      { first: (text) => text.replace("clientnonce", "") },
      "the first message has no name and nonce",
    ],
    [
      "a nonce with a space",
      { first: (text) => text.replace("nt", " ") },
      "the first message has no name and nonce",
    ],
    ["a null character", { name: "a\0b" }, "the first message is no text of SCRAM"],
    ["too long a message", { name: "x".repeat(5_000) }, "the first message is no text of SCRAM"],
    [
      "another nonce",
      { final: (text) => text.replace("r=c", "r=d") },
      "the nonce is not the one of this exchange",
    ],
    ["no proof", { final: (text) => text.replace(/,p=.*/, "") }, "the last message is none of SCRAM"],
    [
      "a proof that is no Base64",
      { final: (text) => text.replace(/p=.*/, "p=*") },
      "the last message is none of SCRAM",
    ],
    ["a short proof", { final: (text) => text.replace(/p=.*/, "p=AAAA") }, "the password is wrong"],
    ["something behind the proof", { final: (text) => `${text},x=y` }, "the last message is none of SCRAM"],
    ["no message", { final: () => "" }, "the last message is none of SCRAM"],
    [
      "another exchange's extension",
      { final: (text) => text.replace(",p=", ",x=y,p=") },
      "the password is wrong",
    ],
  ])("refuses %s", async (_what, ways, reason) => {
    expect((await talk(await serve(), method, ways)).answer).toEqual(refused(reason));
  });

  test("takes clients that could do channel binding, names with commas, and themselves to act for", async () => {
    const server = await serve({ user: "pencil", "a,b=c": "x" });
    expect((await talk(server, method, { header: "y,," })).answer.outcome).toBe("accepted");
    expect((await talk(server, method, { header: "n,a=user," })).answer.outcome).toBe("accepted");
    const odd = await talk(server, method, { name: "a=2Cb=3Dc", password: "x" });
    expect(odd.answer).toMatchObject({ outcome: "accepted", userName: "a,b=c" });
  });

  test("a step without bytes is no message", async () => {
    const exchange = (await serve()).beginExchange(method, loginOf()) as Exchange;
    expect(exchange.step(undefined)).toEqual(refused("the first message is no text of SCRAM"));
  });

  test("gives each exchange another nonce", async () => {
    const server = await serve();
    const [one, other] = [await talk(server, method, {}), await talk(server, method, {})];
    expect(one.nonce).not.toBe(other.nonce);
  });
});

describe("names cannot be probed", () => {
  test("a user who is not there has a salt like others, the same each time", async () => {
    const file = await fileOf({ user: "pencil" });
    const secret = utf8Encode("secret of this server");
    const [one, again, restarted] = [
      await talk(serverOf(file, { secret }), "SCRAM-SHA-256", { name: "nobody" }),
      await talk(serverOf(file, { secret }), "SCRAM-SHA-256", { name: "nobody" }),
      await talk(serverOf(file, { secret, random: seededRandom(9) }), "SCRAM-SHA-256", { name: "nobody" }),
    ];
    expect(new Set([one.salt, again.salt, restarted.salt]).size).toBe(1);
    const other = await talk(serverOf(file, { secret }), "SCRAM-SHA-256", { name: "nobody2" });
    const known = await talk(serverOf(file, { secret }), "SCRAM-SHA-256", {});
    expect(other.salt).not.toBe(one.salt);
    expect([one.salt?.length, one.iterations]).toEqual([known.salt?.length, known.iterations]);
    const otherServer = await talk(serverOf(file), "SCRAM-SHA-256", { name: "nobody" });
    expect(otherServer.salt).not.toBe(one.salt);
  });

  test("in a file without any, it is as martlet passwd makes them", async () => {
    const server = serverOf(new PasswordFile());
    const exchange = server.beginExchange("SCRAM-SHA-512", loginOf());
    const challenge = exchange?.step(utf8Encode("n,,n=user,r=abc")) as Continued;
    expect(utf8Decode(challenge.authenticationData)).toMatch(/^r=abc[^,]{24},s=[^,]{24},i=210000$/);
  });

  test("a hash that SCRAM cannot use is said in the log only", async () => {
    const hint = "of which scram-sha-256 can make nothing; give it anew with martlet passwd -H scram-sha-256";
    const old = serverOf(await fileOf({ user: "pencil" }, "sha512"));
    const { answer } = await talk(old, "SCRAM-SHA-256", {});
    expect(answer).toEqual(refused(`the password of this user is hashed with sha512, ${hint}`));
    const plain = serverOf(PasswordFile.parse("user:pencil\n", "f"));
    expect((await talk(plain, "SCRAM-SHA-256", {})).answer).toEqual(
      refused(`the password of this user is not hashed, ${hint}`),
    );
    const longer = serverOf(await fileOf({ user: "pencil" }, "scram-sha-512"));
    expect((await talk(longer, "SCRAM-SHA-256", {})).answer).toEqual(
      refused(`the password of this user is hashed with scram-sha-512, ${hint}`),
    );
  });
});

describe("over time", () => {
  test("another file counts at once, in the middle of an exchange", async () => {
    const server = serverOf(await fileOf({ user: "pencil" }));
    const gone = await talk(server, "SCRAM-SHA-256", { between: () => server.replace(new PasswordFile()) });
    expect(gone.answer).toEqual(missing);
    const file = await fileOf({ user: "pencil" });
    server.replace(file);
    const changed = await fileOf({ user: "other" });
    const late = await talk(server, "SCRAM-SHA-256", { between: () => server.replace(changed) });
    expect(late.answer).toEqual(refused("the password file has changed meanwhile"));
    server.replace(file);
    const same = PasswordFile.parse(file.toString(), "f");
    const kept = await talk(server, "SCRAM-SHA-256", { between: () => server.replace(same) });
    expect(kept.answer.outcome).toBe("accepted");
  });

  test("another file names those who have to go", async () => {
    const file = await fileOf({ alice: "a", bob: "b" });
    file.set("carol", await hashPassword(utf8Encode("c"), "sha512", { hashing, random: seededRandom(1) }));
    const server = serverOf(file);
    const next = PasswordFile.parse(file.toString().split("\n").slice(0, 1).join(""), "f");
    expect(server.replace(next)).toEqual([{ userName: "bob", disconnect: true }]);
    expect(server.replace(next)).toEqual([]);
  });

  test("a connection that authenticates again stays with its user", async () => {
    const server = serverOf(await fileOf({ user: "pencil", admin: "root" }));
    const login = loginOf();
    expect((await talk(server, "SCRAM-SHA-256", { login })).answer.outcome).toBe("accepted");
    expect((await talk(server, "SCRAM-SHA-256", { login })).answer.outcome).toBe("accepted");
    const asAdmin = { login, name: "admin", password: "root" };
    expect((await talk(server, "SCRAM-SHA-256", asAdmin)).answer).toEqual(
      refused("it has authenticated as another user before"),
    );
    expect((await talk(server, "SCRAM-SHA-256", { ...asAdmin, login: loginOf() })).answer.outcome).toBe(
      "accepted",
    );
  });

  test("only what is offered begins, and plain logins are none of its business", async () => {
    const server = serverOf(new PasswordFile(), { methods: ["SCRAM-SHA-512"] });
    expect(server.beginExchange("SCRAM-SHA-256", loginOf())).toBeUndefined();
    expect(server.beginExchange("SCRAM-SHA-512-PLUS", loginOf())).toBeUndefined();
    expect(server.beginExchange("scram-sha-512", loginOf())).toBeUndefined();
    expect(server.beginExchange("SCRAM-SHA-512", loginOf())).toBeDefined();
    expect(server.authenticate()).toBeUndefined();
  });
});

test("messages with anything in them are refused, and never throw", async () => {
  const server = serverOf(await fileOf({ user: "pencil" }));
  const random = seededRandom(11);
  const letters = utf8Encode("npya=,rcmv:n=user,r=2C3D+/A \u0000\u00e4");
  const garbled = (text: string): Uint8Array => {
    const bytes = utf8Encode(text).slice(0, random.below(text.length + 1) + 1);
    for (let i = random.below(4); i > 0 && bytes.length > 0; i--) {
      bytes[random.below(bytes.length)] = letters[random.below(letters.length)] as number;
    }
    return bytes;
  };
  const outcomes = new Set<string>();
  for (let i = 0; i < 5_000; i++) {
    const exchange = server.beginExchange("SCRAM-SHA-256", loginOf()) as Exchange;
    const first = await exchange.step(garbled("n,a=user,n=user,r=clientnonce,x=y"));
    outcomes.add(first.outcome);
    if (first.outcome !== "continued") continue;
    const [nonce] = utf8Decode(first.authenticationData).split(",");
    const last = await exchange.step(
      garbled(`c=biws,${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`),
    );
    outcomes.add(`then ${last.outcome}`);
  }
  expect([...outcomes].toSorted()).toEqual(["continued", "refused", "then refused"]);
});
