// A broker from a configuration file in a folder of its own, for one test.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { LogLevel } from "#base";
import { connect, type MqttClient, type NodeConnectOptions } from "#client";
import { ConfigurationFiles } from "#config";
import { ConfiguredBroker } from "#service";
import { folderWith } from "../config/folder.ts";
import { until } from "./until.ts";

export interface Configured {
  readonly folder: string;
  readonly served: ConfiguredBroker;
  readonly files: ConfigurationFiles;
  /** `level sentence` each, without the folder. */
  readonly lines: string[];
  /** The port of the listener of that name, or of the first. */
  port(transport?: string): number;
  /** Puts another file in the place of one, in one go. */
  replace(name: string, text: string): void;
  /** Reads everything again, as SIGHUP does. */
  reload(): Promise<string>;
  /** Waits for a line in the log that holds `part`. */
  said(part: string): Promise<void>;
  connect(options?: NodeConnectOptions): Promise<MqttClient>;
}

/** Starts a broker by `martlet.toml` among `files`; stopped when the test is over. */
export async function configured(files: Readonly<Record<string, string>>): Promise<Configured> {
  const folder = folderWith(files);
  const lines: string[] = [];
  const log = {
    write: (level: LogLevel, sentence: string) =>
      void lines.push(`${level} ${sentence.replaceAll(`${folder}/`, "")}`),
  };
  let served: ConfiguredBroker | undefined;
  const configuration = await ConfigurationFiles.read({
    sources: { file: join(folder, "martlet.toml") },
    apply: (change) => served?.apply(change),
    log,
  });
  const broker = new ConfiguredBroker(configuration.reading, { log });
  served = broker;
  await broker.start();
  onTestFinished(() => broker.stop());
  const clients: MqttClient[] = [];
  onTestFinished(() => Promise.all(clients.map((client) => client.close())).then(() => undefined));
  const port = (transport = "tcp"): number => {
    const found = broker.broker.addresses.find((each) => each.transport === transport);
    if (found === undefined) throw new RangeError(`There is no listener for ${transport}.`);
    return found.port;
  };
  return {
    folder,
    served: broker,
    files: configuration,
    lines,
    port,
    replace(name, text) {
      const path = join(folder, name);
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    },
    async reload() {
      const { outcome } = await configuration.reload();
      broker.reloadFiles();
      return outcome;
    },
    said: (part) => until(`a line with ${part}`, () => lines.some((line) => line.includes(part))),
    async connect(options = {}) {
      const client = await connect(`mqtt://127.0.0.1:${port()}`, { reconnect: false, ...options });
      clients.push(client);
      return client;
    },
  };
}
