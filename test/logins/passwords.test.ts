// Password files and SCRAM through a broker: mosquitto's own tools, `martlet passwd` and the client.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Gate, guardedGate, hashPassword, PasswordFile, type PasswordMethod } from "#auth";
import { systemClock, systemRandom, utf8Encode } from "#base";
import { connect, enhancedAuthentication, scramSha256 } from "#client";
import { passwordHashing } from "#credentials";
import { AnonymousLogin, LoginChain, type LoginVerdict, PasswordFileLogin, ScramLogin } from "#logins";
import { ReasonCode } from "#protocol";
import { martlet } from "../cli/run-martlet.ts";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { run, runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const hashing = passwordHashing();
const random = systemRandom();

interface Served extends SocketBroker {
  readonly verdicts: LoginVerdict[];
  readonly failures: unknown[];
  readonly passwords: PasswordFileLogin;
  readonly scram: ScramLogin;
}

/** A broker whose chain is: password file, SCRAM, and who says nothing of themselves. */
async function serve(file: PasswordFile): Promise<Served> {
  const verdicts: LoginVerdict[] = [];
  const failures: unknown[] = [];
  const passwords = new PasswordFileLogin(file, { hashing, clock: systemClock(), random });
  const scram = new ScramLogin(file, { hashing: hashing.scram as NonNullable<typeof hashing.scram>, random });
  const chain = new LoginChain([passwords, scram, new AnonymousLogin()], (verdict) => verdicts.push(verdict));
  const gate: Gate = {
    authenticate: (login) => chain.authenticate(login),
    beginExchange: (method, login) => chain.beginExchange(method, login),
  };
  const broker = await socketBroker({ gate: guardedGate(gate, (error) => failures.push(error)) });
  return { ...broker, verdicts, failures, passwords, scram };
}

async function fileWith(
  method: PasswordMethod,
  users: Readonly<Record<string, string>>,
): Promise<PasswordFile> {
  const file = new PasswordFile();
  const iterations = method === "scram-sha-256" ? 4_096 : 100;
  for (const [name, password] of Object.entries(users)) {
    file.set(name, await hashPassword(utf8Encode(password), method, { hashing, random, iterations }));
  }
  return file;
}

const versions = ["mqttv31", "mqttv311", "mqttv5"] as const;

/** How mosquitto_pub ends: 0, or the code of CONNACK. */
async function publish({ port }: SocketBroker, version: string, ...login: string[]): Promise<number | null> {
  const where = ["-h", "127.0.0.1", "-p", String(port), "-V", version];
  return (await run("mosquitto_pub", [...where, ...login, "-t", "t", "-m", "m"])).code;
}

/** Made by Debian's mosquitto_passwd 2.0.11. */
const MADE_BY_MOSQUITTO = `alice:$7$101$K2G3JAmvRuyL4nmB$ctUG9xGPITUJXYItBpxZFqLR4RyN+ilh3tZrqvkT2Ci6r3ZmlJ22D93JEzlCX0enMQZJsplQfwMzV5245Zaoew==
bob:$6$T2PEPzIuhOTgAI3A$23pjKX30wO9vyt+YZDmWQxDgE7V7p0oClSAWF1dTW/pDS+H7uruEHP4FtPnh1s62u+MFTHTJEBVxdt4EEZhCsg==
carol:$7$101$sGN4Tgv8OmknKUew$vtpxMVWtFe484RxWGzx1WGiy25ch6npf5eCVDuIIrRXfQHKqplagh3fE5OJhTccQbpTBAT4fMbdhSTBmeQfiIw==
`;

describe.each(versions)("mosquitto_pub by %s", (version) => {
  const refused = version === "mqttv5" ? ReasonCode.BAD_USER_NAME_OR_PASSWORD : 4;

  it("gets in with the passwords that mosquitto_passwd has hashed, and with no others", async () => {
    const broker = await serve(PasswordFile.parse(MADE_BY_MOSQUITTO, "accounts"));
    const right = [
      ["alice", "secret1"],
      ["bob", "secret2"],
      ["carol", "pä$$word"],
    ] as const;
    for (const [name, password] of right) {
      expect([name, await publish(broker, version, "-u", name, "-P", password)]).toEqual([name, 0]);
      expect([name, await publish(broker, version, "-u", name, "-P", `${password} `)]).toEqual([
        name,
        refused,
      ]);
    }
    expect(await publish(broker, version, "-u", "nobody", "-P", "secret1")).toBe(refused);
    expect(await publish(broker, version)).toBe(0);
    const { verdicts, failures } = broker;
    expect(
      verdicts.map(({ provider, outcome, reason }) => `${provider} ${outcome} ${reason}`.trimEnd()),
    ).toEqual([
      ...right.flatMap(() => ["password-file accepted", "password-file refused the password is wrong"]),
      "password-file refused this user is not in the password file",
      "anonymous accepted",
    ]);
    expect(failures).toEqual([]);
    expect(JSON.stringify(verdicts)).not.toMatch(/secret1|secret2|pä\$\$/);
  });
});

it("what mosquitto_passwd writes now is read", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "accounts");
  await runWell("mosquitto_passwd", ["-c", "-b", path, "dora", "päss"]);
  const broker = await serve(PasswordFile.parse(readFileSync(path, "utf8"), path));
  expect(await publish(broker, "mqttv5", "-u", "dora", "-P", "päss")).toBe(0);
  expect(await publish(broker, "mqttv5", "-u", "dora", "-P", "pass")).toBe(
    ReasonCode.BAD_USER_NAME_OR_PASSWORD,
  );
});

describe("the client by SCRAM-SHA-256", () => {
  const as = (userName: string, password: string) => ({
    authentication: enhancedAuthentication(scramSha256({ userName, password, minimumIterations: 1 })),
    reconnect: false as const,
  });

  it("gets in with the password, authenticates again, and is known by its name", async () => {
    const broker = await serve(await fileWith("scram-sha-256", { "a,b=c": "pencil" }));
    const client = await connect(`mqtt://127.0.0.1:${broker.port}`, as("a,b=c", "pencil"));
    onTestFinished(async () => await client.close());
    await client.reauthenticate();
    await client.publish("t", "m", { qos: 1 });
    expect(broker.verdicts).toMatchObject([
      { provider: "scram", method: "SCRAM-SHA-256", outcome: "accepted" },
      { provider: "scram", method: "SCRAM-SHA-256", outcome: "accepted" },
    ]);
    expect(broker.failures).toEqual([]);
  });

  it.each([
    ["user", "Pencil", "the password is wrong"],
    ["nobody", "pencil", "this user is not in the password file"],
  ])("does not get in as %s with %s", async (userName, password, reason) => {
    const broker = await serve(await fileWith("scram-sha-256", { user: "pencil" }));
    const attempt = connect(`mqtt://127.0.0.1:${broker.port}`, as(userName, password));
    await expect(attempt).rejects.toMatchObject({ reasonCode: ReasonCode.NOT_AUTHORIZED });
    expect(broker.verdicts).toMatchObject([{ provider: "scram", outcome: "refused", reason }]);
  });

  it("does not get in with a hash of mosquitto's, and the log says what to do", async () => {
    const broker = await serve(PasswordFile.parse(MADE_BY_MOSQUITTO, "accounts"));
    const attempt = connect(`mqtt://127.0.0.1:${broker.port}`, as("alice", "secret1"));
    await expect(attempt).rejects.toMatchObject({ reasonCode: ReasonCode.NOT_AUTHORIZED });
    expect(broker.verdicts[0]?.reason).toMatch(/hashed with sha512-pbkdf2.*martlet passwd -H scram-sha-256$/);
  });

  it("loses its connection when it cannot authenticate again", async () => {
    const broker = await serve(await fileWith("scram-sha-256", { user: "pencil" }));
    const client = await connect(`mqtt://127.0.0.1:${broker.port}`, as("user", "pencil"));
    onTestFinished(async () => await client.close());
    broker.scram.replace(new PasswordFile());
    await expect(client.reauthenticate()).rejects.toMatchObject({ code: "MARTLET_CONNECTION_LOST" });
  });

  it("gets in with what martlet passwd has hashed, and mosquitto_pub with the plain password", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "accounts");
    expect((await martlet(["passwd", "-c", "-b", "-H", "scram-sha-256", path, "user", "pencil"])).code).toBe(
      0,
    );
    const broker = await serve(PasswordFile.parse(readFileSync(path, "utf8"), path));
    const client = await connect(`mqtt://127.0.0.1:${broker.port}`, as("user", "pencil"));
    await client.close();
    expect(await publish(broker, "mqttv311", "-u", "user", "-P", "pencil")).toBe(0);
    expect(await publish(broker, "mqttv311", "-u", "user", "-P", "Pencil")).toBe(4);
  });
});
