// Debian's mosquitto as a target: one broker with its defaults, and one more for each set of options that cases need.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrokerOptions, ConformanceTarget } from "../../src/testing/conformance/target.ts";
import { urlTarget } from "../../src/testing/conformance/url-target.ts";
import { freePort, takesConnections } from "../support/ports.ts";

export const mosquittoProgram = "/usr/sbin/mosquitto";
const passwordProgram = "/usr/bin/mosquitto_passwd";
const START_MS = 10_000;

/** `mosquitto version 2.0.11`; throws when it is not installed. */
export function mosquittoVersion(): string | undefined {
  if (!existsSync(mosquittoProgram)) throw new Error("mosquitto is not installed; .ci/run shows how");
  const { stdout } = spawnSync(mosquittoProgram, ["-h"], { encoding: "utf8" });
  return stdout.split("\n")[0];
}

/** Resolves when `child` takes connections on `port`. */
export async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const started = Date.now();
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null || Date.now() - started > START_MS)
      throw new Error("mosquitto does not start");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The options as lines of mosquitto.conf; undefined when mosquitto 2.0 has no such option. */
function configurationLines(options: BrokerOptions, folder: string): string[] | undefined {
  const { maximumQos, topicAliasMaximum, maximumPacketSize, user, retainAvailable, ...others } = options;
  if (Object.keys(others).length > 0) return undefined;
  const lines: string[] = [];
  if (maximumQos !== undefined) lines.push(`max_qos ${maximumQos}`);
  if (topicAliasMaximum !== undefined) lines.push(`max_topic_alias ${topicAliasMaximum}`);
  if (maximumPacketSize !== undefined) lines.push(`max_packet_size ${maximumPacketSize}`);
  if (retainAvailable === false) lines.push("retain_available false");
  if (user === undefined) lines.push("allow_anonymous true");
  else {
    const passwords = join(folder, "passwords");
    const made = spawnSync(passwordProgram, ["-b", "-c", passwords, user.userName, user.password]);
    if (made.status !== 0) return undefined;
    const rules = join(folder, "rules");
    writeFileSync(rules, `user ${user.userName}\ntopic readwrite #\ntopic deny denied/#\n`);
    chmodSync(passwords, 0o644);
    chmodSync(rules, 0o644);
    lines.push("allow_anonymous false", `password_file ${passwords}`, `acl_file ${rules}`);
  }
  return lines;
}

class Mosquitto {
  readonly target: ConformanceTarget;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(target: ConformanceTarget, child: ChildProcess, folder: string) {
    this.target = target;
    this.#process = child;
    this.#folder = folder;
  }

  static async start(options: BrokerOptions): Promise<Mosquitto | undefined> {
    const folder = mkdtempSync(join(tmpdir(), "martlet-mosquitto-"));
    // mosquitto gives up root and then has to read what is in there.
    chmodSync(folder, 0o755);
    const lines = configurationLines(options, folder);
    if (lines === undefined) {
      rmSync(folder, { recursive: true, force: true });
      return undefined;
    }
    const [port, webSocketPort] = [await freePort(), await freePort()];
    const [perListener, global] = [
      lines.filter((line) => /^max_(qos|topic_alias) /.test(line)),
      lines.filter((line) => !/^max_(qos|topic_alias) /.test(line)),
    ];
    const configuration = [
      ...global,
      "log_dest none",
      `listener ${port} 127.0.0.1`,
      ...perListener,
      `listener ${webSocketPort} 127.0.0.1`,
      "protocol websockets",
    ];
    const file = join(folder, "mosquitto.conf");
    writeFileSync(file, `${configuration.join("\n")}\n`);
    const child = spawn(mosquittoProgram, ["-c", file], { stdio: "ignore" });
    await untilListening(port, child);
    const target = urlTarget(`mqtt://127.0.0.1:${port}`, {
      webSocketUrl: `ws://127.0.0.1:${webSocketPort}/mqtt`,
    });
    return new Mosquitto(target, child, folder);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill();
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts brokers as cases need them; `close` ends all. */
export function mosquittoTarget(): ConformanceTarget {
  const brokers = new Map<string, Promise<Mosquitto | undefined>>();
  return {
    name: "mosquitto",
    async prepare({ broker: options = {}, ...needs }) {
      const key = JSON.stringify(options, (_, value: unknown) =>
        value instanceof RegExp ? String(value) : value,
      );
      const starting = brokers.get(key) ?? Mosquitto.start(options);
      brokers.set(key, starting);
      const broker = await starting;
      if (broker === undefined)
        return { notSupported: `mosquitto 2.0 has no ${Object.keys(options).join(", ")}` };
      return await broker.target.prepare(needs);
    },
    async close() {
      for (const broker of brokers.values()) await (await broker)?.stop();
    },
  };
}
