// Other people's programs at the doors of one broker, let in and refused: mosquitto_pub with certificates that openssl has made,
// with passwords and keys; MQTT.js over TLS and WSS; Paho for Python over TLS.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import mqtt, { type IClientOptions } from "mqtt";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Configured, configured } from "../support/configured.ts";
import { run } from "../support/programs.ts";
import {
  configuration,
  DEVICE,
  deviceLogin,
  filesOf,
  type ListenerName,
  listenerNames,
  PSK,
  passwords,
  Seals,
  startService,
  tokenOf,
  WRONG,
} from "./gatehouse.ts";

const python = "/usr/bin/python3";
const pahoLogin = fileURLToPath(new URL("paho_login.py", import.meta.url));

let seals: Seals;
let files: Record<string, string>;

beforeAll(async () => {
  seals = new Seals();
  files = await filesOf(seals);
  for (const [name, text] of Object.entries(seals.nameless)) writeFileSync(fileOf(`nameless.${name}`), text);
});

afterAll(() => seals.remove());

function fileOf(name: string): string {
  return join(seals.authority.folder, name);
}

async function gate(): Promise<Configured> {
  const serviceUrl = await startService();
  return await configured({ ...files, "martlet.toml": configuration({ serviceUrl }) });
}

function portOf({ served }: Configured, name: ListenerName): number {
  return served.broker.addresses[listenerNames.indexOf(name)]?.port ?? 0;
}

/** Nothing of the log gives away what somebody logged in with. */
function expectDiscreet({ lines }: Configured, ...secrets: readonly string[]): void {
  const log = lines.join("\n");
  for (const secret of [...secrets, WRONG]) expect(log).not.toContain(secret);
}

describe("mosquitto_pub", () => {
  /** The exit status: 0, or the code of CONNACK, which is also what it ends with. */
  async function publish(broker: Configured, name: ListenerName, ...args: string[]): Promise<number | null> {
    const trusting = name === "tcp" || name.endsWith("psk") ? [] : ["--cafile", seals.authority.caFile];
    const target = ["-h", "127.0.0.1", "-p", String(portOf(broker, name)), "-t", "a", "-m", "b"];
    return (await run("mosquitto_pub", [...target, ...trusting, ...args])).code;
  }

  test.each([
    ["mqttv311", 4, 5],
    ["mqttv5", 0x86, 0x87],
  ])("by %s, with passwords over TCP and TLS", async (version, wrongPassword, notAuthorized) => {
    const broker = await gate();
    for (const name of ["tcp", "tls"] as const) {
      const as = (user: string, password: string) =>
        publish(broker, name, "-V", version, "-u", user, "-P", password);
      for (const user of ["sixten", "seven", "arne", "hana", "dynah"] as const) {
        expect([user, await as(user, passwords[user])]).toEqual([user, 0]);
        const code = user === "hana" || user === "dynah" ? notAuthorized : wrongPassword;
        expect([user, await as(user, WRONG)]).toEqual([user, code]);
      }
      expect(await publish(broker, name, "-V", version)).toBe(notAuthorized);
    }
    expectDiscreet(broker, ...Object.values(passwords));
  });

  test("as a device of a cloud, and with a token", async () => {
    const broker = await gate();
    const by = (login: ReturnType<typeof deviceLogin>) => {
      const { clientId, userName = "", password = "" } = login;
      return publish(broker, "tls", "-i", clientId, "-u", userName, "-P", password);
    };
    const [token, forged] = [
      tokenOf("tokena"),
      tokenOf("tokena", { secret: "of somebody else, and long enough" }),
    ];
    expect(await by(deviceLogin("d1"))).toBe(0);
    expect(await by(deviceLogin("d1", WRONG))).toBe(4);
    expect(await by({ clientId: "t1", userName: "any", password: token })).toBe(0);
    expect(await by({ clientId: "t1", userName: "any", password: forged })).toBe(4);
    expectDiscreet(broker, DEVICE.deviceSecret, token, forged, String(deviceLogin("d1").password));
  });

  test("with certificates that openssl has made", async () => {
    const broker = await gate();
    const asks = (cert: string, key: string) => publish(broker, "mutual", "--cert", cert, "--key", key);
    const { client, stranger } = seals;
    expect(await asks(client.files.cert, client.files.key)).toBe(0);
    expect(await asks(fileOf("nameless.cert"), fileOf("nameless.key"))).toBe(5);
    expect(await asks(stranger.files.cert, stranger.files.key)).not.toBe(0);
    await broker.said("its certificate was not accepted: UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(await publish(broker, "mutual")).not.toBe(0);
    expect(broker.lines.join("\n")).toContain(
      "refused by certificate: the certificate does not say who it is",
    );
    expectDiscreet(broker, "PRIVATE KEY");
  });

  test("with a pre-shared key", async () => {
    const broker = await gate();
    const by = (identity: string, key: string) =>
      publish(broker, "tls-psk", "--psk-identity", identity, "--psk", key);
    const key = PSK.key.toString("hex");
    expect(await by(PSK.identity, key)).toBe(0);
    expect(await by(PSK.identity, key.replace("5e", "5f"))).not.toBe(0);
    expect(await by("nobody", key)).not.toBe(0);
    expectDiscreet(broker, key, key.slice(2));
  });
});

describe("MQTT.js", () => {
  /** 0, or the code with which it was refused. */
  async function codeOf(url: string, options: IClientOptions): Promise<number> {
    const ca = seals.authority.ca;
    const client = mqtt.connect(url, { reconnectPeriod: 0, ca, wsOptions: { ca }, ...options });
    onTestFinished(() => void client.end(true));
    return await new Promise<number>((resolve, reject) => {
      client.once("connect", () => resolve(0));
      client.once("error", (error) => ("code" in error ? resolve(Number(error.code)) : reject(error)));
    });
  }

  test.each([
    [4, 4],
    [5, 0x86],
  ] as const)("by version %i over TLS and WSS, with user and password", async (protocolVersion, wrong) => {
    const broker = await gate();
    for (const url of [
      `mqtts://127.0.0.1:${portOf(broker, "tls")}`,
      `wss://127.0.0.1:${portOf(broker, "wss")}/mqtt`,
    ]) {
      const as = (username: string, password: string) => codeOf(url, { protocolVersion, username, password });
      expect(await as("arne", passwords.arne)).toBe(0);
      expect(await as("arne", WRONG)).toBe(wrong);
      expect(await as("nobody", WRONG)).toBe(wrong);
    }
    const log = broker.lines.join("\n");
    expect(log).toContain("as 'arne' from 127.0.0.1:");
    expect(log).toContain("refused by password-file: the password is wrong.");
    expectDiscreet(broker, passwords.arne);
  });
});

describe("Paho for Python", () => {
  test.each([
    [3, 4],
    [4, 4],
    [5, 0x86],
  ])("by version %i over TLS, with user and password", async (version, wrong) => {
    const broker = await gate();
    const login = async (userName: string, password: string): Promise<string> => {
      const args = [
        String(portOf(broker, "tls")),
        seals.authority.caFile,
        String(version),
        userName,
        password,
      ];
      const { stdout, stderr } = await run(python, ["-u", pahoLogin, ...args]);
      return stdout === "" ? stderr : (stdout.trim().split("\n")[0] ?? "");
    };
    expect(await login("seven", passwords.seven)).toBe("0");
    expect(await login("seven", WRONG)).toBe(String(wrong));
    await broker.said("refused by password-file: the password is wrong.");
    expectDiscreet(broker, passwords.seven);
  });
});
