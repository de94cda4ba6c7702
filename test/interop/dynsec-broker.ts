/** Brokers with dynamic security for one test: Martlet, and Debian's mosquitto with its plugin. Both begin with the same file. */

import { spawn } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { combineAccess, DYNAMIC_SECURITY_TOPIC, DynamicSecurity } from "#access";
import { systemClock, systemRandom } from "#base";
import { PRIVATE_MODE, passwordHashing, replaceFile } from "#credentials";
import { ReasonCode } from "#protocol";
import { connectTcp } from "#transport";
import { mosquittoProgram, untilListening } from "../conformance/mosquitto.ts";
import { socketBroker } from "../support/brokers.ts";
import { freePort } from "../support/ports.ts";
import { runWell } from "../support/programs.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type ConnectWishes, TestClient, textOf } from "../support/test-client.ts";
import { until } from "../support/until.ts";

const plugin = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so";
export const ADMIN = { userName: "admin", password: "admin-secret" } as const;

export interface DynsecBroker {
  readonly port: number;
  /** The state file as it is now. */
  readonly file: () => string;
  client(wishes: ConnectWishes): Promise<TestClient>;
}

/** A file that mosquitto_ctrl has made, in a folder that ends with the test. */
async function initialized(): Promise<{ folder: string; file: string }> {
  const folder = temporaryFolder();
  const file = join(folder, "dynsec.json");
  await runWell("mosquitto_ctrl", ["dynsec", "init", file, ADMIN.userName, ADMIN.password]);
  return { folder, file };
}

function clientOf(port: number): DynsecBroker["client"] {
  return async (wishes) => {
    const client = new TestClient(await connectTcp({ port }), wishes.version ?? 5, until);
    onTestFinished(() => client.cut());
    await client.connect(wishes);
    return client;
  };
}

export async function martletWithDynsec(): Promise<DynsecBroker> {
  const { file } = await initialized();
  const security = new DynamicSecurity(readFileSync(file, "utf8"), {
    source: "dynsec.json",
    hashing: passwordHashing(),
    random: systemRandom(),
    clock: systemClock(),
    iterations: 101,
    save: async (text) => replaceFile(file, text, PRIVATE_MODE),
  });
  const access = combineAccess([security]);
  const { broker, port } = await socketBroker({
    gate: {
      ...access,
      authenticate: async (login) =>
        (await security.authenticate(login)) ?? { outcome: "refused", reasonCode: ReasonCode.NOT_AUTHORIZED },
    },
  });
  broker.control(DYNAMIC_SECURITY_TOPIC, (client, payload) => security.handle(client, payload));
  return { port, file: () => readFileSync(file, "utf8"), client: clientOf(port) };
}

/** `state`: the file to begin with. Default: a new one. */
export async function mosquittoWithDynsec(state?: string): Promise<DynsecBroker> {
  const { folder, file } = await initialized();
  if (state !== undefined) writeFileSync(file, state);
  // mosquitto gives up root, and then writes there.
  chmodSync(folder, 0o777);
  chmodSync(file, 0o666);
  const port = await freePort();
  const configuration = join(folder, "mosquitto.conf");
  const lines = [`listener ${port} 127.0.0.1`, "allow_anonymous false", `plugin ${plugin}`];
  writeFileSync(configuration, [...lines, `plugin_opt_config_file ${file}`, "log_dest none", ""].join("\n"));
  const child = spawn(mosquittoProgram, ["-c", configuration], { stdio: "ignore" });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await until("mosquitto is gone", () => child.exitCode !== null || child.signalCode !== null);
  });
  await untilListening(port, child);
  return { port, file: () => readFileSync(file, "utf8"), client: clientOf(port) };
}

/** Sends commands as the administrator and returns the answers. */
export class Administrator {
  readonly #client: TestClient;
  #answers = 0;

  private constructor(client: TestClient) {
    this.#client = client;
  }

  static async of(broker: DynsecBroker): Promise<Administrator> {
    const client = await broker.client({ clientId: "administrator", ...ADMIN });
    await client.subscribe(`${DYNAMIC_SECURITY_TOPIC}/response`, 1);
    return new Administrator(client);
  }

  async raw(payload: string): Promise<unknown> {
    this.#answers++;
    await this.#client.publish({ topicName: DYNAMIC_SECURITY_TOPIC, payload, qos: 1 });
    const messages = await this.#client.untilMessages(this.#answers);
    return JSON.parse(textOf((messages[this.#answers - 1] as { payload: Uint8Array }).payload));
  }

  async run(...commands: readonly unknown[]): Promise<unknown> {
    return await this.raw(JSON.stringify({ commands }));
  }
}
