// The table of docs/how-to/logins.md, "When a login service fails": each row is brought about through a broker, by 5.0 and by 3.1.1, and what
// the client gets and the log says is what the page says.
import { appendFileSync, mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Gate, guardedGate, hashPassword, type Login, PasswordFile, type PasswordHashing } from "#auth";
import { describeError, systemClock, systemRandom, utf8Encode } from "#base";
import { type HttpCallOptions, httpCall, passwordHashing, WatchedFile } from "#credentials";
import {
  CertificateLogin,
  HttpAccess,
  HttpLogin,
  type HttpLoginOptions,
  LoginChain,
  type LoginProvider,
  PasswordFileLogin,
  PskLogin,
  ScramLogin,
} from "#logins";
import { PacketType, ProtocolVersion } from "#protocol";
import { VirtualClock } from "#testing";
import { connectTcp } from "#transport";
import { textOf } from "../docs/pages.ts";
import { type SocketBroker, socketBroker } from "../support/brokers.ts";
import { certificateOf } from "../support/logins.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { TestClient } from "../support/test-client.ts";
import { until } from "../support/until.ts";
import { tokenRows } from "./failing-tokens.ts";

const hashing = passwordHashing();
const scram = hashing.scram as NonNullable<PasswordHashing["scram"]>;
const random = systemRandom();
const clock = systemClock();
const { MQTT_3_1_1, MQTT_5_0 } = ProtocolVersion;

/** What a row is about, as it was found. */
interface Found {
  /** The code of each CONNACK, in hex for 5.0; or words. */
  readonly gets: string;
  readonly says: string;
}

interface Wishes {
  readonly userName?: string;
  readonly password?: string;
}

const alice: Wishes = { userName: "alice", password: "secret" };

/** What the transport would know of the client. */
type Seen = Partial<Pick<Login, "certificate" | "pskIdentity">>;

/** A broker with this chain, and what it said of each login. */
async function serve(providers: readonly LoginProvider[], seen: Seen = {}) {
  const said: string[] = [];
  const chain = new LoginChain(providers, ({ reason }) => said.push(reason));
  const gate: Gate = {
    authenticate: (login) =>
      chain.authenticate(
        new Proxy(login, { get: (of, key) => seen[key as keyof Seen] ?? Reflect.get(of, key) }),
      ),
    beginExchange: (method, login) => chain.beginExchange(method, login),
  };
  const failures: unknown[] = [];
  const broker = await socketBroker({ gate: guardedGate(gate, (error) => failures.push(error)) });
  return { broker, said, failures };
}

/** The code of CONNACK as it came; the decoder speaks 5.0 only. */
async function knock(broker: SocketBroker, version: ProtocolVersion, wishes: Wishes): Promise<number> {
  const client = new TestClient(await connectTcp({ port: broker.port }), version, until);
  onTestFinished(() => client.cut());
  await client.connect({ clientId: `c${version}`, version, ...wishes });
  return client.bytesIn[0]?.[3] ?? -1;
}

const hex = (code: number): string => `0x${code.toString(16)}`;
/** Ports and short times are those of the test. */
const asOnThePage = (text: string): string =>
  text.replace(/127\.0\.0\.1:\d+/, "service:8080").replace(/within \d+ ms/, "within 5000 ms");

/** What two clients get, one of each version. */
async function tried(
  providers: readonly LoginProvider[],
  wishes: Wishes = alice,
  seen: Seen = {},
): Promise<Found> {
  const { broker, said, failures } = await serve(providers, seen);
  const codes = [await knock(broker, MQTT_5_0, wishes), await knock(broker, MQTT_3_1_1, wishes)];
  expect(failures).toEqual([]);
  expect(said[0]).toBe(said[1]);
  const isIn = codes.every((code) => code === 0);
  return {
    gets: isIn ? "as before" : `${hex(codes[0] ?? 0)}, ${codes[1]}`,
    says: asOnThePage(said.at(-1) ?? ""),
  };
}

function temporaryFile(text?: string): string {
  const folder = temporaryFolder();
  const path = join(folder, "accounts.txt");
  if (text !== undefined) writeFileSync(path, text);
  return path;
}

const hashed = async (method: "sha512" | "scram-sha-256" = "sha512"): Promise<PasswordFile> => {
  const file = new PasswordFile();
  const options = { hashing, random, iterations: 4_096 };
  file.set("alice", await hashPassword(utf8Encode("secret"), method, options));
  return file;
};

const passwords = (
  file: PasswordFile,
  changes: { hashing?: PasswordHashing; parallel?: number; mostWaiting?: number } = {},
) => new PasswordFileLogin(file, { hashing, clock, random, rememberMs: 0, ...changes });

/** A running broker whose password file `spoil` is done to. */
async function spoilt(spoil: (path: string) => void): Promise<Found> {
  const path = temporaryFile((await hashed()).toString());
  const problems: string[] = [];
  const virtual = new VirtualClock();
  const file = new WatchedFile({
    path,
    parse: (text) => PasswordFile.parse(text, "accounts.txt"),
    onChange: (content) => void provider.replace(content),
    onProblem: (sentence) => problems.push(sentence),
    clock: virtual,
    listens: false,
  });
  onTestFinished(() => file.close());
  const provider = passwords(file.content);
  spoil(path);
  virtual.advance(60_000);
  expect(problems.length).toBe(1);
  return { gets: (await tried([provider])).gets, says: problems[0] ?? "" };
}

async function service(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** An address at which nobody is. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}/`;
}

const asking = (url: string, options: Partial<HttpLoginOptions & HttpCallOptions> = {}): HttpLogin =>
  new HttpLogin({ call: httpCall({ url, ...options }), clock, hashing: scram, random, ...options });

const answering = async (body: string, status = 200, headers = {}): Promise<Found> =>
  await tried([asking(await service((_request, response) => response.writeHead(status, headers).end(body)))]);

/** The codes that a client by SCRAM gets; there is no 3.1.1 for it. */
async function triedByScram(
  file: PasswordFile,
  between: (provider: ScramLogin) => void = () => undefined,
): Promise<Found> {
  const provider = new ScramLogin(file, { hashing: scram, random });
  const { broker, said } = await serve([provider]);
  const client = new TestClient(await connectTcp({ port: broker.port }), MQTT_5_0, until);
  onTestFinished(() => client.cut());
  const authenticationMethod = "SCRAM-SHA-256";
  const first = { authenticationMethod, authenticationData: utf8Encode("n,,n=alice,r=abc") };
  const connack = client.connect({ clientId: "c", version: MQTT_5_0, properties: first });
  const { properties } = await client.take(PacketType.AUTH);
  between(provider);
  const [, nonce = ""] = /^r=([^,]*)/.exec(Buffer.from(properties.authenticationData ?? []).toString()) ?? [];
  const final = { authenticationMethod, authenticationData: utf8Encode(`c=biws,r=${nonce},p=AAAA`) };
  client.send({ type: PacketType.AUTH, reasonCode: 0x18, properties: final });
  return { gets: hex((await connack).reasonCode), says: said.at(-1) ?? "" };
}

const rows: Readonly<Record<string, () => Promise<Found>>> = {
  "`password-file`: the file is missing at the start": async () => {
    const path = temporaryFile();
    const nothing = () => undefined;
    const rest = { parse: String, onChange: nothing, onProblem: nothing, clock };
    try {
      new WatchedFile({ path, ...rest }).close();
    } catch (error) {
      return { gets: "no broker", says: describeError(error).replace(/^.*(?=accounts\.txt)/, "") };
    }
    return { gets: "a broker", says: "" };
  },
  "`password-file`: the file is missing later": async () => await spoilt((path) => unlinkSync(path)),
  "`password-file`: a folder stands in its place": async () =>
    await spoilt((path) => {
      unlinkSync(path);
      mkdirSync(path);
    }),
  "`password-file`: the file is half written": async () => await spoilt((path) => appendFileSync(path, "bo")),
  "`password-file`: too many logins at once": async () => {
    const held: PasswordHashing = {
      sha512: async () => await new Promise(() => undefined),
      pbkdf2Sha512: () => new Uint8Array(0),
    };
    const provider = passwords(await hashed(), { hashing: held, parallel: 1, mostWaiting: 0 });
    const { broker } = await serve([provider]);
    const first = new TestClient(await connectTcp({ port: broker.port }), MQTT_5_0, until);
    onTestFinished(() => first.cut());
    first.connect({ clientId: "first", ...alice }).catch(() => undefined);
    await until("one is being judged", () => provider.judging === 1);
    return await tried([provider]);
  },
  "`password-file`: the password is not hashed in the file": async () =>
    await tried([passwords(PasswordFile.parse("alice:secret\n", "f"))]),
  "`password-file`: Argon2 in the file and none in Node.js": async () => {
    const line = "alice:$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA\n";
    return await tried([passwords(PasswordFile.parse(line, "f"), { hashing: passwordHashing({}) })]);
  },
  "`password-file`: hashing fails": async () => {
    const fails = (): never => {
      throw new TypeError("no memory");
    };
    return await tried([passwords(await hashed(), { hashing: { sha512: fails, pbkdf2Sha512: fails } })]);
  },
  "`scram`: the password is hashed for something else": async () => await triedByScram(await hashed()),
  "`scram`: the user is removed in the middle of it": async () =>
    await triedByScram(await hashed("scram-sha-256"), (provider) => provider.replace(new PasswordFile())),
  "`certificate`: it has no common name": async () =>
    await tried([new CertificateLogin()], alice, { certificate: certificateOf({ subject: "O=x" }) }),
  "`certificate`: it has two": async () =>
    await tried([new CertificateLogin()], alice, { certificate: certificateOf({ subject: "CN=a\nCN=b" }) }),
  "`certificate`: its name has a control character in it": async () =>
    await tried([new CertificateLogin()], alice, { certificate: certificateOf({ subject: "CN=a\\0Ab" }) }),
  "`psk`: the identity has a control character in it": async () =>
    await tried([new PskLogin()], alice, { pskIdentity: "a\nb" }),
  "`http`: the service is down": async () => await tried([asking(await nowhere())]),
  "`http`: down for five questions in a row": async () => {
    const provider = asking(await nowhere());
    const { broker } = await serve([provider]);
    for (let i = 0; i < 5; i++) expect(await knock(broker, MQTT_5_0, alice)).toBe(0x88);
    return await tried([provider]);
  },
  "`http`: down, and the client was let in a moment ago": async () => {
    let isDown = false;
    const url = await service((request, response) => {
      if (isDown) request.socket.destroy();
      else response.end('{"result":"allow"}');
    });
    const provider = asking(url);
    await tried([provider]);
    isDown = true;
    return await tried([provider]);
  },
  "`http`: it is slow": async () => await tried([asking(await service(() => undefined), { timeoutMs: 40 })]),
  "`http`: it is slow, and too many ask": async () => {
    let asked = 0;
    const provider = asking(await service(() => asked++), { parallel: 1, mostWaiting: 0 });
    const { broker } = await serve([provider]);
    const first = new TestClient(await connectTcp({ port: broker.port }), MQTT_5_0, until);
    onTestFinished(() => first.cut());
    first.connect({ clientId: "first", ...alice }).catch(() => undefined);
    await until("the service is asked", () => asked === 1);
    return await tried([provider]);
  },
  "`http`: it answers with another status": async () => await answering('{"result":"allow"}', 500),
  "`http`: it sends elsewhere": async () => {
    const elsewhere = await service((_request, response) => response.end('{"result":"allow"}'));
    return await answering("", 302, { location: elsewhere });
  },
  "`http`: it lies: no JSON": async () => await answering("<html>allow</html>"),
  "`http`: it lies: no result": async () => await answering('{"result":"sure"}'),
  "`http`: it lies: a name that is none": async () =>
    await answering('{"result":"allow","user_name":"a\\nb"}'),
  "`http`: its answer is huge": async () => await answering("x".repeat(1_000_000)),
  "`http` for topics: the service is down": async () => {
    const access = new HttpAccess({ call: httpCall({ url: await nowhere() }), clock });
    onTestFinished(() => access.close());
    const denials: string[] = [];
    const broker = await socketBroker({
      gate: {
        authenticate: () => ({ outcome: "accepted" }),
        mayPublish: async (...asked) => {
          const permission = await access.mayPublish(...asked);
          if (typeof permission === "object") denials.push(permission.rule);
          return permission;
        },
      },
    });
    const client = await broker.client({ clientId: "c", version: MQTT_5_0 });
    client.sendPublish({ topicName: "t", qos: 1 });
    const { reasonCode } = await client.take(PacketType.PUBACK);
    return { gets: hex(reasonCode), says: asOnThePage(denials[0] ?? "") };
  },
  ...tokenRows({ tried, service, nowhere, asOnThePage }),
  "any: it throws": async () => {
    const authenticate = (): never => {
      throw new TypeError("broken");
    };
    return await tried([{ name: "own", authenticate }]);
  },
  "none: nobody knows the user": async () => await tried([]),
  "none: the client says nothing of itself": async () => await tried([], {}),
};

/** The rows of the page. */
const documented = [
  ...(textOf("docs/how-to/logins.md").split("## When a login service fails")[1] ?? "").matchAll(
    /^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (?:`([^`]*)` )?\|$/gm,
  ),
]
  .map(([, provider = "", fault = "", gets = "", says = ""]) => ({
    row: `${provider}: ${fault}`,
    gets,
    says,
  }))
  .filter(({ row }) => !/^(provider|---)/.test(row));

describe("what happens when a login service fails is what the page says", () => {
  it("row for row", () => {
    expect(documented.map(({ row }) => row)).toEqual(Object.keys(rows));
  });

  it.each(documented)("$row", async ({ row, gets, says }) => {
    expect(await rows[row]?.()).toEqual({ gets, says });
  });
});
