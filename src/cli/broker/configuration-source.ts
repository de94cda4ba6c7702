/**
 * Where the configuration of `martlet broker` comes from: a file of Martlet's own or a mosquitto.conf, variables and options.
 * What a mosquitto.conf says that is not as in mosquitto is told whenever the file is read.
 */

import { ConfigError, type Log } from "#base";
import { type ConfigurationSources, type Document, isMosquittoConf } from "#config";
import type { Included, MosquittoWarning } from "#mosquitto";
import type { Values } from "./command-line.ts";
import { assignmentsOf } from "./flags.ts";

export class ConfigurationSource {
  readonly sources: ConfigurationSources;
  /** What nobody has been told yet. */
  #warnings: readonly MosquittoWarning[] = [];
  #log: Pick<Log, "write"> | undefined;
  #included: (() => Included) | undefined;
  #database: string | undefined;

  /** @throws ConfigError for options that contradict each other */
  constructor(values: Values) {
    const [file, second] = values.config ?? [];
    if (second !== undefined) throw new ConfigError("--config", "it is given twice.");
    const isMosquittos = file !== undefined && isMosquittoConf(file);
    this.sources = {
      ...(isMosquittos ? { document: () => this.#read(file, values.port) } : { file }),
      variables: process.env,
      settings: values.set ?? [],
      flags: assignmentsOf(isMosquittos ? withoutPorts(values) : values),
    };
  }

  /** What belongs to a mosquitto.conf beside itself, as it is when it is asked; undefined before it is read, and for other files. */
  get included(): (() => Included) | undefined {
    return this.#included;
  }

  /** The file that mosquitto would keep its state in, by a mosquitto.conf that has been read. */
  get database(): string | undefined {
    return this.#database;
  }

  /** Tells `log` what was found so far, and from now on what is found when the file is read again. */
  warnTo(log: Pick<Log, "write">): void {
    this.#log = log;
    for (const { level, sentence } of this.#warnings) log.write(level, sentence);
    this.#warnings = [];
  }

  async #read(file: string, ports: readonly number[] | undefined): Promise<Document> {
    const { includedBy, mosquittoDocument } = await import("#mosquitto");
    this.#included = () => includedBy(file);
    const { document, warnings, database } = mosquittoDocument(file, { ports: ports ?? [] });
    this.#database = database;
    if (this.#log === undefined) this.#warnings = warnings;
    else for (const { level, sentence } of warnings) this.#log.write(level, sentence);
    return document;
  }
}

const otherListenerOptions = ["host", "ws-port", "tls-port", "tls-cert"] as const;

/** With a mosquitto.conf `-p` alone means what it means for mosquitto, which is the reader's business. */
function withoutPorts(values: Values): Values {
  if (otherListenerOptions.some((name) => values[name] !== undefined)) return values;
  const { port: _, ...others } = values;
  return others;
}
