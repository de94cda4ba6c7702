// docs/how-to/face-the-internet.md, done as it stands there: its commands, its files, and the table of what the broker then does.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { silentLog } from "#base";
import { connect, type NodeConnectOptions } from "#client";
import { readConfiguration } from "#config";
import { ConfiguredBroker } from "#service";
import { shell } from "../cli/run-martlet.ts";
import { folderWith } from "../config/folder.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/how-to/face-the-internet.md";
const blocks = blocksOf(page);
const [certs = "", users = "", test = "", start = "", publish = ""] = blocks
  .filter(({ language }) => language === "sh")
  .map(({ text }) => text);
const rows = [
  ...textOf(page).matchAll(
    /^\| (\S*) ?\| (\S+) \| (right|wrong|none) \| (\S*) ?\| (?:(accepted)|(?:PUBACK|CONNACK) 0x(\w\w)) \|$/gm,
  ),
].map(([, userName = "", clientId = "", password = "", topic = "", , code = ""]) => ({
  userName,
  clientId,
  password,
  topic,
  reasonCode: code === "" ? 0 : Number.parseInt(code, 16),
}));

/** Runs by the file in `folder`, on a free port of the loopback, which is returned. */
async function brokerOf(folder: string): Promise<number> {
  const reading = await readConfiguration({
    file: join(folder, "martlet.toml"),
    settings: ["listeners.0.port=0", "listeners.0.host=127.0.0.1"],
  });
  const served = new ConfiguredBroker(reading, { log: silentLog });
  await served.start();
  onTestFinished(() => served.stop());
  return served.broker.addresses[0]?.port ?? 0;
}

describe("docs/how-to/face-the-internet.md", () => {
  it("has rows", () => expect(rows.length).toBe(7));

  it("can be done as it stands there", { timeout: 60_000 }, async () => {
    const folder = folderWith({});
    const done = async (command: string) => await shell(`cd "${folder}"\n${command}`);
    for (const command of [certs, users]) expect(await done(command)).toMatchObject({ code: 0, stderr: "" });
    for (const { language, text } of blocks) {
      const [, name] = language.split(" ");
      if (name !== undefined) writeFileSync(join(folder, name), text);
    }

    const secrets = readdirSync(folder).filter((name) => /secret|accounts/.test(name));
    expect(secrets.toSorted()).toEqual(["accounts.txt", "admin.secret", "sensor-1.secret"]);
    for (const name of [...secrets, "certs/broker.example.org.key"]) {
      expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0);
    }

    expect(start).toBe(test.replace(" --test-config", ""));
    expect(await done(test)).toEqual({ code: 0, stdout: "martlet.toml is allowed.\n", stderr: "" });

    const port = await brokerOf(folder);
    const command = publish.replace("broker.example.org", "localhost").replace("8883", String(port));
    expect(await done(command)).toEqual({ code: 0, stdout: "", stderr: "" });

    const content = (name: string): string => readFileSync(join(folder, name), "utf8").trim();
    const passwords: Record<string, (userName: string) => string> = {
      right: (userName) => content(`${userName === "nobody" ? "admin" : userName}.secret`),
      wrong: () => "guessed",
    };
    for (const { userName, clientId, password, topic, reasonCode } of rows) {
      const passwordOf = passwords[password];
      const options = {
        clientId,
        ...(passwordOf === undefined ? {} : { userName, password: passwordOf(userName) }),
        tls: { ca: content("certs/ca.crt") },
        reconnect: false,
      } as const;
      const outcome = await outcomeOf(port, options, topic);
      expect(outcome, `${userName} as ${clientId}, ${topic}`).toBe(reasonCode);
    }
  });
});

/** The code of the refusal, or 0. */
async function outcomeOf(port: number, options: NodeConnectOptions, topic: string): Promise<unknown> {
  try {
    const client = await connect(`mqtts://localhost:${port}`, options);
    onTestFinished(() => client.close());
    if (topic !== "") await client.publish(topic, "x", { qos: 1 });
    return 0;
  } catch (error) {
    return (error as { readonly reasonCode?: number }).reasonCode ?? error;
  }
}
