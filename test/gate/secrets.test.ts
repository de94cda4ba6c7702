// A broker as a process that says all it can (level debug, every packet), through a day on which everything happens: each way to
// log in, rightly and wrongly, services that lie, files that break, reloads, denied requests, commands. Then everything that was
// logged, printed or answered is searched for every secret that was used.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "#client";
import { ProtocolVersion } from "#protocol";
import { folderWith } from "../config/folder.ts";
import { run } from "../support/programs.ts";
import { until } from "../support/until.ts";
import {
  deviceSecrets,
  devicesFile,
  deviceVisits,
  SESSION_TOKEN,
  TOKEN_FOR_AUTHORIZER,
  wrongSecrets,
} from "./cloud-devices.ts";
import { GateProcess, martletArguments } from "./gate-process.ts";
import {
  type Answering,
  configuration,
  DEVICE,
  filesOf,
  PSK,
  passwords,
  SERVICE_KEY,
  Seals,
  startService,
  TOKEN_SECRET,
  tokenOf,
  UNSERVED,
  WRONG,
} from "./gatehouse.ts";
import { leaksIn, type Secrets } from "./leaks.ts";
import { type Visit, visit } from "./visitor.ts";

let seals: Seals;
let files: Record<string, string>;

beforeAll(async () => {
  seals = new Seals();
  files = await filesOf(seals);
});

afterAll(() => seals.remove());

/** Used beside those of the gatehouse. */
const used = {
  plainPassword: "never-hashed-sesame",
  accessKey: "access-key-of-the-gatehouse",
  keysKey: "key-to-the-keys-0815",
  urlPassword: "password-in-a-url",
  inlineSecret: "inline-secret-for-tokens-0123456789",
  newPassword: "fresh-sesame-of-nina",
  lostPassword: "sesame-of-nobody",
} as const;

/** Answers of a service that gives back what it was told, in all the wrong ways. */
const liars: Readonly<Record<string, Answering>> = {
  parrot: (question, response) => void response.end(question),
  babbler: (question, response) =>
    void response.end(`${(JSON.parse(question) as Visit).password} is no JSON`),
  twister: (question, response) =>
    void response.end(JSON.stringify({ result: "allow", user_name: { was: question } })),
  namer: (question, response) =>
    void response.end(JSON.stringify({ result: (JSON.parse(question) as Visit).password })),
  mover: (question, response) => {
    response.statusMessage = "Moved";
    response
      .writeHead(302, { location: `/?password=${(JSON.parse(question) as Visit).password}` })
      .end(question);
  },
  failer: (question, response) => void response.writeHead(500).end(question),
  breaker: (_question, response) => void response.destroy(),
  flooder: (question, response) => void response.end(question.repeat(2_000)),
  keys: (url, response) => void response.end(url.slice(url.indexOf("=") + 1)),
};

const says = (userName: string, password: string): Visit => ({
  clientId: `as-${userName}`,
  userName,
  password,
});

/** Every way to log in, rightly and wrongly. Returns what was sent that nobody may see. */
async function everyLogin(broker: GateProcess): Promise<Secrets> {
  const refusals = { sixten: 0x86, seven: 0x86, arne: 0x86, hana: 0x87, dynah: 0x87 } as const;
  for (const [name, refusal] of Object.entries(refusals)) {
    const password = passwords[name as keyof typeof refusals];
    expect([name, await broker.visit("tcp", says(name, password))]).toEqual([name, 0]);
    expect([name, await broker.visit("tls", says(name, WRONG))]).toEqual([name, refusal]);
    expect([name, await broker.visit("tcp", says(name, `${password}${WRONG}`))]).toEqual([name, refusal]);
  }
  for (const name of [...Object.keys(liars), UNSERVED]) {
    expect([name, await broker.visit("tcp", says(name, used.lostPassword))]).toEqual([name, 0x88]);
  }
  return {
    ...(await everyProof(broker)),
    ...(await everyToken(broker)),
    ...(await everyDevice(broker)),
    ...(await everyKey(broker)),
  };
}

async function everyProof(broker: GateProcess): Promise<Secrets> {
  const secrets: Record<string, string> = {};
  for (const [userName, method] of [
    ["scarlet", "SCRAM-SHA-256"],
    ["scott", "SCRAM-SHA-512"],
  ] as const) {
    for (const [password, code] of [
      [passwords[userName], 0],
      [WRONG, 0x87],
    ] as const) {
      const wishes = { clientId: userName, scram: { method, userName, password } };
      const outcome = await visit(broker.door("wss"), ProtocolVersion.MQTT_5_0, wishes);
      expect(outcome.code).toBe(code);
      secrets[`the proof of ${userName}, answered with ${code}`] = String(outcome.proof);
    }
  }
  return secrets;
}

async function everyToken(broker: GateProcess): Promise<Secrets> {
  const secrets: Record<string, string> = {};
  for (const [name, token, code] of [
    ["token", tokenOf("tokena"), 0],
    ["a forged token", tokenOf("tokena", { secret: WRONG.repeat(4) }), 0x86],
    ["an expired token", tokenOf("tokena", { lastsSeconds: -600 }), 0x87],
  ] as const) {
    const asName = { clientId: "named", userName: token, password: token };
    const headers = { authorization: `Bearer ${token}` };
    expect(await broker.visit("tcp", says("any", token))).toBe(code);
    expect(await broker.visit("tcp", asName)).toBe(code);
    expect(await broker.visit("websocket", { clientId: "q", query: `?token=${token}` })).toBe(code);
    expect(await broker.visit("wss", { clientId: "h", headers })).toBe(code);
    secrets[name] = token;
    secrets[`the signature of ${name}`] = token.slice(token.lastIndexOf(".") + 1);
  }
  return secrets;
}

async function everyDevice(broker: GateProcess): Promise<Secrets> {
  const secrets: Record<string, string> = {};
  const { port } = broker.door("websocket");
  for (const [isRight, each] of [
    [true, deviceSecrets],
    [false, wrongSecrets],
  ] as const) {
    for (const [cloud, wishes] of Object.entries(deviceVisits(each, `127.0.0.1:${port}`))) {
      const code = await broker.visit("websocket", wishes);
      expect([cloud, code === 0]).toEqual([cloud, isRight]);
      const { userName = "", password, query } = wishes;
      const name = `what ${cloud} sends ${isRight ? "rightly" : "wrongly"}`;
      if (password !== undefined) secrets[`${name} as a password`] = password;
      const proof = /signature=([^&]{8,})/i.exec(query ?? userName)?.[1];
      if (proof !== undefined) secrets[`${name} as a signature`] = decodeURIComponent(proof);
    }
  }
  return secrets;
}

async function everyKey(broker: GateProcess): Promise<Secrets> {
  const { identity, key } = PSK;
  expect(await broker.visit("tls-psk", { clientId: "p", psk: { identity, key } })).toBe(0);
  const other = Buffer.from(key.toReversed());
  expect(await broker.visit("wss-psk", { clientId: "p", psk: { identity, key: other } })).toBeUndefined();
  expect(await broker.visit("mutual", { clientId: "m", certificate: seals.client })).toBe(0);
  expect(await broker.visit("mutual", { clientId: "m", certificate: seals.nameless })).toBe(0x87);
  expect(await broker.visit("mutual", { clientId: "m", certificate: seals.stranger })).toBeUndefined();
  return { "a wrong key": other.toString("hex") };
}

/** Requests that are denied, and commands with passwords in them. */
async function everyRequest(broker: GateProcess): Promise<void> {
  const url = `mqtt://127.0.0.1:${broker.door("tcp").port}`;
  const common = { reconnect: false } as const;
  const guest = await connect(url, { ...common, userName: "sixten", password: passwords.sixten });
  await expect(guest.publish("a/b", "c", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  await expect(guest.subscribe("a/+").ready).rejects.toMatchObject({ reasonCode: 0x87 });
  await guest.close();
  const keeper = await connect(url, { ...common, userName: "dynah", password: passwords.dynah });
  const response = "$CONTROL/dynamic-security/v1/response";
  await keeper.subscribe(response, { qos: 1 }, ({ text }) => void broker.told.push(text)).ready;
  const commands = [
    { command: "createClient", username: "nina", password: used.newPassword },
    { command: "createClient", username: "nina", password: used.lostPassword },
    { command: "setClientPassword", username: "nobody", password: used.lostPassword },
    { command: "setClientPassword", username: "nina", password: [used.lostPassword] },
    { command: "getClient", username: "nina" },
    { command: "listClients", verbose: true },
  ];
  const payloads = [...commands.map((command) => JSON.stringify({ commands: [command] })), used.lostPassword];
  for (const payload of payloads) await keeper.publish("$CONTROL/dynamic-security/v1", payload, { qos: 1 });
  await until("all commands are answered", () => broker.told.length === payloads.length);
  await keeper.close();
  expect(await broker.visit("tcp", says("nina", used.newPassword))).toBe(0);
}

/** Each file half written, or with a slip of the pen right at the secret. */
async function everyBrokenFile(broker: GateProcess, text: string): Promise<void> {
  const notTaken = (name: string): string => `${name} is not taken over`;
  for (const broken of [`${files["users"]}${used.plainPassword}\n`, `${files["users"]}${files["users"]}`]) {
    await broker.replace("users", broken, notTaken("users"));
  }
  await broker.replace("users", `sixten:${used.plainPassword}\n`, "users has changed");
  expect(await broker.visit("tcp", says("sixten", used.plainPassword))).toBe(0x86);
  await broker.restore("users");
  await broker.replace("scram-users", `${passwords.scarlet}\n`, notTaken("scram-users"));
  await broker.restore("scram-users");
  await broker.replace("token-secret", `\n${TOKEN_SECRET}\n`, notTaken("token-secret"));
  await broker.restore("token-secret");
  const device = `[[device]]\ncloud = "aliyun"\nproduct_key = "p"\ndevice_name = "d"\nsecret = `;
  for (const broken of [
    `${device}"${DEVICE.deviceSecret}\n`,
    `${device}${DEVICE.deviceSecret}\n`,
    `${device}["${DEVICE.deviceSecret}"]\n`,
    `${device}"${DEVICE.deviceSecret}"\npassword = "${DEVICE.deviceSecret}"\n`,
    `${device}"a"\n"${DEVICE.deviceSecret}"\n`,
    `[[device]]\ncloud = "azure"\nhub = "h"\ndevice_id = "d"\nsecret = "${DEVICE.deviceSecret}"\n`,
    `[device]\nsecret = "${DEVICE.deviceSecret}"\n`,
    `secret = "${DEVICE.deviceSecret}"\n`,
  ]) {
    await broker.replace("devices.toml", broken, notTaken("devices.toml"));
  }
  await broker.restore("devices.toml");
  const key = PSK.key.toString("hex");
  for (const broken of [
    `${PSK.identity}:${key}x\n`,
    `${key}\n`,
    `a:${key}\na:${key}\n`,
    `a:b:${key} ${key}\n`,
  ]) {
    await broker.replace("keys", broken, "tls-psk stays with what it had");
  }
  await broker.restore("keys");
  const { key: pem } = seals.server;
  for (const broken of [pem.slice(0, pem.length / 2), pem.replace("A", "!"), seals.client.key, ""]) {
    await broker.replace("server.key", broken, "Listener mutual stays with what it had");
  }
  await broker.restore("server.key");
  for (const broken of brokenConfigurations(text)) {
    await broker.replace("martlet.toml", broken, "the one before it stays in force");
  }
  await broker.restore("martlet.toml");
}

/** `text` with one thing wrong each, at a secret. */
function brokenConfigurations(text: string): string[] {
  const header = `headers = { authorization = "${SERVICE_KEY}" }`;
  const secret = `secret_file = "token-secret"`;
  return [
    text.replace(header, `headers = { authorization = "${SERVICE_KEY} }`),
    text.replace(header, `headers = "${SERVICE_KEY}"`),
    text.replace(header, `headers = { authorization = ["${SERVICE_KEY}"] }`),
    text.replace(header, `header = { authorization = "${SERVICE_KEY}" }`),
    text.replace(header, `headers = { authorization = "${SERVICE_KEY.replace(" ", "\\n")}" }`),
    text.replace(header, `authorization = "${SERVICE_KEY}"`),
    text.replace(/url = "http:\/\//, `url = "http://user:${used.urlPassword}@`),
    text.replace(secret, `jwks_url = "http://user:${used.urlPassword}@127.0.0.1/keys"`),
    text.replace(secret, `secret = ["${used.inlineSecret}"]`),
    text.replace(secret, `secret = "${used.inlineSecret}`),
    text.replace(secret, `secret = "${used.inlineSecret}"\nsecret = "${used.inlineSecret}"`),
    text.replace(secret, `secret.is = "${used.inlineSecret}"`),
    text.replace(secret, `secret = '''${used.inlineSecret}''' '${used.inlineSecret}'`),
    text.replace(secret, `${secret}\nsecret = "${used.inlineSecret}"`),
    text.replace(secret, `secret = "${used.inlineSecret}"\nalgorithms = ["RS256"]`),
  ];
}

/** Changes that are allowed, of secrets among others. */
async function everyReload(broker: GateProcess, text: string, serviceUrl: string): Promise<void> {
  const changed = text
    .replace(SERVICE_KEY, used.accessKey)
    .replace(`secret_file = "token-secret"`, `secret = "${used.inlineSecret}"`);
  const url = new URL(serviceUrl);
  const jwks = `jwks_url = "http://${url.host}/keys?key=${used.keysKey}"`;
  await broker.replace("martlet.toml", changed, "Configuration: ");
  expect(await broker.visit("tcp", says("any", tokenOf("tokena", { secret: used.inlineSecret })))).toBe(0);
  expect(await broker.visit("tcp", says("hana", passwords.hana))).toBe(0x88);
  const withUrl = text.replace(`secret_file = "token-secret"`, jwks);
  await broker.replace("martlet.toml", withUrl, "Configuration: logins.jwt");
  expect(await broker.visit("tcp", says("any", tokenOf("tokena")))).toBe(0x88);
}

/** What the program says when it only reads, or cannot start. */
async function everyPrint(text: string): Promise<string> {
  const toml = folderWith({ ...files, "martlet.toml": text });
  const said: string[] = [];
  const martlet = async (...args: string[]): Promise<number | null> => {
    const { code, stdout, stderr } = await run(process.execPath, martletArguments(...args));
    said.push(stdout, stderr);
    return code;
  };
  const file = join(toml, "martlet.toml");
  const set = (value: string): string[] => ["--set", `logins.jwt.secret=${value}`];
  expect(await martlet("-c", file, "--print-config")).toBe(0);
  expect(await martlet(...set(used.inlineSecret), "--print-config")).toBe(0);
  const keys = `logins.jwt.jwks_url=https://keys.example.org/?key=${used.keysKey}`;
  expect(await martlet("--set", keys, "--print-config")).toBe(0);
  for (const key of ["logins.jwt.secrt", "logins.jwt.secret.of", "logins.http.headers"]) {
    expect(await martlet("--set", `${key}=${used.inlineSecret}`, "--print-config")).not.toBe(0);
  }
  const broken = folderWith({
    ...files,
    "roles.json": `{"clients": [{"username": 5, "password": "${passwords.dynah}"}]}`,
    "martlet.toml": text,
    "martlet.json": `{"logins": {"jwt": {"secret": "${used.inlineSecret}" "${used.inlineSecret}"}}}`,
    "martlet.yaml": `logins:\n  jwt:\n    secret: "${used.inlineSecret}" ${used.inlineSecret}\n`,
  });
  for (const name of ["martlet.toml", "martlet.json", "martlet.yaml"]) {
    expect(await martlet("-c", join(broken, name))).not.toBe(0);
  }
  return said.join("\n");
}

const pemLine = (pem: string): string => pem.split("\n")[1] ?? "";

test("no secret is in anything that was logged, printed or answered", { timeout: 60_000 }, async () => {
  const serviceUrl = await startService(liars);
  const access = `[access.http]\nurl = "${serviceUrl}"\nheaders = { x-key = "${used.accessKey}" }\n`;
  const text = `${configuration({ serviceUrl })}${access}[log]\nlevel = "debug"\npackets = true\n`;
  const control = { topic: "$CONTROL/dynamic-security/v1", priority: 0, allow: true };
  const response = { ...control, topic: `${control.topic}/response` };
  const roles = JSON.parse(String(files["roles.json"])) as { clients: object[] };
  const acls = [
    { ...control, acltype: "publishClientSend" },
    { ...response, acltype: "publishClientReceive" },
    { ...response, acltype: "subscribePattern" },
  ];
  const keeper = {
    clients: [{ ...roles.clients[0], roles: [{ rolename: "keeper" }] }],
    roles: [{ rolename: "keeper", acls }],
  };
  const more = { "devices.toml": devicesFile(), "roles.json": JSON.stringify(keeper) };
  const broker = await new GateProcess(
    { ...files, ...more, "martlet.toml": text },
    seals.authority.ca,
  ).running();

  const sent = await everyLogin(broker);
  await everyRequest(broker);
  const printed = await everyPrint(text);
  await everyBrokenFile(broker, text);
  await everyReload(broker, text, serviceUrl);

  const secrets: Secrets = {
    ...used,
    ...passwords,
    ...sent,
    WRONG,
    TOKEN_SECRET,
    SERVICE_KEY,
    "the service's key": SERVICE_KEY.replace("Bearer ", ""),
    TOKEN_FOR_AUTHORIZER,
    SESSION_TOKEN,
    "the pre-shared key": PSK.key.toString("hex"),
    "the server's key": pemLine(seals.server.key),
    "the client's key": pemLine(seals.client.key),
    ...prefixed("cloud", deviceSecrets),
    ...prefixed("wrong cloud", wrongSecrets),
  };
  // What would be seen is seen: a client that has taken its password for its id.
  const planted = "sesame-in-the-wrong-place";
  expect(await broker.visit("tcp", { ...says("sixten", WRONG), clientId: planted })).not.toBe(0);
  broker.program.kill("SIGTERM");
  await broker.program.finished();

  const heard = `${broker.heard}\n${printed}`;
  expect(leaksIn(heard, { ...secrets, planted })).toEqual([
    expect.stringMatching(/^planted: \d+: Login of sesame-in-the-wrong-place as 'sixten' /),
  ]);
  for (const part of ["refused by", "Denied: client", "is not taken over", "Sending CONNACK", "(hidden)"]) {
    expect(heard).toContain(part);
  }
});

function prefixed(prefix: string, secrets: object): Secrets {
  const lines = Object.entries(secrets as Secrets).map(([name, secret]) => [
    `${prefix} ${name}`,
    secret.startsWith("-----") ? pemLine(secret) : secret,
  ]);
  return Object.fromEntries(lines) as Secrets;
}

describe("a leak is found", () => {
  const secret = "päss/word+of=somebody";
  const bytes = Buffer.from(secret);
  test.each([
    ["as it is", secret],
    ["in capitals", secret.toUpperCase()],
    ["in Base64", bytes.toString("base64")],
    ["in Base64, before more", Buffer.from(`${secret}, and more`).toString("base64")],
    ["for URLs", bytes.toString("base64url")],
    ["in hex", bytes.toString("hex")],
    ["in a URL", encodeURIComponent(secret)],
    ["as a buffer", `<Buffer ${bytes.toString("hex").replaceAll(/..(?!$)/g, "$& ")}>`],
    ["as numbers", JSON.stringify([...bytes]).replaceAll(",", ", ")],
  ])("%s", (_form, text) => {
    const line = `warn Login of c refused: ${text}.`;
    const heard = `before\n${line}\nbehind`;
    expect(leaksIn(heard, { secret, other: "of-somebody-else" })).toEqual([`secret: ${line}`]);
  });

  test("only when it is there", () => {
    expect(leaksIn("warn Login of c refused: the password is wrong.", { secret })).toEqual([]);
  });
});
