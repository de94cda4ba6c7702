/**
 * The files of a broker with every way to log in and every door, and who may come in by them: one configuration, which the tests
 * of this folder share. What is secret in it is in `secrets`. Hashes are cheap; what they cost is tested elsewhere.
 */

import { execFileSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { formatPasswordHash, hashPassword, PasswordFile, type PasswordMethod } from "#auth";
import { systemRandom, utf8Encode } from "#base";
import { passwordHashing } from "#credentials";
import { Authority } from "../transport/authority.ts";
import type { Visit } from "./visitor.ts";

const program = "openssl";

/** The clients of the configuration that have a password, and how it is kept. */
export const passwords = {
  sixten: "open-sesame-6",
  seven: "open-sesame-7",
  arne: "open-sesame-argon",
  scarlet: "open-sesame-256",
  scott: "open-sesame-512",
  hana: "open-sesame-http",
  dynah: "open-sesame-roles",
} as const;

/** A wrong password is somebody's secret, too: of another account, with a slip of the finger. */
export const WRONG = "mistyped-sesame";
export const TOKEN_SECRET = "martlet-signs-tokens-with-this-for-tests";
export const SERVICE_KEY = "Bearer service-key-of-the-gatehouse";
export const DEVICE = { productKey: "gh1234", deviceName: "clara", deviceSecret: "device-secret-of-clara" };
export const PSK = { identity: "pascal", key: Buffer.from("5e5a3e00112233445566778899aabbcc", "hex") };
/** The user for whom the service has no answer. */
export const UNSERVED = "hubert";

type Pair = Readonly<Record<"cert" | "key", string>>;

/** Certificates by openssl. Made once for a test file. */
export class Seals {
  readonly authority = new Authority("Gatehouse authority");
  readonly server = this.authority.server("localhost", "127.0.0.1");
  readonly client = this.authority.client("cecil");
  /** Signed, and says nothing of who has it. */
  readonly nameless = namelessBy(this.authority);
  /** Signed by somebody else. */
  readonly #stranger = new Authority("Strange authority");
  readonly stranger = this.#stranger.client("cecil");

  remove(): void {
    this.authority.remove();
    this.#stranger.remove();
  }
}

function namelessBy({ folder }: Authority): Pair {
  const [cert, key] = [join(folder, "nameless.pem"), join(folder, "nameless.key")];
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/O=Gatehouse"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const args = ["req", "-x509", ...curve, ...signing, "-keyout", key, "-out", cert];
  execFileSync(program, args, { cwd: folder, stdio: "pipe" });
  return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}

/** In the order of the file. `-psk`: the same door for clients with pre-shared keys. */
export const listenerNames = [
  ...(["tcp", "tls", "mutual", "websocket", "wss"] as const),
  ...(["tls-psk", "mutual-psk", "wss-psk"] as const),
] as const;
export type ListenerName = (typeof listenerNames)[number];

export interface Wishes {
  /** Whether certificates are logins. Default true. */
  readonly takesCertificates?: boolean;
  /** Default false. */
  readonly allowsAnonymous?: boolean;
  readonly serviceUrl: string;
}

/** The text of `martlet.toml`. */
export function configuration({
  takesCertificates = true,
  allowsAnonymous = false,
  serviceUrl,
}: Wishes): string {
  const identity = 'cert = "server.pem"\nkey = "server.key"\n';
  const listener = (name: ListenerName, protocol: string, tls?: string): string =>
    `[[listeners]]\nname = "${name}"\nprotocol = "${protocol}"\nhost = "127.0.0.1"\nport = 0\n${tls === undefined ? "" : `[listeners.tls]\n${identity}${tls}`}`;
  const asks = (demand: string): string => `ca = "ca.pem"\nclient_certificate = "${demand}"\n`;
  const keys = 'psk_file = "keys"\n';
  const order = ["password-file", "scram", "cloud", "jwt", "http", "psk"];
  return `
[persistence]
mode = "memory"
[logins]
allow_anonymous = ${allowsAnonymous}
order = ${JSON.stringify(takesCertificates ? [...order, "certificate"] : order)}
[logins.password_file]
path = "users"
unknown_users = "next"
[logins.scram]
path = "scram-users"
[logins.jwt]
secret_file = "token-secret"
places = ["password", "header:authorization", "query:token"]
[logins.cloud]
devices_file = "devices.toml"
[logins.http]
url = "${serviceUrl}"
headers = { authorization = "${SERVICE_KEY}" }
failures_to_open = 1000
[logins.psk]
${takesCertificates ? "[logins.certificate]" : ""}
[access]
roles_file = "roles.json"
[limits]
failed_login_delay_ms = 0
${listener("tcp", "tcp")}
${listener("tls", "tls", "")}
${listener("mutual", "tls", asks("require"))}
${listener("websocket", "websocket")}
${listener("wss", "wss", asks("request"))}
${listener("tls-psk", "tls", keys)}
${listener("mutual-psk", "tls", asks("require") + keys)}
${listener("wss-psk", "wss", keys)}
`;
}

/** All files but the configuration itself. */
export async function filesOf({ authority, server }: Seals): Promise<Record<string, string>> {
  const roles = {
    clients: [{ username: "dynah", encoded_password: await hashed(passwords.dynah, "sha512-pbkdf2") }],
  };
  return {
    users: await accounts({ sixten: "sha512", seven: "sha512-pbkdf2", arne: "argon2id" }),
    "scram-users": await accounts({ scarlet: "scram-sha-256", scott: "scram-sha-512" }),
    "token-secret": `${TOKEN_SECRET}\n`,
    "devices.toml": `[[device]]
cloud = "aliyun"
product_key = "${DEVICE.productKey}"
device_name = "${DEVICE.deviceName}"
secret = "${DEVICE.deviceSecret}"
`,
    keys: `${PSK.identity}:${PSK.key.toString("hex")}\n`,
    "roles.json": JSON.stringify(roles),
    "server.pem": server.cert,
    "server.key": server.key,
    "ca.pem": authority.ca,
  };
}

async function accounts(methods: Partial<Record<keyof typeof passwords, PasswordMethod>>): Promise<string> {
  const lines = Object.entries(methods).map(
    async ([name, method]) => `${name}:${await hashed(passwords[name as keyof typeof passwords], method)}\n`,
  );
  const text = (await Promise.all(lines)).join("");
  return PasswordFile.parse(text, "accounts").toString();
}

/** Quickly: a hundred rounds, and of Argon2 the least that it takes. */
async function hashed(password: string, method: PasswordMethod): Promise<string> {
  const hashing = passwordHashing();
  const bytes = utf8Encode(password);
  if (method !== "argon2id") {
    return formatPasswordHash(
      await hashPassword(bytes, method, { hashing, random: systemRandom(), iterations: 101 }),
    );
  }
  const cost = { memoryKib: 8, passes: 1, lanes: 1 };
  const salt = randomBytes(16);
  const hash = await hashing.argon2id?.(bytes, salt, cost, 32);
  if (hash === undefined) throw new TypeError("This Node.js has no Argon2.");
  return formatPasswordHash({ method, cost, salt, hash });
}

/** A token for `sub`, signed by `secret`. */
export function tokenOf(sub: string, { secret = TOKEN_SECRET, lastsSeconds = 600 } = {}): string {
  const exp = Math.floor(Date.now() / 1000) + lastsSeconds;
  const signed = [{ alg: "HS256" }, { sub, exp }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** What the device of the file would send at the first visit of that name. */
export function deviceLogin(name: string, deviceSecret: string = DEVICE.deviceSecret): Visit {
  const { productKey, deviceName } = DEVICE;
  const signed = `clientId${name}deviceName${deviceName}productKey${productKey}`;
  return {
    clientId: `${name}|securemode=2,signmethod=hmacsha256|`,
    userName: `${deviceName}&${productKey}`,
    password: createHmac("sha256", deviceSecret).update(signed).digest("hex").toUpperCase(),
  };
}

/** How the service answers a question about one user, where that is not the usual way. */
export type Answering = (question: string, response: ServerResponse) => void;

/** The service that is asked over HTTP. Knows one user; has no answer for another, and nothing to say of the rest. */
export async function startService(unusual: Readonly<Record<string, Answering>> = {}): Promise<string> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { user_name: name = "", password } = JSON.parse(body || "{}") as Record<
        string,
        string | undefined
      >;
      const answer = request.method === "GET" ? unusual["keys"] : unusual[name];
      if (answer !== undefined) {
        answer(body || String(request.url), response);
        return;
      }
      const result = name !== "hana" ? "ignore" : password === passwords.hana ? "allow" : "deny";
      const isMeant = request.headers.authorization === SERVICE_KEY && name !== UNSERVED;
      response.statusCode = isMeant ? 200 : 500;
      response.end(JSON.stringify({ result }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/may-it`;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
